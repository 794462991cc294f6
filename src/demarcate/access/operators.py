"""What each operator of a condition makes of a text of the policy and a value of the request.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from demarcate.access.patterns import matching
from demarcate.base.moments import since_1970, utc

Comparison = tuple[bool, Callable[[str, str], bool | None]]
"""Whether what the policy says may hold wildcards, and whether a value is so; None where one of the two is odd."""

MEANT: Final = str.maketrans({"*": "\x01", "?": "\x02"})
"""What stands for a wildcard that is meant as itself, while a text is matched."""


def _wild(text: str, value: str) -> bool:
    """Whether a text with wildcards stands for a value; what is put in for variables is meant as itself."""
    return matching(text)(value.translate(MEANT) if "*" in value or "?" in value else value)


def _arn(text: str, value: str) -> bool | None:
    """ARNs are compared part by part: a wildcard of one of the first five stands for nothing of another.

    What a text of wildcards alone stands for here, AWS does not say.
    """
    mine, theirs = text.split(":", 5), value.split(":", 5)
    if not text.strip("*?"):
        return None
    return len(mine) == len(theirs) and all(map(_wild, mine, theirs))


def number(text: str) -> float:
    """A number as conditions have it, which is not without end. Raises ValueError."""
    told = float(text)
    if not math.isfinite(told):
        raise ValueError(f"{text} is no number")
    return told


def _number(text: str, value: str, compare: Callable[[float, float], bool]) -> bool | None:
    try:
        return compare(number(value), number(text))
    except ValueError:
        return None


def moment(text: str) -> datetime:
    """A date as conditions have it: ISO 8601, or the seconds since 1970. Raises ValueError."""
    return since_1970(float(text)) if re.fullmatch(r"\d+(\.\d+)?", text) else utc(datetime.fromisoformat(text))


def _date(text: str, value: str, compare: Callable[[Any, Any], bool]) -> bool | None:
    try:
        return compare(moment(value), moment(text))
    except ValueError:
        return None


def _address(text: str, value: str) -> bool | None:
    try:
        (version, first, last), (other, address) = _range(text), _place(value)
    except ValueError:
        return None
    return version == other and first <= address <= last


@lru_cache(maxsize=8192)
def _range(text: str) -> tuple[int, int, int]:
    network = ipaddress.ip_network(text, strict=False)
    return network.version, int(network.network_address), int(network.broadcast_address)


@lru_cache(maxsize=8192)
def _place(value: str) -> tuple[int, int]:
    address = ipaddress.ip_address(value)
    return address.version, int(address)


def _bytes(text: str, value: str) -> bool | None:
    try:
        return base64.b64decode(text, validate=True) == base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def _ordered(kind: str, compare: Callable[[str, str, Callable[[Any, Any], bool]], bool | None]) -> dict[str, Any]:
    """The comparisons of numbers or dates."""
    orders: dict[str, Callable[[Any, Any], bool]] = {
        "equals": lambda left, right: left == right,
        "lessthan": lambda left, right: left < right,
        "lessthanequals": lambda left, right: left <= right,
        "greaterthan": lambda left, right: left > right,
        "greaterthanequals": lambda left, right: left >= right,
    }
    return {
        f"{kind}{name}": (False, lambda text, value, order=order: compare(text, value, order))
        for name, order in orders.items()
    }


WILD: Final[Comparison] = (True, _wild)

COMPARISONS: Final[dict[str, Comparison]] = {
    "stringequals": (False, lambda text, value: text == value),
    "stringequalsignorecase": (False, lambda text, value: text.lower() == value.lower()),
    "stringlike": WILD,
    "bool": (False, lambda text, value: text.lower() == value.lower()),
    "binaryequals": (False, _bytes),
    "arnequals": (True, _arn),
    "arnlike": (True, _arn),
    "ipaddress": (False, _address),
    **_ordered("numeric", _number),
    **_ordered("date", _date),
}

NEGATED: Final = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
"""Operators that hold where another does not."""

EXACT: Final = frozenset(("stringequals", "stringequalsignorecase", "binaryequals"))
"""Operators whose every text stands for itself alone."""
