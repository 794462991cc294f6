"""An AWS that lives in a file, so that it outlasts whoever is killed, and does each time what it is told to.

A call sets a value of a resource: `fake.set {Name, Value}`. All that it did is in the file, a line for each, which are
written whole or not at all.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import event

from demarcate.changes.applying import Run
from demarcate.changes.planning import make_change
from demarcate.changes.reach import NotDone, Uncertain
from demarcate.changes.status import BEGUN, Status, Way
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.ledger.entry import Act, Actor, Entry
from demarcate.ledger.ledger import Ledger, Writer

T = TypeVar("T")

PLANNER = Actor(person="planner@example.com")

ACCOUNT, REGION = "123456789012", "eu-west-1"

TURNS = 3
"""How often something is read until it has turned."""

Event = Callable[[str], None]
"""Hears of what is about to be done and of what was."""


@dataclass
class Fake:
    """Reads and makes calls.

    `answers` says for each call in turn what becomes of it: "done", "refused" (nothing is done), "lost" (it is done,
    and no answer comes), "cut" (nothing is done, and no answer comes), "broken" (it is taken, and has no effect).
    What is "turning" to a value has it when it was read some times; what is "stuck" never has it.
    """

    path: Path
    event: Event = lambda _: None
    answers: Iterable[str] = ()
    unread: bool = False
    _next: Iterator[str] = field(init=False)
    _looks: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._next = iter(self.answers)

    def read(self, account: str, region: str, read: Read) -> Any:
        assert (account, region) == (ACCOUNT, REGION)
        if self.unread:
            raise NotDone("fake.get in 123456789012: AccessDenied")
        name = read.operation.parameters["Name"]
        value = self.state.get(name)
        if isinstance(value, str) and value.startswith("turning "):
            self._looks[name] += 1
            if self._looks[name] % TURNS:
                return value
            self.set(Name=name, Value=value.removeprefix("turning "))
        return value

    def call(self, account: str, region: str, operation: Operation) -> Any:
        assert (account, region, operation.name) == (ACCOUNT, REGION, "fake.set")
        outcome = next(self._next, "done")
        self.event("before the call")
        if outcome == "refused":
            raise NotDone("fake.set in 123456789012: AccessDenied")
        if outcome in ("done", "lost"):
            self.set(**operation.parameters)
        self.event("before the answer")
        if outcome in ("lost", "cut"):
            raise Uncertain("fake.set in 123456789012: the call failed (ConnectionClosedError)")
        self.event("after the call")

    def set(self, **told: Any) -> None:
        """What a call does, and what somebody else may do."""
        with self.path.open("ab", buffering=0) as stream:
            stream.write(json.dumps(told).encode() + b"\n")

    @property
    def done(self) -> list[dict[str, Any]]:
        """All that it did, in order."""
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    @property
    def state(self) -> dict[str, Any]:
        """The value of each resource."""
        return {told["Name"]: told["Value"] for told in self.done}


def step(name: str, *, undoable: bool = True, before: Any = "off", done: str = "@ == 'on'", **more: Any) -> Step:
    """A step that switches a resource on."""
    back = Operation(name="fake.set", parameters={"Name": name, "Value": before})
    return Step(
        account=ACCOUNT,
        region=REGION,
        resource=name,
        do=Operation(name="fake.set", parameters={"Name": name, "Value": "on"}),
        reads=Read(operation=Operation(name="fake.get", parameters={"Name": name})),
        before=before,
        done=done,
        undo=Undo(operation=back) if undoable else Undo(why_not="what is deleted is gone"),
        **more,
    )


def slow_step(name: str, value: str = "turning on", **undo: Any) -> Step:
    """A step that turns a resource on, which takes its time both ways."""
    back = Operation(name="fake.set", parameters={"Name": name, "Value": "turning off"})
    told = step(name)
    return msgspec.structs.replace(
        told,
        do=Operation(name="fake.set", parameters={"Name": name, "Value": value}),
        begun="@ == 'turning on' || @ == 'stuck'",
        failed="@ == 'broken'",
        undo=Undo(operation=back, begun="@ == 'turning off'", done="@ == 'off'", failed="@ == 'broken'", **undo),
    )


def change_of(count: int, fake: Fake, make: Callable[[str], Step] = step, at_once: int = 1) -> Change:
    """A change of so many resources, which are there and off."""
    names = [f"r-{number}" for number in range(1, count + 1)]
    for name in names:
        fake.set(Name=name, Value="off")
    made = make_change("switch on", "hand", "a test", [make(name) for name in names])
    return msgspec.structs.replace(made, at_once=at_once)


class Watched(Ledger):
    """A ledger that tells of each entry before and after it is on disk."""

    event: Event = staticmethod(lambda _: None)
    kind: str = BEGUN

    def append(self, actor: Actor, *acts: Act) -> list[Entry]:
        self.kind = acts[0].kind
        return super().append(actor, *acts)

    def transact(self, actor: Actor, work: Callable[[Writer], T]) -> T:
        kind, self.kind = self.kind, BEGUN  # the only one that is not appended by itself
        self.event(f"before {kind}")
        result = super().transact(actor, work)
        self.event(f"after {kind}")
        return result


def unsynced(ledger: Ledger) -> Ledger:
    """A ledger that does not wait for the disk: what a killed process has written is there all the same."""
    event.listen(ledger._engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return ledger


def carry_out(ledger: Ledger, fake: Fake, change: Change, way: Way, **options: Any) -> Status:
    """Apply or undo without waiting."""
    run = Run(ledger, PLANNER, fake, sleep=lambda _: None, wait=1)
    return run.carry_out(change.id, way, **options)
