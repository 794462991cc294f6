"""Snapshots: all rows of one estate at one moment, with a record of what could not be read.

A snapshot is a folder:

    manifest.json                   what it is, which tables and parts it has, what could not be read
    tables/<table>/<part>.parquet   the rows of one table of one account and region

A part that is not in the manifest was not read; one with no rows has no file. The folder is written under
another name and renamed when it is whole, so there is never half a snapshot under the name that was asked for.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import write_whole
from demarcate.estate.rows import Row, spooled
from demarcate.estate.table import Table
from demarcate.version import __version__

if TYPE_CHECKING:
    import duckdb

FORMAT = 1
"""The version of the layout above. A newer one is refused, an older one is read."""


class Unread(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that could not be read, and why. Checks that needed it are unknown.

    Live: `table`, `account`, `region` and `operation` say what; `columns` is empty where the whole part is
    missing. In a template: `file` and `line`.
    """

    reason: str
    table: str | None = None
    account: str | None = None
    region: str | None = None
    operation: str | None = None
    columns: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        if self.file:
            return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"
        where = " ".join(part for part in (self.account, self.region, self.operation) if part)
        return f"{where}: {self.reason}" if where else self.reason


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One table of one account and region. `file` is relative to the snapshot; None where there is no row."""

    account: str | None
    region: str | None
    rows: int
    file: str | None


class TableParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot holds of one table: the columns that were asked for, and the parts that were read."""

    columns: tuple[str, ...]
    parts: tuple[Part, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`. `source` is "live" or "cloudformation", `origin` what was given: paths, or "aws"."""

    format: int
    demarcate: str
    moment: datetime
    source: str
    origin: str
    tables: dict[str, TableParts]
    unread: tuple[Unread, ...]
    resources: dict[str, int] = {}
    """Template resources that no table holds, by type: what these checks cannot see."""


class Snapshot:
    """A snapshot that is whole and can be read.

    `folder` is deleted with the object where the snapshot was collected without a place to keep it.
    """

    def __init__(self, folder: Path, manifest: Manifest, *, temporary: bool = False, fresh: bool = False) -> None:
        self.folder, self.manifest = folder, manifest
        self.fresh = fresh
        """Whether it was written by this process, and so with today's tables and columns."""
        self._temporary = temporary

    def __del__(self) -> None:
        if getattr(self, "_temporary", False) and shutil is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __repr__(self) -> str:
        rows = sum(part.rows for table in self.manifest.tables.values() for part in table.parts)
        return f"<Snapshot of {self.manifest.origin}: {len(self.manifest.tables)} tables, {rows:,} rows>"

    @property
    def moment(self) -> datetime:
        """When it was taken, in UTC. Judging takes this for now."""
        return self.manifest.moment

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read, and why."""
        return self.manifest.unread

    def files(self, table: str) -> list[str]:
        """The Parquet files that hold the rows of a table."""
        held = self.manifest.tables.get(table)
        return [str(self.folder / part.file) for part in held.parts if part.file] if held else []

    @classmethod
    def open(cls, folder: Path) -> Snapshot:
        """Open a snapshot. Raises DemarcateError where it is damaged, incomplete or of a newer format."""
        path = folder / "manifest.json"
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise DemarcateError(f"{folder}: not a snapshot: manifest.json: {error.strerror}") from error
        try:
            form = msgspec.json.decode(raw, type=_Form).format
        except msgspec.MsgspecError as error:
            raise DemarcateError(f"{path}: damaged: {error}; collect the snapshot again") from error
        if form > FORMAT:
            raise DemarcateError(
                f"{folder}: written by a newer version (format {form}; this one reads {FORMAT}): "
                "upgrade demarcate to read it"
            )
        try:
            manifest = msgspec.json.decode(raw, type=Manifest)
        except msgspec.MsgspecError as error:
            raise DemarcateError(f"{path}: damaged: {error}; collect the snapshot again") from error
        for name, table in manifest.tables.items():
            for part in table.parts:
                if part.file is not None:
                    _check_part(folder, name, part.file)
        return cls(folder, manifest)


class _Form(msgspec.Struct):
    format: int


def _check_part(folder: Path, table: str, name: str) -> None:
    """A part must be inside the snapshot, and end as a Parquet file ends."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DemarcateError(f"{folder}: the part {name} of {table} lies outside of the snapshot")
    try:
        with path.open("rb") as file:
            file.seek(-4, os.SEEK_END)
            whole = file.read(4) == b"PAR1"
    except OSError as error:
        what = "is missing" if isinstance(error, FileNotFoundError) else "is damaged"
        raise DemarcateError(f"{path}: {what} ({table}): collect the snapshot again") from error
    if not whole:
        raise DemarcateError(f"{path}: is truncated or damaged ({table}): collect the snapshot again")


def is_snapshot(path: Path) -> bool:
    """Whether a folder is a snapshot (rather than a folder of templates)."""
    return (path / "manifest.json").is_file()


class SnapshotWriter:
    """Writes a snapshot part by part. Rows are spooled to disk as they come, whatever their number.

    `out` is where the snapshot will be; None for one that lives as long as the `Snapshot` does.
    Safe for use from several threads, one part each.

    Use as a context manager: what was not finished is removed.
    """

    def __init__(self, source: str, origin: str, *, out: Path | None = None, moment: datetime | None = None):
        if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise DemarcateError(f"{out}: exists already; name a new folder for the snapshot")
        self._out = out
        self._source, self._origin = source, origin
        self._moment = moment or datetime.now(UTC).replace(microsecond=0)
        try:
            if out is not None:
                out.parent.mkdir(parents=True, exist_ok=True)
            parent = out.parent if out is not None else None
            self.folder = Path(tempfile.mkdtemp(prefix=f".{out.name}." if out else "demarcate-", dir=parent))
        except OSError as error:
            raise DemarcateError(f"{out}: cannot be written: {error.strerror}") from error
        self._columns: dict[str, tuple[str, ...]] = {}
        self._parts: dict[str, list[Part]] = {}
        self._unread: dict[Unread, None] = {}
        self._open: set[PartWriter] = set()
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self.resources: dict[str, int] = {}

    def __enter__(self) -> SnapshotWriter:
        return self

    def __exit__(self, *_: object) -> None:
        for part in list(self._open):
            part.discard()
        if self._connection is not None:
            self._connection.close()
        if self.folder != self._out:
            shutil.rmtree(self.folder, ignore_errors=True)

    def unread(self, *what: Unread) -> None:
        """Record what could not be read; the same thing is recorded once."""
        with self._lock:
            self._unread.update(dict.fromkeys(what))

    def part(
        self, table: Table, columns: Sequence[str], account: str | None = None, region: str | None = None
    ) -> PartWriter:
        """Begin a part. Seal it when all of its rows are appended; one that is not sealed was not read."""
        part = PartWriter(self, table, columns, account, region)
        with self._lock:
            self._open.add(part)
        return part

    def unit(self, table: str, account: str, region: str) -> Unit:
        """Begin all that reading one table of one account and region makes: whole or absent."""
        return Unit(self, table, account, region)

    def _spool(self, table: str) -> tuple[Path, BinaryIO]:
        folder = self.folder / "tables" / table
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".ndjson")
        return Path(name), os.fdopen(handle, "wb", buffering=1 << 16)

    def _seal(self, part: PartWriter) -> None:
        with self._lock:
            self._open.discard(part)
            parts = self._parts.setdefault(part.table.name, [])
            file = None
            if part.spool is not None:
                file = f"tables/{part.table.name}/{len(parts):05d}.parquet"
                self._to_parquet(part.spool, part.table, self.folder / file, part.longest)
            self._columns.setdefault(part.table.name, tuple(part.columns))
            parts.append(Part(account=part.account, region=part.region, rows=part.rows, file=file))

    def _to_parquet(self, spool: Path, table: Table, file: Path, longest: int) -> None:
        import duckdb

        if self._connection is None:
            self._connection = duckdb.connect()
            self._connection.execute(
                "SET memory_limit = '256MB'; SET threads = 1; SET preserve_insertion_order = true"
            )
        types = {column.name: column.type for column in table.all_columns}
        self._connection.execute(
            f"COPY (SELECT * FROM read_json($spool, format = 'newline_delimited', columns = {types!r}, "
            f"maximum_object_size = {max(1 << 20, longest + 1)})) "
            f"TO '{str(file).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)",
            {"spool": str(spool)},
        )
        spool.unlink()

    def finish(self) -> Snapshot:
        """Write the manifest and give the folder its name. Raises DemarcateError where that fails."""
        manifest = Manifest(
            format=FORMAT,
            demarcate=__version__,
            moment=self._moment,
            source=self._source,
            origin=self._origin,
            tables={
                name: TableParts(columns=self._columns[name], parts=tuple(sorted(parts, key=_part_order)))
                for name, parts in sorted(self._parts.items())
            },
            unread=tuple(self._unread),
            resources=dict(sorted(self.resources.items())),
        )
        write_whole(self.folder / "manifest.json", msgspec.json.format(msgspec.json.encode(manifest)))
        if self._out is None:
            snapshot = Snapshot(self.folder, manifest, temporary=True, fresh=True)
            self._out = self.folder
            return snapshot
        try:
            if self._out.is_dir():
                self._out.rmdir()
            self.folder.chmod(0o755)
            self.folder.rename(self._out)
        except OSError as error:
            raise DemarcateError(f"{self._out}: cannot be written: {error.strerror}") from error
        self.folder = self._out
        return Snapshot(self._out, manifest, fresh=True)


def _part_order(part: Part) -> tuple[str, str]:
    return part.account or "", part.region or ""


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
        self.rows = 0
        self.longest = 0
        self._file: BinaryIO | None = None

    def append(self, rows: Iterable[Row]) -> None:
        """Write rows to the spool. Raises OSError (a full disk)."""
        for row in rows:
            if self._file is None:
                self.spool, self._file = self._writer._spool(self.table.name)
            line = _encode(spooled(row)) + b"\n"
            self.longest = max(self.longest, len(line))
            self._file.write(line)
            self.rows += 1

    def seal(self) -> None:
        """All rows are there: the part becomes Parquet, and is read. Raises OSError (a full disk)."""
        if self._file is not None:
            self._file.close()
        self._writer._seal(self)

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
        """The unit is whole; with `empty`, what was written so far does not count: there is nothing."""
        if empty:
            columns = [(part.table, part.columns) for part in self._parts]
            self.discard()
            self._parts = [self.part(table, names) for table, names in columns]
        self._writer.unread(*self._unread)
        for part in self._parts:
            part.seal()

    def discard(self, *why: Unread) -> None:
        """The unit could not be read: it leaves nothing but the reasons."""
        for part in self._parts:
            part.discard()
        self._parts = []
        self._writer.unread(*why)


_encode = msgspec.json.Encoder(enc_hook=str).encode


def rows_of(snapshot: Snapshot, table: Table, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The rows of a table as dicts, for those who want a few rows rather than SQL."""
    import duckdb

    files = snapshot.files(table.name)
    if not files:
        return
    with duckdb.connect() as connection:
        result = connection.execute("SELECT * FROM read_parquet($files)", {"files": files})
        names = [column[0] for column in result.description or ()]
        while found := result.fetchmany(1000):
            for values in found:
                row = dict(zip(names, values, strict=True))
                yield {name: row.get(name) for name in columns}
