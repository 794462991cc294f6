"""Apply a change, or undo it: step by step, each recorded before it is sent, and none sent twice.

Before a call, the state that it changes is read: it must be the one that was planned against. The call and that state
are recorded, and only then is it sent. When the state shows its effect, that is recorded. So whoever was killed at any
moment left in the ledger which step may have run, and `resume` asks AWS before it goes on.

What takes long is recorded as under way when the state shows that AWS is at it. Its outcome is awaited by reading
alone, while steps for other resources begin, and asked for again by whoever goes on.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn, Protocol

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes import status as records
from demarcate.changes.reach import Gone, NotDone, Uncertain
from demarcate.changes.status import Begun, Ended, Outcome, State, Status, StepBegun, StepEnded, Way, status_of
from demarcate.changes.structs import Change, Operation, Read, Step
from demarcate.changes.tasks import Stopped, Task, passed_over, tasks_of, undo_of
from demarcate.changes.values import EARLIER, holds, with_after
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


@dataclass(slots=True)
class _Queue:
    """What is under way of a change, and what stands still, by its place.

    `still` raises DemarcateError where somebody else may be at it. `apart` says that its resources have nothing to do
    with each other: one that stands still stops no other.
    """

    status: Status
    still: Callable[[], None]
    apart: bool
    under_way: list[Task] = field(default_factory=list)
    stopped: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def places(self) -> set[tuple[str, str, str]]:
        """The resources of which something is under way."""
        return {task.place for task in self.under_way}

    def stop(self, task: Task, stopped: Stopped) -> None:
        """Note that a resource stands still, or stop all. Raises Stopped."""
        if not self.apart:
            raise stopped
        self.stopped[task.place] = str(stopped)


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
                self._take_all(status, list(tasks_of(status, way)), still)
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
            check_state(status, way, resume=resume)
            authority = permit(status) if way == "apply" else ""
            begun = Begun(way=way, digest=status.change.digest, host=platform.node(), process=os.getpid())
            writer.append(_act(records.BEGUN, status.change, begun, authority=authority))
            return status

        return self.ledger.transact(self.actor, begin)

    def _take_all(self, status: Status, tasks: list[Task], still: Callable[[], None]) -> None:
        """Make calls in order, for as many resources at once as the change says; `still` is asked before each, and
        while they are waited for.

        Raises Stopped.
        """
        origin = status.change.origin
        apart = origin == "push" or (origin == "patch" and all(task.way == "undo" for task in tasks))
        queue = _Queue(status, still, apart)
        for task in tasks:
            while len(queue.under_way) >= status.change.at_once or task.place in queue.places:
                self._await_one(queue)
            if task.place in queue.stopped:
                continue
            still()
            try:
                if self._take(status, task):
                    queue.under_way.append(task)
            except Stopped as stopped:
                queue.stop(task, stopped)
        while queue.under_way:
            self._await_one(queue)
        if queue.stopped:
            raise Stopped("; ".join(queue.stopped.values()))

    def _await_one(self, queue: _Queue) -> None:
        """Wait until one or more of what is under way has ended, and record how. Raises Stopped where one failed."""
        longest = max(max(self.wait, task.step.wait) for task in queue.under_way)
        left, pause, waiting = longest, 0.2, len(queue.under_way)
        while True:
            queue.still()
            for task in tuple(queue.under_way):
                try:
                    if self._has_ended(queue.status, task, longest if left < pause else None):
                        queue.under_way.remove(task)
                except Stopped as stopped:
                    queue.under_way.remove(task)
                    queue.stop(task, stopped)
            if len(queue.under_way) < waiting:
                return
            self.sleep(pause)
            left -= pause
            pause = min(pause * 2, 10.0)

    def _has_ended(self, status: Status, task: Task, waited: float | None) -> bool:
        """Whether what is under way has come to its end, which is recorded; `waited` is for how many seconds it was
        waited in vain. Raises Stopped where it failed, and where it is waited for no longer.
        """
        state = self._read(task)
        if task.is_failed(state):
            self._fail(status.change, task, state)
        if task.is_done(state):
            self._ended(status.change, task, Outcome.DONE, state)
            self.told(task.number, len(status.change.steps), f"{Outcome.DONE}: {task.told}")
            return True
        if waited is not None:
            reason = f"{task.name} has no outcome after {waited:g} s"
            self._ended(status.change, task, Outcome.UNCERTAIN, state, reason)
            raise Stopped(f"step {task.number}: {reason}: {task.step.resource}")
        if task.way == "apply":
            self.check(task.step)
        self.follow(task.step)
        return False

    def _take(self, status: Status, task: Task) -> bool:
        """Make one call, unless it is made; returns whether it is under way. Raises Stopped."""
        of = len(status.change.steps)
        if task.way == "apply":
            self.check(task.step)
        if task.way == "undo" and task.step.undo.earlier:
            self._ended(status.change, task, Outcome.SKIPPED, None, task.step.undo.why_not)
            return False
        place = (task.way, task.number)
        before = status.ended.get(place)
        open_ = (Outcome.UNCERTAIN, Outcome.UNDER_WAY)
        may_have_run = place in status.open or (before is not None and (before.outcome in open_ or before.taken))
        if task.way == "undo" and task.ended is None and (task.step.begun or task.step.undo.reads):
            known = self._undone_from(status, task)
            if known is None:
                return False
            task = known
        state = self._looked_at(task, may_have_run=may_have_run)
        if task.is_failed(state) and (may_have_run or not task.is_long):
            self._fail(status.change, task, state)
        if task.is_done(state):
            outcome = Outcome.DONE if may_have_run else Outcome.SKIPPED
            self._ended(status.change, task, outcome, state, "" if may_have_run else passed_over(task, state))
            self.told(task.number, of, f"{outcome}: {task.told}")
            return False
        if may_have_run and task.is_begun(state):
            self._ended(status.change, task, Outcome.UNDER_WAY, state)
            return True
        if not task.expects(state):
            changed = "is neither as before the call nor as after it" if may_have_run else "was changed since"
            reason = f"step {task.number}: {task.step.resource} {changed}: nothing was done to it"
            self._ended(status.change, task, Outcome.UNCERTAIN if may_have_run else Outcome.FAILED, state, reason)
            raise Stopped(reason)
        operation = self._with_earlier(status.change, task.operation(state))
        begun = StepBegun(step=task.number, way=task.way, operation=operation, state=state)
        self.ledger.append(self.actor, _act(records.STEP_BEGUN, status.change, begun, task.step, before=state))
        outcome = self._send(status.change, task, operation, state)
        self.told(task.number, of, f"{outcome}: {operation.name} {task.step.resource}")
        return outcome is Outcome.UNDER_WAY

    def _undone_from(self, status: Status, task: Task) -> Task | None:
        """What undoes a step that began and of which it is not recorded how it ended, as AWS shows it now.

        None where it never began. Raises Stopped where it does not come to an end.
        """
        step, made = task.step, replace(task, way="apply")

        def shows(state: Any) -> bool:
            return made.is_done(state) or made.is_begun(state)

        state = self._settled(made, min(LOST, self.wait), shows)
        if made.is_begun(state) and step.undo.midway is None:
            state = self._settled(made, max(self.wait, step.wait), made.is_done)
            if made.is_begun(state) and not made.is_done(state):
                raise Stopped(f"step {task.number}: {step.resource}: {task.step.do.name} has not ended yet")
        if state == step.before:
            self._ended(status.change, task, Outcome.SKIPPED, state, passed_over(task, state))
            return None
        midway = step.undo.midway if made.is_begun(state) and not made.is_done(state) else None
        ended = StepEnded(
            step=task.number, way="apply", outcome=Outcome.DONE, state=state, undo=midway or undo_of(step, state)
        )
        return replace(task, ended=ended)

    def _with_earlier(self, change: Change, operation: Operation) -> Operation:
        """A call with what the steps before it left."""
        if with_after(operation.parameters, None, EARLIER) == operation.parameters:
            return operation
        ended = standing(self.ledger, change.id).ended
        places: list[tuple[Way, int]] = [("apply", number) for number in range(1, len(change.steps) + 1)]
        states = [ended[place].state if place in ended else None for place in places]
        return Operation(name=operation.name, parameters=with_after(operation.parameters, states, EARLIER))

    def _looked_at(self, task: Task, *, may_have_run: bool) -> Any:
        """The state before a call. Where one may have been made of which nothing came back, its effect has time."""
        if may_have_run:
            seconds = min(LOST, self.wait) if task.is_long else max(min(LOST, self.wait), task.step.wait)
            return self._settled(task, seconds, lambda state: task.is_done(state) or task.is_begun(state))
        if task.way == "undo" and task.ended is None:
            return self._settled(task, min(LOST, self.wait), lambda state: holds(task.step.done, state))
        return self._read(task)

    def _send(self, change: Change, task: Task, operation: Operation, before: Any) -> Outcome:
        """Make a call and record what became of it: it is done, or under way. Raises Stopped for anything else."""
        lost = ""
        try:
            self.hands.call(task.step.account, task.step.region, operation)
        except NotDone as refused:
            self._ended(change, task, Outcome.FAILED, before, str(refused))
            raise Stopped(f"step {task.number}: {refused}") from refused
        except Uncertain as uncertain:
            lost = str(uncertain)
        usual = min(LOST, self.wait) if lost else self.wait
        seconds = usual if task.is_long else max(usual, task.step.wait)
        state = self._settled(task, seconds, lambda state: task.is_done(state) or task.is_begun(state))
        if task.is_failed(state):
            self._fail(change, task, state)
        if task.is_done(state) or task.is_begun(state):
            outcome = Outcome.DONE if task.is_done(state) else Outcome.UNDER_WAY
            self._ended(change, task, outcome, state)
            return outcome
        reason = lost or f"{operation.name} was taken by AWS, and shows no effect"
        self._ended(change, task, Outcome.UNCERTAIN, state, reason)
        raise Stopped(f"step {task.number}: {reason}; what is there now is in the ledger")

    def _fail(self, change: Change, task: Task, state: Any) -> NoReturn:
        """Record that AWS took a call and could not carry it out. Raises Stopped."""
        reason = f"{task.name} was taken by AWS, and failed"
        if cause := self.follow(task.step):
            reason += f": {cause}"
        self._ended(change, task, Outcome.FAILED, state, reason, taken=True)
        raise Stopped(f"step {task.number}: {reason}")

    def _settled(self, task: Task, seconds: float, shows: Callable[[Any], bool]) -> Any:
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

    def _read(self, task: Task) -> Any:
        try:
            return self.hands.read(task.step.account, task.step.region, task.reads)
        except NotDone as error:
            if isinstance(error, Gone) and task.way == "undo":
                return None  # and so there is nothing that could be undone
            raise Stopped(f"step {task.number}: {error}") from error

    def _ended(
        self, change: Change, task: Task, outcome: Outcome, state: Any, reason: str = "", *, taken: bool = False
    ) -> None:
        undo = undo_of(task.step, state) if (outcome, task.way) == (Outcome.DONE, "apply") else None
        ended = StepEnded(
            step=task.number,
            way=task.way,
            outcome=outcome,
            reason=reason,
            state=state,
            undo=undo,
            taken=taken and task.is_long,
        )
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
    status = status_of(ledger.entries(kinds=records.KINDS, change=change_id))
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


def _approved(status: Status) -> str:
    """What permits a change where no policies do: that it is approved. Raises DemarcateError."""
    if status.state is State.PLANNED:
        raise DemarcateError(f"{status.change.id}: nobody has approved it: demarcate change approve")
    return ""


def check_state(status: Status, way: Way, *, resume: bool) -> None:
    """Refuse to apply or undo a change that does not stand so. Raises DemarcateError."""
    name = status.change.id
    under_way = status.begun.way if status.begun and status.state in (State.APPLYING, State.UNDOING) else None
    if under_way == way and not resume:
        raise DemarcateError(
            f"{name}: {status.begun_by} began to {way} it, and was stopped before the end: demarcate change resume "
            f"{name} goes on"
        )
    if under_way != way and status.state not in FROM[way]:
        raise DemarcateError(f"{name}: it is {status.state}, and so there is nothing to {way}")
