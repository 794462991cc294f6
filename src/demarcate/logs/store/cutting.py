"""Cuts a file of logs into records. What form it has is told by how it begins, and not by its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from demarcate.logs.store import inflating
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.entries import place_of
from demarcate.logs.store.forms import cloudtrail, exports, lines, load_balancer, s3_access, vpc_flow
from demarcate.logs.store.forms.form import Cut, Form
from demarcate.logs.store.forms.resolver import RESOLVER
from demarcate.logs.store.forms.waf import WAF

HEAD: Final = 65_536
"""Bytes at the beginning of a file that tell its form."""

SMALL: Final = 4 << 20
"""Bytes of a packed file up to which it is unpacked at once, whatever its form."""

PARQUET: Final = b"PAR1"
_USUAL: Final = b'{"Records":['
"""How nearly all files of a trail begin."""

_MARK: Final = b"\xef\xbb\xbf"
_SPACE: Final = b" \t\r\n"


def is_ready(data: bytes) -> bool:
    """Whether a file is Parquet, which the database reads as it is."""
    return data[:4] == PARQUET


def cut(data: bytes, name: str, *, carefully: bool = False) -> Cut:
    """The records of a file as it lies there. `carefully` leaves out what the database would not take.

    Raises Damaged where it cannot be read, and where it is of no form that is known.
    """
    if not data:
        raise Damaged("it is empty")
    if len(data) <= SMALL or data[:2] != inflating.MAGIC:
        unpacked = inflating.whole(data, inflating.MAX_PACKED)
        if unpacked.startswith(_USUAL) and len(unpacked) <= inflating.MAX_WHOLE and not carefully:
            return cloudtrail.cut(unpacked)
        unpacked = unpacked.removeprefix(_MARK)
        if _is_trail(unpacked):
            return _trail(unpacked, carefully=carefully)
        head = unpacked[:HEAD].lstrip(_SPACE)
        return _lines(head, iter((unpacked,)), name, carefully=carefully)
    pieces = inflating.pieces(data)
    first = next(pieces, b"").removeprefix(_MARK)
    if _is_trail(first):
        return _trail(inflating.whole(data).removeprefix(_MARK), carefully=carefully)
    head = first[:HEAD].lstrip(_SPACE)
    return _lines(head, chain((first,), pieces), name, carefully=carefully)


def _is_trail(data: bytes) -> bool:
    """Whether it is one JSON document of a trail: the array is its first member, or stands after some short ones."""
    if data[:1] != b"{":
        data = data[:HEAD].lstrip(_SPACE)
    return data[:1] == b"{" and data.find(b'"Records"', 0, 200) >= 0


def _trail(unpacked: bytes, *, carefully: bool) -> Cut:
    if len(unpacked) > inflating.MAX_WHOLE:
        raise inflating.too_much(inflating.MAX_WHOLE)
    return cloudtrail.carefully(unpacked) if carefully else cloudtrail.cut(unpacked)


def _lines(head: bytes, pieces: Iterator[bytes], name: str, *, carefully: bool) -> Cut:
    if head.startswith((b"{", b"[")):
        return _json(head, pieces, carefully=carefully)
    first = head.partition(b"\n")[0].decode(errors="replace").strip()
    account = place_of(name)[0]
    if vpc_flow.header_of(first) or vpc_flow.is_default(first):
        made = vpc_flow.cut(pieces, first)
    elif first.split(" ", 1)[0] in load_balancer.TYPES and " app/" in first:
        made = lines.cut(load_balancer.LOAD_BALANCER, pieces, account)
    elif s3_access.FIRST.match(first):
        made = lines.cut(s3_access.S3_ACCESS, pieces, account)
    elif exports.is_lake(first):
        return exports.cut_lake(pieces)
    else:
        raise Damaged("is of no form of logs that is read here")
    if carefully:
        made.pieces = lines.plain(made.pieces, made, as_json=False)
    return made


def _json(head: bytes, pieces: Iterable[bytes], *, carefully: bool) -> Cut:
    if b'"detail-type"' in head and b'"detail"' in head:
        return exports.cut_events(pieces, exports.of_bridge)
    if b'"eventVersion"' in head and b'"eventSource"' in head:
        return exports.cut_events(pieces, exports.as_it_is)
    form = _form(head)
    if form is None:
        raise Damaged("is of no form of logs that is read here")
    made = lines.cut(form, pieces)
    if carefully:
        made.pieces = lines.plain(made.pieces, made, as_json=True)
    return made


def _form(head: bytes) -> Form | None:
    if b'"webaclId"' in head:
        return WAF
    if b'"query_name"' in head and b'"query_type"' in head:
        return RESOLVER
    return None
