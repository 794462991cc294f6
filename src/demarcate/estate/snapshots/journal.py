"""The journal of a snapshot that is being written: what of it is whole, so that another run can go on from there.

The folder in which a snapshot is written stands beside the one that was asked for: `.<name>.partial`. In it:

    journal.jsonl                   a line on what was begun, the account once it is known, a line for each unit
    tables/<table>/<part>.parquet   the parts of those units, and maybe of one that was not finished

A line is written when all files of its unit are on disk, so what it names is whole wherever a run is killed. The
journal is locked as long as a run writes it.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.moments import utc
from demarcate.estate.snapshots.manifest import ACCOUNTS, FORMAT, Part, Unread, odd_part
from demarcate.estate.snapshots.tabular import ends_well
from demarcate.version import __version__

NAME = "journal.jsonl"

LONGEST_LINE = 10_000_000
"""How many bytes one line of a journal may have."""

Key = tuple[str, str, str]
"""A unit: the table whose reading makes it, the account and the region."""


class Began(msgspec.Struct, frozen=True, kw_only=True, tag="began"):
    """What was begun. `asked` is what another run must have been asked for to go on with it."""

    format: int = FORMAT
    demarcate: str = __version__
    moment: datetime
    source: str
    origin: str
    asked: dict[str, str]


class Credentials(msgspec.Struct, frozen=True, tag="credentials"):
    """The account of the credentials."""

    account: str


class SealedPart(msgspec.Struct, frozen=True):
    """A part of a unit: of which table, with which columns."""

    table: str
    columns: tuple[str, ...]
    part: Part


class Sealed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sealed"):
    """A unit that is whole, and the columns of it that could not be read."""

    table: str
    account: str
    region: str
    parts: tuple[SealedPart, ...]
    unread: tuple[Unread, ...] = ()

    @property
    def key(self) -> Key:
        """What the unit is known by."""
        return self.table, self.account, self.region


def partial_folder(out: Path) -> Path:
    """The folder in which a snapshot is written until it is whole.

    Raises DemarcateError for a path that cannot be a new folder's: /, or one that ends in `..`.
    """
    absolute = out.absolute()
    if absolute.name in ("", ".."):
        raise DemarcateError(f"{out}: cannot be a snapshot: name a new folder for it")
    return absolute.with_name(f".{absolute.name}.partial")


class Journal:
    """The journal in the partial folder of `out`: one that goes on, or a new one.

    With `resume`, what an earlier run left is gone on with, if there is any. Raises DemarcateError where another
    run is writing it, where something was left and `resume` is false, and where what was left is of another kind
    of run. Raises OSError.
    """

    def __init__(self, out: Path, began: Began, *, resume: bool) -> None:
        self.out, self.folder = out, partial_folder(out)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.folder.mkdir()
            left = False
        except FileExistsError:
            left = True
        self._file = self._open()
        self._write_lock = threading.Lock()
        self._synced = 0.0
        try:
            self._lock()
            if left and not resume:
                raise DemarcateError(
                    f"{out}: an earlier run was stopped before it was done, and left what it had read in "
                    f"{self.folder}: go on with it (--resume), or delete that folder to begin again"
                )
            self.held: dict[Key, Sealed] = {}
            """The units that an earlier run finished."""
            self.account: str | None = None
            """That of the credentials, once it is known."""
            self.began = began
            """What was begun, by an earlier run where there was one."""
            if not self._read():
                self._add(began)
            self._tidy()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> BinaryIO:
        """The journal, to be read and added to. Raises DemarcateError where anything there is reached by a link.

        Somebody else may have prepared the folder, and what is no part of a unit is removed from it.
        """
        tables = self.folder / "tables"
        below = tables.iterdir() if tables.is_dir() and not tables.is_symlink() else ()
        for path in (self.folder, self.folder / ACCOUNTS, tables, *below):
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                raise DemarcateError(
                    f"{path}: is no folder of this program's: delete {self.folder} to begin again"
                )
        path = self.folder / NAME
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            handle = os.open(path, flags, 0o666)
        except OSError as error:
            if not path.is_symlink():
                raise
            raise DemarcateError(f"{path}: is a link: delete {self.folder} to begin again") from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise DemarcateError(f"{path}: is no file: delete {self.folder} to begin again")
        return os.fdopen(handle, "r+b", buffering=0)

    def _lock(self) -> None:
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemarcateError(
                f"{self.out}: another run is writing it: wait for it, or name another folder"
            ) from error

    def _read(self) -> bool:
        """Read what an earlier run wrote, as far as it is whole. False where there is nothing."""
        # What follows a line that is not whole is cut off as well, and read again from AWS.
        end = 0
        for raw in self._lines():
            line = _line(raw)
            if line is None or isinstance(line, Began) != (end == 0):
                break
            self._take(line)
            end += len(raw)
        self._file.truncate(end)
        for sealed in list(self.held.values()):
            if not all(_is_whole(self.folder, part) for part in sealed.parts):
                del self.held[sealed.key]
        return end > 0

    def _lines(self) -> Iterator[bytes]:
        """The lines of the journal; one that is too long is cut, and so is not whole."""
        self._file.seek(0)
        with os.fdopen(os.dup(self._file.fileno()), "rb") as file:
            while raw := file.readline(LONGEST_LINE):
                yield raw

    def _take(self, line: Began | Credentials | Sealed) -> None:
        if isinstance(line, Began):
            self._compare(line)
            try:
                self.began = msgspec.structs.replace(line, moment=utc(line.moment))
            except ValueError as error:
                raise self._another(f"at a moment that is none ({error})") from error
        elif isinstance(line, Credentials):
            self.account = line.account
        else:
            self.held[line.key] = line

    def _compare(self, before: Began) -> None:
        asked = self.began
        differs = next((name for name in asked.asked if before.asked.get(name) != asked.asked[name]), None)
        if before.demarcate != __version__ or before.format != FORMAT:
            why = f"with version {before.demarcate} of demarcate, and this is {__version__}"
        elif (before.source, before.origin) != (asked.source, asked.origin):
            why = f"from {before.origin}, not from {asked.origin}"
        elif differs is not None:
            why = f"with other {differs}{_shown(before.asked.get(differs, ''), asked.asked[differs])}"
        else:
            return
        raise self._another(why)

    def _another(self, why: str) -> DemarcateError:
        return DemarcateError(
            f"{self.out}: cannot go on: what is in {self.folder} was begun {why}. Ask for the same, or delete "
            "that folder to begin again"
        )

    def of(self, account: str) -> None:
        """Say whose credentials these are. Raises DemarcateError where an earlier run had another account's."""
        if self.account is None:
            self._add(Credentials(account))
            self.account = account
        elif self.account != account:
            raise self._another(f"with credentials of the account {self.account}, and these are of {account}")

    def seal(self, sealed: Sealed) -> None:
        """Note that a unit is whole: its files must be on disk. Raises OSError."""
        self._add(sealed)

    def close(self) -> None:
        """Let go of the journal, and of its lock."""
        self._file.close()

    def _add(self, line: Began | Credentials | Sealed) -> None:
        data = to_json(line) + b"\n"
        with self._write_lock:
            end = self._file.seek(0, os.SEEK_END)
            if self._file.write(data) != len(data):
                self._file.truncate(end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder / NAME))
            # A killed process loses nothing that it wrote; where the power fails, a second's units are read again.
            if time.monotonic() - self._synced > 1:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()

    def _tidy(self) -> None:
        """Remove files that belong to no unit that is held, as a manifest that a killed run had half written."""
        held = {NAME} | {part.part.file for sealed in self.held.values() for part in sealed.parts}
        folders = (self.folder.glob("*"), (self.folder / ACCOUNTS).glob("*"), (self.folder / "tables").glob("*/*"))
        for path in chain.from_iterable(folders):
            if not path.is_dir() and path.relative_to(self.folder).as_posix() not in held:
                path.unlink()


def _line(raw: bytes) -> Began | Credentials | Sealed | None:
    """A line of the journal; None for one that is not whole."""
    if not raw.endswith(b"\n"):
        return None
    try:
        line: Began | Credentials | Sealed = from_json(raw, Began | Credentials | Sealed)
    except ValueError:
        return None
    return line


def _is_whole(folder: Path, sealed: SealedPart) -> bool:
    if odd_part(sealed.table, sealed.part):
        return False
    try:
        return sealed.part.file is None or ends_well(folder / sealed.part.file, follow=False)
    except OSError:
        return False


def _shown(before: str, now: str) -> str:
    """Both, where they are short enough to be told; what is longer is a list of tables or a digest."""
    return f" ({before or 'none'}; now {now or 'none'})" if len(before) + len(now) < 100 else ""
