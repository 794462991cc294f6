"""What keeps the memory of many threads small."""

from __future__ import annotations

import sys

_M_ARENA_MAX = -8
"""malloc.h of glibc."""


def share_arenas() -> None:
    """Let all threads of this process share two of malloc's arenas: by default each keeps what it freed for itself.

    Does nothing where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 2)
