"""Apply a change, or undo it: step by step, each recorded before it is sent, and none sent twice.

Before a call, the state that it changes is read: it must be the one that was planned against. The call and that state
are recorded, and only then is it sent. When the state shows its effect, that is recorded. So whoever was killed at any
moment left in the ledger which step may have run, and `resume` asks AWS before it goes on.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Protocol

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes import status as records
from demarcate.changes.reach import Gone, NotDone, Uncertain
from demarcate.changes.status import Begun, Ended, Outcome, State, Status, StepBegun, StepEnded, Way, status_of
from demarcate.changes.structs import Change, Operation, Read, Step
from demarcate.changes.values import holds, with_after
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Held, Ledger, Writer

WAIT: Final = 120.0
"""Seconds in which a call must show its effect."""

LOST: Final = 20.0
"""Seconds in which a call shows its effect of which it is not known whether AWS has it."""

FROM: Final[dict[Way, frozenset[State]]] = {
    "apply": frozenset({State.PLANNED, State.APPROVED, State.STOPPED}),
    "undo": frozenset({State.APPLIED, State.APPLYING, State.STOPPED, State.UNDO_STOPPED}),
}
"""How a change must stand for it to be applied or undone."""


class Hands(Protocol):
    """What reads states and makes calls: `reach.Reach`, which see."""

    def read(self, account: str, region: str, read: Read) -> Any:
        """The state. Raises NotDone."""

    def call(self, account: str, region: str, operation: Operation) -> Any:
        """Make a call. Raises NotDone and Uncertain."""


class Stopped(Exception):
    """A change stands still, whole: what was done is recorded, and nothing else was. The text says why."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One call that is to be made: of a step, or what undoes it.

    `ended` is how the step ended that is to be undone; None where it is not known whether it took effect.
    """

    number: int
    step: Step
    way: Way
    ended: StepEnded | None = None

    @property
    def name(self) -> str:
        """The operation, as far as it is known before the state is read."""
        undo = self.step.undo.operation
        return self.step.do.name if self.way == "apply" or undo is None else undo.name

    def is_done(self, state: Any) -> bool:
        """Whether a state shows that the call has taken effect, or that there is none to undo."""
        effect = holds(self.step.done, state)
        return effect if self.way == "apply" else state == self.step.before or not effect

    def is_failed(self, state: Any) -> bool:
        """Whether a state shows that the call will not take effect any more."""
        return self.way == "apply" and bool(self.step.failed) and holds(self.step.failed, state)

    def expects(self, state: Any) -> bool:
        """Whether the call may be made in a state: the one that was planned against, or that the step left."""
        if self.way == "apply":
            return bool(state == self.step.before)
        return self.ended is None or bool(state == self.ended.state)

    def operation(self, state: Any) -> Operation:
        """The call, in a state that it may be made in. Raises Stopped where nothing undoes a step."""
        if self.way == "apply":
            return self.step.do
        undo = _undo(self.step, state) if self.ended is None else self.ended.undo
        if undo is None:
            raise Stopped(f"step {self.number}: nothing undoes it: {self.step.undo.why_not}")
        return undo


@dataclass(frozen=True, slots=True)
class Run:
    """One run that applies or undoes a change.

    `told` hears of each step. `check` may raise Stopped before each that is applied, and is not asked where one is
    undone. `follow` hears of each look at a call that has not shown its effect yet, and gives what made it fail.
    """

    ledger: Ledger
    actor: Actor
    hands: Hands
    told: Callable[[int, int, str], None] = lambda _number, _of, _text: None
    check: Callable[[Step], None] = lambda _step: None
    follow: Callable[[Step], str] = lambda _step: ""
    sleep: Callable[[float], None] = time.sleep
    wait: float = WAIT

    def carry_out(
        self, change_id: str, way: Way, *, resume: bool = False, permit: Callable[[Status], str] | None = None
    ) -> Status:
        """Apply or undo a change, or go on where a run was stopped or killed, and return how it stands then.

        `permit` gives on whose authority a change may be applied as it stands, and raises DemarcateError where it may
        not. It is asked in the transaction that begins the run, so that no plan is applied but the one it has seen.

        Raises DemarcateError where it does not stand so that this can begin, and where somebody else is at it, or may
        be: then nothing more is sent or recorded, as if the run had been killed.
        """
        with _alone(self.ledger, change_id) as still:
            status = self._begin(change_id, way, permit or _approved, resume=resume)
            try:
                for task in list(_tasks(status, way)):
                    still()
                    self._take(status, task)
            except Stopped as stopped:
                self._end(change_id, way, str(stopped))
            else:
                self._end(change_id, way, "")
        return standing(self.ledger, change_id)

    def _begin(self, change_id: str, way: Way, permit: Callable[[Status], str], *, resume: bool) -> Status:
        def begin(writer: Writer) -> Status:
            status = status_of(writer.of_change(change_id))
            if status is None:
                raise no_change(change_id)
            _check_state(status, way, resume=resume)
            authority = permit(status) if way == "apply" else ""
            begun = Begun(way=way, digest=status.change.digest, host=platform.node(), process=os.getpid())
            writer.append(_act(records.BEGUN, status.change, begun, authority=authority))
            return status

        return self.ledger.transact(self.actor, begin)

    def _take(self, status: Status, task: _Task) -> None:
        """Make one call, unless it is made. Raises Stopped."""
        of = len(status.change.steps)
        if task.way == "apply":
            self.check(task.step)
        place = (task.way, task.number)
        before = status.ended.get(place)
        may_have_run = place in status.open or (before is not None and before.outcome is Outcome.UNCERTAIN)
        state = self._looked_at(task, may_have_run=may_have_run)
        if task.is_failed(state):
            self._fail(status.change, task, state)
        if task.is_done(state):
            outcome = Outcome.DONE if may_have_run else Outcome.SKIPPED
            self._ended(status.change, task, outcome, state, "" if may_have_run else _passed_over(task, state))
            self.told(task.number, of, f"{outcome}: {task.name} {task.step.resource}")
            return
        if not task.expects(state):
            changed = "is neither as before the call nor as after it" if may_have_run else "was changed since"
            reason = f"step {task.number}: {task.step.resource} {changed}: nothing was done to it"
            self._ended(status.change, task, Outcome.UNCERTAIN if may_have_run else Outcome.FAILED, state, reason)
            raise Stopped(reason)
        operation = task.operation(state)
        begun = StepBegun(step=task.number, way=task.way, operation=operation, state=state)
        self.ledger.append(self.actor, _act(records.STEP_BEGUN, status.change, begun, task.step, before=state))
        self._send(status.change, task, operation, state)
        self.told(task.number, of, f"{Outcome.DONE}: {operation.name} {task.step.resource}")

    def _looked_at(self, task: _Task, *, may_have_run: bool) -> Any:
        """The state before a call. Where one may have been made of which nothing came back, its effect has time."""
        if may_have_run:
            return self._settled(task, max(min(LOST, self.wait), task.step.wait), task.is_done)
        if task.way == "undo" and task.ended is None:
            return self._settled(task, min(LOST, self.wait), lambda state: holds(task.step.done, state))
        return self._read(task)

    def _send(self, change: Change, task: _Task, operation: Operation, before: Any) -> None:
        lost = ""
        try:
            self.hands.call(task.step.account, task.step.region, operation)
        except NotDone as refused:
            self._ended(change, task, Outcome.FAILED, before, str(refused))
            raise Stopped(f"step {task.number}: {refused}") from refused
        except Uncertain as uncertain:
            lost = str(uncertain)
        usual = min(LOST, self.wait) if lost else self.wait
        state = self._settled(task, max(usual, task.step.wait), task.is_done)
        if task.is_done(state):
            self._ended(change, task, Outcome.DONE, state)
            return
        if task.is_failed(state):
            self._fail(change, task, state)
        reason = lost or f"{operation.name} was taken by AWS, and shows no effect"
        self._ended(change, task, Outcome.UNCERTAIN, state, reason)
        raise Stopped(f"step {task.number}: {reason}; what is there now is in the ledger")

    def _fail(self, change: Change, task: _Task, state: Any) -> NoReturn:
        """Record that AWS took a call and could not carry it out. Raises Stopped."""
        reason = f"{task.name} was taken by AWS, and failed"
        if cause := self.follow(task.step):
            reason += f": {cause}"
        self._ended(change, task, Outcome.FAILED, state, reason)
        raise Stopped(f"step {task.number}: {reason}")

    def _settled(self, task: _Task, seconds: float, shows: Callable[[Any], bool]) -> Any:
        """The state when it shows what is waited for, or when it no longer may.

        The time is counted by what was waited, and not by a clock, which may jump.
        """
        left, pause = seconds, 0.2
        while True:
            state = self._read(task)
            if shows(state) or task.is_failed(state) or left < pause:
                return state
            self.follow(task.step)
            self.sleep(pause)
            left -= pause
            pause = min(pause * 2, 10.0)

    def _read(self, task: _Task) -> Any:
        try:
            return self.hands.read(task.step.account, task.step.region, task.step.reads)
        except NotDone as error:
            if isinstance(error, Gone) and task.way == "undo":
                return None  # and so there is nothing that could be undone
            raise Stopped(f"step {task.number}: {error}") from error

    def _ended(self, change: Change, task: _Task, outcome: Outcome, state: Any, reason: str = "") -> None:
        undo = _undo(task.step, state) if (outcome, task.way) == (Outcome.DONE, "apply") else None
        ended = StepEnded(step=task.number, way=task.way, outcome=outcome, reason=reason, state=state, undo=undo)
        act = _act(records.STEP_ENDED, change, ended, task.step)
        self.ledger.append(self.actor, act)

    def _end(self, change_id: str, way: Way, reason: str) -> None:
        change = standing(self.ledger, change_id).change
        self.ledger.append(
            self.actor, _act(records.ENDED, change, Ended(way=way, whole=not reason, reason=reason))
        )


@contextlib.contextmanager
def _alone(ledger: Ledger, change_id: str) -> Iterator[Callable[[], None]]:
    """Be the only one who is at a change; gives what raises DemarcateError where that cannot be told any more.

    Raises DemarcateError that says who else is.
    """
    try:
        with ledger.hold(f"change {change_id}") as still:
            yield still
    except Held as held:
        status = standing(ledger, change_id)
        who = status.begun_by or "somebody"
        where = f" on {status.begun.host}, process {status.begun.process}" if status.begun is not None else ""
        raise DemarcateError(f"{change_id}: {who}{where} is at it: wait for that run") from held


def standing(ledger: Ledger, change_id: str) -> Status:
    """How a change stands. Raises DemarcateError where there is none of that id."""
    status = status_of(ledger.entries(change=change_id))
    if status is None:
        raise no_change(change_id)
    return status


def no_change(change_id: str) -> DemarcateError:
    """That there is no change of that id."""
    return DemarcateError(f"there is no change {change_id!r} (see: demarcate change list)")


def _act(kind: str, change: Change, told: msgspec.Struct, step: Step | None = None, **more: Any) -> Act:
    return Act(
        kind=kind,
        change=change.id,
        finding=step.findings[0] if step is not None and len(step.findings) == 1 else None,
        responsibility=step.responsibility if step is not None else None,
        account=step.account if step is not None else None,
        after=msgspec.to_builtins(told),
        **more,
    )


def _tasks(status: Status, way: Way) -> Iterator[_Task]:
    """What is left to do: the steps in order, or what undoes those that took effect or may have, the last first."""
    settled = (Outcome.DONE, Outcome.SKIPPED)
    numbered = list(enumerate(status.change.steps, 1))
    if way == "apply":
        for number, step in numbered:
            ended = status.ended.get(("apply", number))
            if ended is None or ended.outcome not in settled:
                yield _Task(number, step, way)
        return
    for number, step in reversed(numbered):
        ended, undone = status.ended.get(("apply", number)), status.ended.get(("undo", number))
        if undone is not None and undone.outcome in settled:
            continue
        if ("apply", number) in status.open or (ended is not None and ended.outcome is Outcome.UNCERTAIN):
            yield _Task(number, step, way)
        elif ended is not None and ended.outcome is Outcome.DONE:
            yield _Task(number, step, way, ended)


def _passed_over(task: _Task, state: Any) -> str:
    """Why a call is not made."""
    if task.way == "apply":
        return "it was so already"
    return "it is as before the step" if state == task.step.before else "the step has no effect any more"


def _undo(step: Step, state: Any) -> Operation | None:
    """What undoes a call, with what was read after it."""
    operation = step.undo.operation
    if operation is None:
        return None
    return Operation(name=operation.name, parameters=with_after(operation.parameters, state))


def _approved(status: Status) -> str:
    """What permits a change where no policies do: that it is approved. Raises DemarcateError."""
    if status.state is State.PLANNED:
        raise DemarcateError(f"{status.change.id}: nobody has approved it: demarcate change approve")
    return ""


def _check_state(status: Status, way: Way, *, resume: bool) -> None:
    name = status.change.id
    under_way = status.begun.way if status.begun and status.state in (State.APPLYING, State.UNDOING) else None
    if under_way == way and not resume:
        raise DemarcateError(
            f"{name}: {status.begun_by} began to {way} it, and was stopped before the end: demarcate change resume "
            f"{name} goes on"
        )
    if under_way != way and status.state not in FROM[way]:
        raise DemarcateError(f"{name}: it is {status.state}, and so there is nothing to {way}")
