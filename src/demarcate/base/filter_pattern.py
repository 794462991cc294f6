"""CloudWatch Logs' filter patterns: what they are made of, and which log events they match.

`filter_syntax.parse` reads one. There are three kinds: terms that are searched in an event's text, conditions on the
members of an event that is JSON, and conditions on the fields of an event that spaces separate. What each means is in
the Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log
events, and Live Tail" (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html).

Matching takes time that grows with the length of the pattern times that of the event, whoever wrote either. It stands
down here because both what the tables tell of a metric filter and what is made of logs need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, Literal

from demarcate.base.encoding import from_json
from demarcate.base.filter_regex import Regex

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
_OPERATORS: Final = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)

_LONGEST: Final = 1_024
_BEGIN: Final = re.compile(r"\S")
_SPACE: Final = re.compile(r"\s")
_CLOSING: Final = {"[": "]", '"': '"'}


class Event:
    """One log event as its text, which is read as JSON, and split into fields, when a pattern asks for it."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def json(self) -> Any:
        """What the text is as JSON; None where it is no JSON object or list."""
        if self.text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            return from_json(self.text)
        except ValueError:
            return None

    @cached_property
    def fields(self) -> list[tuple[str, int]]:
        """The fields that spaces separate, each with where in the text it begins. What stands in brackets or quotation
        marks is one, whatever is in it.
        """
        fields: list[tuple[str, int]] = []
        at, never_closed = 0, set()
        while (begin := _BEGIN.search(self.text, at)) is not None:
            opening, start = begin[0], begin.start()
            end = -1
            if opening in _CLOSING and opening not in never_closed:
                end = self.text.find(_CLOSING[opening], start + 1)
                if end < 0:
                    never_closed.add(opening)
            if end < 0:
                space = _SPACE.search(self.text, start)
                at = len(self.text) if space is None else space.start()
                fields.append((self.text[start:at], start))
            else:
                fields.append((self.text[start + 1 : end], start))
                at = end + 1
        return fields


# --- what is compared -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A text, with `*` for anything where it begins or ends. `quoted` where it stands in quotation marks: then it is
    a text, also where a number would be one.
    """

    text: str
    quoted: bool = False

    @property
    def number(self) -> int | float | None:
        """The number that it is, or None."""
        return None if self.quoted else number(self.text)

    def matches(self, text: str) -> bool:
        """Whether it is that text. A `*` inside stands for itself.

        >>> Text("*Event").matches("PutEvent"), Text("Ev*ent").matches("Ev-ent")
        (True, False)
        """
        before, after = self.text.startswith("*"), len(self.text) > 1 and self.text.endswith("*")
        core = self.text[before : len(self.text) - after]
        if before and after:
            return core in text
        if before:
            return text.endswith(core)
        return text.startswith(core) if after else text == core


Value = Text | Regex


def number(text: str) -> int | float | None:
    """A text as a number, or None where it is none. What is longer than any pattern is none that it could name."""
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


@dataclass(frozen=True, slots=True)
class Selector:
    """Where a condition looks: the steps into a JSON event, which are names, indexes, and `*` as None for every member;
    or the name of a field, as its one step.
    """

    steps: tuple[str | int | None, ...]

    def of(self, value: Any) -> Iterator[Any]:
        """What is there: nothing, one value, or with a `*` any number of them."""
        values = [value]
        for step in self.steps:
            values = [inner for outer in values for inner in _members(outer, step)]
        return iter(values)


def _members(value: Any, step: str | int | None) -> list[Any]:
    if isinstance(value, dict):
        if step is None:
            return list(value.values())
        return [value[step]] if step in value else []
    if isinstance(value, list):
        if step is None:
            return value
        return [value[step]] if isinstance(step, int) and step < len(value) else []
    return []


# --- conditions -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison. Without a text or number there, none holds: not `!=` either."""

    selector: Selector
    operator: Operator
    value: Value

    def holds(self, data: Any) -> bool:
        """Whether it does for a JSON event, or for a field by its name."""
        return any(self._is(there) for there in self.selector.of(data))

    def _is(self, there: Any) -> bool:
        if isinstance(there, bool) or not isinstance(there, str | int | float):
            return False
        text = there if isinstance(there, str) else repr(there)
        if isinstance(self.value, Regex):
            return self.value.found_in(text) is (self.operator == "=")
        wanted = self.value.number
        if wanted is not None:
            compared = number(there) if isinstance(there, Field) else None if isinstance(there, str) else there
            if compared is not None:
                return bool(_OPERATORS[self.operator](compared, wanted))
        if self.operator not in ("=", "!="):
            return False
        return self.value.matches(text) is (self.operator == "=")


@dataclass(frozen=True, slots=True)
class Is:
    """Whether a member is there and is NULL, TRUE or FALSE."""

    selector: Selector
    constant: Literal["NULL", "TRUE", "FALSE"]

    def holds(self, data: Any) -> bool:
        """Whether it does."""
        wanted = {"NULL": None, "TRUE": True, "FALSE": False}[self.constant]
        return any(there is wanted for there in self.selector.of(data))


@dataclass(frozen=True, slots=True)
class NotExists:
    """Whether a member is not there at all."""

    selector: Selector

    def holds(self, data: Any) -> bool:
        """Whether it does."""
        return not any(True for _ in self.selector.of(data))


@dataclass(frozen=True, slots=True)
class AllOf:
    """Conditions that must all hold."""

    parts: tuple[Condition, ...]

    def holds(self, data: Any) -> bool:
        """Whether they do."""
        return all(part.holds(data) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions of which one must hold."""

    parts: tuple[Condition, ...]

    def holds(self, data: Any) -> bool:
        """Whether one does."""
        return any(part.holds(data) for part in self.parts)


Condition = Compare | Is | NotExists | AllOf | AnyOf


# --- patterns -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """A text, or an expression, to be found in an event: always, `?` in some, or `-` in none."""

    value: Value
    sign: Literal["", "?", "-"] = ""

    def found_in(self, text: str) -> bool:
        """Whether it stands anywhere in a text."""
        if isinstance(self.value, Regex):
            return self.value.found_in(text)
        return not self.value.text.strip() or self.value.text in text


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms to be found in an event's text. Terms with `?` say something only where there are no others."""

    terms: tuple[Term, ...]

    def matches(self, event: Event) -> bool:
        """Whether they are found there."""
        certain = [term for term in self.terms if term.sign != "?"]
        if not certain and self.terms:
            return any(term.found_in(event.text) for term in self.terms)
        return all(term.found_in(event.text) is (term.sign == "") for term in certain)


@dataclass(frozen=True, slots=True)
class Json:
    """A condition on an event that is a JSON object."""

    condition: Condition

    def matches(self, event: Event) -> bool:
        """Whether it holds."""
        return event.json is not None and self.condition.holds(event.json)


class Field(str):
    """The text of a field, which is a number where it can be read as one."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a pattern: its name, which may be empty, and what must hold for it."""

    name: str
    condition: Condition | None = None

    def takes(self, text: str) -> bool:
        """Whether a field may stand there."""
        return self.condition is None or self.condition.holds({self.name: Field(text)})


@dataclass(frozen=True, slots=True)
class Delimited:
    """Fields that an event must have in this order: `head`, and, where any number of others may stand between, `tail`.

    Where nothing may stand between, the last field is all that is left of the event.
    """

    head: tuple[Slot, ...]
    tail: tuple[Slot, ...] | None = None

    def matches(self, event: Event) -> bool:
        """Whether it has them."""
        fields = event.fields
        tail = self.tail or ()
        if len(fields) < len(self.head) + len(tail):
            return False
        texts = [text for text, _ in fields[: len(self.head)]]
        if self.tail is None and len(fields) > len(self.head):
            texts[-1:] = [event.text[fields[len(self.head) - 1][1] :].rstrip()]
        texts += [text for text, _ in fields[len(fields) - len(tail) :]]
        return all(slot.takes(text) for slot, text in zip((*self.head, *tail), texts, strict=True))


Pattern = Terms | Json | Delimited
"""A filter pattern."""
