"""What a store has: which files of rows there are, of which kind, account and day, and what they were made of.

It stands in `catalog.sqlite` in the store's folder. What is not in it is not there: a file of rows counts once the
transaction that names it is made, so that whoever reads sees an ingest whole or not at all, wherever that is killed.

    <table>/account=<account>/day=<day>/<name>.parquet      rows of one account and day
    catalog.sqlite                                          which of these count, and what was read for them
    .lock, .work-<id>/                                      while somebody writes
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base import stopping
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_file, walk
from demarcate.logs.store.entries import Entry

FORMAT: Final = 1
NAME: Final = "catalog.sqlite"
SUFFIX: Final = ".parquet"
GRACE: Final = 600
"""Seconds for which a file of rows that counts no more stays: somebody may be reading it."""

_TABLES: Final = """
CREATE TABLE about (format INTEGER NOT NULL, made REAL NOT NULL);
CREATE TABLE part (
    file TEXT PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL, day TEXT NOT NULL,
    rows INTEGER NOT NULL, bytes INTEGER NOT NULL, low REAL, high REAL
) WITHOUT ROWID;
CREATE INDEX part_place ON part (kind, account, day);
CREATE TABLE read (name TEXT PRIMARY KEY, stamp TEXT NOT NULL, rows INTEGER NOT NULL, why TEXT) WITHOUT ROWID;
CREATE TABLE gone (file TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE over (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE setting (kind TEXT PRIMARY KEY, days INTEGER NOT NULL) WITHOUT ROWID;
"""

_FILE: Final = re.compile(
    r"[a-z][a-z0-9_]{0,99}/account=(?:[0-9]{12}|other)/day=(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|other)/[0-9a-f]{16,40}"
    + re.escape(SUFFIX)
)


class Busy(DemarcateError):
    """Somebody else writes the store."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of rows: of which kind, account and day, and the first and last moment in it (seconds since 1970)."""

    file: str
    kind: str
    account: str
    day: str
    rows: int
    size: int
    low: float | None
    high: float | None

    @property
    def place(self) -> tuple[str, str, str]:
        """Its partition."""
        return self.kind, self.account, self.day


class Told(msgspec.Struct, frozen=True, gc=False):
    """What became of a file that was read: how many rows, or why none. There are many."""

    name: str
    stamp: str
    rows: int
    why: str | None = None


def check_store(folder: Path) -> None:
    """Raises DemarcateError where a folder is no store."""
    if not is_file(folder / NAME):
        raise DemarcateError(
            f"{folder}: there is no log store: make one with demarcate logs ingest SOURCE --store {folder}"
        )


class Catalog:
    """The catalog of a store. Raises DemarcateError where it is none, or of a newer version."""

    def __init__(self, folder: Path, *, writing: bool = False) -> None:
        self.folder = folder
        path = folder / NAME
        if not writing:
            check_store(folder)
        if path.is_symlink() or (path.exists() and not stat.S_ISREG(path.stat().st_mode)):
            raise DemarcateError(f"{path}: is no file of a log store")
        try:
            # A name with ? or # in it is no part of the address.
            address = path.absolute().as_uri() + ("" if writing else "?mode=ro")
            self._database = sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)
            self._database.execute("PRAGMA trusted_schema = OFF")
            self._check(writing)
        except sqlite3.Error as error:
            raise DemarcateError(f"{path}: cannot be read as the catalog of a log store: {error}") from error

    def _check(self, writing: bool) -> None:
        tables = {
            name for (name,) in self._database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if not tables and writing:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.executescript(
                f"BEGIN; {_TABLES} INSERT INTO about VALUES ({FORMAT}, {time.time()}); COMMIT;"
            )
            return
        if not {"about", "part", "read", "gone", "over", "setting"} <= tables:
            raise DemarcateError(f"{self.folder / NAME}: is not the catalog of a log store")
        ((version,),) = self._database.execute("SELECT max(format) FROM about").fetchall()
        if version != FORMAT:
            raise DemarcateError(
                f"{self.folder}: is a log store of version {version!s:.20}, and version {FORMAT} is read here"
            )

    def close(self) -> None:
        """Let go of it."""
        self._database.close()

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def kinds(self) -> list[str]:
        """The tables of which there are rows."""
        return [kind for (kind,) in self._run("SELECT DISTINCT kind FROM part ORDER BY kind")]

    def parts(self, kind: str | None = None, account: str | None = None, day: str | None = None) -> list[Part]:
        """The files of rows, of one kind, account or day where these are given."""
        wanted = {"kind": kind, "account": account, "day": day}
        named = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join(f"{name} = :{name}" for name in named)  # of the three names above
        rows = self._run(
            "SELECT file, kind, account, day, rows, bytes, low, high FROM part"
            + (f" WHERE {where}" if where else "")
            + " ORDER BY kind, account, day, file",
            named,
        )
        return [Part(*row) for row in rows if self._is_plain(row[0])]

    def _is_plain(self, file: object) -> bool:
        """Whether the name of a part is one that we give: a catalog that somebody handed on may have any."""
        if isinstance(file, str) and _FILE.fullmatch(file):
            return True
        raise DemarcateError(f"{self.folder / NAME}: names a file of rows as none is named: {str(file)[:100]!r}")

    def settings(self) -> dict[str, int]:
        """For how many days rows are kept, by table; `*` for all others, 0 for ever."""
        return {str(kind): int(days) for kind, days in self._run("SELECT kind, days FROM setting ORDER BY kind")}

    def keep(self, kind: str, days: int | None) -> None:
        """Set for how many days rows of a table are kept, 0 for ever; None takes back what was set."""
        if days is None:
            self._run("DELETE FROM setting WHERE kind = :kind", {"kind": kind})
        else:
            self._run("INSERT OR REPLACE INTO setting VALUES (:kind, :days)", {"kind": kind, "days": days})

    def unheld(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of some files that were not read yet, or are others since."""
        if not self._run("SELECT 1 FROM read LIMIT 1"):
            return list(entries)
        held: dict[str, str] = {}
        for at in range(0, len(entries), 500):
            names = [entry.name for entry in entries[at : at + 500]]
            marks = ", ".join("?" * len(names))
            held.update(self._run(f"SELECT name, stamp FROM read WHERE name IN ({marks})", names))
        return [entry for entry in entries if held.get(entry.name) != entry.stamp]

    def is_over(self, name: str) -> bool:
        """Whether all files of a day of a source have been read, and no more are to come."""
        return bool(self._run("SELECT 1 FROM over WHERE name = :name", {"name": name}))

    def set_over(self, names: Iterable[str]) -> None:
        """Have days of a source be over."""
        with self._transaction():
            self._database.executemany("INSERT OR IGNORE INTO over VALUES (?)", [(name,) for name in names])

    def change(self, added: Iterable[Part], dropped: Iterable[str], told: Iterable[Told]) -> None:
        """Have some parts count, others no more, and some files as read: all of it, or nothing."""
        now = time.time()
        with self._transaction():
            self._database.executemany(
                "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(p.file, p.kind, p.account, p.day, p.rows, p.size, p.low, p.high) for p in added],
            )
            gone = [(file, now) for file in dropped]
            self._database.executemany("DELETE FROM part WHERE file = ?", [(file,) for file, _ in gone])
            self._database.executemany("INSERT OR REPLACE INTO gone VALUES (?, ?)", gone)
            self._database.executemany(
                "INSERT OR REPLACE INTO read VALUES (?, ?, ?, ?)",
                [(t.name, t.stamp, t.rows, t.why) for t in told],
            )

    def gone(self, before: float) -> list[str]:
        """The files that count no more since a moment before (seconds since 1970)."""
        return [file for (file,) in self._run("SELECT file FROM gone WHERE at <= :at", {"at": before})]

    def still_there(self) -> set[str]:
        """All files that are meant to lie there: those that count, and those that somebody may still read."""
        return {file for (file,) in self._run("SELECT file FROM part UNION SELECT file FROM gone")}

    def forget(self, gone: Iterable[str]) -> None:
        """Files that count no more have been removed."""
        with self._transaction():
            self._database.executemany("DELETE FROM gone WHERE file = ?", [(file,) for file in gone])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _run(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        with self._told():
            return self._database.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DemarcateError(f"{self.folder / NAME}: {error}") from error


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[tuple[Catalog, Path]]:
    """The catalog of a store to write, made where there is none, and a folder within it to work in.

    Whoever writes has the store alone. What an earlier run left that was killed is removed first.

    Raises DemarcateError where somebody else writes, or it is no store; and OSError.
    """
    if folder.exists() and not (folder / NAME).exists() and any(entry for entry in _entries(folder)):
        raise DemarcateError(f"{folder}: has other files in it: name a new folder for the log store")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder), Catalog(folder, writing=True) as catalog:
        _tidy(folder, catalog)
        with stopping.TemporaryFolder(".work-", folder) as work:
            yield catalog, work


def _entries(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != ".lock"]


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Have the store alone, as long as the process lives. The file stays: whoever removed it could remove another's."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    path = folder / ".lock"
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be locked: {error.strerror or error}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(f"{folder}: another run is writing it: wait for it, or name another store") from error
        yield
    finally:
        os.close(handle)


def _tidy(folder: Path, catalog: Catalog) -> None:
    """Remove what a killed run left, and what counts no more for long enough."""
    old = catalog.gone(time.time() - GRACE)
    for file in old:
        if _FILE.fullmatch(file):
            (folder / file).unlink(missing_ok=True)
    catalog.forget(old)
    there = catalog.still_there()
    for left in folder.glob(".work-*"):
        stopping.remove(left)
    for path in walk(folder, [folder], lambda name: name.endswith(SUFFIX), lambda *_: None):
        file = path.relative_to(folder).as_posix()
        if file not in there and _FILE.fullmatch(file) and not path.is_symlink():
            path.unlink(missing_ok=True)
