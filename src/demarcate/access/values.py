"""The texts of an element of a policy: known, assigned, or perhaps more than are known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from demarcate.estate.schema.paths import ABSENT, kind
from demarcate.estate.schema.standins import StandIn, Undecided, settled
from demarcate.estate.schema.unknown import Kind, Unknown

_TOKEN = re.compile(r"\$\{[^{}]*\}")


class Values(msgspec.Struct):
    """The texts that are known, and why there may be more.

    `known` has a sample of each stand-in: it names something of the templates, and so it is no wildcard.
    """

    known: list[str] = []
    unknown: Unknown | None = None
    standins: dict[int, StandIn] = {}
    """Those among the texts, by their place."""

    @property
    def texts(self) -> list[str | StandIn]:
        """The texts, with stand-ins in their places."""
        if not self.standins:
            return [*self.known]
        return [self.standins.get(index, text) for index, text in enumerate(self.known)]

    @property
    def column(self) -> Any:
        """The list where all of it is known."""
        return self.unknown or self.texts

    @property
    def is_plain(self) -> bool:
        """Whether all of it is known, and nothing is put in for what stands in it."""
        return self.unknown is None and not self.standins and "${" not in "\n".join(self.known)

    @property
    def given(self) -> bool:
        """Whether there is, or may be, anything."""
        return bool(self.known) or self.unknown is not None


def values_of(value: Any) -> Values:
    """One text, or a list of them."""
    if type(value) is str:
        return Values([value])
    values = Values()
    if value is ABSENT or value is None:
        return values
    for item in value if isinstance(value, list) else [value]:
        if type(item) is str:
            values.known.append(item)
        elif isinstance(item, StandIn):
            try:
                values.known.append(item.sample)
            except Undecided:
                values.unknown = values.unknown or item.unknown
            else:
                values.standins[len(values.known) - 1] = item
        elif isinstance(item, bool):
            values.known.append("true" if item else "false")
        elif isinstance(item, int | float):
            values.known.append(str(item))
        elif isinstance(item, Unknown):
            values.unknown = values.unknown or item
        else:
            values.unknown = values.unknown or Unknown(Kind.MALFORMED, f"expected text, found {kind(item)}")
    return values


def lower(value: Any) -> Values:
    """The texts in lower case; of one that is a stand-in it is not known."""
    if type(value) is str:
        return Values([value.lower()])
    items = value if isinstance(value, list) else [value]
    values = values_of(value if value is ABSENT else [settled(item) for item in items])
    return Values([text.lower() for text in values.known], values.unknown)


def plain(text: str) -> str:
    """A text with what AWS puts in for pseudo parameters, and policy variables, as one letter."""
    return _TOKEN.sub("x", text)


def every(answers: Iterable[bool | Unknown]) -> bool | Unknown:
    """AND, as SQL has it. What comes after the first False is not asked for."""
    unsure: Unknown | None = None
    for answer in answers:
        if answer is False:
            return False
        if isinstance(answer, Unknown):
            unsure = unsure or answer
    return unsure or True


def opposite(answer: bool | Unknown) -> bool | Unknown:
    """NOT, as SQL has it."""
    return answer if isinstance(answer, Unknown) else not answer


def some(answers: Iterable[bool | Unknown]) -> bool | Unknown:
    """OR, as SQL has it. What comes after the first True is not asked for."""
    unsure: Unknown | None = None
    for answer in answers:
        if answer is True:
            return True
        if isinstance(answer, Unknown):
            unsure = unsure or answer
    return unsure or False
