"""Values as JSON, for files of our own and for output; and JSON as values."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, TypeVar, overload

import msgspec

T = TypeVar("T")


class NestedTooDeeply(ValueError):
    """A value in a value in a value, further than anybody means it."""

    def __init__(self) -> None:
        super().__init__("it is nested too deeply")


_SURROGATES: Final = re.compile("[\ud800-\udfff]")


Order = Literal["deterministic", "sorted"] | None
"""Of keys: as they are, those of mappings sorted, or those of structs as well."""

_ORDERS: Final[tuple[Order, ...]] = (None, "deterministic", "sorted")
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


@overload
def from_json(data: bytes | str, type_: type[T]) -> T: ...
@overload
def from_json(data: bytes | str, type_: Any = ...) -> Any: ...


def from_json(data: bytes | str, type_: Any = Any) -> Any:
    """JSON that anybody may have written, as a value of a type. Raises ValueError for what is none, and says why.

    >>> from_json(b'{"a": [1]}')
    {'a': [1]}
    """
    try:
        return msgspec.json.decode(data, type=type_)
    except RecursionError:
        raise NestedTooDeeply from None
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise ValueError(f"it is not UTF-8: {error.reason}") from error
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _encodable(value: Any) -> Any:
    """A value of plain types in which all text can be encoded."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list | tuple) else value
