"""A live estate as it would be after a deployment: what a template declares, laid over what is live.

A declared row takes the place of the live row of the same resource, as its stack has it; what the template does not
tell stays as it is live. What is deleted goes, what is new comes, and rows that are made of others are made of these.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from demarcate.drift.columns import CHILDREN, declarable
from demarcate.drift.pairing import Stack
from demarcate.drift.resolving import Resolver, Unresolved, marks_of
from demarcate.drift.rows import Row, plain_value
from demarcate.estate.schema.table import COMMON, Column, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.cloudformation.shapes import place_of
from demarcate.estate.tables import all_tables

_NEW: Final = Unknown(Kind.DEPLOYMENT, "is known once it is deployed")
_COMMON: Final = tuple(column.name for column in COMMON)


def overlaid(declared: Snapshot, live: Snapshot, stack: Stack, gone: Collection[str]) -> Snapshot:
    """The live estate with what a template declares in the place of what its stack has now.

    `gone` are the physical ids that the deployment deletes. Raises DemarcateError where a snapshot cannot be read.
    """
    laying = _Laying(declared, live, stack, frozenset(gone))
    with SnapshotWriter(
        "live", f"{declared.manifest.origin} over {live.manifest.origin}", moment=live.moment
    ) as writer:
        for name, held in sorted(
            live.manifest.tables.items(), key=lambda item: bool(all_tables()[item[0]].derived)
        ):
            table = all_tables()[name]
            rows = laying.rows(table, held.columns)
            places = {(part.account, part.region) for part in held.parts}
            for account, region in sorted(places | {_place(row, table) for row in rows}, key=str):
                part = writer.part(table, held.columns, account, region)
                part.append(row for row in rows if _place(row, table) == (account, region))
                part.seal()
        writer.unread(*live.unread)
        return writer.finish()


def _place(row: Row, table: Table) -> tuple[str | None, str | None]:
    return row["account_id"], row["region"] if table.scope == "region" else "global"


class _Laying:
    """One template, laid over a live estate, table by table: those that others are made of first."""

    def __init__(self, declared: Snapshot, live: Snapshot, stack: Stack, gone: frozenset[str]) -> None:
        self._declared, self._live, self._stack, self._gone = declared, live, stack, gone
        partition = stack.id.split(":")[1] if stack.id.startswith("arn:") else "aws"
        self._resolver = Resolver(stack, partition, self._lookup)
        self._partition = partition
        self._replaced: set[str] = set()
        """The live resources that are laid over or go: what is made of them goes with them."""
        self._called: dict[str, str] = {}
        """What findings call each declared resource, by its logical id, and each physical id."""
        self._read: dict[str, list[Row]] = {}

    def rows(self, table: Table, columns: Collection[str]) -> list[Row]:
        """The rows of a table after the deployment."""
        names = list(columns)
        live = [row for row in self._of(self._live, table) if row["account_id"] is not None]
        if table.derived:
            kept = [_known(table, row) for row in live if row["resource"] not in self._replaced]
            return kept + [self._child(table, names, row) for row in self._of(self._declared, table)]
        keys = table.keys
        by_id = {str(name): row for row in live for name in _names(keys, row)}
        rows: list[Row] = []
        used: set[int] = set()
        for row in self._of(self._declared, table):
            if row["_companion"] is not None:
                continue
            physical = self._stack.resources.get(str(row["resource"]))
            base = by_id.get(physical.id) if physical is not None else None
            if base is not None:
                used.add(id(base))
                self._replaced.add(str(base["resource"]))
                self._called[physical.id if physical else ""] = str(base["resource"])
            self._called[str(row["resource"])] = str((base or row)["resource"])
            rows.append(self._laid(table, names, row, base))
        for row in live:
            if id(row) in used:
                continue
            if self._gone & set(_names(keys, row)):
                self._replaced.add(str(row["resource"]))
            else:
                rows.append(_known(table, row))
        return rows

    def _of(self, snapshot: Snapshot, table: Table) -> list[Row]:
        names = [column.name for column in table.all_columns]
        return [{"_companion": None, **row} for row in rows_of(snapshot, table, names)]

    def _lookup(self, table: str, physical: str, column: str) -> Any:
        if table not in self._read:
            self._read[table] = self._of(self._live, all_tables()[table])
        keys = all_tables()[table].keys
        rows = (row for row in self._read[table] if physical in _names(keys, row))
        return next((row[column] for row in rows), None)

    def _laid(self, table: Table, names: list[str], row: Row, base: Row | None) -> Row:
        """A declared row in the place of a live one, or as a new one."""
        told = _known(table, base) if base is not None else self._new(table, names)
        told["_conditional"] = row["_conditional"]
        settable = {column.name for column in declarable(table.name)}
        for column in table.columns:
            place = place_of(table, column)
            if column.name not in names or place is None or (base is not None and column.name not in settable):
                continue
            value = self._value(column, row)
            if value is not None:
                told[column.name] = value
        if base is None:
            told["resource"] = row["resource"]
        return told

    def _child(self, table: Table, names: list[str], row: Row) -> Row:
        """A declared row that is made of another one, with what is deployed in the place of its owner."""
        told = self._new(table, names)
        for column in table.columns:
            if column.name in names:
                told[column.name] = self._value(column, row)
        children = CHILDREN.get(table.name)
        owner = told.get(children.owner) if children is not None else row["resource"]
        told["resource"] = self._called.get(str(owner), row["resource"])
        told["_conditional"] = row["_conditional"]
        return told

    def _new(self, table: Table, names: list[str]) -> Row:
        region = self._stack.region if table.scope == "region" else "global"
        place = {"account_id": self._stack.account, "region": region, "partition": self._partition}
        return {**dict.fromkeys(names, _NEW), **dict.fromkeys(_COMMON), "managed_by": "", **place}

    def _value(self, column: Column, row: Row) -> Any:
        """What a declared row has in a column, once deployed; None where nothing says it."""
        value = row[column.name]
        if value is None:
            return _reasons(row).get(column.name)
        try:
            return plain_value(column, self._resolver.value(column.type, value, marks_of(row).get(column.name)))
        except Unresolved as error:
            return Unknown(Kind.DEPLOYMENT, str(error))


def _names(keys: Iterable[str], row: Row) -> Iterator[str]:
    """All that a stack may call a live resource."""
    yield from (str(row[key]) for key in ("resource", *keys) if row.get(key) is not None)


def _known(table: Table, row: Row) -> Row:
    """A row as it was before it was written: with why a column is not known, and JSON as what it says."""
    types = {column.name: column for column in table.all_columns}
    kept = {name: plain_value(types[name], value) for name, value in row.items() if name in types}
    return {**kept, **_reasons(row), "_unknown": None}


def _reasons(row: Mapping[str, Any]) -> dict[str, Unknown]:
    told = json.loads(row["_unknown"]) if row.get("_unknown") else {}
    return {name: Unknown(msgspec.convert(why["kind"], Kind), str(why["reason"])) for name, why in told.items()}
