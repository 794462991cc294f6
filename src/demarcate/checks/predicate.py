"""Predicates: parsed, held to the tables' columns, and compiled to SQL that keeps unknown unknown.

A predicate is an expression over one table's row, in DuckDB's SQL. Only what is listed here may stand in it:
so it cannot read files, change anything, or turn NULL (not known) into an answer. `EXISTS` and `IN (SELECT …)`
are two-valued in SQL; here they become three-valued: unknown when a row might match but cannot be told.

A predicate is untrusted text. What is compiled is a tree made anew, whose nodes hold nothing of the text but
literals and whole numbers: names are those of our tables, types, units and functions those of the lists below.
What is printed from it is parsed again, and must be the same tree.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from demarcate.checks.allowed import (
    TYPES,
    Dialect,
    PredicateError,
    check_allowed,
    data_type,
    literal,
    shown,
    unit,
)
from demarcate.checks.asking import Finish, asked
from demarcate.checks.demands import demand_of, key_of, parts_of
from demarcate.checks.names import ROW, Demand, Look, partly_read
from demarcate.checks.standins import Ask
from demarcate.checks.trees import (
    RowName,
    all_of,
    any_of,
    case,
    exist,
    is_certain,
    is_null,
    may_exist,
    now,
    operand,
    select_from,
    try_cast,
    variable,
)
from demarcate.estate.sources.plan import Named, Want

MAX_TEXT = 10_000
"""How many characters a predicate may have."""

MAX_NODES = 2_000
"""How many nodes its tree may have."""

MAX_DEPTH = 100
"""How deep it may be nested; what AND and OR join counts as one level."""

MAX_LOOKUPS = 3
"""How many looks into other tables may stand inside each other: each is planned several times."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A predicate as a tree over the alias `_row`, with what it reads."""

    tree: exp.Expr
    sql: str
    """The tree as it is printed."""
    columns: tuple[str, ...]
    """Columns of the judged table."""
    asks: Mapping[str, tuple[Ask, ...]]
    """What it asks of columns that may hold stand-ins, by table."""
    asked: tuple[str, ...]
    """Those of the judged table's columns that it asks something of."""
    lookups: Mapping[str, frozenset[Want]]
    """Other tables that it looks into, and what it wants of their rows."""
    looks: Mapping[str, Look]
    """Looks into other tables: in the tree each is the column of `_row` that has its name."""
    demanded: Demand
    """What it asks of the judged row."""
    demands: tuple[Demand, ...]
    """What each look into another table asks of that table's rows."""


Schema = Callable[[str], Mapping[str, str] | None]
"""Column name to SQL type of a table; None where there is no such table."""

Scoped = Callable[[str], tuple[str, ...]]
"""The columns by which a table's rows belong to an account and region."""


def compile_predicate(text: str, table: str, schema: Schema, scoped: Scoped) -> Compiled:
    """Compile one predicate over a table. Raises PredicateError."""
    if len(text) > MAX_TEXT:
        raise PredicateError(f"has {len(text):,} characters; at most {MAX_TEXT:,} are read")
    if not text.isprintable() and re.search(r"[^\S\t\n\r ]|[\x00-\x08\x0e-\x1f\x7f]", text):
        raise PredicateError("has a control character")
    try:
        tree = parsed(text)
        _measure(tree)
        columns = schema(table)
        if columns is None:
            raise PredicateError(f"there is no table {table!r}")
        if not isinstance(tree, exp.Condition | exp.Subquery):
            raise PredicateError("is a statement: expected an expression over one row, such as: encrypted")
        compiler = _Compiler(schema, scoped)
        outer = RowName(ROW, table, columns)
        demanded = demand_of(tree, outer)
        made = compiler.expression(tree, (outer,))
        sql = printed(made)
    except RecursionError as error:
        raise PredicateError(f"is nested deeper than {MAX_DEPTH} levels") from error
    except SqlglotError as error:
        raise PredicateError(f"is not SQL: {_first_line(error)}") from error
    lookups = {name: frozenset(wants) for name, wants in compiler.lookups.items()}
    compiler.asks.setdefault(table, set()).update(outer.asks)
    return Compiled(
        made,
        sql,
        tuple(sorted(outer.used)),
        {name: tuple(sorted(asks)) for name, asks in compiler.asks.items() if asks},
        tuple(sorted({ask.column for ask in outer.asks})),
        lookups,
        compiler.looks,
        demanded,
        tuple(compiler.demands),
    )


def parsed(text: str) -> exp.Expr:
    """The tree of a text. Raises PredicateError, SqlglotError, RecursionError."""
    try:
        return sqlglot.parse_one(text, read=Dialect)
    except (TypeError, ValueError, AttributeError) as error:  # the parser's own, where it looks for no such text
        raise PredicateError("is not SQL that can be parsed") from error


def _measure(tree: exp.Expr) -> None:
    """Refuse a tree that is too large. Raises PredicateError."""
    nodes = 0
    left = [(tree, 0)]
    while left:
        node, depth = left.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise PredicateError(f"has more than {MAX_NODES:,} parts")
        if depth > MAX_DEPTH:
            raise PredicateError(f"is nested deeper than {MAX_DEPTH} levels")
        same = type(node) if isinstance(node, exp.And | exp.Or) else ()
        left += [(child, depth + (type(child) is not same)) for child in node.iter_expressions()]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["it cannot be parsed"])[0].split(" Line ")[0]


def printed(tree: exp.Expr) -> str:
    """A tree as SQL that is read as that tree and no other. Raises PredicateError where there is none."""
    sql: str = tree.sql(Dialect, comments=False)
    if sqlglot.parse(sql, read=Dialect) != [tree]:
        raise PredicateError("cannot be written as SQL without changing its meaning: say it more plainly")
    return sql


_Scopes = tuple[RowName, ...]


class _Compiler:
    """Makes a tree anew; collects the tables looked into."""

    def __init__(self, schema: Schema, scoped: Scoped) -> None:
        self._schema, self._scoped = schema, scoped
        self.lookups: dict[str, set[Want]] = {}
        self.looks: dict[str, Look] = {}
        self.demands: list[Demand] = []
        self._inside: list[exp.Expr] = []
        self._made: dict[int, exp.Expr] = {}
        self.asks: dict[str, set[Ask]] = {}

    def expression(self, node: exp.Expr, scopes: _Scopes) -> exp.Expr:
        """A tree with names resolved, `now()` fixed and subqueries three-valued."""
        if isinstance(node, exp.Exists):
            return self._exists(_select_of(node.this), scopes, None)
        if isinstance(node, exp.In) and node.args.get("query") is not None:
            if node.this.find(exp.Select) is not None:
                raise PredicateError("IN (SELECT …) looks for a value, and not for what another SELECT gives")
            return self._exists(_select_of(node.args["query"]), scopes, node.this)
        if isinstance(node, exp.Subquery | exp.Select):
            return self._lookup(_select_of(node), scopes)
        if isinstance(node, exp.Column):
            made = self._made.pop(id(node), None)
            if made is not None:
                return made
            scope, name = self._column(node, scopes)
            return scope.ask("known", name)
        if _is_now(node):
            return now()
        if isinstance(node, exp.CurrentDate):
            return try_cast(now(), exp.DataType(this=TYPES["DATE"], nested=False))
        if isinstance(node, exp.Literal):
            return literal(node)
        if _asks_for_a_file(node):
            scope, name = self._column(node.this, scopes)
            return is_null(scope.column(name))  # that it is NULL leaves nothing open
        check_allowed(node)
        finish = self._asked(node, scopes)
        values = {key: self._value(node, key, value, scopes) for key, value in node.args.items()}
        if isinstance(node, exp.Anonymous):
            values["this"] = node.name.lower()
        if isinstance(node, exp.Cast):
            return try_cast(values["this"], values["to"])
        return finish(type(node)(**values))

    def _asked(self, node: exp.Expr, scopes: _Scopes) -> Finish:
        """Make those columns under a node of which it asks less than what they look like."""
        inner = node.find(exp.Column) if isinstance(node, exp.JSONExtract | exp.JSONExtractScalar) else None
        if id(inner) in self._made:  # the path to it goes on
            return lambda made: made
        made, finish = asked(node, lambda column: self._column(column, scopes))
        self._made |= made
        return finish

    def _value(self, node: exp.Expr, key: str, value: Any, scopes: _Scopes) -> Any:
        """What stands at a key of an allowed node, made anew: in parentheses, so that DuckDB cannot read it in
        another order than it was read here.
        """
        if isinstance(value, list):
            return [self._value(node, key, item, scopes) for item in value]
        if isinstance(value, exp.DataType):
            return data_type(value)
        if isinstance(value, exp.Var) or (isinstance(node, exp.Interval) and key == "unit" and value is not None):
            return unit(value)
        if isinstance(value, exp.Expr):
            made = self.expression(value, scopes)
            return made if _same_junction(node, made) else operand(made)
        # Flags of the parser and whole numbers; no text of the predicate, which may hold anything.
        if value is None or isinstance(value, bool | int) or (isinstance(node, exp.Anonymous) and key == "this"):
            return value
        raise PredicateError(f"{shown(node)!r} may not be used in a predicate in this form")

    def _column(self, node: exp.Column, scopes: _Scopes) -> tuple[RowName, str]:
        name, qualifier = node.name, node.table
        if node.args.get("db"):
            raise PredicateError(f"cannot tell what {shown(node)} is")
        candidates = [s for s in reversed(scopes) if not qualifier or qualifier == s.name]
        if not candidates:
            raise PredicateError(f"{qualifier} is not a table of this predicate")
        for scope in candidates:
            if name in scope.columns:
                return scope, name
        known = {column for scope in candidates for column in scope.columns}
        near = difflib.get_close_matches(name, known, 1)
        where = " or ".join(dict.fromkeys(scope.table for scope in candidates))
        raise PredicateError(
            f"{where} has no column {name!r}"
            + (f"; did you mean {near[0]}?" if near else f" (see: demarcate tables {candidates[0].table})")
        )

    def _source(self, select: exp.Select, scopes: _Scopes) -> RowName:
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
        more = [key for key, value in table.args.items() if value and key not in ("this", "alias")]
        if more or not isinstance(table.this, exp.Identifier) or table.alias_column_names:
            raise PredicateError(f"a subquery reads one of Demarcate's tables, not {shown(table)}")
        columns = self._schema(table.name)
        if columns is None:
            raise PredicateError(f"there is no table {table.name!r} (see: demarcate tables)")
        alias = table.alias or table.name
        if not _ALIAS.fullmatch(alias):
            raise PredicateError(f"a table cannot be called {alias!r}: letters, digits and underscores only")
        if len(scopes) > MAX_LOOKUPS:
            raise PredicateError(f"looks from table to table more than {MAX_LOOKUPS} times")
        if any(alias in (scope.alias, scope.name) for scope in scopes):
            raise PredicateError(f"two tables of the predicate are called {alias}: give one an alias")
        return RowName(alias, table.name, columns, outside=scopes)

    def _condition(self, select: exp.Select, inner: RowName, scopes: _Scopes) -> exp.Expr | None:
        where = select.args.get("where")
        self.demands.append(demand_of(where.this if where is not None else exp.true(), inner))
        if where is None:
            return None
        for part in parts_of(where.this):
            if isinstance(part, exp.EQ):
                self._note_key((part.left, part.right), ((*scopes, inner), (*scopes, inner)))
        return self.expression(where.this, (*scopes, inner))

    def _note_key(self, equal: tuple[exp.Expr, exp.Expr], scopes: tuple[_Scopes, _Scopes]) -> None:
        """Note by which of its columns a row of a look is named, where two that must be equal say so."""
        sides = zip(equal, scopes, strict=True)
        columns = [self._column(side, where) for side, where in sides if isinstance(side, exp.Column)]
        scopes[1][-1].key = scopes[1][-1].key or key_of(columns, scopes[1][-1])

    def _same_place(self, inner: RowName, outer: RowName) -> list[exp.Expr]:
        """That a row is of the account and region of the row from which it is looked for, and the resource's own."""
        shared = set(self._scoped(inner.table)) & set(self._scoped(outer.table))
        names = [name for name in ("account_id", "region") if name in shared]
        here = [exp.NullSafeEQ(this=inner.column(name), expression=outer.column(name)) for name in names]
        # Of what only a companion is known, a look finds nothing: it is as if it had not been read.
        return [*here, *([is_null(inner.column("_companion"))] if "_companion" in inner.columns else [])]

    def _exists(self, select: exp.Select, scopes: _Scopes, left: exp.Expr | None) -> exp.Expr:
        inner = self._source(select, scopes)
        with self._looking(inner, scopes) as open_:
            condition = self._condition(select, inner, scopes)
            if left is not None:
                self._note_key((left.unnest(), _only(select).unnest()), (scopes, (*scopes, inner)))
                equal = self._equal(left, scopes, _only(select), (*scopes, inner))
                condition = equal if condition is None else all_of([equal, condition])
            test = exp.true() if condition is None else condition
        exists = exist(inner, [*self._same_place(inner, scopes[0]), is_certain(inner), test])
        return self._look(
            open_,
            scopes,
            case([(exists, exp.true()), (open_.at_all(test), exp.null())]),
            case([(exists.copy(), exp.true()), (open_.untold_at_all(), exp.null())]),
            case([(open_.untold_at_all(), exp.null())]),
        )

    @contextmanager
    def _looking(self, inner: RowName, scopes: _Scopes) -> Iterator[_Open]:
        """A look into another table, whose condition is made meanwhile: then it is told what leaves it open."""
        doubts = [scope.doubts for scope in scopes]
        for scope in scopes:
            scope.doubts = set()
        outside, self._inside = self._inside, []
        open_ = _Open(inner, self._same_place(inner, scopes[0]))
        yield open_
        open_.untold += [is_null(scope.column(name)) for scope in scopes for name in sorted(scope.doubts)]
        open_.untold.append(variable(partly_read(inner.table)))
        open_.nulls += [*map(inner.column, sorted(inner.doubts)), *self._inside]
        for scope, before in zip(scopes, doubts, strict=True):
            scope.doubts |= before
        self._inside = outside
        self._read(inner)

    def _read(self, inner: RowName) -> None:
        """Note what is read of a table that is looked into."""
        named = inner.key or ("", "", "")
        self.lookups.setdefault(inner.table, set()).update(
            Named(name, *named) if named[0] not in ("", name) else name for name in inner.used
        )
        self.asks.setdefault(inner.table, set()).update(inner.asks)

    def _equal(self, left: exp.Expr, outer: _Scopes, right: exp.Expr, inner: _Scopes) -> exp.Expr:
        """That a value is what the row of another table has."""
        sides = (left.unnest(), outer), (right.unnest(), inner)
        columns = [(side, scopes) for side, scopes in sides if isinstance(side, exp.Column)]
        if len(columns) == len(sides):
            for side, scopes in columns:
                scope, name = self._column(side, scopes)
                self._made[id(side)] = scope.use(name)
        return exp.EQ(
            this=operand(self.expression(left, outer)), expression=operand(self.expression(right, inner))
        )

    def _look(
        self, open_: _Open, scopes: _Scopes, tree: exp.Expr, sure: exp.Expr, empty: exp.Expr | None
    ) -> exp.Expr:
        """The look itself inside another one; else the column of the judged row that holds what it gives: so what is
        said of an empty table, or of one that was not read, need not be planned with it.
        """
        if len(scopes) > 1:
            self._inside.append(tree)
            return tree
        doubts = [value.name for value in open_.nulls if isinstance(value, exp.Column)]
        alone = len(doubts) == len(open_.nulls)  # what it looks for in a third table may be in doubt, too
        look = Look(
            open_.inner.table,
            printed(tree),
            printed(empty) if empty is not None else "",
            printed(sure) if alone else "",
            tuple(doubts) if alone else (),
        )
        self.looks[look.name] = look
        return scopes[0].column(look.name)

    def _lookup(self, select: exp.Select, scopes: _Scopes) -> exp.Expr:
        """The value of the rows that match; NULL where none does, where they differ, or where others may match."""
        inner = self._source(select, scopes)
        with self._looking(inner, scopes) as open_:
            test = self._condition(select, inner, scopes) or exp.true()
        value = self.expression(_only(select), (*scopes, inner))
        self._read(inner)
        single = exp.EQ(
            this=exp.Count(this=exp.Distinct(expressions=[value.copy()]), big_int=True),
            expression=exp.Literal.number(1),
        )
        told = exp.EQ(
            this=exp.Count(this=value.copy(), big_int=True), expression=exp.Count(this=exp.Star(), big_int=True)
        )
        agreed = exp.Case(ifs=[exp.If(this=all_of([single, told]), true=exp.Min(this=value.copy()))])
        rows = select_from(agreed, inner, [*self._same_place(inner, scopes[0]), test])
        value_of = exp.Subquery(this=rows)
        return self._look(
            open_,
            scopes,
            case([(open_.at_all(test), exp.null())], value_of),
            case([(open_.untold_at_all(), exp.null())], value_of.copy()),
            None,
        )


@dataclass(slots=True)
class _Open:
    """What leaves a look into another table open.

    Where one of `untold` holds, nothing is known of it; a row of which one of `nulls` is NULL may match or not.
    """

    inner: RowName
    same_place: list[exp.Expr]
    untold: list[exp.Expr] = field(default_factory=list)
    nulls: list[exp.Expr] = field(default_factory=list)

    def untold_at_all(self) -> exp.Expr:
        """That nothing is known of it."""
        return any_of(condition.copy() for condition in self.untold)

    def at_all(self, test: exp.Expr) -> exp.Expr:
        """That it is left open, with the test of the rows that are looked for."""
        uncertain = exp.not_(is_certain(self.inner))
        unsure = any_of([*(is_null(value.copy()) for value in self.nulls), uncertain.copy()])
        rows = [*(condition.copy() for condition in self.same_place), unsure]
        return any_of(
            [*(condition.copy() for condition in self.untold), *may_exist(self.inner, rows, test, uncertain)]
        )


_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _same_junction(outer: exp.Expr, inner: exp.Expr) -> bool:
    """Whether both are AND, or both OR: their order makes no difference."""
    return isinstance(outer, exp.And | exp.Or) and type(outer) is type(inner)


def _select_of(node: exp.Expr) -> exp.Select:
    inner = node.unnest() if isinstance(node, exp.Subquery) else node
    if not isinstance(inner, exp.Select):
        raise PredicateError("a subquery is SELECT … FROM one table WHERE …, and no more")
    return inner


def _asks_for_a_file(node: exp.Expr) -> bool:
    """Whether it is `file IS NULL`: whether a template declares a row is known of every row."""
    return (
        isinstance(node, exp.Is)
        and isinstance(node.this, exp.Column)
        and node.this.name == "file"
        and isinstance(node.expression, exp.Null)
    )


def _only(select: exp.Select) -> exp.Expr:
    if len(select.expressions) != 1 or isinstance(select.expressions[0], exp.Star):
        raise PredicateError("a subquery selects exactly one column")
    only: exp.Expr = select.expressions[0].unalias()
    return only


def _is_now(node: exp.Expr) -> bool:
    return isinstance(node, exp.CurrentTimestamp) or (
        isinstance(node, exp.Anonymous) and node.name.lower() == "now" and not node.expressions
    )
