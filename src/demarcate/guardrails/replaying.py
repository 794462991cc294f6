"""Replay recorded calls against control policies: who would have been denied what, how often, and since when.

Memory follows how many different people did different things, and not how many calls there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from demarcate.base.errors import Problem
from demarcate.estate.schema.unknown import Unknown
from demarcate.guardrails.actions import Authorized
from demarcate.guardrails.calls import Call, actions_of, call_of, is_call
from demarcate.guardrails.denying import Ruling

MOST: Final = 20_000
"""How many groups of calls are told apart; what comes then is counted, and not told apart."""

REMEMBERED: Final = 200_000
"""Of how many calls it is remembered that they were counted: a call may be recorded in several places."""


@dataclass(frozen=True, slots=True)
class What:
    """Calls that are alike: by whom, of which account, what, and which statement decided it.

    `unknown` says what is not known, where they are not surely denied.
    """

    principal: str
    account: str
    event: str
    statement: str
    unknown: str = ""


@dataclass(slots=True)
class Times:
    """How many calls, when the first and the last, and in which regions."""

    count: int = 0
    first: str = ""
    last: str = ""
    regions: set[str] = field(default_factory=set)

    def add(self, at: str, region: str = "") -> None:
        """Count one more."""
        self.count += 1
        self.first = min(self.first or at, at)
        self.last = max(self.last, at)
        if region and len(self.regions) < 40:
            self.regions.add(region)


@dataclass(slots=True)
class Outcome:
    """What came of a test. `calls` are all that were looked at; each is in one of what follows.

    `refused` were denied then, too; `free` are of those whom no such policy binds, by what they are;
    `elsewhere` are of accounts that were not asked about; `again` were recorded a second time. `denied` and `unknown`
    are told apart, up to `MOST`; `denied_more` and `unknown_more` are beyond. `statements` are how many calls each
    denies or may deny; `no_calls` are other events, of
    which those that are `unread` lack what says what they are.
    """

    calls: Times = field(default_factory=Times)
    no_calls: int = 0
    unread: int = 0
    allowed: int = 0
    refused: int = 0
    elsewhere: int = 0
    again: int = 0
    free: Counter[str] = field(default_factory=Counter)
    denied: dict[What, Times] = field(default_factory=dict)
    unknown: dict[What, Times] = field(default_factory=dict)
    denied_more: int = 0
    unknown_more: int = 0
    statements: dict[str, int] = field(default_factory=dict)
    data_events: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def denied_count(self) -> int:
        """How many calls would have been denied."""
        return sum(times.count for times in self.denied.values()) + self.denied_more

    @property
    def unknown_count(self) -> int:
        """Of how many calls that is not known."""
        return sum(times.count for times in self.unknown.values()) + self.unknown_more


def replay(
    denials: Sequence[Ruling],
    events: Iterable[dict[str, Any]],
    *,
    outcome: Outcome | None = None,
    accounts: Collection[str] = (),
    management: str = "",
    organization: str = "",
    for_resources: bool = False,
    binds: Callable[[Call], tuple[bool | Unknown, str] | None] | None = None,
) -> Outcome:
    """Evaluate denials against events. `accounts` are those that the policy is to be attached to; all, where none is
    named. `outcome` is filled, where one is given. With `for_resources` they are of resource control policies.
    `binds` says whom they bind, where it is not whoever a control policy does: None is for others.
    """
    told = outcome or Outcome()
    told.statements = dict.fromkeys((denial.name for denial in denials), 0)
    seen: set[int] = set()

    @lru_cache(maxsize=32_768)
    def about(called: Authorized) -> tuple[Ruling, ...]:
        """The denials that are, or may be, about actions."""
        return tuple(denial for denial in denials if denial.about(called) is not False)

    for event in events:
        whole = is_call(event)
        if not whole:
            told.no_calls += 1
            told.unread += whole is None
            continue
        told.calls.add(event["eventTime"])
        told.data_events = told.data_events or event.get("managementEvent") is False
        concerned = about(actions_of(event))
        if not concerned:
            told.allowed += 1
            continue
        call = call_of(event, accounts, management, organization, for_resources=for_resources)
        whose = call.owner if for_resources else call.account
        if binds is not None:
            bound = binds(call)
            if bound is None:
                told.elsewhere += 1
                continue
            call = replace(call, bound=bound[0], free=bound[1])
        if accounts and whose not in accounts and (whose or not for_resources):
            told.elsewhere += 1
        elif call.bound is False:
            told.free[call.free] += 1
        elif call.refused:
            told.refused += 1
        else:
            _judge(told, call, concerned, seen)
    if told.unread:
        told.problems.append(
            Problem(
                f"{told.unread:,} records lack what every call has (eventType, eventSource, eventName and eventTime)"
            )
        )
    return told


def _judge(told: Outcome, call: Call, denials: Sequence[Ruling], seen: set[int]) -> None:
    """Count a call by the first statement that surely denies it, or else by the first that may."""
    answers = [(denial.name, answer) for denial in denials if (answer := denial.denies(call)) is not False]
    if not answers:
        told.allowed += 1
    elif _is_again(call, seen):
        told.again += 1
    else:
        for name, _ in answers:
            told.statements[name] += 1
        name, answer = next((pair for pair in answers if pair[1] is True), answers[0])
        unknown = answer if isinstance(answer, Unknown) else call.bound
        reason = unknown.reason if isinstance(unknown, Unknown) else ""
        what = What(call.principal, call.account, call.event, name, reason)
        if reason:
            told.unknown_more += not _add(told.unknown, what, call)
        else:
            told.denied_more += not _add(told.denied, what, call)


def _is_again(call: Call, seen: set[int]) -> bool:
    key = hash((call.id, call.event)) if call.id else None
    if key is None or key in seen:
        return key is not None
    if len(seen) < REMEMBERED:
        seen.add(key)
    return False


def _add(groups: dict[What, Times], what: What, call: Call) -> bool:
    """Count a call with those that are like it; False where there are too many kinds of them already."""
    times = groups.get(what)
    if times is None:
        if len(groups) >= MOST:
            return False
        times = groups[what] = Times()
    times.add(call.at, call.region)
    return True
