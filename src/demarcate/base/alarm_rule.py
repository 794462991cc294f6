"""The rules of CloudWatch's composite alarms: in which states of other alarms one is in ALARM.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html (AlarmRule). Which
of AND and OR binds tighter is not told there: a rule that has both has parentheses, or is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

States = Callable[[str], str]
"""The state of an alarm, by its name or ARN: ALARM, OK or INSUFFICIENT_DATA."""

Rule = Callable[[States], bool]

_TOKEN: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([()])|([^\s()"]+))')
_STATES: Final = ("ALARM", "OK", "INSUFFICIENT_DATA")
_DEEPEST: Final = 100


class AlarmRuleError(ValueError):
    """A rule that is not understood."""


def compiled(rule: str) -> Rule:
    """Whether a rule holds, as a function of the states of alarms. Raises AlarmRuleError.

    >>> rings = compiled('ALARM("root use") AND NOT ALARM(maintenance)')
    >>> rings(lambda name: "ALARM" if name == "root use" else "OK"), rings(lambda name: "ALARM")
    (True, False)
    """
    reader = _Reader(list(_tokens(rule)))
    told = reader.either(_DEEPEST)
    if reader.next() is not None:
        raise AlarmRuleError("goes on where it should end")
    return told


def _tokens(rule: str) -> Iterator[tuple[str, bool]]:
    """Words with whether they are quoted."""
    place, end = 0, len(rule.rstrip())
    while place < end:
        match = _TOKEN.match(rule, place)
        if match is None:
            raise AlarmRuleError("has a quotation mark that nothing closes")
        place = match.end()
        quoted = match[1]
        yield (re.sub(r"\\(.)", r"\1", quoted), True) if quoted is not None else (match[2] or match[3], False)


class _Reader:
    """Reads a rule from left to right, by one word ahead."""

    def __init__(self, tokens: list[tuple[str, bool]]) -> None:
        self._tokens, self._place = tokens, 0

    def next(self) -> str | None:
        """The next word, if it is not quoted; None at the end."""
        if self._place >= len(self._tokens):
            return None
        word, quoted = self._tokens[self._place]
        return "" if quoted else word

    def _take(self, wanted: str) -> None:
        if self.next() != wanted:
            raise AlarmRuleError(f"lacks a {wanted!r}")
        self._place += 1

    def either(self, depth: int) -> Rule:
        """Terms that are joined, all by AND or all by OR."""
        terms, joint = [self._term(depth)], ""
        while self.next() in ("AND", "OR"):
            word = self.next() or ""
            if joint and word != joint:
                raise AlarmRuleError("has AND beside OR without parentheses")
            joint, self._place = word, self._place + 1
            terms.append(self._term(depth))
        if joint == "AND":
            return lambda states: all(term(states) for term in terms)
        return lambda states: any(term(states) for term in terms)

    def _term(self, depth: int) -> Rule:
        if not depth:
            raise AlarmRuleError(f"is nested more than {_DEEPEST} deep")
        word = self.next()
        if word is None:
            raise AlarmRuleError("ends too soon")
        self._place += 1
        if word == "NOT":
            term = self._term(depth - 1)
            return lambda states: not term(states)
        if word == "(":
            inner = self.either(depth - 1)
            self._take(")")
            return inner
        if word in ("TRUE", "FALSE"):
            return lambda _: word == "TRUE"
        if word not in _STATES:
            raise AlarmRuleError(f"has {word!r}, which is not known here" if word else "has a name alone")
        return self._state(word)

    def _state(self, state: str) -> Rule:
        self._take("(")
        if self._place >= len(self._tokens) or self.next() in ("(", ")"):
            raise AlarmRuleError(f"names no alarm in {state}()")
        name, quoted = self._tokens[self._place]
        words = [name]
        self._place += 1
        while not quoted and self.next() not in (")", "(", None, ""):
            words.append(self.next() or "")
            self._place += 1
        self._take(")")
        return lambda states: states(" ".join(words)) == state
