"""What a period of patching came to: who did what and when, what waited and why, and what took longer than it may.

What was done is in the ledger, what was seen in the history. Neither is believed beyond what it says: a day of which
nothing was recorded is a hole, and what was mended by other means than a plan is told as seen to be gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.moments import utc
from demarcate.changes import status as records
from demarcate.changes.status import StepEnded
from demarcate.changes.structs import Change
from demarcate.checks.judgement import finding_id
from demarcate.checks.structs import Check
from demarcate.evidence.structs import Record
from demarcate.evidence.values import year_after
from demarcate.evidence.waivers import Waiver, checks_of
from demarcate.ledger.entry import Actor, Entry
from demarcate.ledger.ledger import Ledger
from demarcate.patching import plans
from demarcate.patching.history import Day, Exposure, Levels, history_of
from demarcate.patching.plans import PatchPlan, RingResult

KEPT: Final = "patch-management.keep-patch-reports"
"""The responsibility that a report proves, once it is kept."""


class PatchAct(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a patch plan made in the period, as the ledger has it. `at` is UTC (ISO 8601)."""

    at: str
    person: str
    caller: str | None
    account_id: str
    region: str
    resource: str
    operation: str
    outcome: str
    reason: str
    change: str
    plan: str
    artefact: str


class RingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A ring of a plan that was applied, passed or stopped, or a plan that was rolled back (then without a ring)."""

    at: str
    person: str
    plan: str
    ring: str
    what: str
    told: tuple[str, ...]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was still missing at the end of the period, and what is known of why."""

    exposure: Exposure
    why: tuple[str, ...]
    waived: tuple[str, ...] = ()
    """By which waivers it was accepted at the end of the period: until when, on whose word and why."""


class Watching(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of AWS Config that would watch between reports what these checks judge."""

    rule: str
    checks: tuple[str, ...]


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """A period of patching, both days included. `levels` are the service levels that it is held to.

    `kinds` are those of which anything was recorded, and `rules` those of AWS Config that are proposed for them.
    """

    since: date
    until: date
    levels: dict[str, int]
    acts: tuple[PatchAct, ...]
    rings: tuple[RingEvent, ...]
    mended: tuple[Exposure, ...]
    waiting: tuple[Waiting, ...]
    days: tuple[Day, ...]
    """Every day of the period; one of which nothing was recorded has no numbers."""
    broken: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    rules: tuple[Watching, ...] = ()

    @property
    def holes(self) -> int:
        """The days of which nothing was recorded."""
        return sum(day.outstanding is None for day in self.days)

    @property
    def late(self) -> tuple[Exposure, ...]:
        """What took longer than its service level, whether it was mended then or not."""
        exposures = (*(item.exposure for item in self.waiting), *self.mended)
        return tuple(sorted((each for each in exposures if each.late), key=lambda each: -each.late))

    @property
    def last(self) -> Day | None:
        """The last day of which something was recorded."""
        return next((day for day in reversed(self.days) if day.outstanding is not None), None)


LONGEST: Final = timedelta(days=3660)
"""The longest period: each of its days is told."""


def audit(
    ledger: Ledger | None,
    folder: Path,
    levels: Levels,
    since: date,
    until: date,
    waivers: Sequence[Waiver] = (),
    checks: Mapping[str, Check] = MappingProxyType({}),
) -> Audit:
    """The period from one day to another, by what a ledger has (if any) and by the history in a folder.

    `waivers` are what was accepted, of findings of these checks.

    Raises DemarcateError for a period that ends before it begins or is too long, for entries that are no plans, and for
    a history that cannot be read.
    """
    if until < since:
        raise DemarcateError(f"the period ends on {until}, before it begins on {since}")
    if until - since > LONGEST:
        raise DemarcateError(f"the period has more than {LONGEST.days:,} days, which are told one by one")
    history = history_of(folder, levels, until=until)
    told = _Told(list(ledger.entries(kinds=(*records.KINDS, *plans.KINDS))) if ledger is not None else [], until)
    return Audit(
        since=since,
        until=until,
        levels=dict(levels),
        acts=tuple(act for act in told.acts() if _within(act.at, since, until)),
        rings=tuple(event for event in told.rings if _within(event.at, since, until)),
        mended=tuple(
            each for each in history.exposures if each.mended is not None and since <= each.mended.date() <= until
        ),
        waiting=tuple(
            Waiting(
                exposure=each, why=told.why(each.resource), waived=tuple(_accepted(each, waivers, checks, until))
            )
            for each in history.exposures
            if each.mended is None
        ),
        days=tuple(_each_day(history.days, since, until)),
        broken=history.broken,
        kinds=history.kinds,
    )


def _accepted(
    exposure: Exposure, waivers: Iterable[Waiver], checks: Mapping[str, Check], day: date
) -> Iterator[str]:
    """The waivers that accept something on a day. The history has no tags: one by tag is not known to."""
    check = checks.get(exposure.finding)
    place = (exposure.account_id, exposure.region, None)
    for waiver in waivers:
        if waiver.until is not None and waiver.until < day:
            continue
        if waiver.finding is not None:
            meant = waiver.finding == finding_id(exposure.finding, *place, exposure.resource)
        else:
            meant = check is not None and (
                check.responsibility == waiver.responsibility or check.id in checks_of(waiver, [check.id])
            )
        scope = waiver.scope
        within = (
            (not scope.accounts or exposure.account_id in scope.accounts)
            and (not scope.regions or exposure.region in scope.regions)
            and not (scope.tags or scope.files or waiver.of)
            and waiver.is_about(exposure.resource, [exposure.name])
        )
        if meant and within:
            until = f"until {waiver.until}" if waiver.until is not None else "without an end"
            yield f"waived {until}{f' by {waiver.owner}' if waiver.owner else ''}: {waiver.reason}"


def proof(made: Audit, actor: Actor, kept_in: str, today: date) -> Record:
    """The evidence that a report of the period was made and kept in a place."""
    return Record(
        kind="attestation",
        responsibilities=(KEPT,),
        title=f"Patch report from {made.since} to {made.until}",
        by=actor.person,
        on=today,
        valid_until=year_after(today),
        detail=f"{len(made.acts)} calls, {len(made.mended)} mended, {len(made.waiting)} waiting "
        f"({sum(bool(item.waived) for item in made.waiting)} waived), "
        f"{len(made.late)} late, "
        f"{made.holes} of {len(made.days)} days without a record",
        file=kept_in,
        line=1,
    )


def _within(at: str, since: date, until: date) -> bool:
    return since <= _day(at) <= until


def _day(at: str) -> date:
    return utc(datetime.fromisoformat(at)).date()


def _each_day(days: Iterable[Day], since: date, until: date) -> Iterator[Day]:
    recorded = {day.day: day for day in days}
    for number in range((until - since).days + 1):
        day = since + timedelta(days=number)
        yield recorded.get(day, Day(day=day))


class _Told:
    """What the ledger says of patch plans, and of the changes that they consist of, until the end of a day."""

    def __init__(self, entries: Sequence[Entry], until: date) -> None:
        self._entries = [entry for entry in entries if _day(entry.at) <= until]
        self._plans: dict[str, PatchPlan] = {}
        self._changes: dict[str, Change] = {}
        for entry in self._entries:
            if entry.act.kind == plans.PLANNED:
                plan = _decoded(entry, PatchPlan)
                self._plans[plan.id] = plan
            elif entry.act.kind == records.PLANNED and entry.act.after.get("origin") == "patch":
                change = _decoded(entry, Change)
                self._changes[change.id] = change
        self.rings = tuple(self._rings())
        """How rings came out, and what was rolled back, in order."""
        self._plan_of: dict[str, tuple[PatchPlan, str]] = {}
        self._rings_of: dict[str, dict[tuple[str, str], None]] = {}
        self._left_out: dict[str, list[str]] = {}
        for plan in self._plans.values():
            for left in plan.left_out:
                self._left_out.setdefault(left.resource, []).append(f"plan {plan.id} leaves it out: {left.why}")
            for stage in plan.stages:
                self._plan_of |= {part.change: (plan, part.kind) for part in stage.parts}
                for name in (name for member in stage.members for name in (member.resource, *member.also)):
                    self._rings_of.setdefault(name, {})[plan.id, stage.ring.name] = None

    def acts(self) -> Iterator[PatchAct]:
        """The calls of patch plans, in order."""
        for entry in self._entries:
            change = self._changes.get(entry.act.change or "")
            if change is None or entry.act.kind != records.STEP_ENDED:
                continue
            ended = _decoded(entry, StepEnded)
            step = change.steps[ended.step - 1]
            undo = step.undo.operation.name if step.undo.operation is not None else step.do.name
            plan, kind = self._plan_of.get(change.id, (None, ""))
            artefacts = (artefact for artefact in plan.artefacts if artefact.kind == kind) if plan else ()
            yield PatchAct(
                at=entry.at,
                person=entry.person,
                caller=entry.caller,
                account_id=step.account,
                region=step.region,
                resource=step.resource,
                operation=step.do.name if ended.way == "apply" else undo,
                outcome=f"{ended.outcome}, undone" if ended.way == "undo" else str(ended.outcome),
                reason=ended.reason,
                change=change.id,
                plan=plan.id if plan is not None else "",
                artefact=", ".join(f"{artefact.kind} {artefact.value}" for artefact in artefacts),
            )

    def _rings(self) -> Iterator[RingEvent]:
        for entry in self._entries:
            kind = entry.act.kind
            if kind not in _EVENTS:
                continue
            ring = RingResult(ring="", artefacts=()) if kind in _BACK else _decoded(entry, RingResult)
            yield RingEvent(
                at=entry.at,
                person=entry.person,
                plan=entry.act.change or "",
                ring=ring.ring,
                what=_EVENTS[kind],
                told=ring.reasons or ring.judged_by,
            )

    def why(self, resource: str) -> tuple[str, ...]:
        """Why a resource was not patched, as far as plans say; that none has it, where none does."""
        reasons = list(self._left_out.get(resource, ()))
        for plan, ring in self._rings_of.get(resource, ()):
            came_out = [event for event in self.rings if event.plan == plan and event.ring in (ring, "")]
            if not came_out:
                reasons.append(f"plan {plan}, ring {ring}: it was not begun")
            elif came_out[-1].what in _UNDONE:
                reasons.append(f"plan {plan}, ring {ring}: {': '.join((came_out[-1].what, *came_out[-1].told))}")
        return tuple(dict.fromkeys(reasons)) or ("no patch plan has it",)


_BACK: Final = (plans.ROLLBACK_BEGUN, plans.ROLLED_BACK)
_EVENTS: Final = {
    plans.RING_APPLIED: "applied",
    plans.RING_PASSED: "passed",
    plans.RING_STOPPED: "stopped",
    plans.ROLLBACK_BEGUN: "rollback begun",
    plans.ROLLED_BACK: "rolled back",
}
_UNDONE: Final = tuple(_EVENTS[kind] for kind in (plans.RING_STOPPED, *_BACK))
"""What a ring comes to that leaves its resources as they were."""


def _decoded(entry: Entry, type_: type[Any]) -> Any:
    try:
        return msgspec.convert(entry.act.after, type_)
    except msgspec.ValidationError as error:
        raise DemarcateError(
            f"entry {entry.number} of the ledger cannot be read as part of a patch plan: {error}"
        ) from error
