"""Values as JSON, for files of our own and for output."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


Order = Literal["deterministic"] | None

_ORDERS: Final[tuple[Order, ...]] = (None, "deterministic")
_encode: Final = {order: msgspec.json.Encoder(enc_hook=str, order=order).encode for order in _ORDERS}


def to_json(value: Any, *, order: Order = None) -> bytes:
    r"""A value as JSON. What is not plain is its text.

    Half of a surrogate pair is no text and cannot stand there: a name of a file that is not UTF-8, or what an
    endpoint answered. It is replaced by U+FFFD.

    >>> to_json({"a": "b\udcff"}).decode()
    '{"a":"b\ufffd"}'
    """
    try:
        return _encode[order](value)
    except UnicodeEncodeError:
        return _encode[order](_encodable(msgspec.to_builtins(value, enc_hook=str)))


def _encodable(value: Any) -> Any:
    """A value of plain types in which all text can be encoded."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list | tuple) else value
