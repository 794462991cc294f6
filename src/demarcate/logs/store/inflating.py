"""Unpacks gzip within bounds: a file of some kilobytes may ask for any amount of memory.

`zlib-ng` unpacks in half the time that zlib takes, and is used where it is installed (`demarcate[logs]`).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from demarcate.estate.schema.unknown import Kind
from demarcate.logs.store.damage import Damaged

MAGIC: Final = b"\x1f\x8b"

MAX_PACKED: Final = 256 << 20
"""Bytes that a file may have as it lies there. AWS cuts flow logs at 75 MB, and files of CloudTrail far below."""

MAX_WHOLE: Final = 128 << 20
"""Bytes that one JSON document may unpack to: it is held in memory as a whole."""

MAX_LINES: Final = 4 << 30
"""Bytes that a file of lines may unpack to: it is read piece by piece."""

MAX_RATIO: Final = 200
"""How many times its size a file may unpack to. Events of CloudTrail that are all alike come to some 60 times."""

FREE: Final = 16 << 20
"""Bytes that any file may unpack to, whatever its size."""

PIECE: Final = 4 << 20
"""Bytes that are unpacked at a time where a file is read piece by piece."""

_GZIP = 31
"""zlib's number for a gzip header with the largest window."""


@cache
def _zlib() -> Any:
    try:
        from zlib_ng import zlib_ng
    except ImportError:
        return zlib
    return zlib_ng


def whole(data: bytes, limit: int = MAX_WHOLE) -> bytes:
    """What a file holds, unpacked where it is gzip. Raises Damaged for what is cut off, damaged or too much."""
    if data[:2] != MAGIC:
        if len(data) > limit:
            raise too_much(limit)
        return data
    most = min(limit, FREE + MAX_RATIO * len(data))
    # What fits is unpacked in one call, which most files are.
    unpacking = _zlib().decompressobj(_GZIP)
    try:
        unpacked: bytes = unpacking.decompress(data, most + 1)
    except (zlib.error, _zlib().error) as error:
        raise Damaged(f"damaged: it is no gzip: {error}") from error
    if len(unpacked) > most:
        raise too_much(most)
    if not unpacking.eof:
        raise Damaged("truncated: the compressed data ends too early")
    if unpacking.unused_data.startswith(MAGIC):  # several members, one after the other
        return b"".join(pieces(data, most))
    return unpacked


def pieces(data: bytes, most: int | None = None) -> Iterator[bytes]:
    """What a file holds, piece by piece. Raises Damaged likewise, maybe after some pieces."""
    if data[:2] != MAGIC:
        for at in range(0, len(data), PIECE):
            yield data[at : at + PIECE]
        return
    limit = min(MAX_LINES, FREE + MAX_RATIO * len(data)) if most is None else most
    size, rest = 0, data
    while rest[:2] == MAGIC:
        unpacking = _zlib().decompressobj(_GZIP)
        while not unpacking.eof:
            try:
                piece = unpacking.decompress(rest, PIECE)
            except (zlib.error, _zlib().error) as error:
                raise Damaged(f"damaged: it is no gzip: {error}") from error
            rest = unpacking.unconsumed_tail
            if not piece and not rest and not unpacking.eof:
                raise Damaged("truncated: the compressed data ends too early")
            size += len(piece)
            if size > limit:
                raise too_much(limit)
            if piece:
                yield piece
        rest = unpacking.unused_data


def too_much(limit: int) -> Damaged:
    """What is said of a file that holds more than is read of one."""
    return Damaged(f"it unpacks to more than {limit:,} bytes; at most as many are read", Kind.TOO_MUCH)
