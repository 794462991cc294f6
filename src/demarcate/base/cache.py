"""Results that are costly to make and follow from their inputs alone, kept between runs."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from demarcate.base.files import open_file, write_whole
from demarcate.base.folders import cache_folder

T = TypeVar("T")

LARGEST = 100_000_000
"""How many bytes a result may have."""


def fingerprint(parts: Iterable[bytes]) -> str:
    """A name for inputs: the same parts in the same order have the same one."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:32]


def cached(name: str, key: str, type_: type[T], make: Callable[[], T]) -> T:
    """The result of `make`, from the cache where it has one under this key.

    What is in the cache is believed and even executed, so it is used only where nobody else can have written it:
    see `_read`. A cache that cannot be read or written is no error: the result is made.
    """
    try:
        path = _path(name, key)
    except RuntimeError:  # there is no home
        return make()
    try:
        kept = msgspec.msgpack.decode(_read(path), type=type_)
    except (OSError, msgspec.MsgspecError, RecursionError):
        result = make()
    else:
        use(name, key)
        return kept
    with contextlib.suppress(OSError):
        _write(path, msgspec.msgpack.encode(result))
        _forget(name, keep=path)
    return result


def use(name: str, key: str) -> None:
    """Note that a result is in use, if there is one: what was used last is forgotten last."""
    with contextlib.suppress(OSError, RuntimeError):
        os.utime(_path(name, key))


def _path(name: str, key: str) -> Path:
    return cache_folder() / f"{name}-{key}.msgpack"


def _read(path: Path) -> bytes:
    """What was kept in a file of the cache.

    Raises OSError unless folder and file are this user's own, nobody else may write them, neither is a link, and
    what is in the file is what was written under this name.
    """
    _check_own(path.parent.lstat(), stat.S_ISDIR)
    with open_file(path, follow=False) as file:
        _check_own(os.fstat(file.fileno()), stat.S_ISREG)
        data = file.read(min(os.fstat(file.fileno()).st_size, LARGEST))
    content = data[_DIGEST:]
    if data[:_DIGEST] != _digest(path, content):
        raise OSError(errno.EINVAL, "it is not as it was written", str(path))
    return content


def _write(path: Path, content: bytes) -> None:
    """Keep something in a file of the cache. Raises OSError, where the folder is another's as well."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_own(path.parent.lstat(), stat.S_ISDIR)
    write_whole(path, _digest(path, content) + content, private=True)


def _check_own(status: os.stat_result, kind: Callable[[int], bool]) -> None:
    others = stat.S_IWGRP | stat.S_IWOTH
    # Windows has no users to compare, and keeps profiles apart itself.
    mine = sys.platform == "win32" or (status.st_uid == os.geteuid() and not status.st_mode & others)
    if not kind(status.st_mode) or not mine:
        raise PermissionError(errno.EPERM, "others may have written it")


_DIGEST = hashlib.sha256().digest_size


def _digest(path: Path, content: bytes) -> bytes:
    """Tells damage, and a result that was kept under another name."""
    return hashlib.sha256(path.name.encode() + b"\0" + content).digest()


def _forget(name: str, *, keep: Path, most: int = 4) -> None:
    """Remove what was made of other inputs and not used for longest, but for a few: several versions may be in use."""
    others = [path for path in keep.parent.glob(f"{name}-*.msgpack") if path != keep]
    for old in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[most:]:
        old.unlink(missing_ok=True)
