"""What is left to do of a change: one call after the other, and what a state says of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from demarcate.changes.status import Outcome, Status, StepEnded, Way
from demarcate.changes.structs import Operation, Read, Step
from demarcate.changes.values import holds, with_after


class Stopped(Exception):
    """A change stands still, whole: what was done is recorded, and nothing else was. The text says why."""


@dataclass(frozen=True, slots=True)
class Task:
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

    @property
    def told(self) -> str:
        """The call and what it is for, for people."""
        return f"{self.name} {self.step.resource}"

    @property
    def is_long(self) -> bool:
        """Whether its outcome is awaited apart from its beginning."""
        return bool(self.step.begun if self.way == "apply" else self.step.undo.begun)

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is for: no two of its calls are under way at once."""
        return self.step.account, self.step.region, self.step.resource

    @property
    def reads(self) -> Read:
        """What shows its effect."""
        own = self.step.undo.reads if self.way == "undo" else None
        return own or self.step.reads

    def is_done(self, state: Any) -> bool:
        """Whether a state shows that the call has taken effect, or that there is none to undo."""
        step, undo = self.step, self.step.undo
        if self.way == "apply":
            return holds(step.done, state)
        if undo.reads is None and state == step.before:
            return True
        return holds(undo.done, state) if undo.done else not holds(step.done, state)

    def is_begun(self, state: Any) -> bool:
        """Whether a state shows that AWS is at it."""
        begun = self.step.begun if self.way == "apply" else self.step.undo.begun
        return bool(begun) and holds(begun, state)

    def is_failed(self, state: Any) -> bool:
        """Whether a state shows that the call will not take effect any more."""
        failed = self.step.failed if self.way == "apply" else self.step.undo.failed
        earlier = self.step.before if self.way == "apply" else self.ended and self.ended.state
        return bool(failed) and state != earlier and holds(failed, state)

    def expects(self, state: Any) -> bool:
        """Whether the call may be made in a state: the one that was planned against, or that the step left."""
        if self.way == "apply":
            return bool(state == self.step.before)
        return self.ended is None or self.step.undo.reads is not None or bool(state == self.ended.state)

    def operation(self, state: Any) -> Operation:
        """The call, in a state that it may be made in. Raises Stopped where nothing undoes a step."""
        if self.way == "apply":
            return self.step.do
        undo = undo_of(self.step, state) if self.ended is None else self.ended.undo
        if undo is None:
            raise Stopped(f"step {self.number}: nothing undoes it: {self.step.undo.why_not}")
        return undo


def tasks_of(status: Status, way: Way) -> Iterator[Task]:
    """What is left to do: the steps in order, or what undoes those that took effect or may have, the last first."""
    settled = (Outcome.DONE, Outcome.SKIPPED)
    numbered = list(enumerate(status.change.steps, 1))
    if way == "apply":
        for number, step in numbered:
            ended = status.ended.get(("apply", number))
            if ended is None or ended.outcome not in settled:
                yield Task(number, step, way)
        return
    for number, step in reversed(numbered):
        ended, undone = status.ended.get(("apply", number)), status.ended.get(("undo", number))
        if undone is not None and undone.outcome in settled:
            continue
        open_ = ended is not None and (ended.outcome in (Outcome.UNCERTAIN, Outcome.UNDER_WAY) or ended.taken)
        if ("apply", number) in status.open or open_:
            yield Task(number, step, way)
        elif ended is not None and ended.outcome is Outcome.DONE:
            yield Task(number, step, way, ended)


def passed_over(task: Task, state: Any) -> str:
    """Why a call is not made."""
    if task.way == "apply":
        return "it was so already"
    return "it is as before the step" if state == task.step.before else "the step has no effect any more"


def undo_of(step: Step, state: Any) -> Operation | None:
    """What undoes a call, with what was read after it."""
    operation = step.undo.operation
    if operation is None:
        return None
    return Operation(name=operation.name, parameters=with_after(operation.parameters, state))
