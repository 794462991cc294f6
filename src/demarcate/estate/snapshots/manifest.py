"""Manifests: what a snapshot is, which tables and parts it has, and what could not be read.

One file says what is common to all of a snapshot, and one more for each account what is held of it, so that whoever
judges some accounts of an organization reads of no others:

    manifest.json                   what it is, its tables and their columns, what belongs to no account
    accounts/<account>.json         the parts of one account, and what could not be read there
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import TooLarge, is_within, read_bytes, write_whole
from demarcate.base.moments import utc
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.tabular import SUFFIX, ends_well

T = TypeVar("T")

FORMAT = 3
"""The version of the layout above. A newer one is refused, an older one is read.

In the first, `_unknown` and what could not be read had sentences without kinds; up to the second, one file said all.
"""

LARGEST_MANIFEST = 100_000_000
"""How many bytes a manifest may have: those of half a million parts."""

_LARGEST_OF_OTHERS = 10_000_000
"""How many bytes are read of a file of that name to see whether it is another program's."""

MOST_ROWS = 1 << 48
"""More than any part has; sums of them are still whole numbers that all may hold."""

MANIFEST, ACCOUNTS = "manifest.json", "accounts"

_ACCOUNT = re.compile(r"[A-Za-z0-9]{1,32}")
_TABLE = re.compile(r"[a-z][a-z0-9_]{0,99}")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}" + re.escape(SUFFIX))


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


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a template says to Demarcate in the metadata of a resource: a JSON value, whatever it is."""

    resource: str
    file: str
    line: int
    said: Any


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

    `assigned` are the columns in which rows hold stand-ins, `companions` those of which rows tell alone;
    `alternatives` is whether any row may be one of several.
    """

    account: str | None
    region: str | None
    rows: int
    file: str | None
    assigned: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()
    alternatives: bool = False


class TableParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot holds of one table: the columns that were asked for, and the parts that were read."""

    columns: tuple[str, ...]
    parts: tuple[Part, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that the files say. `source` is "live", "cloudformation" or "config", `origin` what was given."""

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
    declared: tuple[Declared, ...] = ()


class _Common(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`: `tables` are the columns of each, `parts` and `unread` those of no account.

    `held` are the accounts that have a file of their own, with its SHA-256.
    """

    format: int
    demarcate: str
    moment: datetime
    source: str
    origin: str
    tables: dict[str, tuple[str, ...]]
    parts: dict[str, tuple[Part, ...]]
    unread: tuple[Unread, ...]
    resources: dict[str, int]
    accounts: tuple[AccountNote, ...]
    held: dict[str, str]
    declared: tuple[Declared, ...] = ()


class _OfAccount(msgspec.Struct, frozen=True, kw_only=True):
    """`accounts/<account>.json`."""

    parts: dict[str, tuple[Part, ...]]
    unread: tuple[Unread, ...]


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
        fields["unread"] = tuple(Unread(**msgspec.structs.asdict(unread)) for unread in self.unread)
        return Manifest(**fields)


def write_manifest(folder: Path, manifest: Manifest, *, lasting: bool = True) -> None:
    """Write the files of a manifest, that of the whole last, as `write_whole` does. Raises OSError."""
    parts: dict[str | None, dict[str, list[Part]]] = {}
    for name, table in manifest.tables.items():
        for part in table.parts:
            parts.setdefault(part.account, {}).setdefault(name, []).append(part)
    unread: dict[str | None, list[Unread]] = {}
    for gap in manifest.unread:
        unread.setdefault(gap.account, []).append(gap)
    held = {}
    for account in sorted(account for account in {*parts, *unread} if account is not None):
        file = folder / _account_file(account)
        file.parent.mkdir(exist_ok=True)
        raw = to_json({"parts": parts.get(account, {}), "unread": unread.get(account, [])})
        write_whole(file, raw, lasting=lasting)
        held[account] = sha256(raw).hexdigest()
    common = {
        **{name: getattr(manifest, name) for name in _Common.__struct_fields__ if hasattr(manifest, name)},
        "tables": {name: table.columns for name, table in manifest.tables.items()},
        "parts": parts.get(None, {}),
        "unread": unread.get(None, []),
        "held": held,
    }
    write_whole(folder / MANIFEST, msgspec.json.format(to_json(common)), lasting=lasting)


def read_manifest(folder: Path, accounts: Collection[str] | None = None) -> Manifest:
    """What the files of a manifest say: of these accounts and of what belongs to none, or of all.

    A part that is missing or truncated was not read, and what is said of an account in a file that is damaged was
    not, either. Raises DemarcateError where the file of the whole is damaged, missing or of a newer format.
    """
    path = folder / MANIFEST
    try:
        raw = _read(path, folder)
    except OSError as error:
        raise DemarcateError(f"{folder}: not a snapshot: {MANIFEST}: {error.strerror or error}") from error
    form = _decoded(raw, _Form, path).format
    if form > FORMAT:
        raise DemarcateError(
            f"{folder}: written by a newer version (format {form}; this one reads {FORMAT}): "
            "upgrade demarcate to read it"
        )
    if form == FORMAT:
        manifest = _joined(folder, _decoded(raw, _Common, path), accounts)
    else:
        manifest = _decoded(raw, Manifest, path) if form > 1 else _decoded(raw, _FirstManifest, path).with_kinds()
    try:
        manifest = replace(manifest, moment=utc(manifest.moment))
    except ValueError as error:
        raise DemarcateError(f"{path}: damaged: its moment: {error}; {_AGAIN}") from error
    for name, table in manifest.tables.items():
        for part in table.parts:
            if odd := odd_part(name, part):
                raise DemarcateError(f"{path}: {odd}; {_AGAIN}")
    lost = dict(_lost_parts(folder, manifest))
    return without_parts(manifest, lost) if lost else manifest


_AGAIN = "collect the snapshot again"


def _read(path: Path, folder: Path) -> bytes:
    """Raises OSError, DemarcateError."""
    if not is_within(path, [folder]):
        raise DemarcateError(f"{path}: is a symlink that leads out of the snapshot")
    try:
        return read_bytes(path, LARGEST_MANIFEST)
    except TooLarge as error:
        raise DemarcateError(f"{path}: damaged: {error.strerror}; {_AGAIN}") from error


def _decoded(raw: bytes, type_: type[T], path: Path) -> T:
    try:
        return from_json(raw, type_)
    except ValueError as error:
        raise DemarcateError(f"{path}: damaged: {error}; {_AGAIN}") from error


def _account_file(account: str) -> str:
    """The file of an account. A source may call one by any text: what is no name for a file has its digest's."""
    return f"{ACCOUNTS}/{account if _ACCOUNT.fullmatch(account) else sha256(to_json(account)).hexdigest()}.json"


def _joined(folder: Path, common: _Common, accounts: Collection[str] | None) -> Manifest:
    """What the file of the whole says, with those of accounts."""
    parts = {name: list(common.parts.get(name, ())) for name in common.tables}
    unread = list(common.unread)
    for account, digest in common.held.items():
        if accounts is not None and account not in accounts:
            continue
        told = _account(folder, common, account, digest)
        if isinstance(told, Unread):
            unread.append(told)
            continue
        unread += told.unread
        for name, of_account in told.parts.items():
            parts[name] += of_account
    return Manifest(
        format=common.format,
        demarcate=common.demarcate,
        moment=common.moment,
        source=common.source,
        origin=common.origin,
        tables={name: TableParts(columns=common.tables[name], parts=tuple(held)) for name, held in parts.items()},
        unread=tuple(unread),
        resources=common.resources,
        accounts=tuple(note for note in common.accounts if accounts is None or note.id in accounts),
        declared=common.declared,
    )


def _account(folder: Path, common: _Common, account: str, digest: str) -> _OfAccount | Unread:
    """What the file of an account says, or why it was not read."""
    file = _account_file(account)
    try:
        raw = _read(folder / file, folder)
        if sha256(raw).hexdigest() != digest:
            raise DemarcateError("it is not the file that was written")
        told = _decoded(raw, _OfAccount, folder / file)
        if odd := set(told.parts) - set(common.tables):
            raise DemarcateError(f"it has parts of {min(odd)[:100]!r}, which {MANIFEST} does not name")
        parts = (part for held in told.parts.values() for part in held)
        if {account} != {account, *(part.account for part in parts), *(gap.account for gap in told.unread)}:
            raise DemarcateError("it speaks of another account")
    except (OSError, DemarcateError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return Unread(
            kind=Kind.MALFORMED,
            reason=f"{file} is damaged: {why}; {_AGAIN}",
            account=account,
            tables=tuple(common.tables),
        )
    return told


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot holds of whom: how many rows of each account; of what is of none, that of None.

    Snapshots that are `alike` may be judged as one.
    """

    alike: tuple[datetime, str, str]
    rows: dict[str | None, int]

    @property
    def is_divisible(self) -> bool:
        """Whether all rows are of one account each, and each account has a file of its own."""
        return None not in self.rows


class _Rows(msgspec.Struct, frozen=True):
    rows: int


class _RowsOfAccount(msgspec.Struct, frozen=True):
    parts: dict[str, tuple[_Rows, ...]]


def overview(read: Callable[[str], bytes]) -> Overview:
    """What a snapshot holds, by its manifests alone; `read` gives those of its files that have these names.

    Of an account that cannot be read, no rows are counted. Raises OSError, and DemarcateError as `read_manifest` does.
    """
    raw = read(MANIFEST)
    if _decoded(raw, _Form, Path(MANIFEST)).format != FORMAT:
        return Overview(alike=(datetime.min, "", ""), rows={None: 0})  # read as a whole, which says what is wrong
    common = _decoded(raw, _Common, Path(MANIFEST))
    rows: dict[str | None, int] = {}
    if any(common.parts.values()):
        rows[None] = sum(part.rows for held in common.parts.values() for part in held)
    for account in common.held:
        rows[account] = 0
        with contextlib.suppress(OSError, ValueError):
            told = from_json(read(_account_file(account)), _RowsOfAccount)
            rows[account] = sum(part.rows for held in told.parts.values() for part in held)
    asked = sha256(to_json(common.tables, order="deterministic")).hexdigest()
    return Overview(alike=(common.moment, common.source, asked), rows=rows)


def account_files(folder: Path, accounts: Collection[str] | None = None) -> list[str]:
    """The files of manifests beside that of the whole, relative to the snapshot. Raises as `read_manifest` does."""
    raw = _read(folder / MANIFEST, folder)
    if _decoded(raw, _Form, folder / MANIFEST).format != FORMAT:
        return []
    held = _decoded(raw, _Common, folder / MANIFEST).held
    return [_account_file(account) for account in held if accounts is None or account in accounts]


def part_files(folder: Path, accounts: Collection[str] | None = None) -> list[str]:
    """The files that manifests name, whether they are there or not; none that leads out of the snapshot.

    Raises as `read_manifest` does.
    """
    raw = _read(folder / MANIFEST, folder)
    if _decoded(raw, _Form, folder / MANIFEST).format == FORMAT:
        tables = _joined(folder, _decoded(raw, _Common, folder / MANIFEST), accounts).tables
    else:
        tables = _decoded(raw, _Tables, folder / MANIFEST).tables
    return [
        part.file
        for name, held in tables.items()
        for part in held.parts
        if part.file is not None and odd_part(name, part) is None
    ]


class _Tables(msgspec.Struct, frozen=True):
    tables: dict[str, TableParts]


def _lost_parts(folder: Path, manifest: Manifest) -> Iterator[tuple[str, Unread]]:
    """The parts that cannot be read, by their files, and why."""
    for name, table in manifest.tables.items():
        for part in table.parts:
            if part.file is not None and (why := _why_lost(folder, part.file)):
                yield part.file, damaged_part(name, part, why)


def own_name(file: str) -> str:
    """The name of a part's file in its own snapshot, also where several are joined."""
    return "/".join(file.split("/")[-3:])


def damaged_part(table: str, part: Part, why: str) -> Unread:
    """That a part could not be read, as a snapshot says it."""
    return Unread(
        kind=Kind.MALFORMED,
        reason=f"{own_name(part.file or '')} {why}; {_AGAIN}",
        table=table,
        account=part.account,
        region=part.region,
    )


def without_parts(manifest: Manifest, damaged: Mapping[str, Unread]) -> Manifest:
    """The same without some parts, by their files: what is said instead of each could not be read."""
    tables = {
        name: TableParts(
            columns=held.columns, parts=tuple(part for part in held.parts if part.file not in damaged)
        )
        for name, held in manifest.tables.items()
    }
    return replace(manifest, tables=tables, unread=(*manifest.unread, *damaged.values()))


def part_file(table: str, name: str) -> str:
    """The file of a part, relative to the snapshot. Raises DemarcateError for a name that no file of it may have."""
    file = f"tables/{table}/{name}{SUFFIX}"
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
        return f"a part of {table[:100]!r} has the file {part.file[:200]!r}; expected tables/TABLE/NAME{SUFFIX}"
    if not (1 <= part.rows <= MOST_ROWS if part.file is not None else part.rows == 0):
        return f"a part of {table[:100]!r} has {part.rows} rows {'in' if part.file else 'without'} a file"
    return None


def _why_lost(folder: Path, file: str) -> str | None:
    """Why a part cannot be read; None where it is inside the snapshot, and ends as such a file ends."""
    path = folder / file
    if not is_within(path, [folder]):
        return "is a symlink that leads out of the snapshot"
    try:
        return None if ends_well(path) else "is truncated or damaged"
    except OSError as error:
        return "is missing" if isinstance(error, FileNotFoundError) else "is damaged"


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
