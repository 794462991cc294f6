"""How a change stands: what the ledger's entries about it come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes.structs import Change, Operation
from demarcate.ledger.entry import Entry

PLANNED: Final = "change-planned"
APPROVED: Final = "change-approved"
REJECTED: Final = "change-rejected"
BEGUN: Final = "change-begun"
ENDED: Final = "change-ended"
VERIFIED: Final = "change-verified"
STEP_BEGUN: Final = "step-begun"
STEP_ENDED: Final = "step-ended"
KINDS: Final = (PLANNED, APPROVED, REJECTED, BEGUN, ENDED, VERIFIED, STEP_BEGUN, STEP_ENDED)
"""The kinds of entries about changes."""

Way = Literal["apply", "undo"]


class Outcome(StrEnum):
    """What became of a call. After `uncertain` nobody knows whether AWS made it; `under way` AWS is at it."""

    UNDER_WAY = "under way"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class State(StrEnum):
    """How a change stands."""

    PLANNED = "planned"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPLYING = "applying"
    STOPPED = "stopped"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDO_STOPPED = "undo stopped"
    UNDONE = "undone"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word that a plan, named by its digest, may be applied until a moment (ISO 8601, UTC)."""

    digest: str
    until: str
    by: str = ""
    policy: str = ""


class StepBegun(msgspec.Struct, frozen=True, kw_only=True):
    """Written before a call is made: which, and the state that was read just before."""

    step: int
    way: Way
    operation: Operation
    state: Any


class StepEnded(msgspec.Struct, frozen=True, kw_only=True):
    """Written when it is known what became of a call; `undo` is what undoes it, where something does.

    `taken` is true of one that failed after AWS had begun: it may have left something to undo.
    """

    step: int
    way: Way
    outcome: Outcome
    reason: str = ""
    state: Any = None
    undo: Operation | None = None
    taken: bool = False


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """Written when somebody begins to apply or to undo a plan, named by its digest."""

    way: Way
    digest: str
    host: str
    process: int


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Written when that ended: whole, or before its time for a reason."""

    way: Way
    whole: bool
    reason: str = ""


@dataclass(slots=True)
class Status:
    """A change as it stands. `open` are steps that began and of which it is not known how they ended."""

    change: Change
    planned_by: str
    planned_at: str
    state: State = State.PLANNED
    approvals: list[Approval] = field(default_factory=list)
    begun_by: str = ""
    begun: Begun | None = None
    ended: dict[tuple[Way, int], StepEnded] = field(default_factory=dict)
    open: dict[tuple[Way, int], StepBegun] = field(default_factory=dict)
    reason: str = ""
    verified: dict[str, Any] | None = None

    def approved(self, now: datetime) -> list[Approval]:
        """The approvals of this very plan that have not expired."""
        digest = self.change.digest
        return [
            approval
            for approval in self.approvals
            if approval.digest == digest and datetime.fromisoformat(approval.until) > now
        ]

    def done(self, way: Way) -> list[StepEnded]:
        """The steps that took effect, in order."""
        return [
            ended for (of, _), ended in sorted(self.ended.items()) if of == way and ended.outcome is Outcome.DONE
        ]


def status_of(entries: Iterable[Entry]) -> Status | None:
    """How a change stands by its entries, in order; None where there are none.

    Raises DemarcateError for an entry that no version of this program wrote.
    """
    status: Status | None = None
    for entry in entries:
        try:
            status = _after(status, entry)
        except (msgspec.ValidationError, AttributeError) as error:
            raise DemarcateError(
                f"entry {entry.number} of the ledger cannot be read as a change: {error}"
            ) from error
    return status


def _after(status: Status | None, entry: Entry) -> Status:
    told, kind = entry.act.after, entry.act.kind
    if kind == PLANNED:
        change = msgspec.convert(told, Change)
        if status is None:
            return Status(change, entry.person, entry.at)
        # A plan that is edited has another digest: what was approved was another one.
        status.change, status.planned_by, status.planned_at, status.state = (
            change,
            entry.person,
            entry.at,
            State.PLANNED,
        )
        status.approvals.clear()
        return status
    if status is None:
        raise AttributeError("it was never planned")
    if kind == APPROVED:
        approval = msgspec.structs.replace(msgspec.convert(told, Approval), by=entry.person)
        status.approvals.append(approval)
        if status.state is State.PLANNED:
            status.state = State.APPROVED
    elif kind == REJECTED:
        status.state, status.reason = State.REJECTED, str(told.get("reason", ""))
        status.approvals.clear()
    elif kind == BEGUN:
        status.begun, status.begun_by = msgspec.convert(told, Begun), entry.person
        status.state = State.APPLYING if status.begun.way == "apply" else State.UNDOING
    elif kind == STEP_BEGUN:
        begun = msgspec.convert(told, StepBegun)
        status.open[begun.way, begun.step] = begun
    elif kind == STEP_ENDED:
        ended = msgspec.convert(told, StepEnded)
        status.open.pop((ended.way, ended.step), None)
        status.ended[ended.way, ended.step] = ended
    elif kind == ENDED:
        _end(status, msgspec.convert(told, Ended))
    elif kind == VERIFIED:
        status.verified = told
    return status


def _end(status: Status, ended: Ended) -> None:
    status.reason = ended.reason
    if ended.way == "apply":
        status.state = State.APPLIED if ended.whole else State.STOPPED
    else:
        status.state = State.UNDONE if ended.whole else State.UNDO_STOPPED
