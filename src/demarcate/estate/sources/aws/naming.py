"""Calls that are made for those rows alone that rows of another table name: which these are, and what waits for what.

A check that looks into another table by a key reads no other of its rows: whether the bucket of a trail is locked is
asked of the buckets that trails name. Where something else wants the same of every row, it is asked of every row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from threading import Condition

import msgspec

from demarcate.estate.schema.rows import Address, Item, Row, build, detail_of
from demarcate.estate.schema.table import Call, Table
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.aws.by_name import way_in
from demarcate.estate.sources.plan import Named, Only, Selection, TablePlan, closed, make_plan

_SOURCE = "live"


def live_plan(selection: Selection, only: Only | None = None) -> list[TablePlan]:
    """The plan for a selection (`make_plan`), where calls for details are limited to rows that are named.

    A call stays one for every row where the table that would limit it has no listing of its own, or waits itself for
    what this one tells.
    """
    plans = {plan.table.name: plan for plan in make_plan(selection, _SOURCE, only)}
    for name in sorted(plans):
        plan = plans[name]
        for detail, named in _limits(plan):
            if all(_may_wait(plan, of, plans) for of in named):
                plan.limits[detail] = named
    return list(plans.values())


def waited_for(plans: Collection[TablePlan]) -> Mapping[str, int]:
    """The operations with which listings begin that others wait for, and how many of these wait for each other."""
    waiting: dict[str, set[str]] = {}
    begins = {plan.table.name: begin(plan) for plan in plans}
    for plan in plans:
        for table in _namers(plan):
            waiting.setdefault(begins[table], set()).add(begins[plan.table.name])

    def height(operation: str) -> int:
        return max((1 + height(other) for other in waiting.get(operation, ())), default=0)

    return {operation: height(operation) for operation in waiting}


def begin(plan: TablePlan) -> str:
    """The operation with which its listing begins, or "": tables that begin with the same one are read together."""
    steps, _ = way_in(plan)
    return steps[0].operation if steps else ""


def _namers(plan: TablePlan) -> frozenset[str]:
    """The tables that a plan waits for."""
    return frozenset(of.table for named in plan.limits.values() for of in named)


def _limits(plan: TablePlan) -> Iterator[tuple[str, frozenset[Named]]]:
    """The details that are wanted of named rows alone, each with what names them."""
    named = {of.column: frozenset(other for other in plan.named if other.column == of.column) for of in plan.named}
    # Each stands before those that rest on it, whose rows it is wanted of as well.
    wanted: dict[str, frozenset[Named] | None] = {}
    for detail in reversed(plan.details(_SOURCE)):
        wants = [named.get(column.name) for column in plan.columns if _detail(plan.table, column.name) == detail]
        wants += [wanted[other] for other in wanted if _rests_on(plan.table, other) == detail]
        told = [want for want in wants if want is not None]
        wanted[detail] = frozenset().union(*told) if len(told) == len(wants) else None
        if (limit := wanted[detail]) is not None and isinstance(plan.table.details[detail], Call):
            yield detail, limit


def _detail(table: Table, name: str) -> str | None:
    """The detail that tells a column of a table."""
    column = table.column(name)
    place = column.place(_SOURCE) if column is not None else None
    return detail_of(place.path) if place is not None else None


def _rests_on(table: Table, name: str) -> str | None:
    """The detail that says whether another one is asked for."""
    detail = table.details[name]
    return detail_of(detail.only[0]) if isinstance(detail, Call) and detail.only else None


def _may_wait(plan: TablePlan, of: Named, plans: Mapping[str, TablePlan]) -> bool:
    """Whether a plan can wait for what another table names: that one is listed, and does not wait for this one."""
    namer = plans.get(of.table)
    if namer is None or not namer.kept or not namer.table.steps or of.by not in namer.names:
        return False
    if any(_detail(plan.table, name) is not None for name in closed(plan.table, {of.key})):
        return False
    reached, left = set[str](), [begin(namer)]
    while left:
        operation = left.pop()
        if operation not in reached:
            reached.add(operation)
            left += [
                begin(plans[table])
                for other in plans.values()
                if begin(other) == operation
                for table in _namers(other)
            ]
    return begin(plan) not in reached


class Meant(msgspec.Struct, frozen=True):
    """The rows for which a call is made: those that have one of these values in one of these columns."""

    values: Mapping[str, frozenset[str]]
    by: tuple[tuple[str, str], ...]
    """The tables and their columns that name them."""

    def has(self, row: Row) -> bool:
        """Whether a row is meant. One of which it is not known is."""
        keys = ((row[key], values) for key, values in self.values.items())
        return any(not isinstance(value, str) or value in values for value, values in keys)


def keys_of(plan: TablePlan) -> Callable[[Item, Address], Row]:
    """What makes, of an item and where it is, the columns by which rows of a plan are named."""
    names = closed(plan.table, {of.key for named in plan.limits.values() for of in named})
    columns = (column for column in plan.table.all_columns if column.name in names)
    return build(columns, lambda column: column.place(_SOURCE))


class Names:
    """What rows of one account name, by table and column: told by who reads them, for those who wait until all is told.

    Whoever waits must come after those that it waits for, so that they are under way. A table that cannot be read, or
    the rows of it that cannot, name nothing: no look starts from them.
    """

    def __init__(self, plans: Collection[TablePlan]) -> None:
        self._tables = {plan.table.name: plan.table for plan in plans}
        self._columns: dict[str, tuple[str, ...]] = {}
        for of in sorted({of for plan in plans for named in plan.limits.values() for of in named}):
            self._columns[of.table] = (*self._columns.get(of.table, ()), of.by)
        self._told: dict[tuple[str, str, str], set[str]] = {}
        self._left: Counter[tuple[str, str]] = Counter()
        self._changed = Condition()

    def expect(self, table: str, region: str) -> None:
        """Say that the rows of a table in a region are going to be read."""
        if table in self._columns:
            self._left[table, region] += 1

    def recall(self, writer: SnapshotWriter, account: str) -> None:
        """Take the rows that an earlier run has read. Raises OSError."""
        held = {name: parts for name in self._columns if (parts := writer.held(name, account))}
        if not held:
            return
        from demarcate.estate.snapshots.rereading import Rereading

        with Rereading(writer.folder) as reading:
            for name, parts in held.items():
                for part in parts:
                    files = [part.file] if part.file is not None else []
                    for row in reading.rows(self._tables[name], files, self._columns[name], {}):
                        self.tell(name, part.region or "", row)

    def tell(self, table: str, region: str, row: Row) -> None:
        """Take what a row names."""
        for column in self._columns.get(table, ()):
            if isinstance(value := row[column], str):
                with self._changed:
                    self._told.setdefault((table, column, region), set()).add(value)

    def ended(self, table: str, region: str) -> None:
        """Say that no more rows of a table come from a region, whether it could be read or not."""
        if table in self._columns:
            with self._changed:
                self._left[table, region] -= 1
                self._changed.notify_all()

    def meant(self, plan: TablePlan, region: str) -> Mapping[str, Meant]:
        """The rows for which the limited details of a plan are asked. Waits until all that name them are read."""
        return {detail: self._meant(plan, named, region) for detail, named in plan.limits.items()}

    def _meant(self, plan: TablePlan, named: Iterable[Named], region: str) -> Meant:
        values: dict[str, frozenset[str]] = {}
        for of in named:
            # A look stays in its own region where both tables are kept by region.
            both = {plan.table.scope, self._tables[of.table].scope} == {"region"}
            here = region if both else ""
            with self._changed:
                self._changed.wait_for(partial(self._is_told, of.table, here))
                told = [
                    texts
                    for (table, column, where), texts in self._told.items()
                    if (table, column) == (of.table, of.by) and here in ("", where)
                ]
            values[of.key] = values.get(of.key, frozenset()).union(*told)
        return Meant(values, tuple(sorted({(of.table, of.by) for of in named})))

    def _is_told(self, table: str, here: str) -> bool:
        """Whether all rows of a table are read: those of one region, or of all ("")."""
        left = (count for (name, region), count in self._left.items() if name == table and here in ("", region))
        return not any(left)
