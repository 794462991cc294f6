"""Computed tables: made of several tables of an account, once these are written, whichever source they are from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from demarcate.estate.schema.conversion import convert
from demarcate.estate.schema.rows import ODD, Row
from demarcate.estate.schema.standins import Undecided
from demarcate.estate.schema.table import COMPANION, UNSET, Computed, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Manifest, Unread
from demarcate.estate.snapshots.rereading import Rereading
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.interface import Source
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import all_tables
from demarcate.estate.tables import table as table_named

_PLACE: Final = ("account_id", "region", "partition", "resource", "file", "line", "_conditional")
"""Columns that a row has of the one that it belongs to."""


def finish(writer: SnapshotWriter, selection: Selection, source: Source) -> Snapshot:
    """The snapshot of what was written, with the computed tables of a selection that the source can fill.

    Raises DemarcateError as `SnapshotWriter.finish` does.
    """
    tables = [of for of in map(table_named, sorted(selection)) if of.computed is not None and source.tells(of)]
    if tables:
        writer.settle()
        with Rereading(writer.folder) as reading:
            manifest = writer.manifest()
            for table in tables:
                if table.computed is not None:
                    _compute(table, table.computed, writer, manifest, _Written(reading, manifest, source))
    return writer.finish()


def _compute(
    table: Table, computed: Computed, writer: SnapshotWriter, manifest: Manifest, written: _Written
) -> None:
    """Write the rows of a computed table, account by account."""
    lost = [gap for gap in manifest.unread if computed.of in gap.missing]
    writer.unread(*(replace(gap, table=table.name, tables=(), of=computed.of) for gap in lost))
    held = manifest.tables.get(computed.of)
    for account in dict.fromkeys(part.account for part in held.parts) if held else ():
        region = None if account is None else "global"
        part = writer.part(table, [column.name for column in table.all_columns], account, region)
        given = {
            name: _Rows(written, name, columns, account, of=name == computed.of)
            for name, columns in computed.needs.items()
        }
        try:
            part.append(_rows(table, computed, given))
        except (*ODD, Undecided) as error:
            part.discard()
            why = _why(error, given.values())
            gap = Unread(kind=why.kind, reason=why.reason, account=account, region=region, of=computed.of)
            writer.unread(replace(gap, table=table.name))
        else:
            part.seal()


def _rows(table: Table, computed: Computed, given: Mapping[str, _Rows]) -> Iterator[Row]:
    for owner, values in computed.function(given):
        row: Row = {name: owner[name] for name in _PLACE}
        for column in table.columns:
            value = values.get(column.name, None if column.absent is UNSET else column.absent)
            row[column.name] = convert(column.type, value, column.name)
        yield row


def _why(error: Exception, given: Iterable[_Rows]) -> Unknown:
    """Why a function has no answer: what it asked of a stand-in, or did with what is not known."""
    if isinstance(error, Undecided):
        return error.value.unknown
    unknown = next((rows.unknown for rows in given if rows.unknown is not None), None)
    return unknown or Unknown(Kind.MALFORMED, "a value of a form that was not expected")


class _Written(msgspec.Struct):
    """What was written, by table and account, and what of it could not be read."""

    reading: Rereading
    manifest: Manifest
    source: Source
    _files: dict[str, dict[str | None, list[str]]] = msgspec.field(default_factory=dict)
    _gaps: dict[str | None, list[Unread]] | None = None

    def files(self, name: str, account: str | None) -> list[str]:
        """The files of a table's rows of an account."""
        if name not in self._files:
            of_table = self._files[name] = {}
            held = self.manifest.tables.get(name)
            for part in held.parts if held else ():
                if part.file is not None:
                    of_table.setdefault(part.account, []).append(part.file)
        return self._files[name].get(account, [])

    def gaps(self, table: Table, account: str | None) -> Iterator[Unknown]:
        """Why a table may have more rows of an account than were written."""
        if self._gaps is None:
            self._gaps = {}
            for gap in self.manifest.unread:
                self._gaps.setdefault(gap.account, []).append(gap)
        for gap in (gap for whose in dict.fromkeys((None, account)) for gap in self._gaps.get(whose, ())):
            if table.name in gap.missing:
                yield Unknown(gap.kind, f"{table.name} could not be read: {gap}")
            elif gap.file is not None:
                yield Unknown(gap.kind, f"{table.name} may have rows in what could not be read: {gap}")
            elif gap.operation == "ec2:DescribeRegions" and gap.table is None and table.scope == "region":
                yield Unknown(gap.kind, f"{table.name} may be in other regions: {gap}")
        if table.name not in self.manifest.tables:
            yield self.source.why_absent(table)

    def nulls(self, table: Table, columns: Collection[str]) -> dict[str, Unknown]:
        """Why columns are NULL in rows that do not say so themselves."""
        untold, unset = Unknown(Kind.UNTOLD, self.source.untold), Unknown(Kind.UNSET, self.source.unset)
        told = bool(table.owners)  # the rows of such are made, and not read
        return {
            column.name: unset if told or self.source.place(table, column) is not None else untold
            for column in table.columns
            if column.name in columns
        }


class _Rows:
    """The rows of one table of one account, read anew each time that they are gone through."""

    def __init__(
        self, written: _Written, name: str, columns: Iterable[str], account: str | None, *, of: bool
    ) -> None:
        self._written, self._table, self._account, self._of = written, all_tables()[name], account, of
        self._columns = tuple(columns)
        self.unknown: Unknown | None = None
        """The first that was handed out."""

    def __iter__(self) -> Iterator[Any]:
        table, written = self._table, self._written
        alone = (COMPANION.name,) if table.companions else ()
        names = dict.fromkeys((*self._columns, *_PLACE, *alone))
        files = written.files(table.name, self._account)
        for row in written.reading.rows(table, files, tuple(names), written.nulls(table, self._columns)):
            if row.pop(COMPANION.name, None) is not None:
                continue  # nothing but what amends it was read
            if row["_conditional"] is not None and not self._of:
                yield self._told(Unknown(Kind.LOOKUP, f"{table.name}: {row['_conditional']}"))
                continue
            for name in self._columns:
                if isinstance(row[name], Unknown):
                    row[name] = self._told(Unknown(row[name].kind, f"{name} of {table.name} {row[name]}"))
            yield row
        if not self._of:
            yield from map(self._told, written.gaps(table, self._account))

    def _told(self, unknown: Unknown) -> Unknown:
        self.unknown = self.unknown or unknown
        return unknown
