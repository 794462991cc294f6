"""Files of logs in a folder, or some that are named."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from demarcate.base.errors import DemarcateError
from demarcate.base.files import TooLarge, is_file, is_folder, read_bytes, read_listed, walk_entries
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.entries import Days, Entry, within

_WANTED: Final = (".gz", ".json", ".ndjson", ".jsonl", ".log", ".txt", ".csv", ".parquet")


class Folder:
    """A folder with all that is below it, or one file. Raises DemarcateError where there is none."""

    far = False

    def __init__(self, path: Path, days: Days = Days()) -> None:
        self.path, self._days = path.absolute(), days
        self.name = str(path)
        self.is_over: Callable[[str], bool] = lambda _: False
        self.over: list[str] = []
        self._check()

    def _check(self) -> None:
        if not is_folder(self.path) and not is_file(self.path):
            raise DemarcateError(f"{self.path}: there is no such file or folder")

    def entries(self, refuse: Callable[[Unread], None]) -> Iterator[Entry]:
        """The files, in the order of their names. Raises DemarcateError where they are no longer there."""
        self._check()
        if not is_folder(self.path):
            yield _entry(str(self.path), self.path.stat())
            return

        def tell(path: Path, why: str) -> None:
            refuse(Unread(kind=Kind.UNREADABLE, reason=why, file=str(path)))

        below = self._below(tell)
        yield from below if self._days == Days() else within(below, self._days)

    def done(self, _: object) -> None:
        """Nothing is to be done once all is read."""

    def _below(self, tell: Callable[[Path, str], None]) -> Iterator[Entry]:
        for listed in walk_entries(self.path, [self.path], _is_wanted, tell):
            try:
                status = listed.stat()
            except OSError as error:
                tell(Path(listed.path), f"cannot be read: {error.strerror or error}")
                continue
            yield _entry(listed.path, status)


def _is_wanted(name: str) -> bool:
    """Files of S3's own access logs have no ending: a date and a random text."""
    return name.endswith(_WANTED) or "." not in name


class _File(Entry, frozen=True, eq=False, gc=False):
    """A file of a folder. `listed` says whether it was one when it was listed."""

    listed: bool

    def read(self, limit: int) -> bytes:
        """What is in it."""
        try:
            return read_listed(self.name, self.size, limit) if self.listed else read_bytes(self.name, limit)
        except TooLarge as error:
            raise Damaged(str(error.strerror), Kind.TOO_MUCH) from error
        except OSError as error:
            raise Damaged(f"cannot be read: {error.strerror or error}", Kind.UNREADABLE) from error


def _entry(path: str, status: os.stat_result) -> Entry:
    size = status.st_size
    return _File(path, size, f"{status.st_mtime_ns}-{size}", stat.S_ISREG(status.st_mode))
