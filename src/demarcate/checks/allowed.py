"""What may stand in a predicate: the nodes, functions, types and units, each made anew from these lists.

Nothing of the text is taken over but literals and whole numbers, so that what is printed can say nothing else.
"""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError


class Dialect(DuckDB):
    """DuckDB's SQL, in which a path into JSON stays the text that it is: to DuckDB `'a.b'` is one name."""

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """The path as it stands."""
        return path


class PredicateError(Exception):
    """A predicate that may not be used; the text says why and what would do."""


_ALLOWED = (
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.Boolean, exp.Neg),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Like, exp.ILike, exp.Escape),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.Abs, exp.Round, exp.Floor),
    *(exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Contains, exp.StartsWith, exp.EndsWith, exp.SplitPart),
    *(exp.Replace, exp.RegexpLike, exp.RegexpFullMatch, exp.RegexpExtract, exp.Substring, exp.StrPosition),
    *(exp.Split, exp.ArrayContains, exp.ArrayOverlaps, exp.Array, exp.ArraySize, exp.Bracket),
    *(exp.JSONExtract, exp.JSONExtractScalar, exp.Cast, exp.TryCast, exp.Interval),
    *(exp.DateDiff, exp.TimestampTrunc, exp.DateTrunc),
)
_FUNCTIONS = frozenset(
    {
        "list_has_all",
        "list_has_any",
        "array_has_any",
        "array_has_all",
        "list_aggregate",
        "list_unique",
        "list_position",
        "json_array_length",
        "json_contains",
        "prefix",
    }
)
"""Functions that sqlglot has no node of its own for."""
TYPES = {
    kind: exp.DataType.build(kind, dialect="duckdb").this
    for kind in (
        "BOOLEAN",
        "INT",
        "BIGINT",
        "DOUBLE",
        "TEXT",
        "VARCHAR",
        "DATE",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "JSON",
    )
}
_UNITS = frozenset(
    {"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
)
_LIST_AGGREGATES = frozenset({"min", "max", "sum", "avg", "count", "bool_and", "bool_or"})
_NULL_ANSWERS = (
    *(exp.Is, exp.Null, exp.Coalesce, exp.Nullif, exp.Case, exp.If, exp.NullSafeEQ, exp.NullSafeNEQ),
    *(exp.Greatest, exp.Least, exp.Concat, exp.AggFunc),
)


_NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?|\.[0-9]{1,30}")


def literal(node: exp.Literal) -> exp.Literal:
    """A text, or a number in plain digits: what else a number may look like is printed as it stands."""
    if node.is_string:
        return exp.Literal.string(node.name)
    if not _NUMBER.fullmatch(node.name):
        raise PredicateError(f"{shown(node)!r} is not a number: plain digits are")
    return exp.Literal(this=node.name, is_string=False)


def data_type(node: exp.DataType) -> exp.DataType:
    """One of the types of `TYPES`, or a list of one."""
    given = {key for key, value in node.args.items() if value and key != "this"}
    if node.this == exp.DType.ARRAY and given <= {"expressions", "nested"} and len(node.expressions) == 1:
        of = node.expressions[0]
        if isinstance(of, exp.DataType) and of.this != exp.DType.ARRAY:
            return exp.DataType(this=node.this, expressions=[data_type(of)], nested=True)
    if given or node.this not in TYPES.values():
        raise PredicateError(f"the type {shown(node)} may not be used in a predicate: {', '.join(TYPES)} may")
    return exp.DataType(this=node.this, nested=False)


def unit(node: exp.Expr) -> exp.Var:
    """A unit of time, in the singular. Raises PredicateError for anything else that stands in its place."""
    name = node.name.upper().removesuffix("S")
    if not isinstance(node, exp.Var) or name not in _UNITS:
        raise PredicateError(f"{shown(node)!r} is not a unit of time: {', '.join(sorted(_UNITS))} are")
    return exp.Var(this=name)


_PATH = re.compile(r"""\$(\.\w+|\."[^"\\*]+"|\[[0-9]{1,9}\])*""")


def json_path(path: exp.Expr) -> None:
    """Refuse a path into JSON that is not one member, one place, or a path of them: `$.Statement[0].Effect`.

    A text that does not begin with `$` is the name of a member, dots and all. Raises PredicateError.
    """
    if isinstance(path, exp.Literal) and (not path.name.startswith(("$", "/")) or _PATH.fullmatch(path.name)):
        return
    raise PredicateError(
        f"{shown(path)!r} is not a path into JSON: that is the name of a member, or names and numbers such as "
        "'$.Statement[0].Effect'"
    )


def check_allowed(node: exp.Expr) -> None:
    """Refuse a node that may not stand in a predicate. Raises PredicateError."""
    if isinstance(node, _NULL_ANSWERS):
        raise PredicateError(
            f"{shown(node)!r} would turn what is not known into an answer: a NULL is unknown, and so must "
            "the verdict be. Where absence means something the table has a value for it, such as ''"
        )
    if isinstance(node, exp.Anonymous):
        name = node.name.lower()
        if name not in _FUNCTIONS or not isinstance(node.this, str):
            raise PredicateError(f"the function {_cut(name)}() may not be used in a predicate")
        if name == "list_aggregate":
            _check_aggregate(node)
        return
    if isinstance(node, exp.JSONExtract | exp.JSONExtractScalar):
        json_path(node.expression)
    # Exact classes: a subclass may mean something else.
    if type(node) not in _ALLOWED:
        what = f"the function {node.sql_name().lower()}()" if isinstance(node, exp.Func) else repr(shown(node))
        raise PredicateError(f"{what} may not be used in a predicate")
    if isinstance(node, exp.Replace):
        # So that no text grows: a few replacements inside each other would fill the memory.
        old, new = node.expression, node.args.get("replacement")
        if not (isinstance(old, exp.Literal) and isinstance(new, exp.Literal) and len(new.name) <= len(old.name)):
            raise PredicateError("replace() takes two texts, of which the second is not longer than the first")


def _check_aggregate(node: exp.Anonymous) -> None:
    name = node.expressions[1] if len(node.expressions) == 2 else None
    if not isinstance(name, exp.Literal) or name.name not in _LIST_AGGREGATES:
        raise PredicateError(f"list_aggregate() takes a list and one of {', '.join(sorted(_LIST_AGGREGATES))}")


def shown(node: exp.Expr) -> str:
    """A node as people may read it. Not every node that can be parsed can be printed."""
    try:
        return _cut(node.sql(Dialect, comments=False))
    except (SqlglotError, RecursionError, TypeError, ValueError, AttributeError):
        return type(node).__name__


def _cut(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[:most] + "…"
