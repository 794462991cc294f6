"""Files are written aside and renamed, so that a killed run leaves the old file or the new one, never half."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from demarcate.base import stopping


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises OSError."""
    with _aside(path) as file:
        file.write(data)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[IO[str]]:
    """A text stream (UTF-8) to a file that is there, whole, when the block ends well. Raises OSError."""
    with _aside(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


@contextlib.contextmanager
def _aside(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    with stopping.ending_with(lambda: aside.unlink(missing_ok=True)):
        try:
            with open(aside, "xb", opener=_for_its_owner) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            aside.chmod(_mode(path))
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _mode(path: Path) -> int:
    """The mode that the file has, or that a new one would get."""
    with contextlib.suppress(OSError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
