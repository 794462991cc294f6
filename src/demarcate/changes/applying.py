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
from typing import Any, Final, Protocol

import jmespath
import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes import status as records
from demarcate.changes.reach import NotDone, Uncertain
from demarcate.changes.status import Begun, Ended, Outcome, State, Status, StepBegun, StepEnded, Way, status_of
from demarcate.changes.structs import Change, Operation, Read, Step
from demarcate.changes.values import with_after
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Held, Ledger, Writer

WAIT: Final = 120.0
"""Seconds in which a call must show its effect."""

FROM: Final[dict[Way, frozenset[State]]] = {
    "apply": frozenset({State.APPROVED, State.STOPPED}),
    "undo": frozenset({State.APPLIED, State.STOPPED, State.UNDO_STOPPED}),
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
    """One call that is to be made: of a step, or what undoes it."""

    number: int
    step: Step
    way: Way
    operation: Operation
    expected: Any
    """The state that must be there before it."""

    def is_done(self, state: Any) -> bool:
        """Whether a state shows that the call has taken effect."""
        effect = bool(jmespath.search(self.step.done, state))
        return effect if self.way == "apply" else state == self.step.before or not effect


@dataclass(frozen=True, slots=True)
class Run:
    """One run that applies or undoes a change. `told` hears of each step; `check` may raise Stopped before each."""

    ledger: Ledger
    actor: Actor
    hands: Hands
    told: Callable[[int, int, str], None] = lambda _number, _of, _text: None
    check: Callable[[], None] = lambda: None
    sleep: Callable[[float], None] = time.sleep
    wait: float = WAIT

    def carry_out(self, change_id: str, way: Way, *, resume: bool = False, authority: str = "") -> Status:
        """Apply or undo a change, or go on where a run was stopped or killed, and return how it stands then.

        Raises DemarcateError where it does not stand so that this can begin, and where somebody else is at it.
        """
        with _alone(self.ledger, change_id):
            status = self._begin(change_id, way, resume=resume, authority=authority)
            try:
                for task in list(_tasks(status, way)):
                    self._take(status, task)
            except Stopped as stopped:
                self._end(change_id, way, str(stopped))
            else:
                self._end(change_id, way, "")
        return standing(self.ledger, change_id)

    def _begin(self, change_id: str, way: Way, *, resume: bool, authority: str) -> Status:
        def begin(writer: Writer) -> Status:
            status = status_of(writer.of_change(change_id))
            if status is None:
                raise no_change(change_id)
            self._check_state(status, way, resume=resume)
            begun = Begun(way=way, digest=status.change.digest, host=platform.node(), process=os.getpid())
            writer.append(_act(records.BEGUN, status.change, begun, authority=authority))
            return status

        return self.ledger.transact(self.actor, begin)

    @staticmethod
    def _check_state(status: Status, way: Way, *, resume: bool) -> None:
        name = status.change.id
        under_way = status.state in (State.APPLYING, State.UNDOING)
        if under_way and not resume:
            raise DemarcateError(
                f"{name}: {status.begun_by} began to {status.begun.way if status.begun else way} it, and was "
                f"stopped before the end: demarcate change resume {name} goes on"
            )
        if under_way:
            if status.begun is not None and status.begun.way != way:
                raise DemarcateError(f"{name}: it is being {status.state}")
        elif status.state not in FROM[way]:
            raise DemarcateError(f"{name}: it is {status.state}, and so there is nothing to {way}")

    def _take(self, status: Status, task: _Task) -> None:
        """Make one call, unless it is made. Raises Stopped."""
        of = len(status.change.steps)
        self.check()
        before = status.ended.get((task.way, task.number))
        was_uncertain = before is not None and before.outcome is Outcome.UNCERTAIN
        may_have_run = was_uncertain or (task.way, task.number) in status.open
        state = self._read(task)
        if task.is_done(state):
            outcome = Outcome.DONE if may_have_run else Outcome.SKIPPED
            self._ended(status.change, task, outcome, state, "" if may_have_run else "it was so already")
            self.told(task.number, of, f"{outcome}: {task.operation.name} {task.step.resource}")
            return
        if state != task.expected:
            changed = "is neither as before the call nor as after it" if may_have_run else "was changed since"
            reason = f"step {task.number}: {task.step.resource} {changed}: nothing was done to it"
            self._ended(status.change, task, Outcome.UNCERTAIN if may_have_run else Outcome.FAILED, state, reason)
            raise Stopped(reason)
        begun = StepBegun(step=task.number, way=task.way, operation=task.operation, state=state)
        self.ledger.append(self.actor, _act(records.STEP_BEGUN, status.change, begun, task.step, before=state))
        self._send(status.change, task)
        self.told(task.number, of, f"{Outcome.DONE}: {task.operation.name} {task.step.resource}")

    def _send(self, change: Change, task: _Task) -> None:
        lost = ""
        try:
            self.hands.call(task.step.account, task.step.region, task.operation)
        except NotDone as refused:
            self._ended(change, task, Outcome.FAILED, task.expected, str(refused))
            raise Stopped(f"step {task.number}: {refused}") from refused
        except Uncertain as uncertain:
            lost = str(uncertain)
        state = self._settled(task, lost)
        if task.is_done(state):
            self._ended(change, task, Outcome.DONE, state)
            return
        reason = lost or f"{task.operation.name} was taken by AWS, and shows no effect"
        self._ended(change, task, Outcome.UNCERTAIN, state, reason)
        raise Stopped(f"step {task.number}: {reason}; what is there now is in the ledger")

    def _settled(self, task: _Task, lost: str) -> Any:
        """The state when it shows the effect of a call, or when it no longer may."""
        until = time.monotonic() + (min(self.wait, 20.0) if lost else self.wait)
        pause = 0.2
        while True:
            state = self._read(task)
            if task.is_done(state) or time.monotonic() + pause > until:
                return state
            self.sleep(pause)
            pause = min(pause * 2, 10.0)

    def _read(self, task: _Task) -> Any:
        try:
            return self.hands.read(task.step.account, task.step.region, task.step.reads)
        except NotDone as error:
            raise Stopped(f"step {task.number}: {error}") from error

    def _ended(self, change: Change, task: _Task, outcome: Outcome, state: Any, reason: str = "") -> None:
        undo = _undo(task, state) if (outcome, task.way) == (Outcome.DONE, "apply") else None
        ended = StepEnded(step=task.number, way=task.way, outcome=outcome, reason=reason, state=state, undo=undo)
        act = _act(records.STEP_ENDED, change, ended, task.step, before=task.expected)
        self.ledger.append(self.actor, act)

    def _end(self, change_id: str, way: Way, reason: str) -> None:
        change = standing(self.ledger, change_id).change
        self.ledger.append(
            self.actor, _act(records.ENDED, change, Ended(way=way, whole=not reason, reason=reason))
        )


@contextlib.contextmanager
def _alone(ledger: Ledger, change_id: str) -> Iterator[None]:
    """Be the only one who is at a change. Raises DemarcateError that says who else is."""
    try:
        with ledger.hold(f"change {change_id}"):
            yield
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
    """What is left to do: the steps in order, or what undoes those that took effect, the last first."""
    steps = status.change.steps
    if way == "apply":
        settled = (Outcome.DONE, Outcome.SKIPPED)
        for number, step in enumerate(steps, 1):
            ended = status.ended.get(("apply", number))
            if ended is None or ended.outcome not in settled:
                yield _Task(number, step, way, step.do, step.before)
        return
    for ended in reversed(status.done("apply")):
        undone = status.ended.get(("undo", ended.step))
        if undone is not None and undone.outcome in (Outcome.DONE, Outcome.SKIPPED):
            continue
        step = steps[ended.step - 1]
        if ended.undo is None:
            raise Stopped(f"step {ended.step}: nothing undoes it: {step.undo.why_not}")
        yield _Task(ended.step, step, way, ended.undo, ended.state)


def _undo(task: _Task, state: Any) -> Operation | None:
    """What undoes a call, with what was read after it."""
    operation = task.step.undo.operation
    if operation is None:
        return None
    return Operation(name=operation.name, parameters=with_after(operation.parameters, state))
