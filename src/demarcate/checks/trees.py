"""Trees of our own making, and the rows that names in them belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from demarcate.checks.names import NOW, ROW
from demarcate.checks.standins import Ask, may_be_marked


@dataclass(slots=True)
class RowName:
    """A row that names may belong to: its alias, table and columns, and the columns used so far.

    `asks` is what is asked of columns that may hold stand-ins. Where one of the columns of `doubts` is NULL,
    something that was asked of the row is not known. `outside` are the rows from which it is looked for; where these
    name it, `key` is its own column that they do it by, their table and the column there.
    """

    alias: str
    table: str
    columns: Mapping[str, str]
    used: set[str] = field(default_factory=set)
    asks: set[Ask] = field(default_factory=set)
    doubts: set[str] = field(default_factory=set)
    outside: tuple[RowName, ...] = ()
    key: tuple[str, str, str] | None = None

    @property
    def name(self) -> str:
        """What a predicate calls it: its alias, or the judged table's own name."""
        return self.table if self.alias == ROW else self.alias

    def type_of(self, value: exp.Expr) -> str:
        """The type of a column of it, or of a row outside of it, that is taken as it stands; "" of anything else."""
        for scope in (self, *self.outside):
            if isinstance(value, exp.Column) and value.table == scope.alias:
                return scope.columns.get(value.name, "")
        return ""

    def column(self, name: str) -> exp.Column:
        """One of its columns."""
        return exp.column(name, table=self.alias, quoted=True)

    def use(self, name: str) -> exp.Expr:
        """A column as it stands."""
        self.used.add(name)
        self.doubts.add(name)
        return self.column(name)

    def ask(self, form: str, name: str, *texts: str) -> exp.Expr:
        """Something asked of a column, as a column of its own."""
        if not may_be_marked(name, self.columns[name]):
            return self.use(name)
        ask = Ask(form, name, texts)
        self.used.add(name)
        self.asks.add(ask)
        # Where nothing is at a place in JSON, that is known of it, unless nothing is known of the whole.
        self.doubts.add(name if form in ("text at", "json at") else ask.name)
        return self.column(ask.name)


_WHOLE = (
    exp.Column,
    exp.Literal,
    exp.Boolean,
    exp.Paren,
    exp.Func,
    exp.Interval,
    exp.Array,
    exp.Subquery,
    exp.Case,
)
"""What can stand beside any operator as it is."""


def _joined(kind: type[exp.And | exp.Or], conditions: Iterable[exp.Expr]) -> exp.Expr:
    joined, *others = map(operand, conditions)
    for other in others:
        joined = kind(this=joined, expression=other)
    return joined


def all_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    return _joined(exp.And, conditions)


def any_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    return _joined(exp.Or, conditions)


def is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=operand(value), expression=exp.null())


def operand(value: exp.Expr) -> exp.Expr:
    whole = isinstance(value, _WHOLE) and not isinstance(value, exp.Binary)
    return value if whole else exp.paren(value, copy=False)


def select_from(value: exp.Expr, scope: RowName, conditions: Iterable[exp.Expr]) -> exp.Select:
    """The rows of a scope that meet all conditions, some of them maybe several times.

    Where a condition is that a list has an item, and only one of them is of these rows, the items of the list are rows,
    to be joined by what they are: each of a thousand lists would be searched for each of another thousand items.
    """
    wanted = list(conditions)
    parts = [part for condition in wanted for part in _parts(condition)]
    number, key = _first(parts, scope, _membership) or (0, None)
    select: exp.Select = exp.select(value, copy=False)
    if key is None:
        select = select.from_(_table(scope.table, scope.alias), copy=False)
        return select.where(all_of(wanted), copy=False) if wanted else select
    inside, outside = key
    if scope.type_of(inside) == LIST:
        rows = _items(exp.column(inside.name, quoted=True), exp.Star()).from_(_table(scope.table), copy=False)
        select = select.from_(_called(rows, scope.alias), copy=False)
        inside = exp.column(_ITEM, table=scope.alias, quoted=True)
    else:
        of_list = f"items of {scope.alias}"
        select = select.from_(_table(scope.table, scope.alias), copy=False)
        select.append("joins", exp.Join(this=_called(_items(outside), of_list)))
        outside = exp.column(_ITEM, table=of_list, quoted=True)
    equality = exp.EQ(this=inside.copy(), expression=outside.copy())
    return select.where(all_of([*parts[:number], equality, *parts[number + 1 :]]), copy=False)


LIST: Final = "VARCHAR[]"
"""The type of columns that hold lists."""

_ITEM: Final = "an item"
"""What an item of a list is called: no column of a table, and nothing that is asked of one, is called so."""


def _table(name: str, alias: str = "") -> exp.Expr:
    table = exp.Table(this=exp.to_identifier(name, quoted=True))
    return _called(table, alias) if alias else table


def _called(rows: exp.Expr, alias: str) -> exp.Expr:
    """A table or a SELECT as it stands after FROM."""
    name = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    if isinstance(rows, exp.Select):
        return exp.Subquery(this=rows, alias=name)
    rows.set("alias", name)
    return rows


def _items(column: exp.Expr, *others: exp.Expr) -> exp.Select:
    """Each item of a list as a row."""
    return exp.select(*others, exp.alias_(exp.Explode(this=column.copy()), _ITEM, quoted=True), copy=False)


def exist(scope: RowName, conditions: Iterable[exp.Expr]) -> exp.Expr:
    return exp.Exists(this=select_from(exp.Literal.number(1), scope, conditions))


def may_exist(scope: RowName, about: list[exp.Expr], test: exp.Expr, unsure: exp.Expr) -> list[exp.Expr]:
    """Conditions one of which holds where a row may match, `about` telling which rows are looked at: the test is
    NULL of it, or it is true and the row itself is `unsure`.

    Where the test asks for a key, rows with that key and rows whose key is not known are looked for apart: each of
    a thousand rows would be compared with each of another thousand.
    """

    def is_open(rest: exp.Expr) -> exp.Expr:
        return any_of([is_null(rest.copy()), all_of([rest.copy(), unsure.copy()])])

    def some(*conditions: exp.Expr) -> exp.Expr:
        return exist(scope, [condition.copy() for condition in (*about, *conditions)])

    parts = _parts(test)
    # Equalities are often of regions or files, which many rows share.
    number, key = _first(parts, scope, _membership) or _first(parts, scope, _equality) or (0, None)
    if key is None:
        return [some(is_open(test))]
    (inside, outside), part = key, parts[number]
    rest = all_of(parts[:number] + parts[number + 1 :] or [exp.true()])
    possible = exp.not_(exp.Is(this=operand(rest), expression=exp.false()))
    # Nothing is in an empty list, whatever it is.
    conditions = [some(part, is_open(rest)), some(is_null(inside), is_null(part), possible)]
    if not isinstance(outside, exp.Column):  # a column that is NULL leaves everything open
        conditions.append(all_of([is_null(outside.copy()), some(possible)]))
    return conditions


def _parts(test: exp.Expr) -> list[exp.Expr]:
    """The conditions that must all hold."""
    if isinstance(test, exp.Paren):
        return _parts(test.this) if isinstance(test.this, exp.And | exp.Paren) else [test]
    return (
        [part for side in (test.left, test.right) for part in _parts(side)]
        if isinstance(test, exp.And)
        else [test]
    )


_Key = tuple[exp.Expr, exp.Expr]
"""A value of the rows that are looked for, and that of other rows by which they are."""


def _first(
    parts: Sequence[exp.Expr], scope: RowName, key_of: Callable[[exp.Expr, RowName], _Key | None]
) -> tuple[int, _Key] | None:
    """The first of some conditions that has a key, by its number, with it."""
    return next(((number, key) for number, part in enumerate(parts) if (key := key_of(part, scope))), None)


def _equality(condition: exp.Expr, scope: RowName) -> _Key | None:
    """The two sides of an equality of a value of the scope's rows, which is the first, with one of other rows."""
    equality = condition.unnest()
    if not isinstance(equality, exp.EQ) or equality.find(exp.Select):
        return None
    return _sides(equality.left, equality.right, scope)


def _membership(condition: exp.Expr, scope: RowName) -> _Key | None:
    """A column of the scope's rows, which is the first, and one of other rows: one is a list, the other a text of which
    it is asked whether it is in that list.
    """
    contains = condition.unnest()
    if not isinstance(contains, exp.ArrayContains):
        return None
    columns = contains.this.unnest(), contains.expression.unnest()
    if [scope.type_of(column) for column in columns] != [LIST, "VARCHAR"]:
        return None
    return _sides(*columns, scope)


def _sides(left: exp.Expr, right: exp.Expr, scope: RowName) -> _Key | None:
    """Two values, that of the scope's rows first; None unless the other is of other rows alone."""
    for inside, outside in ((left, right), (right, left)):
        within, without = ({column.table for column in side.find_all(exp.Column)} for side in (inside, outside))
        if within == {scope.alias} and without and scope.alias not in without:
            return inside, outside
    return None


def is_certain(scope: RowName) -> exp.Expr:
    """That a row is there for certain, and not only under a condition that is not known."""
    return is_null(scope.column("_conditional"))


def case(cases: Iterable[tuple[exp.Expr, exp.Expr]], otherwise: exp.Expr | None = None) -> exp.Expr:
    """CASE … ELSE … END, in parentheses; FALSE otherwise."""
    ifs = [exp.If(this=condition, true=value) for condition, value in cases]
    return exp.paren(exp.Case(ifs=ifs, default=otherwise or exp.false()), copy=False)


def where_holds(where: exp.Expr, passes: exp.Expr) -> exp.Expr:
    """The verdict where a condition holds; NULL where it does not, and where that is not known."""
    return exp.paren(exp.Case(ifs=[exp.If(this=where.copy(), true=passes.copy())]), copy=False)


def may_hold(condition: exp.Expr) -> exp.Expr:
    """Whether a condition holds, or may."""
    return exp.not_(exp.Is(this=operand(condition.copy()), expression=exp.false()))


def is_own(alias: str, column: str) -> exp.Expr:
    """Whether nobody else is known to operate a row, by the column that names who does."""
    operator = exp.Coalesce(
        this=exp.column(column, table=alias, quoted=True), expressions=[exp.Literal.string("")]
    )
    return exp.EQ(this=operator, expression=exp.Literal.string(""))


def try_cast(value: exp.Expr, to: exp.DataType) -> exp.Expr:
    """A cast that gives NULL where it fails: the value is not known in that form, and the scan goes on."""
    return exp.TryCast(this=value, to=to, safe=True)


def variable(name: str) -> exp.Expr:
    return exp.Anonymous(this="getvariable", expressions=[exp.Literal.string(name)])


def now() -> exp.Expr:
    return variable(NOW)
