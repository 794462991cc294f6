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
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import msgspec

from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshot import FORMAT, Part, Unread, ends_well
from demarcate.version import __version__

NAME = "journal.jsonl"

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
    """The folder in which a snapshot is written until it is whole."""
    out = out.absolute()
    return out.with_name(f".{out.name}.partial")


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
        self._file = (self.folder / NAME).open("a+b", buffering=0)
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
        with (self.folder / NAME).open("rb") as file:
            for raw in file:
                line = _line(raw)
                if line is None or isinstance(line, Began) != (end == 0):
                    break
                self._take(line)
                end += len(raw)
        self._file.truncate(end)
        for sealed in list(self.held.values()):
            if not all(_is_whole(self.folder / found.part.file) for found in sealed.parts if found.part.file):
                del self.held[sealed.key]
        return end > 0

    def _take(self, line: Began | Credentials | Sealed) -> None:
        if isinstance(line, Began):
            self._compare(line)
            self.began = line
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
        """Remove files that belong to no unit that is held."""
        held = {found.part.file for sealed in self.held.values() for found in sealed.parts}
        for path in (self.folder / "tables").glob("*/*"):
            if path.relative_to(self.folder).as_posix() not in held:
                path.unlink()


def _line(raw: bytes) -> Began | Credentials | Sealed | None:
    """A line of the journal; None for one that is not whole."""
    if not raw.endswith(b"\n"):
        return None
    try:
        line: Began | Credentials | Sealed = _decode(raw)
    except msgspec.MsgspecError:
        return None
    return line


def _is_whole(path: Path) -> bool:
    try:
        return ends_well(path)
    except OSError:
        return False


def _shown(before: str, now: str) -> str:
    """Both, where they are short enough to be told; what is longer is a list of tables or a digest."""
    return f" ({before or 'none'}; now {now or 'none'})" if len(before) + len(now) < 100 else ""


_decode = msgspec.json.Decoder(Began | Credentials | Sealed).decode
