"""What is sent, to whom, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import msgspec

from demarcate.base.errors import DemarcateError

Severity = Literal["critical", "high", "medium", "low", "informational"]
State = Literal["open", "unknown", "waived", "resolved"]
Kind = Literal["finding", "detection", "event"]

SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "high", "medium", "low", "informational")
"""Worst first."""


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that other systems are told of: a finding, a detection or an event of CloudTrail.

    `id` is the same in each run. `moment` is when it was so (ISO 8601, UTC). `rule` is the check or rule that says so.
    `event` is all of it in OCSF.
    """

    id: str
    kind: Kind
    state: State
    severity: Severity
    title: str
    text: str = ""
    rule: str = ""
    area: str = ""
    responsibility: str = ""
    account: str = ""
    region: str = ""
    resource: str = ""
    table: str = ""
    moment: str
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """An item in the queue of a destination. `key` is the same each time it is tried, so that receivers know it.

    Of `attempts` to deliver it, `faults` failed in a way that it may be the cause of.
    """

    number: int
    key: str
    item: Item
    attempts: int = 0
    faults: int = 0
    added: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver took: all but what is `refused` for good, or is to be tried `later`; each with the reason."""

    refused: Mapping[int, str] = field(default_factory=dict)
    later: Mapping[int, str] = field(default_factory=dict)


class Later(Exception):
    """Nothing is known to have been taken, and it is to be tried again.

    `counts` says that what was sent may be the cause: a receiver that is not there, or has other credentials, is not
    what a delivery is given up for.
    """

    def __init__(self, why: str, *, counts: bool) -> None:
        super().__init__(why)
        self.counts = counts


class SendingError(DemarcateError):
    """A destination that cannot be used as it is set."""


class Transport(Protocol):
    """Delivers to one destination. `most` is how many deliveries it takes at once."""

    most: int

    def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Deliver, in order. Raises Later where nothing is known to have been taken."""
        ...


def plain(text: object, most: int = 300) -> str:
    r"""What somebody else said, as a short line for people: of several lines and signs that cannot be seen, none.

    >>> plain("no\n\x1b[2J")
    'no \ufffd[2J'
    """
    line = " ".join(str(text).split())
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in line)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
