"""Copies of a trail's bucket in a folder."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from demarcate.base import files
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.logs.integrity.digests import tail
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.inflating import MAX_PACKED

_ROOT: Final = "AWSLogs/"


class Copies:
    """A folder with files of a bucket, from `AWSLogs` on or from anything above it.

    Raises DemarcateError where there is none.
    """

    far = False

    def __init__(self, folder: Path) -> None:
        if not files.is_folder(folder):
            raise DemarcateError(f"{folder}: there is no such folder")
        self.unread: list[Unread] = []
        self._by_tail: dict[str, dict[str, Path]] = {}
        # A folder may be named from within the place where the files lie: its own path then has what they lack.
        above = folder.absolute().as_posix() + "/"
        above = above[above.rindex(_ROOT) :] if _ROOT in above else ""
        for path in files.walk(folder, [folder], lambda name: name.endswith(".gz"), self._refuse):
            key = above + path.relative_to(folder).as_posix()
            if _ROOT in key:
                self._by_tail.setdefault(tail(key), {})[key] = path

    def _refuse(self, path: Path, why: str) -> None:
        self.unread.append(Unread(kind=Kind.UNREADABLE, reason=why, file=str(path)))

    def names(self) -> Iterator[str]:
        """The keys of all files, as far as the folder has them: what stands above it in the bucket is not known."""
        for copies in self._by_tail.values():
            yield from copies

    def read(self, bucket: str, key: str) -> bytes | None:
        """A file; None where it is not there. Raises Damaged where it cannot be read."""
        path = self._path(bucket, key)
        if path is None:
            return None
        try:
            return files.read_bytes(path, MAX_PACKED)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            raise Damaged(f"it cannot be read: {error.strerror or error}", Kind.UNREADABLE) from error

    def _path(self, bucket: str, key: str) -> Path | None:
        copies = self._by_tail.get(tail(key), {})
        for name in (key, f"{bucket}/{key}"):
            if name in copies:
                return copies[name]
        return next(iter(copies.values())) if len(copies) == 1 else None

    def signature(self, _: str, __: str) -> None:
        """A file has no metadata."""
        return

    def bucket(self) -> None:
        """A copy of any bucket."""
        return
