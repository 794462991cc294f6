"""What an operation reaches: the tables, columns and checks that need its answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from demarcate.checks.catalog import load_checks
from demarcate.checks.missing import owners_of
from demarcate.checks.structs import Check
from demarcate.estate.schema.rows import detail_of, named_in
from demarcate.estate.schema.table import Call, Each, Table
from demarcate.estate.tables import all_tables, table
from demarcate.posture.line import line_checks
from tests.aws.answers.asking import calls_of_detail, operations


@dataclass(slots=True)
class Reach:
    """What is lost with one operation.

    `listed` are the tables whose rows it leads to, `columns` those of other tables that come from it as a
    detail. `derived` are the tables that have rows made from either.
    """

    operation: str
    listed: set[str] = field(default_factory=set)
    columns: dict[str, set[str]] = field(default_factory=dict)
    derived: dict[str, set[str]] = field(default_factory=dict)
    """Table to the tables that its lost rows are made from."""
    computed: set[str] = field(default_factory=set)
    """Tables whose rows are looked for in what it leads to, or fills."""

    @property
    def tables(self) -> set[str]:
        """The tables that it fills, in whole or in part."""
        return self.listed | set(self.columns)

    def needed_by(self, check: Check) -> bool:
        """Whether a check cannot be judged without it."""
        if check.table in self.listed or self._needs(check.table, (*check.columns, *check.shown)):
            return True
        if check.table in self.derived and owners_of(check, check.table) & self.derived[check.table]:
            return True
        if check.table in self.computed:
            return True
        return any(
            name in self.listed
            or bool(owners_of(check, name) & self.derived.get(name, set()))
            or self._needs(name, used)
            for name, used in check.lookups.items()
        )

    def _needs(self, name: str, used: Iterable[str]) -> bool:
        return bool(self.columns.get(name, set()) & set(used))


@cache
def checks() -> Mapping[str, Check]:
    """Every check of the catalog, and the conditions under which the model draws its line."""
    from demarcate.model import load

    return {**load_checks(), **{f"line {name}": check for name, check in line_checks(load()).items()}}


@cache
def reaches() -> Mapping[str, Reach]:
    """What each operation reaches."""
    by_operation = {operation: Reach(operation) for operation in operations()}
    for declared in all_tables().values():
        for step in declared.steps:
            by_operation[step.operation].listed.add(declared.name)
        for name in declared.details:
            for call in calls_before(declared, name):
                by_operation[call.operation].columns.setdefault(declared.name, set()).update(
                    columns_of(declared.name, name)
                )
    for declared in all_tables().values():
        for derived in declared.derived:
            for reach in by_operation.values():
                if derived.of in reach.listed or set(derived.needs) & reach.columns.get(derived.of, set()):
                    reach.derived.setdefault(declared.name, set()).add(derived.of)
        for name, columns in declared.computed.needs.items() if declared.computed is not None else ():
            for reach in by_operation.values():
                if name in reach.listed and name in declared.owners:
                    reach.derived.setdefault(declared.name, set()).add(name)
                elif name in reach.listed or set(columns) & reach.columns.get(name, set()):
                    reach.computed.add(declared.name)
    return by_operation


def calls_before(declared: Table, name: str) -> Iterator[Each | Call]:
    """The calls that a detail rests on: its own, and those of the details that say whether it is asked for."""
    detail = declared.details[name]
    yield from calls_of_detail(detail)
    if isinstance(detail, Call):
        for path in (*detail.inputs.values(), *detail.only[:1]):
            first = detail_of(path)
            if first is not None:
                yield from calls_before(declared, first)


@cache
def columns_of(name: str, detail: str) -> frozenset[str]:
    """The columns of a table that come from one of its details, and those made of such columns."""
    places = {column.name: place.path for column in table(name).columns if (place := column.place("live"))}
    columns = {column for column, place in places.items() if detail_of(place) == detail}
    columns |= {
        column for column, place in places.items() if "#format." in place and set(named_in(place)) & columns
    }
    return frozenset(columns)


@cache
def needing() -> Mapping[str, frozenset[str]]:
    """The checks that need each operation."""
    return {
        name: frozenset(check for check, of in checks().items() if reach.needed_by(of))
        for name, reach in reaches().items()
    }


@cache
def needing_alone() -> Mapping[str, frozenset[str]]:
    """The same without checks on tables that are made from others: what fails of several owners can be told apart."""
    return {
        name: frozenset(check for check in needed if not table(checks()[check].table).owners)
        for name, needed in needing().items()
    }


def apart(first: Reach, other: Reach) -> bool:
    """Whether what two operations reach can be told apart where both fail at once."""
    if first.listed & other.tables or other.listed & first.tables:
        return False  # where the listing fails, nothing else is asked
    if any(columns & other.columns.get(name, set()) for name, columns in first.columns.items()):
        return False
    if any(owners & other.derived.get(name, set()) for name, owners in first.derived.items()):
        return False
    return not needing_alone()[first.operation] & needing_alone()[other.operation]


def groups(operations: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Operations, in groups that can fail at once: few groups, the first ones large."""
    sets: list[list[Reach]] = []
    failing = [reaches()[operation] for operation in operations]
    for reach in sorted(failing, key=lambda r: (-len(needing()[r.operation]), r.operation)):
        group = next((group for group in sets if all(apart(reach, other) for other in group)), None)
        if group is None:
            sets.append([reach])
        else:
            group.append(reach)
    return tuple(tuple(reach.operation for reach in group) for group in sets)
