"""The regular expressions of CloudWatch Logs' filter patterns, matched in time that grows with the text alone.

They have no groups, so an expression is a choice of sequences of characters, each with how often it may stand there.
All places in them at which a text may have arrived are the bits of one number: a step costs a few operations on it,
whatever was written. What may stand in an expression is AWS's list (Amazon CloudWatch Logs User Guide, "Filter pattern
syntax for metric filters, subscription filters, filter log events, and Live Tail", section "Supported regular
expressions (regex) syntax").
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from typing import Final

MAX_ITEMS: Final = 4_000
"""How many characters one expression may stand for at most, repetitions written out."""

_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " :_#=@/;,-")
"""What stands for itself. A blank is not in AWS's list, but in its examples."""

_DIGITS: Final = frozenset(string.digits)
_SPACES: Final = frozenset("\t\n\r\f\v ")
_WORD: Final = frozenset(string.ascii_letters + string.digits + "_")
_SETS: Final = {"d": _DIGITS, "s": _SPACES, "w": _WORD}
_CONTROL: Final = {"t": "\t", "n": "\n", "r": "\r"}
_COUNT: Final = re.compile(r"\{(\d{0,4})(?:(,) ?(\d{0,4}))?\}")


class RegexError(ValueError):
    """An expression that AWS would refuse; `position` is where in it, from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class _Set:
    """Characters: those in it, or all but those."""

    characters: frozenset[str]
    inverse: bool = False

    def __contains__(self, character: str) -> bool:
        return (character in self.characters) is not self.inverse


_ANY: Final = _Set(frozenset(), inverse=True)


@dataclass(frozen=True, slots=True)
class _Machine:
    """An expression as numbers, whose bit i stands for the place behind item i: `first` are the places before all
    items of a sequence, `last` those behind all, `optional`, `again`, `start` and `end` the items that may be left
    out, stand there several times, or are the beginning or the end of the text.
    """

    sets: tuple[tuple[_Set, int], ...]
    first: int
    last: int
    optional: int
    again: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Regex:
    """One expression, as it was written between its two `%`. Raises RegexError."""

    source: str
    _machine: _Machine = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_machine", _Parser(self.source).machine())

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere in a text.

        >>> Regex("^[hc]at").found_in("hat"), Regex("^[hc]at").found_in("that")
        (True, False)
        """
        machine = self._machine
        takes: dict[str, int] = {}
        places = 0
        for index in range(len(text) + 1):
            passable = machine.optional
            if index == 0:
                passable |= machine.start
            if index == len(text):
                passable |= machine.end
            places = _filled(places | machine.first, passable)
            if places & machine.last:
                return True
            if index == len(text):
                break
            character = text[index]
            taking = takes.get(character)
            if taking is None:
                taking = sum(bits for characters, bits in machine.sets if character in characters)
                takes[character] = taking
            places = (places << 1 | places & machine.again) & taking
        return False


def _filled(places: int, passable: int) -> int:
    """The places, and those that can be reached from them over passable items, in as many steps as the number of
    items has digits.
    """
    step = 1
    while passable:
        places |= places << step & passable
        passable &= passable << step
        step *= 2
    return places


class _Parser:
    """Reads one expression from the left to the right."""

    def __init__(self, source: str) -> None:
        self._source, self._at = source, 0
        self._sets: dict[_Set, int] = {}
        self._items = 0
        self._first, self._last = 1, 0
        self._optional = self._again = self._start = self._end = 0

    def machine(self) -> _Machine:
        """What matches the expression."""
        if not self._source:
            raise RegexError("there is nothing between the two %", 0)
        while self._at < len(self._source):
            self._item()
        self._last |= 1 << self._items
        return _Machine(
            tuple(self._sets.items()),
            self._first,
            self._last,
            self._optional,
            self._again,
            self._start,
            self._end,
        )

    def _item(self) -> None:
        character = self._source[self._at]
        if character == "|":
            self._at += 1
            self._last |= 1 << self._items
            self._items += 1
            self._first |= 1 << self._items
        elif character in "^$":
            self._at += 1
            bit = self._next()
            if character == "^":
                self._start |= bit
            else:
                self._end |= bit
        else:
            characters = self._characters()
            least, most = self._times()
            for _ in range(least):
                self._sets[characters] = self._sets.get(characters, 0) | self._next()
            if most is None:
                if not least:
                    bit = self._next()
                    self._sets[characters] = self._sets.get(characters, 0) | bit
                    self._optional |= bit
                self._again |= 1 << self._items
            else:
                for _ in range(most - least):
                    bit = self._next()
                    self._sets[characters] = self._sets.get(characters, 0) | bit
                    self._optional |= bit

    def _next(self) -> int:
        self._items += 1
        if self._items > MAX_ITEMS:
            raise RegexError(f"it stands for more than {MAX_ITEMS:,} characters", self._at)
        return 1 << self._items

    def _characters(self) -> _Set:
        character = self._source[self._at]
        if character == "[":
            return self._class()
        self._at += 1
        if character == ".":
            return _ANY
        if character == "\\":
            return self._escaped()
        if character in _PLAIN:
            return _Set(frozenset(character))
        if character in "?*+{":
            raise RegexError(f"there is nothing before {character} that could be repeated", self._at - 1)
        raise RegexError(f"{character!r} is not supported there; write it as \\x and two digits", self._at - 1)

    def _escaped(self) -> _Set:
        at, character = self._at, self._source[self._at : self._at + 1]
        self._at += 1
        if character.lower() in _SETS:
            return _Set(_SETS[character.lower()], inverse=character.isupper())
        if character in _CONTROL:
            return _Set(frozenset(_CONTROL[character]))
        if character == "x":
            digits = self._source[self._at : self._at + 2]
            self._at += 2
            if re.fullmatch("[0-7][0-9A-Fa-f]", digits, re.ASCII) is None:
                raise RegexError("expected two hexadecimal digits of an ASCII character after \\x", at)
            return _Set(frozenset(chr(int(digits, 16))))
        if character and character in string.punctuation + " ":
            return _Set(frozenset(character))
        raise RegexError(f"expected a character after \\ that can be escaped, found {character!r}", at)

    def _class(self) -> _Set:
        opened = self._at
        self._at += 1
        inverse = self._source.startswith("^", self._at)
        self._at += inverse
        characters: set[str] = set()
        while not self._source.startswith("]", self._at):
            low = self._member(opened)
            if self._source.startswith("-", self._at) and self._source[self._at + 1 : self._at + 2] not in (
                "]",
                "",
            ):
                at = self._at
                self._at += 1
                high = self._member(opened)
                if len(low) != 1 or len(high) != 1 or min(low) > min(high):
                    raise RegexError("expected a range from a lower to a higher character", at)
                characters.update(map(chr, range(ord(min(low)), ord(min(high)) + 1)))
            else:
                characters |= low
        self._at += 1
        if not characters:
            raise RegexError("there is nothing between [ and ]", opened)
        return _Set(frozenset(characters), inverse)

    def _member(self, opened: int) -> frozenset[str]:
        """One character of a class, or those of an escape."""
        character = self._source[self._at : self._at + 1]
        if not character:
            raise RegexError("[ is not closed by ]", opened)
        self._at += 1
        if character == "\\":
            escaped = self._escaped()
            if escaped.inverse:
                raise RegexError("the inverse of a class cannot stand in a class", self._at - 1)
            return escaped.characters
        if character not in _PLAIN and character not in "^$?{}|*+.[":
            raise RegexError(f"{character!r} is not supported there; write it as \\x and two digits", self._at - 1)
        return frozenset(character)

    def _times(self) -> tuple[int, int | None]:
        """How often at least and at most; None is without an end."""
        character = self._source[self._at : self._at + 1]
        simple: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
        times = simple.get(character, (1, 1))
        at = self._at
        if character in simple:
            self._at += 1
        elif character == "{":
            counts = _COUNT.match(self._source, self._at)
            if counts is None or not (counts[1] or counts[3]):
                raise RegexError("expected {m}, {m,}, {,n} or {m,n}", self._at)
            self._at = counts.end()
            least = int(counts[1] or 0)
            times = (least, (int(counts[3]) if counts[3] else None) if counts[2] else least)
        if times[1] is not None and times[0] > times[1]:
            raise RegexError("the first number is greater than the second", at)
        if self._at > at and self._source[self._at : self._at + 1] in ("?", "*", "+", "{"):
            raise RegexError("what is repeated already cannot be repeated again", self._at)
        return times
