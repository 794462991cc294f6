"""A chain of links, each of which holds, does not, or is not known to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from demarcate.estate.schema.truths import Truth
from demarcate.estate.schema.unknown import Unknown


class Name(StrEnum):
    """What a link is, in the order in which an event goes through them: by log group and alarm, or by a rule."""

    SERVICE = "service"
    TRAIL = "trail"
    RECORDED = "event recorded"
    LOG_GROUP = "log group"
    DELIVERY = "delivery"
    FILTER = "metric filter"
    ALARM = "alarm"
    THRESHOLD = "threshold"
    COMPOSITE = "composite alarm"
    ACTIONS = "alarm actions"
    RULE = "rule"
    TARGET = "target"
    TOPIC = "topic"
    ENCRYPTION = "topic encryption"
    POLICY = "topic policy"
    SUBSCRIBER = "subscriber"
    PLAN = "response plan"


class Link(msgspec.Struct, frozen=True):
    """One link: which resource, whether it holds (None: not known), and why not, or as what."""

    name: Name
    what: str
    holds: bool | None
    why: str = ""

    @classmethod
    def of(cls, name: Name, what: object, truth: Truth, why_not: str, why: str = "") -> Link:
        """A link by whether it holds: `why_not` is said where it does not, `why` where it does."""
        text = what if type(what) is str else ""
        if isinstance(truth, Unknown):
            return cls(name, text, None, truth.reason)
        return cls(name, text, truth, why if truth else why_not)


Links = tuple[Link, ...]


class Verdict(StrEnum):
    """What comes of a chain: its weakest link."""

    PROVEN = "proven"
    UNKNOWN = "unknown"
    BROKEN = "broken"


def verdict_of(links: Iterable[Link]) -> Verdict:
    """That of a chain: broken by one link that does not hold, whatever else is not known."""
    held = [link.holds for link in links]
    if False in held:
        return Verdict.BROKEN
    return Verdict.UNKNOWN if None in held else Verdict.PROVEN


_ORDER = list(Name)
_RANK = {Verdict.PROVEN: 2, Verdict.UNKNOWN: 1, Verdict.BROKEN: 0}


def best(chains: Iterable[Links]) -> Links:
    """Of several ways for one event the one that is surest, and of those the one that leads furthest; () of none."""
    return max(chains, key=_strength, default=())


def _strength(links: Links) -> tuple[int, int]:
    broken = next((_ORDER.index(link.name) for link in links if link.holds is False), len(_ORDER))
    return _RANK[verdict_of(links)], broken


class Chain(msgspec.Struct, frozen=True):
    """The best way from an event to somebody, for all events of an alarm that take the same."""

    events: tuple[str, ...]
    verdict: Verdict
    links: Links


class Proof(msgspec.Struct, frozen=True):
    """What is proven of one alarm in one account: its chains, and the worst of their verdicts."""

    account: str
    alarm: str
    verdict: Verdict
    chains: tuple[Chain, ...]

    @classmethod
    def of(cls, account: str, alarm: str, ways: Sequence[tuple[str, Links]]) -> Proof:
        """Of the best way of each event; events that take the same are told together."""
        together: dict[Links, list[str]] = {}
        for event, links in ways:
            together.setdefault(links, []).append(event)
        chains = [Chain(tuple(events), verdict_of(links), links) for links, events in together.items()]
        chains.sort(key=lambda chain: _RANK[chain.verdict])
        worst = chains[0].verdict if chains else Verdict.BROKEN
        return cls(account, alarm, worst, tuple(chains))
