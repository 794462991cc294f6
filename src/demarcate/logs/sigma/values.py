"""The values of a rule, as pySigma leaves them once their modifiers are applied, as matchers.

What pySigma has and we cannot hold to exactly is refused here, by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, cast

from demarcate.base.errors import DemarcateError
from demarcate.logs.sigma.trees import Matcher, Network, Number, Order, Regex, Text, TimePart, Unit, Wild

Placeholders = Mapping[str, Sequence[str]]
"""What stands for `%name%` in values with the modifier `expand`."""

MAX_TEXT: Final = 5_000
"""How many characters a value may have."""


class Refused(DemarcateError):
    """A rule that asks what cannot be answered exactly."""


def matchers(value: Any, placeholders: Placeholders) -> Iterator[Matcher]:
    """What a value of a rule matches: any of these. Raises Refused."""
    from sigma import types

    if isinstance(value, types.SigmaExpansion):
        for inner in value.values:
            yield from matchers(inner, placeholders)
    elif isinstance(value, types.SigmaString):
        for text in _expanded(value, placeholders):
            yield Text(_parts(text), cased=isinstance(value, types.SigmaCasedString))
    elif isinstance(value, types.SigmaRegularExpression):
        for regex in _expanded(value, placeholders, escaped=True):
            pattern = regex.to_plain() if not isinstance(regex, str) else regex
            yield Regex(_checked(pattern), "".join(sorted(_FLAGS[flag.name] for flag in value.flags)))
    elif isinstance(value, types.SigmaTimestampPart):
        yield TimePart(cast(Unit, value.timestamp_part.name.lower()), int(value.number))
    elif isinstance(value, types.SigmaNumber):
        yield Number(Order.EQUAL, _exact(value.number))
    elif isinstance(value, types.SigmaBool):
        yield Text(("true" if value.boolean else "false",))
    elif isinstance(value, types.SigmaCompareExpression):
        yield Number(Order(_ORDERS[value.op.name]), _exact(value.number.number))
    elif isinstance(value, types.SigmaCIDRExpression):
        network = value.network
        yield Network(network.version, int(network.network_address), int(network.broadcast_address))
    else:
        raise Refused(f"has a value of a kind that is not known: {type(value).__name__}")


_FLAGS: Final = {"IGNORECASE": "i", "MULTILINE": "m", "DOTALL": "s"}
_ORDERS: Final = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}


EXACT: Final = 2**53
"""Up to here a number of 64 bits tells all whole numbers apart."""


def _exact(number: int | float) -> int | float:
    if abs(number) >= EXACT:
        raise Refused(f"compares with {number:.17g}, which is too large to be told from its neighbours; quote it")
    return number


def comparison(value: Any) -> Literal["is", "starts", "ends", "contains"]:
    """How a field is compared with the one that a field reference names."""
    if value.starts_with and value.ends_with:
        return "contains"
    return "starts" if value.starts_with else "ends" if value.ends_with else "is"


def _parts(value: Any) -> tuple[str | Wild, ...]:
    from sigma.types import SpecialChars

    wild = {SpecialChars.WILDCARD_MULTI: Wild.MANY, SpecialChars.WILDCARD_SINGLE: Wild.SINGLE}
    parts: list[str | Wild] = []
    for part in value.s:
        told = _checked(part) if isinstance(part, str) else wild[part]
        if told is Wild.MANY and parts[-1:] == [Wild.MANY]:
            continue
        if isinstance(told, str) and parts and isinstance(parts[-1], str):
            parts[-1] += told
        else:
            parts.append(told)
    return tuple(parts)


def _checked(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Refused(f"has a value of {len(text):,} characters; at most {MAX_TEXT:,} are taken")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused("has half of a surrogate pair in a value")
    return text


def _expanded(value: Any, placeholders: Placeholders, *, escaped: bool = False) -> list[Any]:
    """A value with each of the values that its placeholders stand for. Raises Refused for one that stands for none.

    In a regular expression they stand for themselves, and not for a pattern.
    """
    if not value.contains_placeholder():
        return [value]
    from re import escape

    def stand_ins(placeholder: Any) -> Iterator[str]:
        if placeholder.name not in placeholders:
            raise Refused(
                f"needs the placeholder %{placeholder.name}%; say what it stands for with --placeholders, or in your "
                "settings (rule-placeholders)"
            )
        yield from (escape(text) if escaped else text for text in placeholders[placeholder.name])

    expanded = value.replace_placeholders(stand_ins)
    if not expanded:
        raise Refused("has a placeholder that stands for nothing")
    return list(expanded)
