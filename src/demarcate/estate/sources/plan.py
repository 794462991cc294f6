"""What to collect: the tables asked for, the tables that those are derived from, and the columns of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from demarcate.estate.schema.rows import detail_of, named_in
from demarcate.estate.schema.table import MANAGED_BY, Call, Column, Derived, Formatted, Table
from demarcate.estate.tables import all_tables, table


class Named(NamedTuple):
    """A column, wanted of those rows alone that rows of another table name: their `key` is what its column `by` has."""

    column: str
    key: str
    table: str
    by: str


Want = str | Named
"""A column that is wanted: of all rows, or of those that are named."""

Selection = Mapping[str, frozenset[Want] | None]
"""Table name to the columns in use; None for all of them."""


def together(*selections: Selection) -> Selection:
    """What any of these wants."""
    merged: dict[str, frozenset[Want] | None] = {}
    for selection in selections:
        for name, wants in selection.items():
            before = merged.get(name, frozenset())
            merged[name] = None if before is None or wants is None else before | wants
    return merged


def unlimited(selection: Selection) -> dict[str, frozenset[str] | None]:
    """The same of all rows, for whoever compares them, or judges others beside them that no call returns."""
    return {name: None if wants is None else frozenset(columns_in(wants)) for name, wants in selection.items()}


def columns_in(wants: Iterable[Want]) -> tuple[str, ...]:
    """The columns that are wanted, of whichever rows."""
    return tuple(sorted({want if isinstance(want, str) else want.column for want in wants}))


def only_named(wants: Collection[Want]) -> tuple[Named, ...]:
    """What is wanted of no other rows than those that are named."""
    return tuple(sorted(want for want in wants if isinstance(want, Named) and want.column not in wants))


class Resource(NamedTuple):
    """One resource: where it was found, and what findings name it by."""

    account: str
    region: str
    name: str


Only = Mapping[str, frozenset[Resource]]
"""Table name to the resources of which alone it is read. A table that is not named is read whole."""


class TablePlan(msgspec.Struct):
    """One table that is read: the columns that are made, whether its rows are kept, and who derives from it.

    `only` are the resources of which it is read; None where it is read whole. `named` are the columns that are wanted
    of no other rows than those that are named. `limits` are the details that are asked for these alone, as the source
    that asks sets them.
    """

    table: Table
    columns: tuple[Column, ...] = ()
    kept: bool = False
    children: list[tuple[Table, Derived]] = msgspec.field(default_factory=list)
    only: frozenset[Resource] | None = None
    named: frozenset[Named] = frozenset()
    limits: dict[str, frozenset[Named]] = msgspec.field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are made."""
        return tuple(column.name for column in self.columns)

    def details(self, source: str) -> tuple[str, ...]:
        """The details (live) or companions (templates) that these columns need, each after what it rests on."""
        places = (column.place(source) for column in self.columns)
        names = (detail_of(place.path) for place in places if place is not None)
        ordered: dict[str, None] = {}
        for name in sorted({name for name in names if name is not None}):
            if source == "live":
                self._add_detail(name, ordered)
            else:
                ordered[name] = None
        return tuple(ordered)

    def _add_detail(self, name: str, ordered: dict[str, None]) -> None:
        detail = self.table.details[name]
        if isinstance(detail, Call) and detail.only:
            first = detail_of(detail.only[0])
            if first is not None and first not in ordered:
                self._add_detail(first, ordered)
        ordered[name] = None


def tells(source: str, table: Table) -> bool:
    """Whether a source can fill a table.

    A derived table counts where any of what it is derived from does, a computed one where all that it needs do.
    """
    if table.steps if source == "live" else table.types:
        return True
    tables = all_tables()
    if table.computed is not None:
        return all(tells(source, tables[name]) for name in table.computed.needs)
    return any(
        (source == "cloudformation") if "::" in derived.of else tells(source, tables[derived.of])
        for derived in table.derived
    )


def make_plan(selection: Selection, source: str, only: Only | None = None) -> list[TablePlan]:
    """The plan for a selection, and for the resources meant. Raises DemarcateError for a table that does not exist.

    Rows that are derived are of the resource that they come from: its table is read of no more than what they are. What
    a computed table needs is read whole.
    """
    plans: dict[str, TablePlan] = {}
    wants: dict[str, set[Want]] = {}
    computed = [of for name in selection if (of := table(name).computed) is not None]
    needed = {name for of in computed for name in of.needs}

    def want(table_: Table, names: frozenset[Want] | None) -> TablePlan:
        wanted = wants.setdefault(table_.name, set())
        wanted.update({column.name for column in table_.all_columns} if names is None else names)
        return plans.setdefault(table_.name, TablePlan(table_))

    for name, names in _with_needs(selection, source).items():
        chosen = table(name)
        if not tells(source, chosen) or chosen.computed is not None:
            continue
        if chosen.steps or chosen.types or not chosen.derived:
            want(chosen, names).kept = True
        else:
            want(chosen, None).kept = True
        for derived in chosen.derived:
            if "::" not in derived.of:
                parent = table(derived.of)
                if tells(source, parent):
                    whose = {MANAGED_BY} if chosen.column(MANAGED_BY) else set()
                    want(parent, frozenset((*derived.needs, *whose))).children.append((chosen, derived))
    for name, plan in plans.items():
        named = {of for of in wants[name] if isinstance(of, Named)}
        whole = closed(plan.table, {of for of in wants[name] if isinstance(of, str)} | {of.key for of in named})
        wanted_columns = closed(plan.table, whole | {of.column for of in named})
        plan.columns = tuple(column for column in plan.table.all_columns if column.name in wanted_columns)
        plan.named = frozenset(of for of in named if of.column not in whole)
        plan.only = None if name in needed else _only(plan, only or {})
    return list(plans.values())


def _only(plan: TablePlan, only: Only) -> frozenset[Resource] | None:
    """The resources that its rows, and those derived from them, are meant to be of; None where any are meant."""
    names = [plan.table.name] if plan.kept else []
    names += [child.name for child, _ in plan.children]
    if not all(name in only for name in names):
        return None
    return frozenset(resource for name in names for resource in only[name])


def identifying(table: Table) -> tuple[Column, ...] | None:
    """The columns that a row's resource is made of, where the listing tells them; None where a detail does."""
    names = closed(table, {"arn"})
    columns = tuple(column for column in table.all_columns if column.name in names)
    places = [place for column in columns if (place := column.place("live")) is not None]
    return None if any(detail_of(place.path) for place in places) else columns


def _with_needs(selection: Selection, source: str) -> Selection:
    """A selection with what its computed tables need, as far as a source can fill them."""
    wanted = dict(selection)
    for name in selection:
        chosen = table(name)
        for need, columns in chosen.computed.needs.items() if chosen.computed and tells(source, chosen) else ():
            before = wanted.get(need, frozenset())
            wanted[need] = None if before is None else before.union(columns)
    return wanted


def closed(table: Table, names: set[str]) -> set[str]:
    """The columns asked for, and those that the identity of a row is made of."""
    wanted = names | {"arn", "region"}
    for column in table.columns:
        live = column.place("live")
        if column.name in wanted and live is not None and live.path.startswith("#format."):
            wanted.update(named_in(live.path.removeprefix("#format.")))
        for place in column.places.values() if column.name in wanted else ():
            if isinstance(place.absent, Formatted):
                wanted.update(named_in(place.absent.text))
    return wanted
