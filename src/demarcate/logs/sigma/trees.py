"""What a rule asks of an event, as a tree: nothing in it is text that is still to be parsed.

A field of an event has values: none, one, or several where there are arrays on the way to it or at its end. A leaf of a
tree asks whether any of them is matched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Literal


class Wild(Enum):
    """What may stand in a text in the place of characters: any number of them, or exactly one."""

    MANY = "*"
    SINGLE = "?"


@dataclass(frozen=True, slots=True)
class Text:
    """A text, maybe with wildcards. Capitals count where it is `cased`."""

    parts: tuple[str | Wild, ...]
    cased: bool = False

    @property
    def plain(self) -> str | None:
        """The text itself; None where it has wildcards."""
        if any(isinstance(part, Wild) for part in self.parts):
            return None
        return "".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression that is looked for anywhere in a value. `flags` are of i, m and s."""

    pattern: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """Addresses from the first to the last, as numbers; of version 4 or 6."""

    version: Literal[4, 6]
    first: int
    last: int


class Order(StrEnum):
    """How a value that is a number must stand to another."""

    EQUAL = "="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Number:
    """A number that a value, as decimal text, is compared with."""

    order: Order
    number: int | float


Unit = Literal["minute", "hour", "day", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class TimePart:
    """A part (minute, hour, day, week of ISO 8601, month, year) of a value that is a moment, in UTC."""

    unit: Unit
    number: int


Matcher = Text | Regex | Network | Number | TimePart


@dataclass(frozen=True, slots=True)
class Matches:
    """Any value of a field is matched by any of the matchers."""

    field: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """A field has no value: it is not there, or null."""

    field: str


@dataclass(frozen=True, slots=True)
class Exists:
    """A field is there, whatever it holds."""

    field: str


@dataclass(frozen=True, slots=True)
class SameAs:
    """Any value of a field is, begins with, ends with or contains any value of another; capitals do not count."""

    field: str
    other: str
    how: Literal["is", "starts", "ends", "contains"]


@dataclass(frozen=True, slots=True)
class Anywhere:
    """Any text of the event contains what any of the matchers matches."""

    matchers: tuple[Matcher, ...]


@dataclass(frozen=True, slots=True)
class All:
    """All parts hold."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the parts holds."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Tree


Leaf = Matches | Empty | Exists | SameAs | Anywhere
Tree = Leaf | All | Either | Not


def leaves(tree: Tree) -> Iterator[Leaf]:
    """All leaves of a tree, from left to right."""
    stack: list[Tree] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Not):
            stack.append(node.part)
        elif isinstance(node, All | Either):
            stack.extend(reversed(node.parts))
        else:
            yield node


def fields_of(tree: Tree) -> tuple[str, ...]:
    """The fields that a tree asks for, each once."""
    names: dict[str, None] = {}
    for leaf in leaves(tree):
        if not isinstance(leaf, Anywhere):
            names[leaf.field] = None
        if isinstance(leaf, SameAs):
            names[leaf.other] = None
    return tuple(names)


def names_of(tree: Tree, field: str) -> frozenset[str] | None:
    """The texts, in small letters, one of which a field must be for a tree to hold; None where it may be any.

    >>> names_of(All((Matches("eventName", (Text(("A",)), Text(("b",)))), Exists("x"))), "eventName") == {"a", "b"}
    True
    """
    if isinstance(tree, Matches):
        if tree.field != field or not all(isinstance(matcher, Text) for matcher in tree.matchers):
            return None
        plain = [matcher.plain for matcher in tree.matchers if isinstance(matcher, Text)]
        texts = [text for text in plain if text is not None and text.isascii()]
        return frozenset(text.lower() for text in texts) if len(texts) == len(plain) else None
    if isinstance(tree, All):
        known = [names for part in tree.parts if (names := names_of(part, field)) is not None]
        return frozenset.intersection(*known) if known else None
    if isinstance(tree, Either):
        each = [names_of(part, field) for part in tree.parts]
        sure = [names for names in each if names is not None]
        return frozenset.union(*sure) if sure and len(sure) == len(each) else None
    return None
