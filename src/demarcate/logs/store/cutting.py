"""Cuts a file of logs into records. What form it has is told by how it begins, and not by its name."""

from __future__ import annotations

from typing import Final

from demarcate.logs.store import inflating
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.forms import cloudtrail
from demarcate.logs.store.forms.form import Cut

HEAD: Final = 4096
"""Bytes at the beginning of a file that tell its form."""

_SPACE: Final = b" \t\r\n\xef\xbb\xbf"


def cut(data: bytes, *, carefully: bool = False) -> Cut:
    """The records of a file as it lies there. `carefully` leaves out what the database would not take.

    Raises Damaged where it cannot be read, and where it is of no form that is known.
    """
    if not data:
        raise Damaged("it is empty")
    unpacked = inflating.whole(data)
    head = unpacked[:HEAD].lstrip(_SPACE)
    if head.startswith(b"{"):
        return cloudtrail.carefully(unpacked) if carefully else cloudtrail.cut(unpacked)
    raise Damaged("is of no form of logs that is read here")
