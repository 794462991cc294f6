"""Writes a snapshot: rows go to disk as they come, parts become files, the whole folder gets its name."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError, TooMuchMemory
from demarcate.base.stopping import TemporaryFolder, at_end, remove
from demarcate.estate.schema.rows import Row, spooled
from demarcate.estate.schema.table import ALTERNATIVES, Table
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.journal import NAME, Began, Journal, Key, Sealed, SealedPart, partial_folder
from demarcate.estate.snapshots.manifest import (
    FORMAT,
    AccountNote,
    Declared,
    Manifest,
    Part,
    TableParts,
    Unread,
    part_file,
    write_manifest,
)
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.spooled import MEMORY, MOST_BYTES, MOST_ROWS, Spooled
from demarcate.estate.snapshots.tabular import Lines, write_lines
from demarcate.version import __version__

if TYPE_CHECKING:
    from demarcate.base import duckdb


class Stopped(Exception):
    """The snapshot is not written any further: another thread gave up."""


class SnapshotWriter:
    """Writes a snapshot part by part. Rows are spooled to disk as they come, whatever their number.

    `out` is where the snapshot will be; None for one that lives as long as the `Snapshot` does.
    Safe for use from several threads, one part each.

    Use as a context manager: what was not finished is removed. With `out` and `asked` the units that are whole
    are kept instead, wherever the run ends, and with `resume` a later one that is asked for the same goes on from
    there (see `journal`). Raises DemarcateError where `out` holds something, and as `Journal` does.
    """

    def __init__(
        self,
        source: str,
        origin: str,
        *,
        out: Path | None = None,
        moment: datetime | None = None,
        asked: Mapping[str, str] | None = None,
        resume: bool = False,
    ) -> None:
        self._out = out
        self._made: list[Path] = []
        self._source, self._origin = source, origin
        self._moment = moment or datetime.now(UTC).replace(microsecond=0)
        self._journal: Journal | None = None
        self._temporary: TemporaryFolder | None = None
        try:
            if out is not None:
                self._make_place(out)
            if out is not None and asked is not None:
                began = Began(moment=self._moment, source=source, origin=origin, asked=dict(asked))
                self._journal = Journal(out, began, resume=resume)
                self.folder, self._moment = self._journal.folder, self._journal.began.moment
            else:
                self._temporary = _new_folder(out)
                self.folder = self._temporary.path
        except OSError as error:
            self._forget_place()
            raise DemarcateError(f"{out}: cannot be written: {error.strerror or error}") from error
        self._spooled = Spooled(self.folder)
        self._units: dict[Key, Sealed] = dict(self._journal.held) if self._journal is not None else {}
        self._sealing: set[Key] = set()
        self._failed: dict[Key, tuple[Unread, ...]] = {}
        self._parts: list[SealedPart] = []
        self._numbers: Counter[str] = Counter()
        self._unread: dict[Unread, None] = {}
        self._open: set[PartWriter] = set()
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self.stopped = False
        self.resources: dict[str, int] = {}
        self.declared: tuple[Declared, ...] = ()
        self.accounts: list[AccountNote] = []
        self.elsewhere: set[str] = set()
        """Tables that were asked for and have their rows in another snapshot of the same lake."""
        self._forget = at_end(self._leave)

    def _make_place(self, out: Path) -> None:
        """Make the folders above `out`. Raises OSError, and DemarcateError where `out` cannot be a new folder."""
        partial_folder(out)
        if out.is_symlink():
            raise DemarcateError(f"{out}: is a link; name a new folder for the snapshot")
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise DemarcateError(f"{out}: exists already; name a new folder for the snapshot")
        if out.is_dir() and out.samefile(Path.cwd()):
            raise DemarcateError(f"{out}: is the folder that this runs in; name a new one for the snapshot")
        for folder in reversed([folder for folder in out.absolute().parents if not folder.exists()]):
            folder.mkdir()
            self._made.append(folder)

    def _forget_place(self) -> None:
        """Remove the folders that were made above `out`, as far as nothing is in them."""
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def __enter__(self) -> SnapshotWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for part in list(self._open):
            part.discard()
        if self._connection is not None:
            self._connection.close()
        self._leave()
        self._forget()
        if self._journal is not None:
            self._journal.close()

    def _leave(self) -> None:
        """Remove what was not finished, unless another run can go on with it."""
        if self._temporary is not None:
            self._temporary.remove()
        elif self._journal is not None and not self._units and not self._sealing:
            remove(self._journal.folder)
        self._forget_place()

    def stop(self) -> None:
        """From now on, whoever writes rows gets `Stopped`: so that threads end soon where one gave up."""
        self.stopped = True

    def unread(self, *what: Unread) -> None:
        """Record what could not be read; the same thing is recorded once."""
        with self._lock:
            self._unread.update(dict.fromkeys(what))

    def read_as(self, account: str) -> None:
        """Say whose credentials these are. Raises DemarcateError where an earlier run had another account's."""
        if self._journal is not None:
            self._journal.of(account)

    def part(
        self, table: Table, columns: Sequence[str], account: str | None = None, region: str | None = None
    ) -> PartWriter:
        """Begin a part. Seal it when all of its rows are appended; one that is not sealed was not read."""
        return self._begun(PartWriter(self, table, columns, account, region))

    def unit(self, table: str, account: str, region: str) -> Unit:
        """Begin all that reading one table of one account and region makes: whole or absent."""
        return Unit(self, table, account, region)

    def holds(self, table: str, account: str, region: str) -> bool:
        """Whether a unit is there already, from an earlier run."""
        return (table, account, region) in self._units

    def held(self, table: str, account: str) -> tuple[Part, ...]:
        """The parts of a table's own rows of an account that are there already, from an earlier run."""
        units = self._journal.held.values() if self._journal is not None else ()
        of_table = (unit for unit in units if (unit.table, unit.account) == (table, account))
        return tuple(sealed.part for unit in of_table for sealed in unit.parts if sealed.table == table)

    def _begun(self, part: PartWriter) -> PartWriter:
        with self._lock:
            self._open.add(part)
        return part

    def _spool(self, table: str) -> tuple[Path, BinaryIO]:
        # One by one: the folder itself, once removed, must not come into being again.
        for folder in (self.folder / "tables", self.folder / "tables" / table):
            folder.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".ndjson")
        return Path(name), os.fdopen(handle, "wb", buffering=1 << 16)

    def _write(self, part: PartWriter, name: str) -> SealedPart:
        """Make a file of a part's rows. Raises OSError."""
        file = None
        if part.spool is not None:
            file = part_file(part.table.name, name)
            types = {column.name: column.type for column in part.table.all_columns}
            lines = Lines(part.spool, types, part.longest, part.rows)
            if self._out is None and part.rows <= MOST_ROWS and part.size <= MOST_BYTES:
                self._spooled.add(file, lines)
            else:
                self._to_file(lines, self.folder / file)
        with self._lock:
            self._open.discard(part)
        written = Part(
            account=part.account,
            region=part.region,
            rows=part.rows,
            file=file,
            assigned=tuple(sorted(part.assigned)),
            companions=tuple(sorted(part.companions)),
            alternatives=part.alternatives,
        )
        return SealedPart(part.table.name, tuple(part.columns), written)

    def _to_file(self, lines: Lines, file: Path) -> None:
        aside = file.with_suffix(".aside")
        with self._lock:
            write_lines(self._database(), lines, aside)
        lines.spool.unlink()
        if self._journal is not None:
            _to_disk(aside)
        aside.replace(file)

    def _database(self) -> duckdb.DuckDBPyConnection:
        from demarcate.base.connection import Limits, connect

        if self._connection is None:
            self._connection = connect(self.folder, limits=Limits(memory=MEMORY, threads=1))
        return self._connection

    def _seal_part(self, part: PartWriter) -> None:
        with self._lock:
            number = self._numbers[part.table.name]
            self._numbers[part.table.name] += 1
        try:
            sealed = self._write(part, f"{number:05d}")
        except TooMuchMemory as error:
            part.discard()
            why, table = str(error.strerror), part.table.name
            self.unread(
                Unread(kind=Kind.TOO_MUCH, reason=why, table=table, account=part.account, region=part.region)
            )
            return
        with self._lock:
            self._parts.append(sealed)

    def _seal_unit(self, sealed: Sealed) -> None:
        self._sealing.add(sealed.key)  # whenever a signal comes, what the journal has is known to be there
        try:
            if self._journal is not None:
                self._journal.seal(sealed)
            with self._lock:
                self._units[sealed.key] = sealed
        finally:
            self._sealing.discard(sealed.key)

    def _fail_unit(self, key: Key, why: tuple[Unread, ...]) -> None:
        with self._lock:
            self._failed[key] = why

    def manifest(self) -> Manifest:
        """What was written so far; units in their order, in whichever order they were read."""
        units = [self._units[key] for key in sorted(self._units)]
        tables: dict[str, tuple[tuple[str, ...], list[Part]]] = {}
        for sealed in [*self._parts, *(part for unit in units for part in unit.parts)]:
            tables.setdefault(sealed.table, (sealed.columns, []))[1].append(sealed.part)
        for name in self.elsewhere:
            tables.setdefault(name, ((), []))
        unread = dict(self._unread)
        for key in sorted({*self._units, *self._failed}):
            gaps = self._units[key].unread if key in self._units else self._failed[key]
            unread.update(dict.fromkeys(gaps))
        return Manifest(
            format=FORMAT,
            demarcate=__version__,
            moment=self._moment,
            source=self._source,
            origin=self._origin,
            tables={
                name: TableParts(columns=columns, parts=tuple(sorted(parts, key=_part_order)))
                for name, (columns, parts) in sorted(tables.items())
            },
            unread=tuple(sorted(unread, key=lambda gap: gap.account or "")),
            resources=dict(sorted(self.resources.items())),
            accounts=tuple(sorted(self.accounts, key=lambda note: note.id)),
            declared=self.declared,
        )

    def settle(self) -> None:
        """Make files of rows of all parts that are sealed, for whoever reads them before the end. Raises OSError."""
        self._spooled.settle()

    def finish(self) -> Snapshot:
        """Write the manifest and give the folder its name. Raises DemarcateError where that fails."""
        manifest = self.manifest()
        write_manifest(self.folder, manifest, lasting=self._out is not None)
        if self._out is None:
            snapshot = Snapshot(
                self.folder, manifest, temporary=self._temporary, fresh=True, spooled=self._spooled
            )
            self._temporary = None
            return snapshot
        try:
            if self._out.is_dir():
                self._out.rmdir()
            self.folder.rename(self._out)
            if self._journal is not None:
                (self._out / NAME).unlink()
        except OSError as error:
            raise DemarcateError(f"{self._out}: cannot be written: {error.strerror}") from error
        self.folder = self._out
        return Snapshot(self._out, manifest, fresh=True)


def _new_folder(out: Path | None) -> TemporaryFolder:
    """A folder that no other run finds: in the place where temporary files are, or beside `out`."""
    if out is None:
        return TemporaryFolder()
    return TemporaryFolder(f".{out.name}.", out.parent, mode=0o777)


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _part_order(part: Part) -> tuple[str, str, str]:
    return part.account or "", part.region or "", part.file or ""


class PartWriter:
    """One part being written: `append` rows, then `seal`."""

    def __init__(
        self,
        writer: SnapshotWriter,
        table: Table,
        columns: Sequence[str],
        account: str | None,
        region: str | None,
    ) -> None:
        self._writer = writer
        self.table, self.columns, self.account, self.region = table, columns, account, region
        self.spool: Path | None = None
        self.rows = self.size = 0
        self.assigned: set[str] = set()
        self.companions: set[str] = set()
        self.alternatives = False
        self._types = {column.name: column.type for column in table.all_columns}
        self.width = len(self._types)
        self.longest = 0
        self._file: BinaryIO | None = None

    def append(self, rows: Iterable[Row]) -> None:
        """Write rows to the spool. Raises OSError (a full disk), and Stopped."""
        for row in rows:
            if self._writer.stopped:
                raise Stopped
            if self._file is None:
                self.spool, self._file = self._writer._spool(self.table.name)
            line = to_json(spooled(row, self._types)) + b"\n"
            self.assigned.update(row.get("_assigned") or ())
            if "_companion" in row:
                self.companions.add(row["_companion"])
            self.alternatives |= ALTERNATIVES in row
            self.longest = max(self.longest, len(line))
            self._file.write(line)
            self.size += len(line)
            self.rows += 1

    def close(self) -> None:
        """All rows are there. Raises OSError (a full disk)."""
        if self._file is not None:
            self._file.close()

    def seal(self) -> None:
        """All rows are there: the part becomes a file, and is read. Raises OSError (a full disk)."""
        self.close()
        self._writer._seal_part(self)

    def discard(self) -> None:
        """The part could not be read whole: it leaves nothing."""
        self._writer._open.discard(self)
        if self._file is not None:
            with contextlib.suppress(OSError):  # what cannot be flushed is not wanted
                self._file.close()
        if self.spool is not None:
            self.spool.unlink(missing_ok=True)


class Unit:
    """What reading one table of one account and region makes: its part and those of tables derived from it."""

    def __init__(self, writer: SnapshotWriter, table: str, account: str, region: str) -> None:
        self.table, self.account, self.region = table, account, region
        self._writer = writer
        self._parts: list[PartWriter] = []
        self._unread: dict[Unread, None] = {}

    def part(self, table: Table, columns: Sequence[str]) -> PartWriter:
        """Begin a part of the unit; it is sealed with the unit."""
        part = self._writer.part(table, columns, self.account, self.region)
        self._parts.append(part)
        return part

    def unread(self, what: Unread) -> None:
        """Record columns that could not be read. Safe for several threads."""
        self._unread[what] = None

    def seal(self, *, empty: bool = False) -> None:
        """The unit is whole; with `empty`, what was written so far does not count: there is nothing.

        Raises OSError (a full disk).
        """
        if empty:
            columns = [(part.table, part.columns) for part in self._parts]
            self._discard_parts()
            self._parts = [self.part(table, names) for table, names in columns]
        parts = tuple(self._sealed())
        self._writer._seal_unit(
            Sealed(
                table=self.table,
                account=self.account,
                region=self.region,
                parts=parts,
                unread=tuple(self._unread),
            )
        )

    def discard(self, *why: Unread) -> None:
        """The unit could not be read: it leaves nothing but the reasons."""
        self._discard_parts()
        self._writer._fail_unit((self.table, self.account, self.region), why)

    def _sealed(self) -> Iterator[SealedPart]:
        for number, part in enumerate(self._parts):
            part.close()
            # A table may be derived from several, and from one of them in two ways: all have parts of one place.
            of = [] if part.table.name == self.table else [self.table, str(number)]
            yield self._writer._write(part, ".".join([self.account, self.region, *of]))

    def _discard_parts(self) -> None:
        for part in self._parts:
            part.discard()
        self._parts = []
