"""Results that are costly to make and follow from their inputs alone, kept between runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from demarcate.base.files import write_whole

T = TypeVar("T")


def folder() -> Path:
    """Where results are kept: `$XDG_CACHE_HOME/demarcate`, or `~/.cache/demarcate`."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "demarcate"


def fingerprint(parts: Iterable[bytes]) -> str:
    """A name for inputs: the same parts in the same order have the same one."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:32]


def cached(name: str, key: str, type_: type[T], make: Callable[[], T]) -> T:
    """The result of `make`, from the cache where it has one under this key.

    A cache that cannot be read or written is no error: the result is made.
    """
    try:
        path = folder() / f"{name}-{key}.msgpack"
    except RuntimeError:  # there is no home
        return make()
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=type_)
    except (OSError, msgspec.MsgspecError):
        result = make()
    with contextlib.suppress(OSError):
        write_whole(path, msgspec.msgpack.encode(result))
        _forget(name, keep=path)
    return result


def _forget(name: str, *, keep: Path, most: int = 4) -> None:
    """Older results of the same name, beyond a few: several versions may be in use side by side."""
    others = [path for path in keep.parent.glob(f"{name}-*.msgpack") if path != keep]
    for old in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[most:]:
        old.unlink(missing_ok=True)
