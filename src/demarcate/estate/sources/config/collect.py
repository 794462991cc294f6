"""Fills tables from configuration items: one part for each account, region and table."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from msgspec import structs

from demarcate.estate.schema.rows import Address, Row, derive
from demarcate.estate.schema.table import Table
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.writing import PartWriter, SnapshotWriter
from demarcate.estate.sources.config.budget import GROUP, TOO_MUCH, Budget, Exhausted
from demarcate.estate.sources.config.damage import Damaged
from demarcate.estate.sources.config.deliveries import Delivery, Group, Readable
from demarcate.estate.sources.config.items import ConfigurationItem, item_of
from demarcate.estate.sources.config.opening import Opened, odd_items, only_changes
from demarcate.estate.sources.config.reading import Maker
from demarcate.estate.sources.config.recorded import RECORDER, all_recorded, types_of
from demarcate.estate.sources.config.recorders import Recorder, records
from demarcate.estate.sources.plan import Selection, TablePlan, make_plan

STALE = timedelta(days=7)
"""How much older than the newest a group may be before that is said. Config delivers at least once a day."""

MAX_TOLD = 100
"""Of how many accounts and regions that are too much it is told for each table."""

_NO_RESOURCES = ("AWS::Config::ResourceCompliance", "AWS::Config::ConformancePackCompliance")
"""Types whose items are no resources."""


def plan(selection: Selection) -> list[TablePlan]:
    """The plan for tables that Config tells: of these, and of those that they come from, what it records."""
    return [plan for plan in make_plan(selection, "live") if types_of(plan.table)]


def types_for(plans: Sequence[TablePlan]) -> set[str]:
    """The types that plans need, with that which says what is recorded."""
    return {RECORDER, *(type_ for plan in plans for type_ in types_of(plan.table))}


def collect(
    opened: Opened, plans: Sequence[TablePlan], writer: SnapshotWriter, *, regions: Sequence[str] = ()
) -> None:
    """Write the rows of planned tables, from all that was opened.

    What could not be read is recorded, and the rest goes on.
    """
    _Collecting(opened, plans, writer, frozenset(regions)).run()


@dataclass(slots=True)
class _Told:
    """What a group turned out to hold."""

    group: Group
    types: set[str] = field(default_factory=set)
    recorders: list[Recorder] = field(default_factory=list)
    parts: dict[tuple[str, str], PartWriter] = field(default_factory=dict)
    """By table and region."""
    rows: set[tuple[str, str]] = field(default_factory=set)
    """The tables and regions that it has rows of."""
    newest: dict[tuple[str, str, Any], tuple[Any, _Use, Row]] = field(default_factory=dict)
    damage: Damaged | None = None

    @property
    def region(self) -> str:
        return self.group.region

    def tells(self, types: Sequence[str]) -> bool:
        """Whether what is not here of some types surely is not there."""
        if any(type_ in self.types for type_ in types):
            return True
        sure = self.group.complete and self.damage is None
        return sure and all(records(self.recorders, type_, self.region) for type_ in types)


@dataclass(frozen=True, slots=True)
class _Use:
    """One table that items of a type fill."""

    plan: TablePlan
    maker: Maker

    @property
    def once(self) -> bool:
        """Whether the account has these once, whatever regions record them."""
        return _once(self.plan.table)


def _once(of: Table) -> bool:
    return of.scope == "account" and of.column("region") not in of.columns


class _Collecting:
    def __init__(
        self, opened: Opened, plans: Sequence[TablePlan], writer: SnapshotWriter, regions: frozenset[str]
    ) -> None:
        self._opened, self._plans, self._writer, self._regions = opened, plans, writer, regions
        by_name = {plan.table.name: plan for plan in plans}
        self._uses = {
            type_: [
                _Use(by_name[of.table], Maker(of, by_name[of.table].table, by_name[of.table].columns))
                for of in recorded
                if of.table in by_name
            ]
            for type_, recorded in all_recorded().items()
        }
        self._passed = {type_ for type_, uses in self._uses.items() if not uses} - {RECORDER}
        self._failed = {
            of.table.name: opened.failed[type_]
            for of in plans
            for type_ in types_of(of.table)
            if type_ in opened.failed
        }
        self._filled: set[str] = set()
        self._empties: set[tuple[str, str, str]] = set()
        self._silent: list[tuple[Table, str, str]] = []
        self._left_out: list[Group] = []

    def run(self) -> None:
        self._writer.unread(*self._opened.unread)
        accounts: dict[str, list[Group]] = {}
        for group in sorted(self._opened.groups, key=lambda group: (group.account, group.region)):
            accounts.setdefault(group.account, []).append(group)
        for account, groups in accounts.items():
            self._account(account, sorted(groups, key=lambda group: group.time, reverse=True))
        if not accounts:
            self._writer.unread(*(_of(name, why) for name, why in self._failed.items()))
        self._tell_silent()
        if len(self._left_out) > MAX_TOLD:
            more = self._left_out[MAX_TOLD:]
            why = f"{len(more):,} more accounts and regions are left out, as what there is of them {TOO_MUCH}"
            self._writer.unread(Unread(kind=Kind.TOO_MUCH, reason=why, file=more[0].readings[0].name))

    def _account(self, account: str, groups: Sequence[Group]) -> None:
        """One account, the newest of its regions first: that one's word on global resources counts."""
        taken: set[str] = set()
        regions = [told for group in groups if (told := self._group(group, taken)) is not None]
        for plan in self._plans:
            name = plan.table.name
            if name in self._failed:
                places = ["global"] if _once(plan.table) else [told.region for told in regions]
                self._gaps(plan, account, places, self._failed[name])
            elif _once(plan.table):
                self._once(plan, account, regions, taken)
            else:
                for told in regions:
                    self._regional(plan, account, told)

    def _once(self, plan: TablePlan, account: str, regions: Sequence[_Told], taken: set[str]) -> None:
        types = types_of(plan.table)
        damage = next((told.damage for told in regions if told.damage is not None), None)
        held = {part for told in regions for part in told.parts}
        if any(type_ in taken for type_ in types):
            self._empty(plan, account, "global", held)
        elif damage is not None:
            self._gaps(plan, account, ["global"], damage.unread())
        elif any(told.tells(types) for told in regions):
            self._empty(plan, account, "global", held)
        else:
            self._silent.append((plan.table, account, "global"))

    def _regional(self, plan: TablePlan, account: str, told: _Told) -> None:
        if told.region == "global" or not self._chosen(told.region):
            return
        if told.damage is not None:
            self._gaps(plan, account, [told.region], told.damage.unread())
        elif (plan.table.name, told.region) in told.rows or told.tells(types_of(plan.table)):
            self._empty(plan, account, told.region, told.parts)
        else:
            self._silent.append((plan.table, account, told.region))

    def _empty(self, plan: TablePlan, account: str, region: str, held: Container[tuple[str, str]]) -> None:
        """What has no rows there is known to have none."""
        for of, columns in self._written(plan):
            if (of.name, region) not in held and (of.name, account, region) not in self._empties:
                self._writer.part(of, columns, account, region).seal()
                self._empties.add((of.name, account, region))
                self._filled.add(of.name)

    def _written(self, plan: TablePlan) -> Iterator[tuple[Table, tuple[str, ...]]]:
        if plan.kept:
            yield plan.table, plan.names
        for child, _ in plan.children:
            yield child, tuple(column.name for column in child.all_columns)

    def _gaps(self, plan: TablePlan, account: str, regions: Sequence[str], why: Unread) -> None:
        for of, _ in self._written(plan):
            self._writer.unread(*(_of(of.name, why, account, region) for region in regions))

    def _tell_silent(self) -> None:
        """Where Config has nothing of a type and does not say why, that is told of tables that it has elsewhere.

        A table that it has nowhere is not recorded: it is left out, and checks on it do not run.
        """
        for of, account, region in self._silent:
            types = " or ".join(types_of(of))
            reason = f"AWS Config has no item of {types} here, and does not say that it records them"
            children = [child for plan in self._plans if plan.table is of for child, _ in plan.children]
            # Rows of a child may come from other parents, whose own rows are what looks for them.
            for silent in (of, *(child for child in children if len(child.derived) == 1)):
                if silent.name in self._filled:
                    self._writer.unread(
                        Unread(kind=Kind.UNTOLD, reason=reason, table=silent.name, account=account, region=region)
                    )

    # --- one group ----------------------------------------------------------------------------------

    def _group(self, group: Group, taken: set[str]) -> _Told | None:
        """What a group holds; None where it is one of very many that are too much, and no more is told of it."""
        told = _Told(group)
        try:
            self._read(group, told, taken)
            self._opened.budget.spend(GROUP)
        except Damaged as damage:
            told.damage = damage
            if isinstance(damage, Exhausted):
                self._left_out.append(group)
        except BaseException:
            self._discard(told)
            raise
        if told.damage is not None:
            self._discard(told)
            return told if len(self._left_out) <= MAX_TOLD else None
        for _, use, row in told.newest.values():
            self._append(use, row, told)
        for (name, _), part in told.parts.items():
            part.seal()
            self._filled.add(name)
        taken |= {type_ for type_ in told.types if any(use.once for use in self._uses.get(type_, ()))}
        self._tell_age(group)
        return told

    def _discard(self, told: _Told) -> None:
        for part in told.parts.values():
            part.discard()
        told.parts.clear()

    def _tell_age(self, group: Group) -> None:
        """Say where a group is old, or tells only what changed."""
        moment = self._opened.moment
        if moment is not None and moment - group.time > STALE:
            reason = f"the newest delivery is of {group.time:%Y-%m-%d}: what changed since is not known"
            self._writer.unread(Unread(kind=Kind.STALE, reason=reason, account=group.account, region=group.region))
        if not group.complete:
            self._writer.unread(
                *(only_changes(reading.name) for reading in group.readings if isinstance(reading, Delivery))
            )

    def _read(self, group: Group, told: _Told, taken: set[str]) -> None:
        last = None if group.once else self._index(group)
        for number, reading in enumerate(group.readings):
            odd = 0
            for ordinal, raw in enumerate(_items(reading, self._opened.budget)):
                if _type(raw) in self._passed:
                    continue
                item = item_of(raw, group.account, group.region)
                if item is None:
                    odd += 1
                elif last is None or last[_key(item)][1:] == (number, ordinal):
                    self._item(item, told, taken)
            if odd:
                self._writer.unread(odd_items(odd, reading.name))

    def _index(self, group: Group) -> Mapping[int, tuple[str, int, int]]:
        """Where the newest item of each resource is: when it was recorded, in which reading, which one there."""
        last: dict[int, tuple[str, int, int]] = {}
        for number, reading in enumerate(group.readings):
            for ordinal, raw in enumerate(_items(reading, self._opened.budget)):
                if _type(raw) in self._passed:
                    continue
                item = item_of(raw, group.account, group.region)
                if item is not None:
                    key, place = _key(item), (item.time, number, ordinal)
                    last[key] = max(last.get(key, place), place)
        return last

    def _item(self, item: ConfigurationItem, told: _Told, taken: set[str]) -> None:
        uses = self._uses.get(item.type)
        if uses is None:
            if not item.deleted and item.type not in _NO_RESOURCES:
                self._writer.resources[item.type] = self._writer.resources.get(item.type, 0) + 1
            return
        if not item.recorded:
            for use in uses:
                reason = f"AWS Config knows of {item.type} here but does not record them"
                why = Unread(kind=Kind.UNTOLD, reason=reason)
                self._gaps(use.plan, item.account, [use.maker.region_of(item)], why)
            return
        told.types.add(item.type)
        if item.deleted:
            return
        if item.type == RECORDER and isinstance(item.configuration, dict):
            told.recorders.append(item.configuration)
        for use in uses:
            if use.once and item.type in taken:
                continue
            if use.once or self._chosen(item.region):
                for row in use.maker.rows(item):
                    self._keep(use, row, told)

    def _chosen(self, region: str) -> bool:
        return not self._regions or region in self._regions

    def _keep(self, use: _Use, row: Row, told: _Told) -> None:
        newest = use.maker.recorded.newest
        if newest is None:
            self._append(use, row, told)
            return
        name, number = (row.get(column) for column in newest)
        key = (use.plan.table.name, row["region"], name if isinstance(name, str) else row["resource"])
        before = told.newest.get(key)
        number = number if isinstance(number, int) else -1
        if before is None or before[0] < number:
            told.newest[key] = (number, use, row)

    def _append(self, use: _Use, row: Row, told: _Told) -> None:
        plan, budget = use.plan, self._opened.budget
        account, region = row["account_id"], row["region"]
        told.rows.add((plan.table.name, region))
        place = Address(account, region, row["partition"], row["resource"])
        for child, derived in plan.children:
            rows = budget.counted(derive(child, derived, row, place))
            self._part(child, None, told, place).append(rows)
        if plan.kept:
            self._part(plan.table, plan, told, place).append(budget.counted((row,)))

    def _part(self, of: Table, plan: TablePlan | None, told: _Told, place: Address) -> PartWriter:
        region = place.region or told.region
        part = told.parts.get((of.name, region))
        if part is None:
            columns = tuple(column.name for column in of.all_columns) if plan is None else plan.names
            part = told.parts[of.name, region] = self._writer.part(of, columns, place.account_id, region)
        return part


def _items(reading: Readable, budget: Budget) -> Iterator[Any]:
    try:
        yield from reading.items({}, budget)
    except Damaged as damage:
        raise type(damage)(f"{reading.name}: {damage}", damage.kind) from damage


def _type(raw: Any) -> Any:
    """The type of an item, as far as it has any, without looking into the rest of it."""
    named = raw.get("resourceType") if isinstance(raw, dict) else None
    return named if isinstance(named, str) else None


def _key(item: ConfigurationItem) -> int:
    return hash((item.account, item.region, item.type, item.id or item.arn))


def _of(name: str, why: Unread, account: str | None = None, region: str | None = None) -> Unread:
    return structs.replace(why, table=name, account=account, region=region)
