"""Makes the rows of one table of one account and region from the items that AWS lists, with their details."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import structs

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.rows import ODD, Address, Item, Row, build, derive, detail_of, find, is_gone
from demarcate.estate.schema.table import Bulk, Call, Derived, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.writing import PartWriter, SnapshotWriter
from demarcate.estate.sources.aws.asking import Asker, Target, asked
from demarcate.estate.sources.aws.failures import FAILED, CallFailed, is_gone_whole, means_nothing, why
from demarcate.estate.sources.aws.naming import Meant, Names, keys_of
from demarcate.estate.sources.plan import TablePlan, identifying


class _Gone(Exception):
    """A resource was deleted between the call that listed it and one for a detail of it."""


@dataclass(frozen=True, slots=True)
class _Child:
    table: Table
    derived: Derived
    part: PartWriter


class Reader:
    """Takes the items of one table in one place, and writes its rows and those derived from them.

    One whose details are asked of named rows alone waits until these are known; it tells what its own rows name.
    Its parts are whole when `finish` is called, and absent when `fail` is.
    """

    def __init__(
        self,
        plan: TablePlan,
        scope: Target,
        asker: Asker,
        writer: SnapshotWriter,
        details: Executor,
        names: Names,
    ) -> None:
        self.plan, self.rows, self.failed = plan, 0, False
        self._names, self._meant = names, names.meant(plan, scope.region)
        self._keys = keys_of(plan) if self._meant else None
        self._scope, self._asker, self._pool = scope, asker, details
        self._unit = writer.unit(plan.table.name, scope.account.id, scope.region)
        self._own = self._unit.part(plan.table, plan.names) if plan.kept else None
        self._children = [
            _Child(child, derived, self._unit.part(child, tuple(c.name for c in child.all_columns)))
            for child, derived in plan.children
        ]
        self._make = build(plan.columns, lambda column: column.place("live"))
        self._details = {name: plan.table.details[name] for name in plan.details("live")}
        self._waits = any(isinstance(detail, Call) for detail in self._details.values())
        self._bulk: dict[tuple[str, str], Mapping[Any, list[Any]] | Unknown] = {}
        columns = plan.table.columns
        self._region = next((told.path for c in columns if c.name == "region" and (told := c.place("live"))), None)
        self._only = None if plan.only is None else {of.name for of in plan.only if scope.has(of)}
        named_by = identifying(plan.table) if plan.only is not None else None
        self._identify = build(named_by, lambda column: column.place("live")) if named_by else None
        self._state = next(
            (told.path for c in columns if c.name in plan.table.gone[:1] and (told := c.place("live"))), None
        )

    def take(self, items: Iterable[Item]) -> None:
        """Write the rows of a page of items, in their order; their details are asked for side by side."""
        placed = [taken for item in items if (taken := self._placed(item)) is not None]
        for name, detail in self._details.items():
            if isinstance(detail, Bulk):
                for item, _, region in placed:
                    item.details[name] = self._of_bulk(name, detail, item, region)
        for row, place in self._rows(placed):
            self._names.tell(self.plan.table.name, self._scope.region, row)
            for child in self._children:
                child.part.append(
                    derive(
                        child.table, child.derived, row, msgspec.structs.replace(place, resource=row["resource"])
                    )
                )
            if self._own is not None:
                self._own.append((row,))
            self.rows += 1

    def _rows(self, placed: list[tuple[Item, Address, str]]) -> Iterator[tuple[Row, Address]]:
        """The rows of a page. The very first is made alone: an operation that is not offered is met once then."""
        alone = len(placed) if not self._waits else 0 if self.rows else 1
        yield from filter(None, map(self._row, placed[:alone]))
        yield from filter(None, self._pool.map(self._row, placed[alone:]))

    def finish(self) -> None:
        """All items are taken."""
        self._unit.seal()

    def fail(self, failed: CallFailed) -> None:
        """The listing could not be finished: nothing of it is kept, and that is recorded.

        Where the region does not have the service there is nothing in it, which is no failure.
        """
        self.failed = True
        if self._asker.clients.is_absent(failed.operation, self._scope.endpoint, failed.error):
            self._unit.seal(empty=True)
            return
        own = self.plan.table.name
        missing: list[tuple[str, str | None]] = [(own, None)] if self.plan.kept else []
        missing += [(child.table.name, own) for child in self._children]
        self._unit.discard(
            *(
                structs.replace(self._unread(table, failed.operation, why(failed.error)), of=of)
                for table, of in missing
            )
        )

    def discard(self) -> None:
        """Something broke that is not AWS's: nothing is kept."""
        self._unit.discard()

    def _placed(self, item: Item) -> tuple[Item, Address, str] | None:
        """An item with where it is and the region to ask in; None where its region, or the resource, was not asked
        for, and where it is gone.
        """
        scope = self._scope
        if self._state is not None and is_gone(self.plan.table, find(item, self._state)):
            return None
        place, endpoint = Address(scope.account.id, scope.region, scope.account.partition), scope.endpoint
        told = find(item, self._region) if self._region is not None else None
        if isinstance(told, str):
            if scope.chosen is not None and told not in scope.chosen:
                return None
            place, endpoint = msgspec.structs.replace(place, region=told), told
        if self._only is not None and self._identify is not None:
            resource = self._identify(item, place)["resource"]
            if resource is not None and resource not in self._only:
                return None
        return item, place, endpoint

    def _row(self, placed: tuple[Item, Address, str]) -> tuple[Row, Address] | None:
        """The row of an item and where it is; None where it is gone since it was listed."""
        item, place, region = placed
        named_by = self._keys(item, place) if self._keys is not None else {}
        try:
            for name, detail in self._details.items():
                if (meant := self._meant.get(name)) is not None and not meant.has(named_by):
                    item.details[name] = self._not_asked(detail.operation, meant)
                elif isinstance(detail, Call):
                    item.details[name] = self._of_call(name, detail, item, region)
        except _Gone:
            return None
        row = self._make(item, place)
        self._tell_malformed(row, item)
        if row.get("region") is None:
            row["region"] = place.region
        return row, msgspec.structs.replace(place, region=row["region"])

    def _tell_malformed(self, row: Row, item: Item) -> None:
        """Record values that AWS told in a form that was not expected, other than what was not told at all."""
        for column in self.plan.columns:
            value = row.get(column.name)
            if not isinstance(value, Unknown) or value.kind is Kind.INDIRECT:  # AWS's answer leaves it open
                continue
            if not (told := column.place("live")) or told.path.startswith("#"):
                continue
            name = detail_of(told.path)
            if name is not None and isinstance(item.details.get(name), Unknown):
                continue  # that is told already
            detail = self._details.get(name or "")
            operation = detail.operation if detail else self.plan.table.steps[-1].operation
            # What was found differs from row to row; where and of which form it was does not.
            cause = Unknown(value.kind, f"the answer cannot be used: {column.name}: {value.reason}")
            unread = self._unread(self.plan.table.name, operation, cause, (column.name,))
            self._unit.unread(unread)
            row[column.name] = Unknown(unread.kind, str(unread))

    def _not_asked(self, operation: str, meant: Meant) -> Unknown:
        called = self._asker.clients.api_name(operation)
        named = " or ".join(f"{table} names ({column})" for table, column in meant.by)
        return Unknown(Kind.NOT_COLLECTED, f"{called} is asked of those alone that {named}")

    def _of_call(self, name: str, call: Call, item: Item, region: str) -> Any:
        """What an operation says of one item; Unknown where it could not be asked. Raises _Gone where it is gone."""
        if call.only:
            path, *values = call.only
            value = find(item, path)
            if isinstance(value, Unknown):
                return value
            if value is ABSENT or (values and value not in values):
                return {}
        home = find(item, call.home) if call.home else ABSENT
        region = home if isinstance(home, str) else region
        params = {key: asked(item, text, self._scope, region) for key, text in call.inputs.items()}
        if any(value is ABSENT or isinstance(value, Unknown) for value in params.values()):
            return {}
        if call.batch:
            params[call.batch] = [params[call.batch]]
        try:
            return self._asker.answer(call.operation, {**call.params, **params}, region)
        except FAILED as error:
            if means_nothing(error, call.absent):
                return {}
            if is_gone_whole(error) and any(not text.startswith("#") for text in call.inputs.values()):
                raise _Gone from error
            return self._unknown(name, call.operation, error)

    def _of_bulk(self, name: str, bulk: Bulk, item: Item, region: str) -> Any:
        """Of what one listing says of all items, what is about this one."""
        key = (name, region)
        if key not in self._bulk:
            self._bulk[key] = self._listed(name, bulk, replace(self._scope, region=region))
        listed, of = self._bulk[key], find(item, bulk.of)
        if isinstance(listed, Unknown):
            return listed
        return listed.get(of, []) if isinstance(of, str) else Unknown(Kind.MALFORMED, f"{bulk.of}: is no text")

    def _listed(self, name: str, bulk: Bulk, scope: Target) -> Mapping[Any, list[Any]] | Unknown:
        by_key: dict[Any, list[Any]] = {}
        try:
            items = [Item(None)]
            for number, step in enumerate(bulk.steps):
                answers = [self._asker.step(step, [item], scope, first=number == 0) for item in items]
                items = [item for pages in answers for page in pages for item in page]
        except CallFailed as failed:
            return self._unknown(name, failed.operation, failed.error)
        try:
            for item in items:
                for told in bulk.read(item.value) if bulk.read else (item.value,):
                    by_key.setdefault(find(Item(told), bulk.key), []).append(told)
        except ODD:
            return self._unknown(name, bulk.operation, ValueError("it is of a form that was not expected"))
        first = next(iter(by_key.values()), None)
        if first is None or bulk.confirm is None:
            return by_key
        return self._confirmed(name, bulk, bulk.confirm, Item(first[0]), scope) or by_key

    def _confirmed(self, name: str, bulk: Bulk, confirm: Call, item: Item, scope: Target) -> Unknown | None:
        """None where the listing is right about this item; else why it is not believed."""
        params = {key: asked(item, text, scope, scope.endpoint) for key, text in confirm.inputs.items()}
        try:
            answer = self._asker.answer(confirm.operation, {**confirm.params, **params}, scope.endpoint)
        except FAILED as error:
            return self._unknown(name, confirm.operation, error)
        if bulk.confirmed(answer):
            return None
        return self._unknown(name, bulk.operation, ValueError(f"it ignores {', '.join(bulk.steps[-1].params)}"))

    def _unknown(self, name: str, operation: str, error: Exception) -> Unknown:
        """Record that the columns which come from a detail, or rest on it, could not be read."""
        lost = {name}
        for other, detail in self._details.items():  # each comes after what it rests on
            if isinstance(detail, Call) and detail.only and detail_of(detail.only[0]) in lost:
                lost.add(other)
        columns = tuple(
            column.name
            for column in self.plan.columns
            if (told := column.place("live")) and detail_of(told.path) in lost
        )
        unread = self._unread(self.plan.table.name, operation, why(error), columns)
        self._unit.unread(unread)
        return Unknown(unread.kind, str(unread))

    def _unread(self, table: str, operation: str, cause: Unknown, columns: tuple[str, ...] = ()) -> Unread:
        return Unread(
            kind=cause.kind,
            reason=cause.reason,
            table=table,
            account=self._scope.account.id,
            region=self._scope.region,
            operation=self._asker.clients.api_name(operation),
            columns=columns,
        )
