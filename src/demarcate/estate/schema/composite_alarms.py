"""Composite alarms that go off once another alarm does, by itself, and those that go off on them in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

from demarcate.base.alarm_rule import AlarmRuleError, Rule, compiled
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.truths import Truth
from demarcate.estate.schema.unknown import Kind, Unknown

T = TypeVar("T")

Told = Callable[[T], tuple[Any, Any, Any]]
"""The name, ARN and rule of a composite alarm."""

_RULES: Final = 10_000
"""So many compiled rules are kept."""


def waves(name: Any, arn: Any, composites: Iterable[T], told: Told[T]) -> Iterator[Sequence[tuple[T, Truth]]]:
    """Composite alarms that go off when an alarm does and all others are OK: first those on it, then those on them.

    Each comes once, with whether it does; what is not known leads to no others.
    """
    ringing, left = names(name, arn), list(composites)
    while left:
        went = [(each, truth) for each in left if (truth := _rings(told(each)[2], ringing)) is not False]
        if went:
            yield went
        certain = [told(each) for each, truth in went if truth is True]
        if not certain:
            return
        ringing = ringing.union(*(names(*of[:2]) for of in certain))
        gone = {id(each) for each, _ in went}
        left = [each for each in left if id(each) not in gone]


def names(name: Any, arn: Any) -> frozenset[str]:
    """What a rule may call an alarm: its name or ARN, of a template as it refers to it."""
    return frozenset(
        each.written if isinstance(each, StandIn) else str(each) for each in (name, arn) if isinstance(each, str)
    )


def _rings(rule: Any, ringing: frozenset[str]) -> Truth:
    if isinstance(rule, Unknown):
        return rule
    try:
        rings = _compiled(rule.written if isinstance(rule, StandIn) else str(rule))
    except AlarmRuleError as error:
        return Unknown(Kind.UNSUPPORTED, f"the rule of a composite alarm {error}")
    # One that is in ALARM whatever others are does not go off.
    return rings(lambda name: "ALARM" if name in ringing else "OK") and not rings(lambda _: "OK")


@lru_cache(maxsize=_RULES)
def _compiled(rule: str) -> Rule:
    return compiled(rule)
