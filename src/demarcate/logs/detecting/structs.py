"""What is detected: a finding over events, and what is carried from one batch of events to the next."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from demarcate.checks.judgement import Waived
from demarcate.logs.sigma.structs import Level

MOST: Final = 10
"""How many events, addresses and names of a finding are told; all are counted."""


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule found of one entity within one window: as many events as there were.

    Its id is made of the rule, the account, the entity and the beginning of the window, and so is the same however the
    events were read. Moments are ISO 8601 in UTC. `entity` is who made the calls, or what the rule names instead.
    `resources` are ARNs. `count` is how many events it rests on; of them, and of where they came from, the first are
    told. `waived` is set where a waiver accepts it.
    """

    id: str
    rule: str
    name: str
    title: str
    level: Level
    responsibility: str = ""
    techniques: tuple[str, ...] = ()
    author: str = ""
    license: str = ""
    remedy: str = ""
    account: str = ""
    regions: tuple[str, ...] = ()
    entity: str = ""
    window: str
    seconds: int
    first: str
    last: str
    count: int
    events: tuple[str, ...] = ()
    event_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    waived: Waived | None = None


class Seen(msgspec.Struct, kw_only=True, gc=False):
    """One event that a rule matched: what a finding needs of it. `moment` is in microseconds since 1970 (UTC)."""

    moment: int
    event: str
    rule: str
    account: str = ""
    region: str = ""
    name: str = ""
    address: str = ""
    agent: str = ""
    error: str = ""
    entity: str = ""
    resources: tuple[str, ...] = ()
    keys: tuple[tuple[str | None, ...], ...] = ()


class Kept(msgspec.Struct, gc=False):
    """An event that rules match, as the database tells it: what is the same for all of these rules, what each of those
    that it was asked of says, and the lists of texts that each wants of it (`scanning.Wanted`).
    """

    told: tuple[int, ...]
    moment: int
    entity: str
    wanted: tuple[tuple[tuple[str | None, ...], ...] | None, ...] | None
    event: str
    account: str
    region: str
    name: str
    address: str
    agent: str
    error: str


class Matches(msgspec.Struct, kw_only=True):
    """What rules match in some events, of which there are so many, from the first moment to the last.

    `undecided` is how many events each rule could not decide. An event that came twice may be in it twice.
    """

    events: int = 0
    first: int | None = None
    last: int | None = None
    undecided: dict[str, int] = msgspec.field(default_factory=dict)
    seen: list[Seen] = msgspec.field(default_factory=list)


class Growing(msgspec.Struct, kw_only=True):
    """A finding that may still grow: its window is not over, or not all of it was read."""

    rule: str
    account: str
    entity: str
    window: int
    first: int
    last: int
    count: int = 0
    through: int = 0
    events: set[tuple[int, str]] = msgspec.field(default_factory=set)
    regions: set[str] = msgspec.field(default_factory=set)
    names: set[str] = msgspec.field(default_factory=set)
    addresses: set[str] = msgspec.field(default_factory=set)
    agents: set[str] = msgspec.field(default_factory=set)
    errors: set[str] = msgspec.field(default_factory=set)
    resources: set[str] = msgspec.field(default_factory=set)

    def take(self, seen: Seen) -> None:
        """Add what is told of an event."""
        self.first, self.last = min(self.first, seen.moment), max(self.last, seen.moment)
        _least(self.events, (seen.moment, seen.event), MOST)
        for kept, value in (
            (self.regions, seen.region),
            (self.names, seen.name),
            (self.addresses, seen.address),
            (self.agents, seen.agent),
            (self.errors, seen.error),
        ):
            if value and value not in kept:
                _least(kept, value, _KEPT)
        for arn in seen.resources:
            _least(self.resources, arn, _KEPT)


_KEPT: Final = 50
"""How many different names of a kind are kept while a finding grows."""


def _least(kept: set[Any], value: Any, most: int) -> None:
    """Keep the least values, so that it does not matter in which order they come."""
    kept.add(value)
    if len(kept) > most:
        kept.remove(max(kept))


class Group(msgspec.Struct, kw_only=True):
    """The matches of a correlation's rules within its span that are alike in what it groups by.

    `started` is, for the first rules of an ordered one, when the latest chain of matches of them began.
    """

    members: list[tuple[int, int, str | None, Seen]] = msgspec.field(default_factory=list)
    started: list[int | None] = msgspec.field(default_factory=list)
    number: int = 0


VERSION: Final = 1
"""That of the state, where it is kept."""


class State(msgspec.Struct, kw_only=True):
    """What is carried from one batch to the next, and can be kept as JSON or MessagePack in between.

    `since` and `until` are the moments of the first and the last event so far. `settled` is the moment up to which what
    depends on order was looked at: `pending` is later. `usual` says when each value of a baseline was last seen, by
    rule. `met` are matches that were counted, by the day of the event, so that copies of an event are one. `files` are
    those of a store that were read, which has others once it has put some together.
    """

    version: int = VERSION

    since: int | None = None
    until: int | None = None
    settled: int | None = None
    growing: dict[str, Growing] = msgspec.field(default_factory=dict)
    pending: list[Seen] = msgspec.field(default_factory=list)
    groups: dict[str, dict[str, Group]] = msgspec.field(default_factory=dict)
    usual: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    met: dict[int, set[str]] = msgspec.field(default_factory=dict)
    events: int = 0
    undecided: dict[str, int] = msgspec.field(default_factory=dict)
    learning: dict[str, int] = msgspec.field(default_factory=dict)
    late: int = 0
    files: set[str] = msgspec.field(default_factory=set)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch added: findings that are new or have grown, worst first, as they are now; and the state after it."""

    detections: tuple[Detection, ...]
    state: State
