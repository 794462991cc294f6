"""Snapshots: all rows of one estate at one moment, with a record of what could not be read.

A snapshot is a folder:

    manifest.json                   what it is, which tables and parts it has, what could not be read
    tables/<table>/<part>.parquet   the rows of one table of one account and region

A part that is not in the manifest was not read; one with no rows has no file. The folder is written under
another name and renamed when it is whole, so there is never half a snapshot under the name that was asked for.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import TooLarge, is_within, open_file, read_bytes
from demarcate.base.moments import utc
from demarcate.base.stopping import TemporaryFolder
from demarcate.estate.schema.table import Table
from demarcate.estate.schema.unknown import Kind

T = TypeVar("T")

FORMAT = 2
"""The version of the layout above. A newer one is refused, an older one is read.

In the first, `_unknown` and what could not be read had sentences without kinds.
"""

LARGEST_MANIFEST = 100_000_000
"""How many bytes a manifest may have: those of half a million parts."""

_LARGEST_OF_OTHERS = 10_000_000
"""How many bytes are read of a file of that name to see whether it is another program's."""

MOST_ROWS = 1 << 48
"""More than any part has; sums of them are still whole numbers that all may hold."""

MANIFEST = "manifest.json"

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,99}")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.parquet")


class Unread(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that could not be read, why, and of which kind that is. Checks that needed it are unknown.

    Live: `table`, `account`, `region` and `operation` say what; `columns` is empty where the whole part is
    missing. Where an account could not be read at all, `tables` are those that were asked for. In a template:
    `file` and `line`.
    """

    kind: Kind
    reason: str
    table: str | None = None
    tables: tuple[str, ...] = ()
    account: str | None = None
    region: str | None = None
    operation: str | None = None
    columns: tuple[str, ...] = ()
    of: str | None = None
    """The table that missing rows are made from, where the table is derived."""
    file: str | None = None
    line: int | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The tables of which a whole part is missing."""
        return (self.table,) if self.table and not self.columns else self.tables

    def __str__(self) -> str:
        if self.file:
            return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"
        where = " ".join(part for part in (self.account, self.region, self.operation) if part)
        return f"{where}: {self.reason}" if where else self.reason


class AccountNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account that a live collection was asked to read, and what its organization says of it."""

    id: str
    name: str = ""
    units: tuple[str, ...] | None = None
    """The names of the organizational units that it is in, from the root down; None where it is not known."""
    tags: dict[str, str] | None = None
    """Its tags; None where they are not known."""
    skipped: str | None = None
    """Why it was not to be read, where it was not: it is closed."""
    not_enabled: tuple[str, ...] = ()
    """The regions that were asked for by name and that it has not enabled."""


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One table of one account and region. `file` is relative to the snapshot; None where there is no row.

    `assigned` are the columns in which rows hold stand-ins.
    """

    account: str | None
    region: str | None
    rows: int
    file: str | None
    assigned: tuple[str, ...] = ()


class TableParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot holds of one table: the columns that were asked for, and the parts that were read."""

    columns: tuple[str, ...]
    parts: tuple[Part, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`. `source` is "live", "cloudformation" or "config", `origin` what was given."""

    format: int
    demarcate: str
    moment: datetime
    source: str
    origin: str
    tables: dict[str, TableParts]
    unread: tuple[Unread, ...]
    resources: dict[str, int] = {}
    """Template resources that no table holds, by type: what these checks cannot see."""
    accounts: tuple[AccountNote, ...] = ()
    """The live accounts that were to be read."""


class Snapshot:
    """A snapshot that is whole and can be read.

    `folder` is deleted with the object where it is `temporary`: collected without a place to keep it.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, *, temporary: TemporaryFolder | None = None, fresh: bool = False
    ) -> None:
        self.folder, self.manifest = folder, manifest
        self.fresh = fresh
        """Whether it was written by this process, and so with today's tables and columns."""
        self._parts: tuple[Snapshot, ...] = ()
        """What it was made of: their folders are there as long as they are."""
        self._close = weakref.finalize(self, temporary.remove) if temporary is not None else None

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
    def folders(self) -> tuple[Path, ...]:
        """Where its files are: several folders where several snapshots were joined."""
        return tuple(folder for part in self._parts for folder in part.folders) or (self.folder,)

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
        tables = {
            name: TableParts(
                columns=held.columns, parts=tuple(part for part in held.parts if part.file not in damaged)
            )
            for name, held in self.manifest.tables.items()
        }
        return self._with(replace(self.manifest, tables=tables, unread=(*self.unread, *damaged.values())))

    def _with(self, manifest: Manifest) -> Snapshot:
        """The same folder with less in it, which goes when this one does."""
        snapshot = Snapshot(self.folder, manifest, fresh=self.fresh)
        snapshot._parts, snapshot._close = (self,), self._close
        return snapshot

    @property
    def is_temporary(self) -> bool:
        """Whether its folder goes with it: it was collected without a place of its own."""
        return self._close is not None

    def close(self) -> None:
        """Delete the folder of a snapshot that has no place of its own."""
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
        """The Parquet files that hold the rows of a table: their real paths, which are no patterns."""
        held = self.manifest.tables.get(table)
        folder = os.path.realpath(self.folder)
        return [f"{folder}/{part.file}" for part in held.parts if part.file] if held else []

    @classmethod
    def open(cls, folder: Path) -> Snapshot:
        """Open a snapshot. Raises DemarcateError where it is damaged, incomplete or of a newer format."""
        path = folder / MANIFEST
        try:
            if not is_within(path, [folder]):
                raise DemarcateError(f"{path}: is a symlink that leads out of the snapshot")
            raw = read_bytes(path, LARGEST_MANIFEST)
        except TooLarge as error:
            raise DemarcateError(f"{path}: damaged: {error.strerror}; collect the snapshot again") from error
        except OSError as error:
            raise DemarcateError(f"{folder}: not a snapshot: {MANIFEST}: {error.strerror or error}") from error
        form = _decoded(raw, _Form, path).format
        if form > FORMAT:
            raise DemarcateError(
                f"{folder}: written by a newer version (format {form}; this one reads {FORMAT}): "
                "upgrade demarcate to read it"
            )
        manifest = _decoded(raw, Manifest, path) if form > 1 else _decoded(raw, _FirstManifest, path).with_kinds()
        try:
            manifest = msgspec.structs.replace(manifest, moment=utc(manifest.moment))
        except ValueError as error:
            raise DemarcateError(f"{path}: damaged: its moment: {error}; collect the snapshot again") from error
        for name, table in manifest.tables.items():
            for part in table.parts:
                if odd := odd_part(name, part):
                    raise DemarcateError(f"{path}: {odd}; collect the snapshot again")
                if part.file is not None:
                    _check_part(folder, name, part.file)
        return cls(folder, manifest)


class _Form(msgspec.Struct):
    format: int


class _FirstUnread(Unread, frozen=True, kw_only=True):
    """As the first format has it."""

    kind: Kind = Kind.UNRECORDED


class _FirstManifest(Manifest, frozen=True, kw_only=True):
    """As the first format has it."""

    unread: tuple[_FirstUnread, ...]

    def with_kinds(self) -> Manifest:
        """It, in the form of today."""
        fields = msgspec.structs.asdict(self)
        fields["unread"] = tuple(Unread(**msgspec.structs.asdict(one)) for one in self.unread)
        return Manifest(**fields)


def _decoded(raw: bytes, type_: type[T], path: Path) -> T:
    try:
        return from_json(raw, type_)
    except ValueError as error:
        raise DemarcateError(f"{path}: damaged: {error}; collect the snapshot again") from error


def part_file(table: str, name: str) -> str:
    """The file of a part, relative to the snapshot. Raises DemarcateError for a name that no file of it may have."""
    file = f"tables/{table}/{name}.parquet"
    if not _is_part(table, file):
        raise DemarcateError(f"{file!r} cannot be the name of a part of a snapshot")
    return file


def _is_part(table: str, file: str) -> bool:
    """Whether it is a file as `part_file` names them: DuckDB, for one, takes other names for patterns."""
    folder, _, name = file.rpartition("/")
    return bool(_TABLE.fullmatch(table)) and folder == f"tables/{table}" and bool(_PART.fullmatch(name))


def odd_part(table: str, part: Part) -> str | None:
    """What is wrong with what is said of a part; None where nothing is."""
    if part.file is not None and not _is_part(table, part.file):
        return f"a part of {table[:100]!r} has the file {part.file[:200]!r}; expected tables/TABLE/NAME.parquet"
    if not (1 <= part.rows <= MOST_ROWS if part.file is not None else part.rows == 0):
        return f"a part of {table[:100]!r} has {part.rows} rows {'in' if part.file else 'without'} a file"
    return None


def _check_part(folder: Path, table: str, name: str) -> None:
    """A part must be inside the snapshot, and end as a Parquet file ends."""
    path = folder / name
    if not is_within(path, [folder]):
        raise DemarcateError(f"{folder}: the part {name} of {table} lies outside of the snapshot")
    try:
        whole = ends_well(path)
    except OSError as error:
        what = "is missing" if isinstance(error, FileNotFoundError) else "is damaged"
        raise DemarcateError(f"{path}: {what} ({table}): collect the snapshot again") from error
    if not whole:
        raise DemarcateError(f"{path}: is truncated or damaged ({table}): collect the snapshot again")


def ends_well(path: Path, *, follow: bool = True) -> bool:
    """Whether a file ends as a Parquet file ends. Raises OSError as `open_file` does, for an empty file as well."""
    with open_file(path, follow=follow) as file:
        file.seek(-4, os.SEEK_END)
        return file.read(4) == b"PAR1"


def is_snapshot(path: Path) -> bool:
    """Whether a folder is a snapshot, whole or damaged, rather than a folder of templates.

    Other programs call a file of theirs so, too: AWS CDK writes one beside its templates, web applications have one.
    """
    manifest = path / MANIFEST
    if not os.path.lexists(manifest):
        return False
    try:
        told = from_json(read_bytes(manifest, _LARGEST_OF_OTHERS))
    except (OSError, ValueError):
        return True
    return not (told and isinstance(told, dict)) or any(name in told for name in Manifest.__struct_fields__)


def rows_of(snapshot: Snapshot, table: Table, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The rows of a table as dicts, for those who want a few rows rather than SQL."""
    from demarcate.base.connection import connect
    from demarcate.base.sql import parquet

    files = snapshot.files(table.name)
    if not files:
        return
    with connect(snapshot.folder) as connection:
        result = connection.execute(f"SELECT * FROM {parquet(files)}")
        names = [column[0] for column in result.description or ()]
        while found := result.fetchmany(1000):
            for values in found:
                row = dict(zip(names, values, strict=True))
                yield {name: row.get(name) for name in columns}
