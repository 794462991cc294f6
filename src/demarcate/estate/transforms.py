"""Small pure functions that tables use to turn what a source says into a column's value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from demarcate.base.unknown import Unknown, first_unknown


def equals(*values: str) -> Callable[[Any], Any]:
    """Whether the value is one of those.

    >>> equals("Enabled")("Suspended")
    False
    """
    return lambda value: first_unknown(value) or value in values


def present(_: Any) -> bool:
    """True: the member is there. The column's `absent=False` says the rest."""
    return True


def not_empty(value: Any) -> bool:
    """Whether there is anything in it."""
    return bool(value)


def first_or(default: Any) -> Callable[[Any], Any]:
    """The first of a list, or the default."""
    return lambda values: values[0] if values else default


def document(value: Any) -> Any:
    """A JSON document that may come as text (policies do).

    Text that is not JSON is unknown, and says so.
    """
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return Unknown("is not a JSON document")


def milliseconds(value: Any) -> Any:
    """A moment from milliseconds since 1970, as CloudWatch Logs has it."""
    return datetime.fromtimestamp(value / 1000, UTC)


def each(key: str) -> Callable[[Any], Any]:
    """The member `key` of every element of a list."""
    return lambda values: [value if isinstance(value, Unknown) else value[key] for value in values]


def as_list(value: Any) -> list[Any]:
    """A list: the value itself, or the one thing it is."""
    return value if isinstance(value, list) else [value]
