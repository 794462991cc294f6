"""Correlations by brute force: each window is looked at whole, from its definition."""

from __future__ import annotations

import operator
import statistics
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

OPERATORS = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}


class Match(NamedTuple):
    """A match of the rule at a place of the correlation, of a group, with the value that is counted."""

    second: int
    rule: int
    group: str
    value: str | None


def fires(
    kind: str,
    rules: int,
    seconds: int,
    matches: Sequence[Match],
    op: str = "gte",
    threshold: float = 1,
    percent: int = 0,
) -> set[tuple[str, int]]:
    """Groups, and the seconds at the end of whose window the correlation holds."""
    told = set()
    for end in matches:
        window = [
            match
            for match in matches
            if match.group == end.group and end.second - seconds <= match.second <= end.second
        ]
        if holds(kind, rules, window, op, threshold, percent):
            told.add((end.group, end.second))
    return told


def holds(kind: str, rules: int, window: list[Match], op: str, threshold: float, percent: int) -> bool:
    if kind == "temporal_ordered":
        return chain(sorted({(match.second, match.rule) for match in window}), rules)
    values = [match.value for match in window if match.value is not None]
    numbers = sorted(float(value) for value in values if value.lstrip("-").replace(".", "", 1).isdigit())
    measured: float | Fraction
    if kind == "event_count":
        measured = len(window)
    elif kind == "value_count":
        measured = len(set(values))
    elif kind == "temporal":
        measured = len({match.rule for match in window})
    elif not numbers:
        return False
    elif kind == "value_sum":
        measured = sum(map(Fraction, numbers))
    elif kind == "value_avg":
        measured = sum(map(Fraction, numbers)) / len(numbers)
    elif kind == "value_median":
        measured = Fraction(statistics.median(map(Fraction, numbers)))
    else:
        place = Fraction(percent * (len(numbers) - 1), 100)
        low, high = numbers[int(place)], numbers[min(int(place) + 1, len(numbers) - 1)]
        measured = Fraction(low) + (place - int(place)) * (Fraction(high) - Fraction(low))
    return bool(OPERATORS[op](measured, threshold))


def chain(matches: list[tuple[int, int]], rules: int, start: int = 0, at: int = -1) -> bool:
    """Whether there is a match of each rule that is not before that of the rule before."""
    return start == rules or any(
        chain(matches, rules, start + 1, second) for second, rule in matches if rule == start and second >= at
    )
