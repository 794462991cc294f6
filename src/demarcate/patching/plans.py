"""A patch plan as the ledger has it: one artefact or several, ring by ring, each ring as changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.ledger.entry import Act, Entry
from demarcate.ledger.ledger import Ledger
from demarcate.patching.artefacts import Artefact, Place
from demarcate.patching.rings import Ring
from demarcate.patching.rollback import Proof

PLANNED: Final = "patch-planned"
RING_APPLIED: Final = "patch-ring-applied"
RING_PASSED: Final = "patch-ring-passed"
RING_STOPPED: Final = "patch-ring-stopped"
ROLLBACK_BEGUN: Final = "patch-rollback-begun"
ROLLED_BACK: Final = "patch-rolled-back"
KINDS: Final = (PLANNED, RING_APPLIED, RING_PASSED, RING_STOPPED, ROLLBACK_BEGUN, ROLLED_BACK)
"""The kinds of entries about patch plans."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A resource of a ring, by its ARN and by others of the same thing, and what is known of the way back."""

    account: str
    region: str
    resource: str
    name: str
    proof: Proof
    also: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One artefact for one ring: the change that installs it, and for what."""

    kind: str
    change: str
    members: tuple[Member, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """Where it is installed."""
        return tuple(sorted({Place(member.account, member.region) for member in self.members}))


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A ring, with what it receives."""

    ring: Ring
    parts: tuple[Part, ...]
    at_once: int

    @property
    def members(self) -> tuple[Member, ...]:
        """All of its resources."""
        return tuple(member for part in self.parts for member in part.members)


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that receives nothing, and why. `ring` is empty where it belongs to none."""

    resource: str
    ring: str
    why: str


class PatchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is promoted, through which rings. `accepted` says that somebody accepted that some of it has no way back."""

    id: str
    source: str
    file: str
    artefacts: tuple[Artefact, ...]
    stages: tuple[Stage, ...]
    left_out: tuple[LeftOut, ...] = ()
    accepted: bool = False


class RingResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a ring came out: what it was judged by, in words, and why it stopped, where it did."""

    ring: str
    artefacts: tuple[str, ...]
    since: str = ""
    judged_by: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class Progress(msgspec.Struct, kw_only=True):
    """How far a plan is: when each ring was applied, which entry says that it passed, and why it last stopped.

    Once going back has begun, a plan goes on no further.
    """

    plan: PatchPlan
    planned_by: str
    applied: dict[str, datetime] = {}
    passed: dict[str, int] = {}
    stopped: dict[str, tuple[str, ...]] = {}
    going_back: bool = False
    rolled_back: bool = False


def progress_of(ledger: Ledger, plan_id: str) -> Progress:
    """How far a plan is, by its entries. Raises DemarcateError where there is none, or one that cannot be read."""
    progress = _progress(ledger.entries(kinds=KINDS, change=plan_id))
    if progress is None:
        raise DemarcateError(f"there is no patch plan {plan_id!r} (see: demarcate ledger list --kind {PLANNED})")
    return progress


def plans_in(ledger: Ledger) -> Iterator[PatchPlan]:
    """All plans, in the order in which they were made. Raises DemarcateError for one that cannot be read."""
    for entry in ledger.entries(kinds=(PLANNED,)):
        planned = _progress([entry])
        if planned is not None:
            yield planned.plan


def ring_of(ledger: Ledger, change_id: str) -> Ring | None:
    """The ring that a change is of; None where it is of none."""
    for plan in plans_in(ledger):
        for stage in plan.stages:
            if change_id in {part.change for part in stage.parts}:
                return stage.ring
    return None


def _progress(entries: Iterable[Entry]) -> Progress | None:
    progress: Progress | None = None
    for entry in entries:
        told, kind = entry.act.after, entry.act.kind
        try:
            if kind == PLANNED:
                progress = Progress(plan=msgspec.convert(told, PatchPlan), planned_by=entry.person)
            elif progress is None:
                raise ValueError("it was never planned")
            elif kind in (ROLLBACK_BEGUN, ROLLED_BACK):
                progress.going_back, progress.rolled_back = True, kind == ROLLED_BACK
            else:
                _after(progress, kind, msgspec.convert(told, RingResult), entry)
        except (msgspec.ValidationError, ValueError) as error:
            raise DemarcateError(
                f"entry {entry.number} of the ledger cannot be read as a patch plan: {error}"
            ) from error
    return progress


def _after(progress: Progress, kind: str, result: RingResult, entry: Entry) -> None:
    if kind == RING_APPLIED:
        progress.applied[result.ring] = datetime.fromisoformat(entry.at)
    elif kind == RING_PASSED:
        progress.passed[result.ring] = entry.number
        progress.stopped.pop(result.ring, None)
    else:
        progress.stopped[result.ring] = result.reasons


def act_of(kind: str, plan: PatchPlan, told: Any, authority: str = "") -> Act:
    """What is recorded of a plan."""
    return Act(kind=kind, change=plan.id, authority=authority, after=msgspec.to_builtins(told))
