"""Reads the items of one delivery one by one, however large it is: memory follows the largest item."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import math
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final, Protocol

import msgspec

from demarcate.base.nesting import MAX_DEPTH, is_deep
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.config.budget import Budget
from demarcate.estate.sources.config.damage import Damaged

CHUNK = 1 << 20
"""Bytes that are read at a time, after decompression."""

HEAD = 4096
"""Bytes at the beginning of a delivery in which the list of items begins."""

MAX_ITEM = 4 << 20
"""Characters that one item may have. AWS's largest are below 1 MB, and 4 MB of JSON may become 100 MB of values."""

MAX_RATIO = 100
"""How many times its size a compressed delivery may unpack to: AWS's unpack to some 20 times theirs."""

FREE = 64 << 20
"""Bytes that any compressed delivery may unpack to, whatever its size."""

MAX_ODD = 1000
"""How many values of a list of items may be none before the whole is no delivery."""

MAX_SPACE = 1 << 20
"""How many characters of white space may stand between two values."""

MAX_MEMBERS = 100
"""How many members may stand beside the list of items: AWS's deliveries have three."""

ITEMS: Final = "configurationItems"


class Form(msgspec.Struct, frozen=True):
    """What kind of file it is: what people call it, the list in it, and a member that every item of the list has."""

    called: str
    items: str
    member: str


DELIVERY: Final = Form("a delivery of AWS Config", ITEMS, "resourceType")


class Stream(Protocol):
    """Where bytes come from: a file, or the body of an answer of S3."""

    def read(self, size: int, /) -> bytes:
        """Up to that many bytes; none at the end."""

    def close(self) -> None:
        """Give it back."""


class _Raw(io.RawIOBase):
    """What has been read already, and then the rest of a stream."""

    def __init__(self, head: bytes, rest: Stream, budget: Budget) -> None:
        self._head, self._rest, self._budget = head, rest, budget
        self.compressed = head == b"\x1f\x8b"
        self.size = 0
        """How many bytes were read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._head or self._rest.read(len(buffer))
        data, self._head = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(data)] = data
        self.size += len(data)
        self._budget.earn(len(data), compressed=self.compressed)
        return len(data)


class _Unpacked:
    """What gzip unpacks. Raises Damaged once it is too much for what it is unpacked from."""

    def __init__(self, raw: _Raw) -> None:
        import gzip

        self._raw, self._file, self._size = raw, gzip.GzipFile(fileobj=raw), 0

    def read(self, size: int, /) -> bytes:
        data = self._file.read(min(size, CHUNK))
        self._size += len(data)
        if self._size > FREE + MAX_RATIO * self._raw.size:
            raise Damaged(f"damaged: it unpacks to more than {MAX_RATIO} times its size", Kind.TOO_MUCH)
        return data

    def close(self) -> None:
        self._file.close()


def plain(stream: Stream, budget: Budget) -> Stream:
    """The stream decompressed where it is gzip, which its first bytes tell, and not its name. What is read of it is
    counted.
    """
    head = stream.read(2)
    if len(head) == 1:  # a stream may give less than it is asked for
        head += stream.read(1)
    raw = _Raw(head, stream, budget)
    return _Unpacked(raw) if raw.compressed else io.BufferedReader(raw, CHUNK)


def looks_like_config(stream: Stream) -> bool:
    """Whether the beginning of a file is that of a delivery. Raises Damaged where it cannot be read."""
    try:
        with contextlib.closing(stream):
            return f'"{ITEMS}"'.encode() in plain(stream, Budget()).read(HEAD)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(error) from error


def items(stream: Stream, header: dict[str, Any], budget: Budget, form: Form = DELIVERY) -> Iterator[Any]:
    """The items of a file, in its order, each counted. `header` gets what stands beside them.

    Raises Damaged for what is truncated, is not gzip or JSON, has no such list, or is too much.
    """
    text = _Text(plain(stream, budget))
    try:
        if text.next() != "{":
            raise Damaged(f"expected a JSON object with {form.items}")
        yield from _members(text, header, budget, form)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> Damaged:
    if isinstance(error, EOFError):
        return Damaged("truncated: the compressed data ends too early")
    if isinstance(error, UnicodeDecodeError):
        return Damaged("damaged: not UTF-8 text")
    if isinstance(error, OSError) and error.strerror:  # gzip's own have none
        return Damaged(f"damaged: {error.strerror}", Kind.UNREADABLE)
    return Damaged(f"damaged: {error}")


def _members(text: _Text, header: dict[str, Any], budget: Budget, form: Form) -> Iterator[Any]:
    is_there = False
    beside = 0
    text.skip()
    while text.next() != "}":
        name = text.value()
        beside += 1
        if beside > MAX_MEMBERS:
            raise Damaged(f"not {form.called}: it has more than {MAX_MEMBERS} members beside {form.items}")
        if not isinstance(name, str) or text.next() != ":":
            raise Damaged("damaged: expected a JSON object's member")
        text.skip()
        if name == form.items and text.next() == "[":
            is_there = True
            yield from _elements(text, budget, form)
        else:
            value = text.value()
            if isinstance(value, str | int | float | None):
                header[name] = value[:1000] if isinstance(value, str) else value
        if text.next() == ",":
            text.skip()
        elif text.next() != "}":
            raise Damaged("damaged: expected , or } in JSON")
    text.skip()
    if not is_there:
        raise Damaged(f"not {form.called}: it has no list {form.items}")
    if text.next():
        raise Damaged("damaged: more text after the JSON object")


def _elements(text: _Text, budget: Budget, form: Form) -> Iterator[Any]:
    text.skip()
    odd = 0
    while text.next() != "]":
        value = text.value()
        odd += not isinstance(value, dict) or form.member not in value
        if odd > MAX_ODD:
            raise Damaged(f"not {form.called}: more than {MAX_ODD:,} items have no {form.member}")
        budget.spend_item(text.length)
        yield value
        if text.next() == ",":
            text.skip()
        elif text.next() != "]":
            raise Damaged("damaged: expected , or ] in JSON")
    text.skip()


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is out of range")
    return value


def _whole(text: str) -> int | float:
    return int(text) if len(text.lstrip("-")) < 20 else _finite(text)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_decoder = json.JSONDecoder(parse_float=_finite, parse_int=_whole, parse_constant=_constant)
_CUT = 12
"""How far before the end of what was read an error may be a mere cut: the longest escape, \\ud83d\\ude00."""

_TAIL = 3
"""Characters after a number that tell that it ends there: 1 may be cut off before what makes it 1.5 or 1e-5."""


def decode(text: str) -> Any:
    """A JSON text. Raises ValueError for what is none."""
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _check_depth(value, text, 0, len(text))
    return _clean(value) if "\\u" in text else value


def _check_depth(value: Any, text: str, start: int, end: int) -> None:
    """Raise ValueError where a value is nested too deeply. Most texts have too few brackets for that."""
    if text.count("[", start, end) + text.count("{", start, end) > MAX_DEPTH and is_deep(value):
        raise ValueError("nested too deeply")


_SPACE = re.compile(r"[ \t\r\n]*")


class _Text:
    """The text of a stream, as much of it as the next value needs."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._buffer, self._at, self._ended = "", 0, False
        self.length = 0
        """How many characters the last value has."""

    def next(self) -> str:
        """The next character that is not white space; none at the end."""
        space = 0
        while True:
            start = self._at
            if start < len(self._buffer) and self._buffer[start] not in " \t\r\n":
                return self._buffer[start]
            match = _SPACE.match(self._buffer, start)
            self._at = match.end() if match else start
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            space += self._at - start
            if space > MAX_SPACE:
                raise Damaged(f"damaged: more than {MAX_SPACE:,} characters of white space", Kind.TOO_MUCH)
            if self._ended:
                return ""
            self._more(CHUNK)

    def skip(self) -> None:
        """Go past the character that `next` told."""
        self._at += 1

    def value(self) -> Any:
        """The JSON value that begins here."""
        self.next()
        size = CHUNK
        while True:
            try:
                value, end = _decoder.raw_decode(self._buffer, self._at)
                _check_depth(value, self._buffer, self._at, end)
            except json.JSONDecodeError as error:
                if self._ended:
                    raise Damaged("truncated: the JSON ends too early" if self._cut(error) else _odd()) from error
                if not self._cut(error):
                    raise Damaged(_odd()) from error
            except RecursionError as error:
                raise Damaged("damaged: nested too deeply", Kind.TOO_MUCH) from error
            except ValueError as error:
                raise Damaged(f"damaged: {error}") from error
            else:
                if self._ended or isinstance(value, dict | list | str) or end < len(self._buffer) - _TAIL:
                    escaped = self._buffer.find("\\u", self._at, end) >= 0
                    self.length, self._at = end - self._at, end
                    return _clean(value) if escaped else value
            if len(self._buffer) - self._at > MAX_ITEM:
                raise Damaged(f"an item of more than {MAX_ITEM >> 20} MB", Kind.TOO_MUCH)
            self._more(size)
            size *= 2

    def _cut(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated") or error.pos >= len(self._buffer) - _CUT

    def _more(self, size: int) -> None:
        data = self._stream.read(size)
        self._ended = not data
        self._buffer = self._buffer[self._at :] + self._decode.decode(data, final=self._ended)
        self._at = 0


def _odd() -> str:
    return "damaged: not JSON"


def _clean(value: Any) -> Any:
    """The same without halves of surrogate pairs, which JSON can spell and no text can hold."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value
