"""Correlations: what matches of several rules come to within a time span that slides from one match to the next.

The window of a match are all matches of its group that are at most the span older, and those of the same moment. It is
looked at once for each moment: at the end of it. So it does not matter in which order events of one second come.
"""

from __future__ import annotations

import bisect
import operator
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from demarcate.logs.detecting.structs import Group, Seen
from demarcate.logs.sigma.structs import Correlation

MICROSECONDS: Final = 1_000_000

_OPERATORS: Final[dict[str, Callable[[float | Fraction, float], bool]]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}


class Sliding:
    """The window of one group, and what is worked out over it as it slides."""

    def __init__(self, correlation: Correlation, group: Group) -> None:
        self._of = correlation
        self._group = group
        self._span = correlation.seconds * MICROSECONDS
        self._rules: dict[int, int] = {}
        self._values: dict[str, int] = {}
        self._numbers: list[float] = []
        self._sum = Fraction(0)
        self._start = 0
        if len(group.started) != len(correlation.rules):
            group.started = [None] * len(correlation.rules)
        for _, rule, value, _ in group.members:
            self._count(rule, value, 1)

    def _count(self, rule: int, value: str | None, by: int) -> None:
        _add(self._rules, rule, by)
        if value is None or not self._of.value:
            return
        if self._of.type == "value_count":
            _add(self._values, value, by)
            return
        number = number_of(value)
        if number is None:
            return
        self._sum += by * Fraction(number)
        if by > 0:
            bisect.insort(self._numbers, number)
        else:
            del self._numbers[bisect.bisect_left(self._numbers, number)]

    def take(self, moment: int, rule: int, value: str | None, seen: Seen) -> None:
        """Add a match. Of one moment, those of rules that come first are added first."""
        self._group.members.append((moment, rule, value, seen))
        self._count(rule, value, 1)
        if self._of.type == "temporal_ordered":
            started = self._group.started
            before = moment if rule == 0 else started[rule - 1]
            if before is not None:
                started[rule] = max(before, started[rule] if started[rule] is not None else before)  # type: ignore[type-var]

    def holds(self, moment: int) -> bool:
        """Whether the correlation holds in the window that ends at a moment."""
        members = self._group.members
        while self._start < len(members) and members[self._start][0] < moment - self._span:
            _, rule, value, _ = members[self._start]
            self._count(rule, value, -1)
            self._start += 1
        if self._start > len(members) // 2:  # all at once: to take the first off a list moves all others
            del members[: self._start]
            self._start = 0
        return self._answer(moment)

    def _answer(self, moment: int) -> bool:
        of = self._of
        if of.type == "temporal_ordered":
            last = self._group.started[-1]
            return last is not None and last >= moment - self._span
        if of.type == "temporal" and of.needed is not None:
            return _needed(iter(of.needed), self._rules)
        measured = self._measure()
        return measured is not None and _OPERATORS[of.operator](measured, of.threshold)

    def _measure(self) -> float | Fraction | None:
        kind = self._of.type
        if kind == "event_count":
            return sum(self._rules.values())
        if kind == "temporal":
            return len(self._rules)
        if kind == "value_count":
            return len(self._values)
        if not self._numbers:
            return None
        if kind == "value_sum":
            return self._sum
        if kind == "value_avg":
            return self._sum / len(self._numbers)
        return percentile(self._numbers, self._of.percentile if kind == "value_percentile" else 50)

    def members(self) -> list[tuple[int, int, str | None, Seen]]:
        """The matches in the window."""
        return self._group.members[self._start :]

    def settle(self) -> None:
        """Forget what is no longer in the window."""
        del self._group.members[: self._start]
        self._start = 0


def _add(counts: dict[Any, int], what: Any, by: int) -> None:
    count = counts.get(what, 0) + by
    if count:
        counts[what] = count
    else:
        del counts[what]


def percentile(numbers: list[float], percent: int) -> Fraction:
    """A percentile of numbers that are in order, between the two that are nearest to it in proportion.

    >>> percentile([1.0, 2.0, 3.0, 5.0], 50)
    Fraction(5, 2)
    """
    place = Fraction(percent * (len(numbers) - 1), 100)
    low = int(place)
    high = min(low + 1, len(numbers) - 1)
    return Fraction(numbers[low]) + (place - low) * (Fraction(numbers[high]) - Fraction(numbers[low]))


def number_of(text: str) -> float | None:
    """The number that a text is, as a value is compared as one; None where it is none."""
    import math
    import re

    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", text, re.ASCII):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _needed(tokens: Iterator[str | int], rules: Mapping[int, int]) -> bool:
    token = next(tokens)
    if isinstance(token, int):
        return token in rules
    name, _, count = token.partition(" ")
    parts = [_needed(tokens, rules) for _ in range(int(count))]
    return not parts[0] if name == "not" else all(parts) if name == "and" else any(parts)
