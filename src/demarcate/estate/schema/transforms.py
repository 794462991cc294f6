"""Small pure functions that tables use to turn what a source says into a column's value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from demarcate.base.certificates import certificates
from demarcate.base.encoding import NestedTooDeeply, from_json
from demarcate.base.moments import since_1970
from demarcate.base.nesting import is_deep
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.standins import StandIn, escaped, sample
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown


class Equals(msgspec.Struct, frozen=True):
    """Whether a value is one of some; `values` says which, for whoever goes back that way."""

    values: tuple[str, ...]

    def __call__(self, value: Any) -> Any:
        """Whether it is; Unknown for what is."""
        return first_unknown(value) or value in self.values


def equals(*values: str) -> Equals:
    """Whether the value is one of those.

    >>> equals("Enabled")("Suspended")
    False
    """
    return Equals(values)


def spelled(*values: str) -> Callable[[Any], Any]:
    """A value of an enumeration in the letters that AWS documents, where its answers have other ones.

    >>> spelled("Success", "Not_Applicable")("NOT_APPLICABLE")
    'Not_Applicable'
    """
    documented = {value.casefold(): value for value in values}
    return lambda value: documented.get(value.casefold(), value) if isinstance(value, str) else value


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

    Text that is not JSON is unknown, and says so. Where parts of it are assigned, so are the texts that hold them.
    """
    if isinstance(value, StandIn):
        return _with_holes(value)
    if not isinstance(value, str):
        return value
    try:
        read = from_json(value)
    except NestedTooDeeply:
        return Unknown(Kind.TOO_MUCH, "is nested too deeply")
    except ValueError:
        return Unknown(Kind.MALFORMED, "is not a JSON document")
    return Unknown(Kind.TOO_MUCH, "is nested too deeply") if is_deep(read) else read


_OPEN, _CLOSE = "\ue000", "\ue001"
"""Characters of private use, around the name of what is assigned while JSON is read."""


def _with_holes(value: StandIn) -> Any:
    filled = document(value.fill(lambda name: f"{_OPEN}{name}{_CLOSE}"))
    return value.unknown if isinstance(filled, Unknown) else _assigned(filled, value)


def _assigned(value: Any, of: StandIn) -> Any:
    if isinstance(value, dict):
        if any(_OPEN in key for key in value):
            return of.unknown
        return {key: _assigned(item, of) for key, item in value.items()}
    if isinstance(value, list):
        return [_assigned(item, of) for item in value]
    if not isinstance(value, str) or _OPEN not in value:
        return value
    shown = value.replace(_OPEN, "").replace(_CLOSE, "")
    return StandIn(shown, escaped(value).replace(_OPEN, "${").replace(_CLOSE, "}"))


def milliseconds(value: Any) -> Any:
    """A moment from milliseconds since 1970, as CloudWatch Logs has it."""
    return since_1970(value / 1000)


def each(key: str) -> Callable[[Any], Any]:
    """The member `key` of every element of a list."""
    return lambda values: [value if isinstance(value, Unknown) else value[key] for value in values]


def aws_managed_key(key: str) -> bool:
    """Whether a KMS key is named by an alias that AWS keeps for itself: what a template makes has none.

    >>> aws_managed_key("arn:aws:kms:eu-west-1:123456789012:alias/aws/s3"), aws_managed_key("alias/mine")
    (True, False)
    """
    return sample(key).rpartition(":")[2].startswith("alias/aws/")


def as_list(value: Any) -> list[Any]:
    """A list: the value itself, or the one thing it is."""
    return value if isinstance(value, list) else [value]


def not_after(text: str) -> Any:
    """When the first certificate of a text in PEM ends; absent of an empty text. Raises NoCertificate."""
    return certificates(text)[0].not_after if text else ABSENT
