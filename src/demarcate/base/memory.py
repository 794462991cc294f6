"""What keeps the memory of many threads small, and what keeps it from being given back and asked for again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

# malloc.h of glibc.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8

_LARGE: Final = 32 << 20
"""Bytes from which on malloc asks the system for what is wanted, and gives it back once it is freed: its largest."""

_KEPT: Final = 256 << 20
"""Bytes at the end of its memory that malloc keeps though they are free."""


def with_room(work: Callable[[], T]) -> T:
    """Do it with a quarter of a megabyte for its frames and for those of all that it calls.

    CPython keeps frames in chunks of 16 KB, asks the system for each, and gives it back when its first frame returns:
    what goes to and fro over the end of one, as a recursion by chance does, spent two fifths of its time there. A chunk
    becomes as large as the frame needs that begins it, to the next power of two, and this one begins a large one.
    Source: `push_chunk` and `_PyThreadState_PopFrame` in CPython's Python/pystate.c.
    """
    return work()


with_room.__code__ = with_room.__code__.replace(co_stacksize=1 << 15)


def share_arenas() -> None:
    """Let all threads of this process share two of malloc's arenas: by default each keeps what it freed for itself.

    Does nothing where the C library is not glibc.
    """
    _set((_M_ARENA_MAX, 2))


def keep_freed() -> None:
    """Have what was freed used again, also large buffers: for who makes and frees one for each file that is read.

    By default malloc gives what has some hundred kilobytes back at once, and the system clears it page by page when it
    is asked for again, which took longer than to unpack a file into it. Does nothing where the C library is not glibc.
    """
    _set((_M_MMAP_THRESHOLD, _LARGE), (_M_TRIM_THRESHOLD, _KEPT))


def give_back() -> None:
    """Give what was freed back to the system, before something else asks for as much. Only glibc has that."""
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


def _set(*options: tuple[int, int]) -> None:
    mallopt = _function("mallopt")
    if mallopt is not None:
        for option, value in options:
            mallopt(option, value)


def _function(name: str) -> Callable[..., int] | None:
    """A function of the C library; None where it has none of that name."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    return getattr(ctypes.CDLL(None), name, None)
