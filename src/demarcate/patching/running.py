"""Run a plan: ring by ring, each approved, applied, watched and judged before the next; or roll it back.

All that is known of a run is in the ledger. Whoever goes on, after a kill or after a ring has soaked, begins with what
is recorded, and changes that were begun ask AWS before they send anything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes import status as records
from demarcate.changes.alarms import Alarms
from demarcate.changes.applying import Run, standing
from demarcate.changes.deciding import permitted
from demarcate.changes.policies import Policy, alarms_of, opens
from demarcate.changes.reach import Reach
from demarcate.changes.status import State, Status, Way
from demarcate.changes.structs import Change
from demarcate.checks.structs import Check
from demarcate.estate.sources.interface import Options
from demarcate.evidence.structs import Record
from demarcate.evidence.values import year_after
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.evidence import act_of as evidence_act
from demarcate.ledger.ledger import Held, Ledger
from demarcate.patching import plans
from demarcate.patching.artefacts import changed
from demarcate.patching.gates import judge_ring
from demarcate.patching.plans import Part, PatchPlan, Progress, RingResult, Stage, progress_of
from demarcate.patching.sharing import Shared, alone_in

TESTED = "patch-management.test-patches-in-staging"
REHEARSED = "patch-management.plan-rollback"

End = Literal["done", "soaks", "stopped", "waits", "rolled back"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, at which ring, and why. `again` is when it can go on, where that is known, and `change` is what
    waits for an approval, where it does not wait for the time alone.
    """

    how: End
    ring: str = ""
    reasons: tuple[str, ...] = ()
    again: datetime | None = None
    change: str = ""


def now_in_utc() -> datetime:
    """The moment that it is."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Means:
    """What a run takes: the ledger, who runs it, AWS, and what it is judged by.

    `reach` gives what may make the calls of a change and read what `reads` names; `options` is how the places of a ring
    are collected. `policies` hold beside the rings' own. `told` hears what is done.
    """

    ledger: Ledger
    person: Callable[[Reach], Actor]
    reach: Callable[[Change], AbstractContextManager[Reach]]
    options: Callable[[Change], Options]
    checks: dict[str, Check]
    policies: Sequence[Policy] = ()
    told: Callable[[str], None] = lambda _text: None
    now: Callable[[], datetime] = now_in_utc
    run: Callable[[Run], Run] = lambda run: run
    """What a run of a change is made of, where it is not to wait as long as usual."""


def run_plan(plan_id: str, means: Means) -> Ended:
    """Take a plan as far as it goes now. Raises DemarcateError where there is none, where it goes back or went back,
    and where somebody else is at it.
    """
    with _alone(plan_id, means):
        return _run(plan_id, means)


def _run(plan_id: str, means: Means) -> Ended:
    progress = progress_of(means.ledger, plan_id)
    if progress.going_back:
        raise DemarcateError(f"{plan_id}: it was rolled back, or is on the way back: plan again")
    before: str = ""
    for stage in progress.plan.stages:
        name = stage.ring.name
        if not stage.parts:
            continue
        if name not in progress.passed:
            after = progress.passed.get(before, 0)
            ended = _apply_ring(progress, stage, after, means) or _judge_ring(progress, stage, means)
            if ended is not None:
                return ended
        before = name
    return Ended("done")


@contextlib.contextmanager
def _alone(plan_id: str, means: Means) -> Iterator[None]:
    """Be the only one who is at a plan. Raises DemarcateError where somebody else is."""
    try:
        with means.ledger.hold(f"patch {plan_id}"):
            yield
    except Held as held:
        raise DemarcateError(f"{plan_id}: somebody else is at it: wait for that run") from held


def _apply_ring(progress: Progress, stage: Stage, after: int, means: Means) -> Ended | None:
    """Apply what of a ring is not applied yet; how the run ends, where it does. `after` is the entry by which the ring
    before it passed: only who approves with that known is counted.
    """
    if stage.ring.name in progress.applied:
        return None
    try:
        with alone_in(means.ledger, progress.plan, stage):
            return _apply_parts(progress, stage, after, means)
    except Shared as shared:
        return Ended("waits", stage.ring.name, (str(shared),))


def _apply_parts(progress: Progress, stage: Stage, after: int, means: Means) -> Ended | None:
    """Apply the changes of a ring, one after the other, with its budget to oneself."""
    name = stage.ring.name
    for part in stage.parts:
        status = standing(means.ledger, part.change)
        if status.state is State.APPLIED:
            continue
        means.told(f"ring {name}: {status.change.title}")
        waits = _why_wait(stage, status, after, means)
        if waits is not None:
            return waits
        with means.reach(status.change) as reach:
            stopped = _changed(progress.plan, part, reach)
            if not stopped:
                ended = _carry_out(
                    status,
                    "apply",
                    means,
                    reach,
                    _permit(stage, after, means),
                    _alarms(stage, status.change, means),
                )
                if ended.state is not State.APPLIED:
                    stopped = [ended.reason or f"{part.change} is {ended.state}"]
            if stopped:
                return _stopped(progress.plan, stage, stopped, means, reach)
    with means.reach(standing(means.ledger, stage.parts[0].change).change) as reach:
        result = RingResult(ring=name, artefacts=_artefacts(progress.plan))
        means.ledger.append(means.person(reach), plans.act_of(plans.RING_APPLIED, progress.plan, result))
    progress.applied.update(progress_of(means.ledger, progress.plan.id).applied)
    return None


def _permit(stage: Stage, after: int, means: Means) -> Callable[[Status], str]:
    """What permits a change of a ring: the ring's own policy, and those that hold beside it."""

    def permit(status: Status) -> str:
        counted = _approved_after(status, after, means)
        authority = permitted(counted, (stage.ring,), now=means.now())
        if means.policies:
            authority += f", {permitted(counted, means.policies, now=means.now())}"
        return authority

    return permit


def _approved_after(status: Status, after: int, means: Means) -> Status:
    """A change with those approvals alone that were given once the ring before it had passed."""
    late = {
        (entry.person, str(entry.act.after.get("until")))
        for entry in means.ledger.entries(kinds=(records.APPROVED,), change=status.change.id)
        if entry.number > after
    }
    kept = [approval for approval in status.approvals if (approval.by, approval.until) in late]
    return replace(status, approvals=kept)


def _why_wait(stage: Stage, status: Status, after: int, means: Means) -> Ended | None:
    """Why a change cannot be applied now, though nothing is wrong: nobody approved it yet, or it is not the time."""
    try:
        _permit(stage, after, means)(status)
    except DemarcateError as error:
        again = opens(stage.ring, means.now())
        return Ended("waits", stage.ring.name, tuple(map(str, error.args)), again, status.change.id)
    return None


def _changed(plan: PatchPlan, part: Part, reach: Reach) -> list[str]:
    """Why the artefact of a part is not any more what was planned."""
    (artefact,) = [artefact for artefact in plan.artefacts if artefact.kind == part.kind]
    return changed(artefact, part.places, reach)


def _alarms(stage: Stage, change: Change, means: Means) -> tuple[str, ...]:
    """The alarms that stop a change of a ring while it is applied."""
    beside = alarms_of(means.policies, change) if means.policies else ()
    return tuple(dict.fromkeys((*stage.ring.alarms, *beside)))


def _carry_out(
    status: Status,
    way: Way,
    means: Means,
    reach: Reach,
    permit: Callable[[Status], str],
    alarms: Sequence[str] = (),
) -> Status:
    """Apply or undo a change, or go on with it."""
    run = means.run(
        Run(
            means.ledger,
            means.person(reach),
            reach,
            told=lambda number, of, text: means.told(f"{number} of {of}: {text}"),
            check=Alarms(alarms, reach).check,
        )
    )
    under_way = status.begun is not None and status.state in (State.APPLYING, State.UNDOING)
    return run.carry_out(status.change.id, way, resume=under_way, permit=permit)


def _judge_ring(progress: Progress, stage: Stage, means: Means) -> Ended | None:
    """Judge a ring that is applied, once it has soaked; how the run ends, where it does."""
    name, since, now = stage.ring.name, progress.applied[stage.ring.name], means.now()
    until = since + stage.ring.soaks
    if now < until:
        return Ended("soaks", name, again=until)
    changes = [standing(means.ledger, part.change).change for part in stage.parts]
    whole = msgspec.structs.replace(changes[0], steps=tuple(step for change in changes for step in change.steps))
    with means.reach(whole) as reach:
        gate = judge_ring(stage, whole.steps, means.checks, means.options(whole), reach, since, now)
        if gate.reasons:
            return _stopped(progress.plan, stage, gate.reasons, means, reach)
        result = RingResult(
            ring=name,
            artefacts=_artefacts(progress.plan),
            since=since.isoformat(),
            judged_by=tuple(gate.judged_by),
        )
        actor = means.person(reach)
        acts = [plans.act_of(plans.RING_PASSED, progress.plan, result)]
        if name != [stage.ring.name for stage in progress.plan.stages if stage.parts][-1]:
            acts.append(
                evidence_act(_tested(progress.plan, stage, result, actor, now.date()), f"plan {progress.plan.id}")
            )
        entries = means.ledger.append(actor, *acts)
        progress.passed[name] = entries[0].number
    means.told(f"ring {name}: passed: {'; '.join(gate.judged_by)}")
    return None


def _stopped(plan: PatchPlan, stage: Stage, reasons: Iterable[str], means: Means, reach: Reach) -> Ended:
    result = RingResult(ring=stage.ring.name, artefacts=_artefacts(plan), reasons=tuple(reasons))
    means.ledger.append(means.person(reach), plans.act_of(plans.RING_STOPPED, plan, result))
    return Ended("stopped", stage.ring.name, result.reasons)


def _artefacts(plan: PatchPlan) -> tuple[str, ...]:
    return tuple(f"{artefact.kind} {artefact.value} {artefact.digest}" for artefact in plan.artefacts)


def _tested(plan: PatchPlan, stage: Stage, result: RingResult, actor: Actor, today: date) -> Record:
    """What a ring proves: that this artefact was tried before it went further."""
    count = len(stage.members)
    return Record(
        kind="attestation",
        responsibilities=(TESTED,),
        title=f"Ring {stage.ring.name} of plan {plan.id} received it first, and passed",
        by=actor.person,
        on=today,
        valid_until=year_after(today),
        detail=f"{', '.join(result.artefacts)}: {count} resources; {'; '.join(result.judged_by)}",
        file=plan.id,
        line=1,
    )


def roll_back(plan_id: str, means: Means) -> Ended:
    """Undo what a plan did, the last ring first. What has no way back is told, and the rest is undone all the same.

    Raises DemarcateError where there is nothing to undo, and where somebody else is at it.
    """
    with _alone(plan_id, means):
        return _roll_back(plan_id, means)


def _roll_back(plan_id: str, means: Means) -> Ended:
    progress = progress_of(means.ledger, plan_id)
    if progress.rolled_back:
        raise DemarcateError(f"{plan_id}: it was rolled back already")
    begun_at = means.now()
    reasons: list[str] = []
    undone: list[str] = []
    actor: Actor | None = None
    for stage in reversed(progress.plan.stages):
        for part in reversed(stage.parts):
            status = standing(means.ledger, part.change)
            if status.state in (State.PLANNED, State.APPROVED, State.REJECTED):
                continue
            if status.state is not State.UNDONE:
                means.told(f"ring {stage.ring.name}: {status.change.title}")
                with means.reach(status.change) as reach:
                    actor = means.person(reach)
                    if not progress.going_back:
                        means.ledger.append(actor, plans.act_of(plans.ROLLBACK_BEGUN, progress.plan, {}))
                        progress.going_back = True
                    status = _carry_out(status, "undo", means, reach, lambda _status: "")
            if status.state is State.UNDONE:
                undone.append(stage.ring.name)
            else:
                reasons.append(f"ring {stage.ring.name}: {part.change}: {status.reason}")
    if not undone and not reasons:
        raise DemarcateError(f"{plan_id}: none of its rings was begun, and so there is nothing to roll back")
    if reasons:
        return Ended("stopped", reasons=tuple(reasons))
    if actor is not None:
        _record_rollback(progress.plan, undone, actor, begun_at, means)
    return Ended("rolled back")


def _record_rollback(
    plan: PatchPlan, undone: Sequence[str], actor: Actor, begun_at: datetime, means: Means
) -> None:
    now = means.now()
    minutes = max(1, round((now - begun_at).total_seconds() / 60))
    rings = ", ".join(dict.fromkeys(undone))
    record = Record(
        kind="drill",
        responsibilities=(REHEARSED,),
        title=f"Roll back plan {plan.id}",
        by=actor.person,
        on=now.date(),
        valid_until=year_after(now.date()),
        detail=f"passed, {minutes} minute{'s' if minutes > 1 else ''}: {rings} back from {', '.join(_artefacts(plan))}",
        file=plan.id,
        line=1,
    )
    acts: list[Act] = [
        plans.act_of(plans.ROLLED_BACK, plan, {"rings": list(dict.fromkeys(undone))}),
        evidence_act(record, f"plan {plan.id}"),
    ]
    means.ledger.append(actor, *acts)
