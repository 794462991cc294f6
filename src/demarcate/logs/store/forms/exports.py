"""Events of CloudTrail in other wrappings: those of EventBridge, one a line, and what Lake exports.

Sources: the Amazon EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"; the AWS CloudTrail User
Guide, "Supported SQL schemas for event data stores" and "Download your CloudTrail Lake saved query results".
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from demarcate.base.encoding import to_json
from demarcate.logs.events import COLUMNS, Kind
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.forms.cloudtrail import CLOUDTRAIL, SOME
from demarcate.logs.store.forms.form import LONGEST, Cut
from demarcate.logs.store.forms.lines import whole_lines

VIA: Final = "via CloudTrail"
"""How the kinds of events end that are CloudTrail's: `AWS API Call via CloudTrail`."""


class _Wrapped(msgspec.Struct, rename={"kind": "detail-type"}):
    """An event of EventBridge."""

    kind: Any = None
    detail: msgspec.Raw = msgspec.Raw()


_wrapped: Final = msgspec.json.Decoder(_Wrapped).decode
_dictionary: Final = msgspec.json.Decoder(dict[str, Any]).decode
_raws: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def values(pieces: Iterable[bytes]) -> Iterator[msgspec.Raw | bytes]:
    """The JSON values of a file: of one array, one a line, or one after the other with nothing between them, as
    Firehose writes them. Raises Damaged.
    """
    rest = b""
    for piece in whole_lines(pieces):
        if rest or piece.lstrip()[:1] == b"[":
            rest += piece
            if len(rest) > 128 << 20:
                raise Damaged("it has more than 134,217,728 bytes in one array")
            continue
        for line in piece.split(b"\n"):
            if line.strip():
                yield from _of_line(line)
    if rest:
        try:
            yield from _raws(rest)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise Damaged(f"damaged: not JSON: {error}") from error


def _of_line(line: bytes) -> Iterator[bytes]:
    if b"}{" not in line and b"} {" not in line:
        yield line
        return
    text, at, decoder = line.decode(errors="replace"), 0, json.JSONDecoder()
    while at < len(text):
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield text[at:].encode()
            return
        yield text[at:end].encode()
        at = len(text) - len(text[end:].lstrip())


def cut_events(pieces: Iterable[bytes], unwrap: Callable[[msgspec.Raw | bytes], bytes | None]) -> Cut:
    """Events of CloudTrail in some wrapping. What is none is left out and counted."""
    made = Cut(CLOUDTRAIL, iter(()), SOME)

    def unwrapped() -> Iterator[bytes]:
        for value in values(pieces):
            try:
                event = unwrap(value)
                text = msgspec.json.encode(_dictionary(event)) if event else b""
            except (msgspec.MsgspecError, RecursionError, UnicodeError):
                text = b""
            if not 0 < len(text) < LONGEST:
                made.odd += 1
                continue
            yield text + b"\n"

    made.pieces = unwrapped()
    return made


def of_bridge(value: msgspec.Raw | bytes) -> bytes | None:
    """The event of CloudTrail in one of EventBridge; None for one of another kind."""
    wrapped = _wrapped(value)
    return bytes(wrapped.detail) if isinstance(wrapped.kind, str) and wrapped.kind.endswith(VIA) else None


def as_it_is(value: msgspec.Raw | bytes) -> bytes | None:
    """An event that is not wrapped."""
    return bytes(value)


_MEMBERS: Final = {column.member.lower(): column for column in COLUMNS if "." not in column.member}


def is_lake(first: str) -> bool:
    """Whether the first line of a file names columns of an event data store."""
    names = {name.strip('" ').lower() for name in first.split(",")}
    return "eventjson" in names or len(names & _MEMBERS.keys()) >= min(3, len(names))


def cut_lake(pieces: Iterable[bytes]) -> Cut:
    """The rows of a CSV that Lake exported: `eventJson` where that was selected, else the columns that were.

    What Lake writes of a nested value is no JSON and cannot be read back: it counts as left out, and so as unknown.
    """
    made = Cut(CLOUDTRAIL, iter(()), SOME)

    def rows() -> Iterator[bytes]:
        text = io.TextIOWrapper(io.BufferedReader(_Pieces(pieces)), encoding="utf-8", errors="replace", newline="")
        reader = csv.reader(text)
        names = [name.strip().lower() for name in next(reader, [])]
        try:
            for row in reader:
                event = _of_row(names, row) if len(row) == len(names) else None
                if event is None:
                    made.odd += bool(row)
                else:
                    yield event
        except csv.Error as error:
            raise Damaged(f"damaged: not CSV: {error}") from error

    made.pieces = rows()
    return made


def _of_row(names: list[str], row: list[str]) -> bytes | None:
    cells = dict(zip(names, row, strict=True))
    try:
        if whole := cells.get("eventjson"):
            return msgspec.json.encode(_dictionary(whole)) + b"\n"
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    event: dict[str, Any] = {}
    for name, column in _MEMBERS.items():
        if cell := cells.get(name):
            event[column.member] = _json(cell) if column.kind is Kind.JSON else cell
    return to_json(event) + b"\n" if event else None


def _json(cell: str) -> Any:
    if cell == "null":
        return None
    try:
        return msgspec.json.decode(cell)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return {"omitted": True}


class _Pieces(io.RawIOBase):
    """Pieces of a file as a stream."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece.translate(None, b"\x00")
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)
