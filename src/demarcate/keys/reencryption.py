"""What re-encrypting a resource takes, whatever it is: the change, what a person does, the cost, and the outage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from demarcate.changes.making import Making
from demarcate.changes.structs import Change

COPYING: Final = 6 * 3600.0
"""Seconds in which a snapshot, a copy or a database must be there. AWS names no time for them."""

MARK: Final = "demarcate:reencrypts"
"""The tag by which a new volume is known: its value says what it was made of."""


@dataclass(frozen=True, slots=True)
class Reencryption:
    """What re-encrypting takes: the change (None where it is under the key already), what a person does before and
    after it, what it costs, and for how long what uses the resource stands still.
    """

    change: Change | None
    before: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    cost: str = ""
    outage: str = ""


def title(plan: Making, key: str) -> str:
    """What the change is called."""
    return f"re-encrypt {plan.resource} with {key}"
