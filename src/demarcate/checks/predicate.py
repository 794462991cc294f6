"""Predicates: parsed, held to the tables' columns, and compiled to SQL that keeps unknown unknown.

A predicate is an expression over one table's row, in DuckDB's SQL. Only what is listed here may stand in it:
so it cannot read files, change anything, or turn NULL (not known) into an answer. `EXISTS` and `IN (SELECT …)`
are two-valued in SQL; here they become three-valued: unknown when a row might match but cannot be told.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from demarcate.checks.names import NOW, ROW, Demand, Subquery, partly_read


class PredicateError(Exception):
    """A predicate that may not be used; the text says why and what would do."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A predicate as SQL over the alias `_row`, with what it reads.

    In `sql` each look into another table is a name of `subqueries`; `fill` puts them in.
    """

    sql: str
    columns: tuple[str, ...]
    """Columns of the judged table."""
    lookups: Mapping[str, tuple[str, ...]]
    """Other tables that it looks into, and their columns."""
    subqueries: Mapping[str, Subquery]
    demanded: Demand
    """What it asks of the judged row."""
    demands: tuple[Demand, ...]
    """What each look into another table asks of that table's rows."""


Schema = Callable[[str], Mapping[str, str] | None]
"""Column name to SQL type of a table; None where there is no such table."""

Scoped = Callable[[str], tuple[str, ...]]
"""The columns by which a table's rows belong to an account and region; () for tables of facts."""

_ALLOWED = (
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.Boolean, exp.Literal, exp.Neg),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Like, exp.ILike, exp.Escape),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.Abs, exp.Round, exp.Floor),
    *(exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Contains, exp.StartsWith, exp.EndsWith, exp.SplitPart),
    *(exp.Replace, exp.RegexpLike, exp.RegexpFullMatch, exp.RegexpExtract, exp.Substring, exp.StrPosition),
    *(exp.Split, exp.ArrayContains, exp.ArrayOverlaps, exp.Array, exp.ArraySize, exp.Bracket),
    *(exp.JSONExtract, exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey),
    *(exp.JSONPathSubscript, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Interval, exp.Var),
    *(exp.DateDiff, exp.TimestampTrunc, exp.DateTrunc, exp.IntervalSpan),
    *(exp.Column, exp.Identifier, exp.Alias, exp.TableAlias),
)
_ALLOWED_FUNCTIONS = {
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
_NULL_ANSWERS = (
    *(exp.Is, exp.Null, exp.Coalesce, exp.Nullif, exp.Case, exp.If, exp.NullSafeEQ, exp.NullSafeNEQ),
    *(exp.Greatest, exp.Least, exp.Concat, exp.AggFunc),
)


def compile_predicate(text: str, table: str, schema: Schema, scoped: Scoped, name: str = "pass") -> Compiled:
    """Compile one predicate over a table; `name` tells its subqueries from another's. Raises PredicateError."""
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise PredicateError(f"is not SQL: {_first_line(error)}") from error
    if not isinstance(tree, exp.Condition | exp.Subquery):
        raise PredicateError("is a statement: expected an expression over one row, such as: encrypted")
    columns = schema(table)
    if columns is None:
        raise PredicateError(f"there is no table {table!r}")
    compiler = _Compiler(schema, scoped, name)
    outer = _Scope(ROW, table, columns)
    demanded = _demand(tree, outer)
    sql = compiler.expression(tree, (outer,)).sql("duckdb")
    lookups = {name: tuple(sorted(used)) for name, used in compiler.lookups.items()}
    return Compiled(
        sql, tuple(sorted(outer.used)), lookups, compiler.subqueries, demanded, tuple(compiler.demands)
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["it cannot be parsed"])[0].split(" Line ")[0]


@dataclass(slots=True)
class _Scope:
    """A row that names may belong to: its alias, table and columns, and the columns used so far."""

    alias: str
    table: str
    columns: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """What a predicate calls it: its alias, or the judged table's own name."""
        return self.table if self.alias == ROW else self.alias


_Scopes = tuple[_Scope, ...]


class _Compiler:
    """Rewrites a tree; collects the tables looked into."""

    def __init__(self, schema: Schema, scoped: Scoped, name: str) -> None:
        self._schema, self._scoped, self._name = schema, scoped, name
        self.lookups: dict[str, set[str]] = {}
        self.subqueries: dict[str, Subquery] = {}
        self.demands: list[Demand] = []

    def expression(self, node: exp.Expr, scopes: _Scopes) -> exp.Expr:
        """A copy of the tree with names resolved, `now()` fixed and subqueries three-valued."""
        if isinstance(node, exp.Exists):
            return self._exists(_select_of(node.this), scopes, None)
        if isinstance(node, exp.In) and node.args.get("query") is not None:
            left = self.expression(node.this, scopes)
            return self._exists(_select_of(node.args["query"]), scopes, left)
        if isinstance(node, exp.Subquery | exp.Select):
            return self._lookup(_select_of(node), scopes)
        if isinstance(node, exp.Column):
            return self._column(node, scopes)
        if _is_now(node):
            return exp.maybe_parse(NOW, dialect="duckdb")
        if isinstance(node, exp.CurrentDate):
            return exp.maybe_parse(f"CAST({NOW} AS DATE)", dialect="duckdb")
        _check_allowed(node)
        copy = node.copy()
        for key, value in node.args.items():
            if isinstance(value, exp.Expr):
                copy.set(key, self.expression(value, scopes))
            elif isinstance(value, list):
                copy.set(key, [self.expression(v, scopes) if isinstance(v, exp.Expr) else v for v in value])
        if isinstance(copy, exp.Cast) and not isinstance(copy, exp.TryCast):
            # A cast that fails means that the value is not known in that form; it must not stop the scan.
            return exp.TryCast(this=copy.this, to=copy.args["to"])
        return copy

    def _column(self, node: exp.Column, scopes: _Scopes) -> exp.Expr:
        name, qualifier = node.name, node.table
        if node.args.get("db"):
            raise PredicateError(f"cannot tell what {node.sql('duckdb')} is")
        candidates = [s for s in reversed(scopes) if not qualifier or qualifier == s.name]
        if not candidates:
            raise PredicateError(f"{qualifier} is not a table of this predicate")
        for scope in candidates:
            if name in scope.columns:
                scope.used.add(name)
                return exp.column(name, table=scope.alias, quoted=True)
        known = {column for scope in candidates for column in scope.columns}
        near = difflib.get_close_matches(name, known, 1)
        where = " or ".join(dict.fromkeys(scope.table for scope in candidates))
        raise PredicateError(
            f"{where} has no column {name!r}"
            + (f"; did you mean {near[0]}?" if near else f" (see: demarcate tables {candidates[0].table})")
        )

    def _source(self, select: exp.Select, scopes: _Scopes) -> _Scope:
        """The one table that a subquery reads."""
        extra = [
            key
            for key, value in select.args.items()
            if value and key not in ("expressions", "from", "from_", "where", "kind", "hint")
        ]
        source = select.args.get("from_") or select.args.get("from")
        if extra or source is None or not isinstance(source.this, exp.Table):
            raise PredicateError("a subquery is SELECT … FROM one table WHERE …, and no more")
        table = source.this
        if not isinstance(table.this, exp.Identifier) or table.args.get("db"):
            raise PredicateError(f"a subquery reads one of Demarcate's tables, not {table.sql('duckdb')}")
        columns = self._schema(table.name)
        if columns is None:
            raise PredicateError(f"there is no table {table.name!r} (see: demarcate tables)")
        alias = table.alias or table.name
        if any(alias in (scope.alias, scope.name) for scope in scopes):
            raise PredicateError(f"two tables of the predicate are called {alias}: give one an alias")
        return _Scope(alias, table.name, columns)

    def _condition(self, select: exp.Select, inner: _Scope, scopes: _Scopes) -> exp.Expr:
        where = select.args.get("where")
        self.demands.append(_demand(where.this if where is not None else exp.true(), inner))
        return self.expression(where.this, (*scopes, inner)) if where is not None else exp.true()

    def _scope_sql(self, inner: _Scope, outer: _Scope) -> list[str]:
        shared = set(self._scoped(inner.table)) & set(self._scoped(outer.table))
        names = [name for name in ("account_id", "region") if name in shared]
        return [f'{_q(inner.alias)}."{n}" IS NOT DISTINCT FROM {_q(outer.alias)}."{n}"' for n in names]

    def _exists(self, select: exp.Select, scopes: _Scopes, left: exp.Expr | None) -> exp.Expr:
        inner = self._source(select, scopes)
        outer_used = {id(scope): set(scope.used) for scope in scopes}
        for scope in scopes:
            scope.used.clear()
        condition = self._condition(select, inner, scopes)
        if left is not None:
            value = self.expression(_only(select), (*scopes, inner))
            equal = exp.EQ(this=left.copy(), expression=value)
            condition = equal if condition == exp.true() else exp.and_(equal, condition)
            for column in left.find_all(exp.Column):
                next(s for s in scopes if s.alias == column.table).used.add(column.name)
        outer_nulls = [f'{_q(scope.alias)}."{name}" IS NULL' for scope in scopes for name in sorted(scope.used)]
        for scope in scopes:
            scope.used.update(outer_used[id(scope)])
        self._note(inner)
        test = condition.sql("duckdb")
        source = f"{inner.table} AS {_q(inner.alias)}"
        scope_sql = self._scope_sql(inner, scopes[0])
        maybe = f'{_q(inner.alias)}."_conditional"'
        exists = f"SELECT 1 FROM {source} WHERE {_all([*scope_sql, f'{maybe} IS NULL', f'({test})'])}"
        unsure = [f'{_q(inner.alias)}."{name}" IS NULL' for name in sorted(inner.used)] + [f"{maybe} IS NOT NULL"]
        perhaps = f"SELECT 1 FROM {source} WHERE " + _all(
            [*scope_sql, f"({' OR '.join(unsure)})", f"(({test}) IS NULL OR (({test}) AND {maybe} IS NOT NULL))"]
        )
        untold = [*outer_nulls, f"getvariable('{partly_read(inner.table)}')"]
        unknown = [*untold, f"EXISTS({perhaps})"]
        sql = f"(CASE WHEN EXISTS({exists}) THEN TRUE WHEN {' OR '.join(unknown)} THEN NULL ELSE FALSE END)"
        return self._subquery(inner, scopes, sql, f"(CASE WHEN {' OR '.join(untold)} THEN NULL ELSE FALSE END)")

    def _subquery(self, inner: _Scope, scopes: _Scopes, sql: str, empty: str) -> exp.Expr:
        """The subquery itself inside another one; else a name for it, so that what an empty table makes
        of it need not be planned.
        """
        if len(scopes) > 1:
            return exp.maybe_parse(sql, dialect="duckdb")
        name = f"{self._name} {len(self.subqueries)}"
        self.subqueries[name] = Subquery(inner.table, sql, empty)
        return exp.column(name, quoted=True)

    def _lookup(self, select: exp.Select, scopes: _Scopes) -> exp.Expr:
        """The value of the rows that match; NULL where none does, or where they differ."""
        inner = self._source(select, scopes)
        condition = self._condition(select, inner, scopes)
        value = self.expression(_only(select), (*scopes, inner)).sql("duckdb")
        self._note(inner)
        where = _all([*self._scope_sql(inner, scopes[0]), f"({condition.sql('duckdb')})"])
        sql = (
            f"(SELECT CASE WHEN count(DISTINCT {value}) = 1 THEN any_value({value}) END "
            f"FROM {inner.table} AS {_q(inner.alias)} WHERE {where})"
        )
        return self._subquery(
            inner, scopes, sql, f"(SELECT {value} FROM {inner.table} AS {_q(inner.alias)} LIMIT 0)"
        )

    def _note(self, inner: _Scope) -> None:
        self.lookups.setdefault(inner.table, set()).update(inner.used)


def _demand(condition: exp.Expr, scope: _Scope) -> Demand:
    """What a condition asks of a row for certain: equalities with texts that all hold at once."""
    values: dict[str, tuple[str, ...]] = {}
    for part in condition.flatten() if isinstance(condition, exp.And) else (condition,):
        part = part.unnest()
        column = part.this
        if not isinstance(column, exp.Column) or column.table not in ("", scope.alias, scope.name):
            continue
        wanted = (
            [part.expression] if isinstance(part, exp.EQ) else part.expressions if isinstance(part, exp.In) else []
        )
        if wanted and column.name in scope.columns and all(isinstance(one, exp.Literal) for one in wanted):
            values[column.name] = tuple(one.name for one in wanted)
    return Demand(scope.table, values)


def _q(alias: str) -> str:
    return '"' + alias.replace('"', '""') + '"'


def _all(conditions: list[str]) -> str:
    return " AND ".join(conditions)


def _select_of(node: exp.Expr) -> exp.Select:
    inner = node.unnest() if isinstance(node, exp.Subquery) else node
    if not isinstance(inner, exp.Select):
        raise PredicateError("a subquery is SELECT … FROM one table WHERE …, and no more")
    return inner


def _only(select: exp.Select) -> exp.Expr:
    if len(select.expressions) != 1 or isinstance(select.expressions[0], exp.Star):
        raise PredicateError("a subquery selects exactly one column")
    only: exp.Expr = select.expressions[0].unalias()
    return only


def _is_now(node: exp.Expr) -> bool:
    return isinstance(node, exp.CurrentTimestamp) or (
        isinstance(node, exp.Anonymous) and node.name.lower() == "now" and not node.expressions
    )


def _check_allowed(node: exp.Expr) -> None:
    if isinstance(node, _NULL_ANSWERS):
        raise PredicateError(
            f"{node.sql('duckdb')!r} would turn what is not known into an answer: a NULL is unknown, and so must "
            "the verdict be. Where absence means something the table has a value for it, such as ''"
        )
    if isinstance(node, exp.Anonymous):
        if node.name.lower() not in _ALLOWED_FUNCTIONS:
            raise PredicateError(f"the function {node.name.lower()}() may not be used in a predicate")
        return
    # Exact classes: a subclass may mean something else.
    if type(node) not in _ALLOWED:
        name = node.sql("duckdb")
        what = f"the function {node.sql_name().lower()}()" if isinstance(node, exp.Func) else repr(name)
        raise PredicateError(f"{what} may not be used in a predicate")
