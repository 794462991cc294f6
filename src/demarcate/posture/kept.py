"""An assessment as a folder, to be opened again: what was found, by what it was judged, and of which snapshot.

    assessment.json     what it is, of which snapshot, and the digest of each file here
    posture.json        the verdict per responsibility, with the evidence that was used and what could not be read
    findings            a file of rows: fails and unknowns, and passes where they were asked for
    waivers             a file of rows: the waivers that hold, which findings name
    tallies             a file of rows: how many passed, failed and are unknown, by check, account and region
    checks.json         the checks as they are reported; their SQL is not kept, for it would not be run
    model.json          the model
    snapshot/           the snapshot, where it had no place of its own

That of a lake, which was judged in groups, has folders of such files, and in the place of a snapshot what the lake
holds:

    findings/ tallies/  files of rows, one or more for each group
    outcomes            a file of rows: what became of each account
    waivers             a file of rows, where waivers hold
    extent.json         how many rows of which tables, of which accounts and regions

A folder is written aside and gets its name when it is whole.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from demarcate.base import cache, duckdb
from demarcate.base.connection import Limits, connect, short
from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_within, read_bytes, write_whole
from demarcate.base.sql import identifier
from demarcate.base.stopping import TemporaryFolder
from demarcate.checks import facts
from demarcate.checks.judgement import JUDGED, WAIVER, WAIVERS, Judgement, Tally, make_tables, read_findings
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.extent import Extent
from demarcate.estate.snapshots.manifest import MANIFEST
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.tabular import SUFFIX, digest_of, rows_in, write_rows
from demarcate.model import Model
from demarcate.posture.assessment import Assessment
from demarcate.posture.news import Side, side_of
from demarcate.posture.structs import Posture
from demarcate.version import __version__

T = TypeVar("T")

FORMAT = 3
"""The version of the layout above. Another one is refused: an assessment is made again from its snapshot.

The first had no kinds of what is not known, the second no waivers, and none was of a lake.
"""

NAME = "assessment.json"

FINDINGS, WAIVED, TALLIES = f"findings{SUFFIX}", f"waivers{SUFFIX}", f"tallies{SUFFIX}"

LARGEST = 100_000_000
"""How many bytes a JSON file of it may have."""

MEMORY = 160_000_000
"""How many bytes of memory reading the findings takes; what does not fit is spilled."""

OUTCOMES, EXTENT = f"outcomes{SUFFIX}", "extent.json"

_HERE = "snapshot"

_TALLIES = {
    "check": "VARCHAR",
    "account": "VARCHAR",
    "region": "VARCHAR",
    "passed": "BIGINT",
    "failed": "BIGINT",
    "unknown": "BIGINT",
    "waived": "BIGINT",
    "waived_unknown": "BIGINT",
}

_FINDINGS = {**JUDGED, "waiver": "VARCHAR"}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """`assessment.json`.

    `snapshot` is the folder of the snapshot, absolute, or "snapshot" where it lies in the assessment, and
    `snapshot_digest` the SHA-256 of its manifest; of a lake, where that is, and nothing.
    `catalog`, `model` and `facts` are fingerprints of what it was judged by.
    `files` are the SHA-256 of the files beside this one.
    """

    format: int
    demarcate: str
    moment: datetime
    origin: str
    snapshot: str
    snapshot_digest: str
    catalog: str
    model: str
    facts: str = ""
    files: dict[str, str]


def is_assessment(folder: Path) -> bool:
    """Whether a folder is a kept assessment, whole or damaged."""
    return (folder / NAME).is_file()


def save(assessment: Assessment, folder: Path) -> None:
    """Keep an assessment in a new folder. Raises DemarcateError where it is not to be written."""
    with keeping(folder) as aside:
        _write(assessment, aside)


def check_new(folder: Path) -> None:
    """Raise DemarcateError where a folder is not one that an assessment may be kept in."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise DemarcateError(f"{folder}: exists already; name a new folder for the assessment")


@contextlib.contextmanager
def keeping(folder: Path) -> Iterator[Path]:
    """A folder beside a new one, whose name it gets when the block ends well; else nothing is left of it.

    Raises DemarcateError where it cannot be written.
    """
    check_new(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFolder(f".{folder.name}.", folder.parent, mode=0o777) as aside:
            yield aside
            if folder.is_dir():
                folder.rmdir()
            aside.rename(folder)
    except OSError as error:
        raise DemarcateError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _write(assessment: Assessment, folder: Path) -> None:
    snapshot = assessment.snapshot
    if snapshot.is_temporary:
        shutil.copytree(snapshot.folder, folder / _HERE, copy_function=shutil.copyfile)
        (folder / _HERE).chmod(folder.stat().st_mode)  # a temporary folder is for its user alone
    names = _write_documents(folder, assessment.model, assessment.checks, assessment.posture)
    with connect(folder) as connection:
        cursor = assessment.judgement.cursor()
        for table, columns, name in (("findings", _FINDINGS, FINDINGS), ("waivers", WAIVERS, WAIVED)):
            rows = cursor.execute(f"SELECT {', '.join(map(identifier, columns))} FROM {table}")
            write_rows(connection, _records(rows, columns), columns, folder / name)
        tallies = ({name: getattr(tally, name) for name in _TALLIES} for tally in assessment.judgement.tallies)
        write_rows(connection, tallies, _TALLIES, folder / TALLIES)
    kept = _kept(
        assessment.model,
        assessment.checks,
        moment=snapshot.moment,
        origin=snapshot.manifest.origin,
        snapshot=_HERE if snapshot.is_temporary else str(snapshot.folder.absolute()),
        snapshot_digest=digest_of(snapshot.folder / MANIFEST),
        files={name: digest_of(folder / name) for name in (*names, FINDINGS, WAIVED, TALLIES)},
    )
    write_whole(folder / NAME, msgspec.json.format(to_json(kept)))


def write_lake(
    folder: Path,
    model: Model,
    checks: Mapping[str, Check],
    posture: Posture,
    extent: Extent,
    files: Mapping[str, str],
    snapshot: Path | None,
) -> list[str]:
    """Write into a folder what an assessment of a lake has beside `files`, which lie there with these digests.

    `snapshot` is the lake where it is one snapshot. Returns the names of all files but the one that lists them. Raises
    OSError.
    """
    names = _write_documents(folder, model, checks, posture)
    write_whole(folder / EXTENT, to_json(extent))
    kept = _kept(
        model,
        checks,
        moment=extent.moment,
        origin=extent.origin,
        snapshot=str(snapshot.absolute()) if snapshot is not None else extent.origin,
        snapshot_digest=digest_of(snapshot / MANIFEST) if snapshot is not None else "",
        files={**{name: digest_of(folder / name) for name in (*names, EXTENT)}, **files},
    )
    write_whole(folder / NAME, msgspec.json.format(to_json(kept)))
    return list(kept.files)


def _write_documents(folder: Path, model: Model, checks: Mapping[str, Check], posture: Posture) -> list[str]:
    reported = [_as_reported(check) for check in checks.values()]
    documents = {"posture.json": posture, "checks.json": reported, "model.json": model}
    for name, document in documents.items():
        write_whole(folder / name, to_json(document))
    return list(documents)


def _kept(model: Model, checks: Mapping[str, Check], **told: Any) -> Kept:
    return Kept(
        format=FORMAT,
        demarcate=__version__,
        catalog=cache.fingerprint(to_json(check) for check in checks.values()),
        model=cache.fingerprint([to_json(model)]),
        facts=facts.fingerprint({name for check in checks.values() for name in check.lookups}),
        **told,
    )


def _as_reported(check: Check) -> Check:
    return replace(check, verdict="", about="", reason="", looks={})


def _records(rows: duckdb.DuckDBPyConnection, columns: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    while some := rows.fetchmany(2000):
        for row in some:
            yield {
                name: msgspec.Raw(value.encode()) if value is not None and type_ == "JSON" else value
                for (name, type_), value in zip(columns.items(), row, strict=True)
            }


def open_assessment(folder: Path) -> Assessment:
    """Open a kept assessment.

    Raises DemarcateError where it is damaged or of a newer format, and where its snapshot is gone or another one.
    """
    contents = _contents(folder)
    kept, posture = contents.kept, contents.posture
    model = _decoded(_whole(folder, kept, "model.json"), Model, folder, "model.json")
    checks = {check.id: check for check in contents.checks}
    if EXTENT in kept.files:
        extent = _decoded(_whole(folder, kept, EXTENT), Extent, folder, EXTENT)
        whole = bool(kept.snapshot_digest)
        snapshot = _snapshot(folder, kept) if whole else Snapshot(Path(kept.snapshot), extent.manifest())
        judgement = Judgement(_of_lake(folder, kept, contents.checks), (), posture.not_run, snapshot)
        return Assessment(model, snapshot, checks, judgement, posture, of_lake=not whole)
    snapshot = _snapshot(folder, kept)
    database = _database(folder, contents.checks)
    judgement = Judgement(database, _tallies(folder, database), posture.not_run, snapshot)
    return Assessment(model, snapshot, checks, judgement, posture)


def read_side(folder: Path) -> Side:
    """A kept assessment as one side of what is new: its snapshot may be gone.

    Raises DemarcateError where it is damaged or of a newer format.
    """
    contents = _contents(folder)
    of_lake = EXTENT in contents.kept.files
    connection = (
        _of_lake(folder, contents.kept, contents.checks) if of_lake else _database(folder, contents.checks)
    )
    try:
        return side_of(contents.posture, read_findings(connection, passes=False))
    finally:
        connection.close()


class _Contents(NamedTuple):
    kept: Kept
    posture: Posture
    checks: list[Check]


def _contents(folder: Path) -> _Contents:
    """What is in the folder, each file as it was written."""
    raw = _read(folder, NAME)
    if (form := _decoded(raw, _Form, folder, NAME).format) > FORMAT:
        raise DemarcateError(
            f"{folder}: written by a newer version (format {form}; this one reads {FORMAT}): "
            "upgrade demarcate to read it"
        )
    if form < FORMAT:
        raise DemarcateError(
            f"{folder}: written by an older version (format {form}; this one reads {FORMAT}): assess again"
        )
    kept = _decoded(raw, Kept, folder, NAME)
    posture = _decoded(_whole(folder, kept, "posture.json"), Posture, folder, "posture.json")
    checks = _decoded(_whole(folder, kept, "checks.json"), list[Check], folder, "checks.json")
    for name in (name for name in kept.files if not name.endswith(".json")):
        try:
            _check(folder, kept, name, digest_of(_inside(folder, name)))
        except OSError as error:
            raise DemarcateError(f"{folder / name}: damaged: {error.strerror or error}; assess again") from error
    if EXTENT not in kept.files and not {FINDINGS, WAIVED, TALLIES} <= kept.files.keys():
        raise DemarcateError(f"{folder}: damaged: {NAME} names no findings; assess again")
    return _Contents(kept, posture, checks)


class _Form(msgspec.Struct):
    format: int


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    if not is_within(path, [folder]):
        raise DemarcateError(f"{path}: is a symlink that leads out of the assessment")
    return path


def _read(folder: Path, name: str) -> bytes:
    try:
        return read_bytes(_inside(folder, name), LARGEST)
    except OSError as error:
        if not folder.exists():
            raise DemarcateError(f"{folder}: there is no such folder; name what assess --save kept") from error
        raise DemarcateError(f"{folder}: not an assessment: {name}: {error.strerror or error}") from error


def _whole(folder: Path, kept: Kept, name: str) -> bytes:
    """What is in a file, as it was written."""
    data = _read(folder, name)
    _check(folder, kept, name, sha256(data).hexdigest())
    return data


def _check(folder: Path, kept: Kept, name: str, digest: str) -> None:
    if digest != kept.files.get(name):
        raise DemarcateError(f"{folder / name}: damaged: it is not as it was written; assess again")


def _decoded(raw: bytes, type_: type[T], folder: Path, name: str) -> T:
    try:
        return from_json(raw, type_)
    except ValueError as error:
        raise DemarcateError(f"{folder / name}: damaged: {error}; assess again") from error


def _snapshot(folder: Path, kept: Kept) -> Snapshot:
    place = folder / _HERE if kept.snapshot == _HERE else Path(kept.snapshot)
    try:
        changed = sha256(read_bytes(place / MANIFEST, LARGEST)).hexdigest() != kept.snapshot_digest
    except OSError as error:
        raise DemarcateError(
            f"{folder}: its snapshot {place} cannot be read: {error.strerror or error}"
        ) from error
    if changed:
        raise DemarcateError(f"{folder}: its snapshot {place} is another one than it was; assess again")
    return Snapshot.open(place)


def _database(folder: Path, checks: list[Check]) -> duckdb.DuckDBPyConnection:
    """The findings, in a database as judging makes it."""
    real = folder.resolve()
    connection = connect(real, limits=Limits(memory=MEMORY))
    try:
        make_tables(connection, checks)
        connection.execute(f"ALTER TABLE findings ADD COLUMN {WAIVER}")
        connection.execute(f"INSERT INTO findings {_typed([real / FINDINGS], _FINDINGS)}")
        connection.execute(f"INSERT INTO waivers {_typed([real / WAIVED], WAIVERS)}")
    except duckdb.Error as error:
        raise DemarcateError(f"{folder}: damaged: {short(error)}; assess again") from error
    return connection


def _of_lake(folder: Path, kept: Kept, checks: list[Check]) -> duckdb.DuckDBPyConnection:
    """The findings of a lake, in a database that reads them where they lie, as often as they are asked for."""
    real = folder.resolve()
    connection = connect(real, limits=Limits(memory=MEMORY))
    try:
        make_tables(connection, checks)
        connection.execute("DROP TABLE findings")
        files = [real / name for name in sorted(kept.files) if name.startswith("findings/")]
        columns = {**JUDGED, "waived": "JSON"}
        nothing = ", ".join(f"NULL::{type_} AS {identifier(name)}" for name, type_ in columns.items())
        rows = _typed(files, columns) if files else f"SELECT {nothing} WHERE false"
        connection.execute(
            f"CREATE VIEW findings AS SELECT * EXCLUDE (waived), waived ->> 'id' AS waiver FROM ({rows})"
        )
        if WAIVED in kept.files:
            connection.execute(f"INSERT INTO waivers {_typed([real / WAIVED], WAIVERS)}")
    except duckdb.Error as error:
        raise DemarcateError(f"{folder}: damaged: {short(error)}; assess again") from error
    return connection


def _tallies(folder: Path, connection: duckdb.DuckDBPyConnection) -> tuple[Tally, ...]:
    tallies = _typed([folder.resolve() / TALLIES], _TALLIES)
    try:
        rows = connection.execute(f"{tallies} ORDER BY ALL").fetchall()
    except duckdb.Error as error:
        raise DemarcateError(f"{folder}: damaged: {short(error)}; assess again") from error
    return tuple(Tally(**dict(zip(_TALLIES, row, strict=True))) for row in rows)


def _typed(files: Iterable[Path], columns: Mapping[str, str]) -> str:
    """SQL for the rows of files, in the types that they were written in."""
    typed = ", ".join(
        f"TRY_CAST({identifier(name)} AS {type_}) AS {identifier(name)}" for name, type_ in columns.items()
    )
    return f"SELECT {typed} FROM {rows_in(list(map(str, files)))}"
