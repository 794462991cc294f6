"""Snapshots: all rows of one estate at one moment, with a record of what could not be read.

A snapshot is a folder:

    manifest.json                   what it is, which tables it has, what belongs to no account (see `manifest`)
    accounts/<account>.json         which parts there are of one account, what could not be read there
    tables/<table>/<part>.parquet   the rows of one table of one account and region

A part that no manifest names was not read; one with no rows has no file. The folder is written under
another name and renamed when it is whole, so there is never half a snapshot under the name that was asked for.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from demarcate.base.errors import DemarcateError
from demarcate.base.stopping import TemporaryFolder
from demarcate.estate.schema.table import Table
from demarcate.estate.snapshots.manifest import Manifest, TableParts, Unread, read_manifest, without_parts
from demarcate.estate.snapshots.spooled import Spooled
from demarcate.estate.snapshots.tabular import rows_in, rows_of_lines

if TYPE_CHECKING:
    from demarcate.base import duckdb


class Snapshot:
    """A snapshot that is whole and can be read.

    `folder` is deleted with the object where it is `temporary`: collected without a place to keep it.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        temporary: TemporaryFolder | None = None,
        fresh: bool = False,
        spooled: Spooled | None = None,
    ) -> None:
        self._folder, self.manifest = folder, manifest
        self._spooled = spooled or Spooled(folder)
        self.fresh = fresh
        """Whether it was written by this process, and so with today's tables and columns."""
        self._parts: tuple[Snapshot, ...] = ()
        """What it was made of: their folders are there as long as they are."""
        self._close = weakref.finalize(self, temporary.remove) if temporary is not None else None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._connecting = Lock()

    def __repr__(self) -> str:
        rows = sum(part.rows for table in self.manifest.tables.values() for part in table.parts)
        return f"<Snapshot of {self.manifest.origin}: {len(self.manifest.tables)} tables, {rows:,} rows>"

    @property
    def accounts(self) -> tuple[str | None, ...]:
        """The accounts that it speaks of, in order; None for what belongs to none, as in templates."""
        parts = {part.account for table in self.manifest.tables.values() for part in table.parts}
        lost = {unread.account for unread in self.unread if unread.file is None}
        return tuple(sorted(parts | lost, key=lambda account: account or ""))

    @property
    def is_divisible(self) -> bool:
        """Whether all its rows are in parts of one account each: what is of none, as in templates, may be of any."""
        return all(part.account is not None for held in self.manifest.tables.values() for part in held.parts)

    @property
    def folder(self) -> Path:
        """Where it is, whole. Raises OSError where files of rows cannot be made of what is still lines."""
        self._spooled.settle()
        return self._folder

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where its files are, or will be: several folders where several snapshots were joined."""
        return tuple(folder for part in self._parts for folder in part.folders) or (self._folder,)

    @classmethod
    def joined(cls, snapshots: Sequence[Snapshot]) -> Snapshot:
        """Several snapshots as one, each of accounts of its own, that were taken at one moment from one source.

        Raises DemarcateError where they were not, where tables or columns were asked for in some of them only, and
        where two have the same account.
        """
        first = snapshots[0]
        if len(snapshots) == 1:
            return first
        tables: dict[str, TableParts] = {}
        folder = Path(os.path.commonpath([os.path.realpath(snapshot.folder) for snapshot in snapshots]))
        accounts: dict[str | None, Snapshot] = {}
        for snapshot in snapshots:
            if unlike := first.why_unlike(snapshot):
                raise DemarcateError(f"{first.folder} and {snapshot.folder} are not judged as one: {unlike}")
            for account in snapshot.accounts:
                other = accounts.setdefault(account, snapshot)
                if other is not snapshot:
                    raise DemarcateError(f"{other.folder} and {snapshot.folder} both have the account {account}")
            below = os.path.relpath(os.path.realpath(snapshot.folder), folder)
            for name, held in snapshot.manifest.tables.items():
                parts = tuple(
                    part if part.file is None else replace(part, file=f"{below}/{part.file}")
                    for part in held.parts
                )
                before = tables.get(name)
                columns = held.columns or (before.columns if before else ())
                tables[name] = TableParts(columns=columns, parts=(*(before.parts if before else ()), *parts))
        manifest = replace(
            first.manifest,
            origin=", ".join(dict.fromkeys(snapshot.manifest.origin for snapshot in snapshots)),
            tables=dict(sorted(tables.items())),
            unread=tuple(dict.fromkeys(unread for snapshot in snapshots for unread in snapshot.unread)),
            resources={},
            accounts=tuple(note for snapshot in snapshots for note in snapshot.manifest.accounts),
            declared=tuple(said for snapshot in snapshots for said in snapshot.manifest.declared),
        )
        joined = cls(folder, manifest, fresh=all(snapshot.fresh for snapshot in snapshots))
        joined._parts = tuple(snapshots)
        return joined

    def why_unlike(self, other: Snapshot) -> str | None:
        """Why another snapshot is not of the same moment and source, or was asked for something else; or None."""
        if self.moment != other.moment:
            return f"one is of {self.moment.isoformat()}, one of {other.moment.isoformat()}"
        if self.manifest.source != other.manifest.source:
            return f"one is of the source {self.manifest.source!r}, one of {other.manifest.source!r}"
        asked, others = self.asked, other.asked
        for name in sorted({*asked, *others}):
            if name not in asked or name not in others:
                return f"{name} was asked for in one only"
            if asked[name] and others[name] and set(asked[name]) != set(others[name]):
                return f"other columns of {name} were asked for"
        return None

    @property
    def asked(self) -> dict[str, tuple[str, ...]]:
        """The tables that were asked for, wherever they could not be read; their columns, where they were anywhere."""
        lost = {name: () for unread in self.unread for name in unread.missing}
        return {**lost, **{name: held.columns for name, held in self.manifest.tables.items()}}

    def of(self, accounts: Iterable[str | None]) -> Snapshot:
        """What it holds of some accounts, with what could not be read of them, or of what all have in common.

        That a table was asked for stays known, wherever it could not be read.
        """
        chosen = set(accounts)
        lost = [unread for unread in self.unread if unread.file is not None or unread.account in chosen]
        tables = {
            name: TableParts(
                columns=held.columns, parts=tuple(part for part in held.parts if part.account in chosen)
            )
            for name, held in self.manifest.tables.items()
        }
        for name in self.asked:
            tables.setdefault(name, TableParts(columns=(), parts=()))
        notes = tuple(note for note in self.manifest.accounts if note.id in chosen)
        return self._with(replace(self.manifest, tables=tables, unread=tuple(lost), accounts=notes))

    def without(self, damaged: Mapping[str, Unread]) -> Snapshot:
        """The same without parts that turned out to be damaged: what could not be read of each, by its file."""
        return self._with(without_parts(self.manifest, damaged))

    def _with(self, manifest: Manifest) -> Snapshot:
        """The same folder with less in it, which goes when this one does."""
        snapshot = Snapshot(self._folder, manifest, fresh=self.fresh, spooled=self._spooled)
        snapshot._parts, snapshot._close = (self,), self._close
        return snapshot

    @property
    def is_temporary(self) -> bool:
        """Whether its folder goes with it: it was collected without a place of its own."""
        return self._close is not None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """For looks at its rows, by several threads if need be: of one connection, which takes longer to be opened than
        a table to be read.
        """
        from demarcate.base.connection import connect

        with self._connecting:
            if self._connection is None:
                self._connection = connect(*self.folders)
            return self._connection.cursor()

    def close(self) -> None:
        """Delete the folder of a snapshot that has no place of its own."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._close is not None:
            self._close()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def moment(self) -> datetime:
        """When it was taken, in UTC. Judging takes this for now."""
        return self.manifest.moment

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read, and why."""
        return self.manifest.unread

    def files(self, table: str) -> list[str]:
        """The files that hold the rows of a table: their real paths, which are no patterns.

        Raises OSError where files of rows cannot be made of what is still lines.
        """
        names = self._names(table)
        self._spooled.settle(names)
        folder = os.path.realpath(self._folder)
        return [f"{folder}/{name}" for name in names]

    def has_rows(self, table: str) -> bool:
        """Whether it has any row of a table."""
        return bool(self._names(table))

    def rows_in(self, table: str) -> str:
        """SQL for the rows of a table that has some: where they are few, no file of rows is made for who reads them."""
        lines = self._spooled.lines(self._names(table))
        return rows_of_lines(lines) if lines else rows_in(self.files(table))

    def _names(self, table: str) -> list[str]:
        """The files of a table, as the manifest names them."""
        held = self.manifest.tables.get(table)
        return [part.file for part in held.parts if part.file] if held else []

    @classmethod
    def open(cls, folder: Path, accounts: Collection[str] | None = None) -> Snapshot:
        """Open a snapshot, or what it has of some accounts. What of it is damaged was not read.

        Raises DemarcateError where that leaves nothing: it is none, incomplete, or of a newer format.
        """
        return cls(folder, read_manifest(folder, accounts))


def rows_of(
    snapshot: Snapshot, table: Table | str, columns: Iterable[str], *, ordered: bool = True
) -> Iterator[dict[str, Any]]:
    """Some columns of a table's rows, for those who want rows rather than SQL.

    They come in the order of their resources, unless that does not matter. A column that the snapshot is too old for is
    None. Raises DemarcateError where a file cannot be read.
    """
    from demarcate.base import duckdb
    from demarcate.base.connection import short
    from demarcate.base.sql import literal

    of = table if isinstance(table, str) else table.name
    if not snapshot.has_rows(of):
        return
    names = list(dict.fromkeys(columns))
    listed, order = ", ".join(map(literal, [*names, "resource"])), " ORDER BY ALL" if ordered else ""
    with snapshot.cursor() as cursor:
        try:
            result = cursor.execute(
                f"SELECT COLUMNS(lambda name: name IN ({listed})) FROM {snapshot.rows_in(of)}{order}"
            )
            there = [column[0] for column in result.description or ()]
            while fetched := result.fetchmany(2_000):
                for values in fetched:
                    row = dict(zip(there, values, strict=True))
                    yield {name: row.get(name) for name in names}
        except duckdb.Error as error:
            reason = f"{snapshot.folder}: cannot be read: {short(error)}; collect the snapshot again"
            raise DemarcateError(reason) from error
