"""Record decisions about changes: a plan, an approval, a refusal. Each is an entry of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes import status as records
from demarcate.changes.applying import no_change
from demarcate.changes.policies import Policy, under, until, why_not
from demarcate.changes.status import KINDS, Approval, State, Status, status_of
from demarcate.changes.structs import Change
from demarcate.ledger.entry import Act, Actor, Entry
from demarcate.ledger.ledger import Ledger, Writer

_OPEN = (State.PLANNED, State.APPROVED)

_APPROVABLE = (*_OPEN, State.APPLYING, State.STOPPED)
"""An approval may expire before a change that stands still goes on."""

SHORTEST: Final = 8
"""How many digits of a plan's digest name it."""


def record_plan(ledger: Ledger, actor: Actor, change: Change) -> None:
    """Record a new plan, or another plan in the place of one that was not begun: approvals of that one are void.

    Raises DemarcateError where the change was begun, or rejected.
    """

    def record(writer: Writer) -> None:
        status = status_of(writer.of_change(change.id))
        if status is not None and status.state not in _OPEN:
            raise DemarcateError(f"{change.id}: it is {status.state}, and cannot be planned anew")
        before = msgspec.to_builtins(status.change) if status is not None else None
        accounts = change.accounts
        writer.append(
            Act(
                kind=records.PLANNED,
                change=change.id,
                account=accounts[0] if len(accounts) == 1 else None,
                before=before,
                after=msgspec.to_builtins(change),
            )
        )

    ledger.transact(actor, record)


def approve(
    ledger: Ledger,
    actor: Actor,
    change_id: str,
    policies: Sequence[Policy],
    *,
    digest: str | None = None,
    now: datetime | None = None,
) -> Approval:
    """Approve the plan as it stands; with `digest` only if it is still that one.

    Raises DemarcateError where there is none, where it is another one, and where this person's approval does not count.
    """
    moment = now or datetime.now(UTC)

    def record(writer: Writer) -> Approval:
        status = _open(writer, change_id, _APPROVABLE)
        plan = status.change.digest
        if digest is not None and (len(digest) < SHORTEST or not plan.startswith(digest)):
            raise DemarcateError(f"{change_id}: the plan was edited: it is {plan[:12]} now; look at it again")
        for policy, _ in under(policies, status.change).values():
            if policy.by and not policy.counts(actor.person, ""):
                raise DemarcateError(
                    f"{change_id}: policy {policy.name!r} asks for the approval of {', '.join(policy.by)}"
                )
            if not policy.counts(actor.person, status.planned_by):
                raise DemarcateError(
                    f"{change_id}: {actor.person} planned it, and policy {policy.name!r} asks for somebody else"
                )
        names = ", ".join(under(policies, status.change))
        approval = Approval(digest=plan, until=until(policies, status.change, moment).isoformat(), policy=names)
        writer.append(
            Act(
                kind=records.APPROVED,
                change=change_id,
                authority=f"policy {names}",
                after=msgspec.to_builtins(approval),
            )
        )
        return msgspec.structs.replace(approval, by=actor.person)

    return ledger.transact(actor, record)


def permitted(
    status: Status, policies: Sequence[Policy], *, accept_lockout: bool = False, now: datetime | None = None
) -> str:
    """On whose authority a change may be applied now, or go on. Raises DemarcateError that says why it may not."""
    change, moment = status.change, now or datetime.now(UTC)
    reasons = why_not(policies, change, planner=status.planned_by, approvals=status.approved(moment), now=moment)
    if reasons:
        raise DemarcateError(*(f"{change.id}: {reason}" for reason in reasons))
    if "locks-out" in change.risks and not accept_lockout:
        raise DemarcateError(f"{change.id}: it may lock somebody out: say that you accept that (--accept-lockout)")
    return f"policy {', '.join(under(policies, change))}"


def reject(ledger: Ledger, actor: Actor, change_id: str, reason: str) -> None:
    """Reject a plan: it will never be applied. Raises DemarcateError where there is none, or it was begun."""

    def record(writer: Writer) -> None:
        _open(writer, change_id)
        writer.append(Act(kind=records.REJECTED, change=change_id, after={"reason": reason}))

    ledger.transact(actor, record)


def changes(ledger: Ledger) -> Iterator[Status]:
    """All changes as they stand, the one that was planned last first."""
    entries: dict[str, list[Entry]] = {}
    for entry in ledger.entries(kinds=KINDS):
        if entry.act.change is not None:
            entries.setdefault(entry.act.change, []).append(entry)
    for of_change in reversed(entries.values()):
        status = status_of(of_change)
        if status is not None:
            yield status


def _open(writer: Writer, change_id: str, states: Collection[State] = _OPEN) -> Status:
    status = status_of(writer.of_change(change_id))
    if status is None:
        raise no_change(change_id)
    if status.state not in states:
        raise DemarcateError(f"{change_id}: it is {status.state}, and there is nothing to decide")
    return status
