"""Filter patterns of CloudWatch Logs as text: read, and written.

What may stand where is in the Amazon CloudWatch Logs User Guide (`filter_pattern.py` names the page). What that leaves
open is taken as AWS has been seen to answer: a text in single quotation marks is refused, and so is a comparison by
size with anything but a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, cast

from demarcate.base.filter_pattern import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Delimited,
    Is,
    Json,
    NotExists,
    Operator,
    Pattern,
    Selector,
    Slot,
    Term,
    Terms,
    Text,
    Value,
)
from demarcate.base.filter_regex import Regex, RegexError

MAX_LENGTH: Final = 1_024
"""How many characters a pattern may have (FilterPattern in the API Reference of CloudWatch Logs)."""

MAX_DEPTH: Final = 50
"""How many parentheses may stand in each other."""

MAX_REGEXES: Final = 2
MAX_WILDCARDS: Final = 3
"""How many expressions, and how many selectors with a wildcard, a pattern of conditions may have."""

_SPACE: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_SLOT: Final = re.compile(r"[(\s]*([A-Za-z0-9_-]+)(\s*[,\]])?")
"""The name of a field, of which nothing is asked where a comma or the end follows."""
_MEMBER: Final = re.compile(r"""\[\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\]""", re.DOTALL)
_ELEMENT: Final = re.compile(r"\[\s*([0-9]{1,9}|\*)\s*\]", re.ASCII)
_OPERATOR: Final = re.compile(r"!=|<=|>=|=|<|>")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_REGEX: Final = re.compile(r"%((?:[^%\\]|\\.)*)%", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z0-9_*.:/+#~^-]+")
"""A text without quotation marks. AWS refuses other characters there."""
_TERM: Final = re.compile(r"[A-Za-z0-9_.*:/+#=~^-]+")


class PatternError(ValueError):
    """A pattern that AWS would refuse; `position` is where in it, from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position

    def __str__(self) -> str:
        return f"{super().__str__()}, at character {self.position + 1}"


def parse(text: str) -> Pattern:
    """A filter pattern. Raises PatternError.

    >>> parse('{ $.eventName = "Put*" }')
    Json(condition=Compare(selector=Selector(steps=('eventName',)), operator='=', value=Text(text='Put*', quoted=True)))
    """
    if len(text) > MAX_LENGTH:
        raise PatternError(
            f"a pattern has at most {MAX_LENGTH:,} characters, and this one {len(text):,}", MAX_LENGTH
        )
    return _Parser(text).pattern()


class _Parser:
    """Reads one pattern from the left to the right, with no step back."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._depth = self._regexes = self._wildcards = 0

    def pattern(self) -> Pattern:
        """The whole."""
        self._skip()
        if self._next("{"):
            return Json(self._closed(self._any_of(), "}"))
        if self._next("["):
            return self._delimited()
        return self._terms()

    # --- where it stands

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space is not None else self._at

    def _next(self, token: str) -> bool:
        """Whether that comes next; it is then read, with the space behind it."""
        there = self._text.startswith(token, self._at)
        if there:
            self._at += len(token)
            self._skip()
        return there

    def _read(self, form: re.Pattern[str]) -> re.Match[str] | None:
        """What comes next, where it has that form; with the space behind it, it is then read."""
        there = form.match(self._text, self._at)
        if there is not None:
            self._at = there.end()
            self._skip()
        return there

    def _refuse(self, expected: str) -> PatternError:
        character = self._text[self._at : self._at + 1]
        there = repr(character) if character else "its end"
        return PatternError(f"expected {expected}, found {there}", self._at)

    def _closed(self, condition: Condition, bracket: str) -> Condition:
        if not self._next(bracket) or self._at < len(self._text):
            raise self._refuse(f"&&, || or {bracket} as its end" if self._at < len(self._text) else bracket)
        return condition

    # --- conditions

    def _any_of(self, field: str | None = None) -> Condition:
        parts = [self._all_of(field)]
        while self._next("||"):
            parts.append(self._all_of(field))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all_of(self, field: str | None) -> Condition:
        parts = [self._one(field)]
        while self._next("&&"):
            parts.append(self._one(field))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self, field: str | None) -> Condition:
        if self._text.startswith("(", self._at):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise PatternError(f"parentheses stand in each other more than {MAX_DEPTH} deep", self._at)
            self._next("(")
            condition = self._any_of(field)
            if not self._next(")"):
                raise self._refuse("&&, || or )")
            self._depth -= 1
            return condition
        selector = self._selector() if field is None else self._field(field)
        if field is None and self._next("IS"):
            for constant in ("NULL", "TRUE", "FALSE"):
                if self._next(constant):
                    return Is(selector, constant)
            raise self._refuse("NULL, TRUE or FALSE after IS")
        if field is None and self._next("NOT"):
            if self._next("EXISTS"):
                return NotExists(selector)
            raise self._refuse("EXISTS after NOT")
        return self._comparison(selector)

    def _comparison(self, selector: Selector) -> Compare:
        operator = self._read(_OPERATOR)
        if operator is None:
            raise self._refuse("=, !=, <, <=, > or >=")
        at = self._at
        value = self._value()
        if operator[0] not in ("=", "!=") and (isinstance(value, Regex) or value.number is None):
            raise PatternError(f"expected a number after {operator[0]}", at)
        return Compare(selector, cast(Operator, operator[0]), value)

    def _value(self) -> Value:
        if self._text.startswith("%", self._at):
            self._regexes += 1
            if self._regexes > MAX_REGEXES:
                raise PatternError(f"a pattern has at most {MAX_REGEXES} regular expressions", self._at)
            return self._regex()
        return self._text_of(_WORD)

    def _text_of(self, word: re.Pattern[str]) -> Text:
        if self._text.startswith('"', self._at):
            quoted = self._read(_QUOTED)
            if quoted is None:
                raise PatternError("the quotation mark is not closed", self._at)
            return Text(re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), quoted=True)
        plain = self._read(word)
        if plain is None:
            raise self._refuse('a text (other characters than letters, digits and _ stand in "…")')
        return Text(plain[0])

    def _regex(self) -> Regex:
        at = self._at
        source = self._read(_REGEX)
        if source is None:
            raise PatternError("the regular expression is not closed by %", at)
        try:
            return Regex(source[1])
        except RegexError as error:
            raise PatternError(f"in the regular expression, {error}", at + 1 + error.position) from error

    def _selector(self) -> Selector:
        opened = self._at
        if not self._text.startswith("$", self._at):
            raise self._refuse("a selector, which begins with $")
        self._at += 1
        steps: list[str | int | None] = []
        while (step := self._step()) is not None:
            steps += step
        self._skip()
        if not steps:
            raise self._refuse("a member's name after $.")
        wildcards = steps.count(None)
        self._wildcards += wildcards
        if wildcards > 1:
            raise PatternError("a selector has at most one wildcard", opened)
        if self._wildcards > MAX_WILDCARDS:
            raise PatternError(f"a pattern has at most {MAX_WILDCARDS} selectors with a wildcard", opened)
        return Selector(tuple(steps))

    def _step(self) -> list[str | int | None] | None:
        """The next step of a selector; None where there is none."""
        text, dotted = self._text, self._text.startswith(".", self._at)
        at = self._at + dotted
        if dotted:
            if text.startswith("*", at):
                self._at = at + 1
                return [None]
            name = _NAME.match(text, at)
            if name is not None:
                self._at = name.end()
                return [name[0]]
        member = _MEMBER.match(text, at)
        if member is not None:
            self._at = member.end()
            written = member[1] if member[1] is not None else member[2]
            return [re.sub(r"\\(.)", r"\1", written, flags=re.DOTALL)]
        element = _ELEMENT.match(text, at)
        if element is not None:
            self._at = element.end()
            return [None if element[1] == "*" else int(element[1])]
        if dotted or text.startswith("[", at):
            self._at = at
            raise self._refuse("a member's name, an index or *")
        return None

    # --- fields

    def _delimited(self) -> Delimited:
        slots: list[list[Slot]] = [[]]
        while True:
            if self._next("..."):
                if len(slots) == 2:
                    raise PatternError("... stands there twice", self._at)
                slots.append([])
            else:
                slots[-1].append(self._slot())
            if not self._next(","):
                break
        if not self._next("]") or self._at < len(self._text):
            raise self._refuse("a comma or ] as its end" if self._at < len(self._text) else "]")
        return Delimited(tuple(slots[0]), tuple(slots[1]) if len(slots) == 2 else None)

    def _slot(self) -> Slot:
        name = _SLOT.match(self._text, self._at)
        if name is None:
            if self._text[self._at : self._at + 1] in (",", "]"):
                return Slot("")
            raise self._refuse("the name of a field")
        if name[2]:
            self._at = name.end(1)
            self._skip()
            return Slot(name[1])
        return Slot(name[1], self._any_of(name[1]))

    def _field(self, expected: str) -> Selector:
        at = self._at
        name = self._read(_NAME)
        if name is None or name[0] != expected:
            self._at = at
            raise self._refuse(f"another condition on {expected}")
        return Selector((expected,))

    # --- terms

    def _terms(self) -> Terms:
        terms = []
        while self._at < len(self._text):
            sign: Literal["", "?", "-"] = ""
            for mark in ("?", "-"):
                if self._text.startswith(mark, self._at):
                    self._next(mark)
                    sign = mark
                    break
            value = self._regex() if self._text.startswith("%", self._at) else self._text_of(_TERM)
            terms.append(Term(value, sign))
        return Terms(tuple(terms))


# --- writing --------------------------------------------------------------------------------------------


def written(pattern: Pattern) -> str:
    """A pattern as text, which `parse` reads as the same pattern.

    >>> written(parse("{($.a=1)&&($.b IS NULL)}"))
    '{ $.a = 1 && $.b IS NULL }'
    """
    if isinstance(pattern, Json):
        return f"{{ {_condition(pattern.condition, _path)} }}"
    if isinstance(pattern, Delimited):
        tail = () if pattern.tail is None else ("...", *map(_written_slot, pattern.tail))
        return f"[{', '.join([*map(_written_slot, pattern.head), *tail])}]"
    return " ".join(term.sign + _written_value(term.value) for term in pattern.terms)


def _condition(condition: Condition, written_selector: Callable[[Selector], str]) -> str:
    if isinstance(condition, AllOf | AnyOf):
        parts = [_condition(part, written_selector) for part in condition.parts]
        parts = [
            f"({text})" if isinstance(part, AllOf | AnyOf) else text
            for part, text in zip(condition.parts, parts, strict=True)
        ]
        return (" && " if isinstance(condition, AllOf) else " || ").join(parts)
    where = written_selector(condition.selector)
    if isinstance(condition, Is):
        return f"{where} IS {condition.constant}"
    if isinstance(condition, NotExists):
        return f"{where} NOT EXISTS"
    return f"{where} {condition.operator} {_written_value(condition.value)}"


def _path(selector: Selector) -> str:
    return "$" + "".join(map(_written_step, selector.steps))


def _written_step(step: str | int | None) -> str:
    if step is None:
        return ".*"
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.fullmatch(step) else f".[{_quoted(step)}]"


def _written_slot(slot: Slot) -> str:
    return slot.name if slot.condition is None else _condition(slot.condition, lambda _: slot.name)


def _written_value(value: Value) -> str:
    if isinstance(value, Regex):
        return f"%{value.source}%"
    return _quoted(value.text) if value.quoted else value.text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
