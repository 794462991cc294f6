"""A change stands still where something goes wrong, whole, and goes on or back from there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.errors import DemarcateError
from demarcate.changes.applying import Run, standing
from demarcate.changes.deciding import approve, record_plan, reject
from demarcate.changes.planning import make_change
from demarcate.changes.status import Outcome, State, Status, Way
from demarcate.changes.structs import Change, Step
from demarcate.changes.tasks import Stopped
from demarcate.ledger.entry import Act, Entry
from demarcate.ledger.ledger import Ledger
from demarcate.ledger.opening import LedgerError
from demarcate.ledger.verifying import verify
from tests.changes.cases import ANYBODY, APPROVER, PLANNER, recorded
from tests.changes.fakes import Fake, Watched, carry_out, change_of, step

WAYS: tuple[Way, ...] = ("apply", "undo")


def outcomes(status: Status, way: str = "apply") -> list[str]:
    return [f"{number}: {ended.outcome}" for (of, number), ended in sorted(status.ended.items()) if of == way]


def begin(tmp_path: Path, ledger: Ledger, answers: list[str], count: int = 3) -> tuple[Fake, Change]:
    fake = Fake(tmp_path / "aws", answers=answers)
    return fake, recorded(ledger, change_of(count, fake))


def on(fake: Fake) -> list[str]:
    return [name for name, value in fake.state.items() if value == "on"]


# --- What AWS answers -----------------------------------------------------------------------------------


def test_refused(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, ["done", "refused"])
    status = carry_out(ledger, fake, change, "apply")
    assert (status.state, on(fake)) == (State.STOPPED, ["r-1"])
    assert outcomes(status) == ["1: done", "2: failed"]
    assert status.reason == "step 2: fake.set in 123456789012: AccessDenied"
    assert carry_out(ledger, fake, change, "apply").state is State.APPLIED
    assert len(fake.done) == 6


@pytest.mark.parametrize(("answer", "outcome"), [("lost", "done"), ("cut", "uncertain"), ("broken", "uncertain")])
def test_no_answer(answer: str, outcome: str, tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, ["done", answer])
    status = carry_out(ledger, fake, change, "apply")
    assert outcomes(status)[1] == f"2: {outcome}"
    assert (status.state is State.APPLIED) == (outcome == "done")
    if outcome == "uncertain":
        status = carry_out(ledger, fake, change, "apply")
    assert (status.state, len(fake.done)) == (State.APPLIED, 6)


def test_what_arrives_late_is_not_sent_again(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, ["cut"], 1)
    assert carry_out(ledger, fake, change, "apply").state is State.STOPPED
    fake.set(Name="r-1", Value="on")
    status = carry_out(ledger, fake, change, "apply")
    assert (status.state, outcomes(status), len(fake.done)) == (State.APPLIED, ["1: done"], 2)
    assert carry_out(ledger, fake, change, "undo").state is State.UNDONE
    assert not on(fake)


def test_what_may_have_arrived_is_undone(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, ["done", "cut"])
    assert carry_out(ledger, fake, change, "apply").state is State.STOPPED
    fake.set(Name="r-2", Value="on")  # which is when it arrived
    status = carry_out(ledger, fake, change, "undo")
    assert (status.state, outcomes(status, "undo")) == (State.UNDONE, ["1: done", "2: done"])
    assert not on(fake)


def test_what_never_arrived_is_not_undone(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, ["done", "cut"])
    carry_out(ledger, fake, change, "apply")
    made = len(fake.done)
    status = carry_out(ledger, fake, change, "undo")
    assert (status.state, outcomes(status, "undo")) == (State.UNDONE, ["1: done", "2: skipped"])
    assert fake.done[made:] == [{"Name": "r-1", "Value": "off"}]


def test_what_cannot_be_read_after_a_call_may_have_run(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [], 1)

    def blind(moment: str) -> None:
        fake.unread = moment == "after the call"

    fake.event = blind
    status = carry_out(ledger, fake, change, "apply")
    assert (status.state, list(status.open)) == (State.STOPPED, [("apply", 1)])
    fake.unread, fake.event = False, lambda _: None
    status = carry_out(ledger, fake, change, "undo")
    assert (status.state, fake.state) == (State.UNDONE, {"r-1": "off"})


# --- What others do -------------------------------------------------------------------------------------


def test_changed_since(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [])
    fake.set(Name="r-2", Value="dimmed")
    status = carry_out(ledger, fake, change, "apply")
    assert (status.state, outcomes(status)) == (State.STOPPED, ["1: done", "2: failed"])
    assert status.reason == "step 2: r-2 was changed since: nothing was done to it"
    assert carry_out(ledger, fake, change, "undo").state is State.UNDONE
    assert fake.state == {"r-1": "off", "r-2": "dimmed", "r-3": "off"}


def test_done_already_is_passed_over_and_not_undone(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [])
    fake.set(Name="r-2", Value="on")
    status = carry_out(ledger, fake, change, "apply")
    assert (status.state, outcomes(status)) == (State.APPLIED, ["1: done", "2: skipped", "3: done"])
    carry_out(ledger, fake, change, "undo")
    assert on(fake) == ["r-2"]


def test_changed_after_it_was_applied(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    fake.set(Name="r-1", Value="off")
    brighter = step("r-1", done="@ != 'off'")
    change = recorded(ledger, make_change("switch on", "hand", "a test", [brighter]))
    carry_out(ledger, fake, change, "apply")
    fake.set(Name="r-1", Value="flashing")
    status = carry_out(ledger, fake, change, "undo")
    assert (status.state, fake.state) == (State.UNDO_STOPPED, {"r-1": "flashing"})
    fake.set(Name="r-1", Value="on")
    assert carry_out(ledger, fake, change, "undo").state is State.UNDONE
    assert fake.state == {"r-1": "off"}


def test_an_effect_that_is_gone_is_told(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [], 1)
    carry_out(ledger, fake, change, "apply")
    fake.set(Name="r-1", Value="dimmed")
    status = carry_out(ledger, fake, change, "undo")
    assert (status.state, fake.state) == (State.UNDONE, {"r-1": "dimmed"})
    assert status.ended["undo", 1].reason == "the step has no effect any more"


def test_what_nothing_undoes(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    fake.set(Name="r-1", Value="off")
    change = recorded(ledger, make_change("switch on", "hand", "a test", [step("r-1", undoable=False)]))
    carry_out(ledger, fake, change, "apply")
    status = carry_out(ledger, fake, change, "undo")
    assert status.reason == "step 1: nothing undoes it: what is deleted is gone"
    assert (status.state, on(fake)) == (State.UNDO_STOPPED, ["r-1"])


def test_a_check_stops_what_is_applied_and_not_what_is_undone(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [])

    def ring(at: Step) -> None:
        if at.resource == "r-2":
            raise Stopped("the alarm rings")

    run = Run(ledger, PLANNER, fake, check=ring, wait=0)
    status = run.carry_out(change.id, "apply")
    assert (status.state, status.reason, on(fake)) == (State.STOPPED, "the alarm rings", ["r-1"])
    assert run.carry_out(change.id, "undo").state is State.UNDONE


# --- Who may begin --------------------------------------------------------------------------------------


def test_only_what_is_approved_is_applied(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    change = change_of(1, fake)
    with pytest.raises(DemarcateError, match="there is no change"):
        carry_out(ledger, fake, change, "apply")
    record_plan(ledger, PLANNER, change)
    with pytest.raises(DemarcateError, match="nobody has approved it"):
        carry_out(ledger, fake, change, "apply")
    with pytest.raises(DemarcateError, match="it is planned, and so there is nothing to undo"):
        carry_out(ledger, fake, change, "undo")
    approve(ledger, APPROVER, change.id, ANYBODY)
    carry_out(ledger, fake, change, "apply")
    with pytest.raises(DemarcateError, match="it is applied, and so there is nothing to apply"):
        carry_out(ledger, fake, change, "apply")
    carry_out(ledger, fake, change, "undo")
    for way in WAYS:
        with pytest.raises(DemarcateError, match="it is undone"):
            carry_out(ledger, fake, change, way)
    assert len(fake.done) == 3


def test_what_is_rejected_stays_so(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [])
    reject(ledger, APPROVER, change.id, "not now")
    for work in (
        lambda: carry_out(ledger, fake, change, "apply"),
        lambda: approve(ledger, APPROVER, change.id, ANYBODY),
        lambda: record_plan(ledger, PLANNER, change),
    ):
        with pytest.raises(DemarcateError, match="it is rejected"):
            work()
    assert not on(fake)


def test_the_plan_that_is_permitted_is_the_one_that_is_applied(tmp_path: Path, ledger: Ledger) -> None:
    """Whoever edits the plan while it is decided waits until the run has begun, and then comes too late."""
    fake, change = begin(tmp_path, ledger, [])

    def refuse(status: Status) -> str:
        assert status.change == change
        raise DemarcateError("not in this window")

    with pytest.raises(DemarcateError, match="not in this window"):
        carry_out(ledger, fake, change, "apply", permit=refuse)
    assert standing(ledger, change.id).state is State.APPROVED
    carry_out(ledger, fake, change, "apply", permit=lambda _: "policy production")
    begun = next(entry for entry in ledger.entries(change=change.id) if entry.act.kind == "change-begun")
    assert begun.act.authority == "policy production"


HOLDER = """
import sys, time
from demarcate.changes.applying import Run
from demarcate.ledger.entry import Actor
from demarcate.ledger.ledger import Ledger
from tests.changes.fakes import Fake
from pathlib import Path

def event(name):
    if name == "before the call":
        print("at it", flush=True)
        sys.stdin.readline()

with Ledger(sys.argv[1]) as ledger:
    run = Run(ledger, Actor(person="first@example.com"), Fake(Path(sys.argv[2]), event), wait=0)
    print(run.carry_out(sys.argv[3], "apply").state, flush=True)
"""


def test_two_applies_at_once(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [], 1)
    place = str(tmp_path / "ledger.sqlite")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, place, fake.path, change.id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        try:
            assert first.stdin is not None and first.stdout is not None
            assert first.stdout.readline() == "at it\n"
            for way in WAYS:
                with pytest.raises(
                    DemarcateError, match=rf"first@example.com on .*, process {first.pid} is at it"
                ):
                    carry_out(ledger, fake, change, way, resume=True)
            first.stdin.write("\n")
            first.stdin.flush()
            assert first.stdout.readline() == "applied\n"
        finally:
            first.kill()
    assert len(fake.done) == 2


# --- The ledger fails -----------------------------------------------------------------------------------


class Failing(Watched):
    """A ledger that is full before its n-th entry of a kind."""

    full = ""

    def transact(self, actor: Any, work: Callable[[Any], Any]) -> Any:
        if self.kind == self.full:
            raise LedgerError("ledger.sqlite: the ledger cannot be used: database or disk is full")
        return super().transact(actor, work)


@pytest.mark.parametrize(
    ("kind", "made"), [("change-begun", 0), ("step-begun", 0), ("step-ended", 1), ("change-ended", 3)]
)
def test_the_ledger_fails(kind: str, made: int, tmp_path: Path, ledger: Ledger) -> None:
    """Nothing is sent that was not recorded, and what was sent is found again."""
    fake, change = begin(tmp_path, ledger, [])
    with Failing(str(tmp_path / "ledger.sqlite")) as full:
        full.full = kind
        with pytest.raises(LedgerError, match="disk is full"):
            carry_out(full, fake, change, "apply")
    assert len(fake.done) == 3 + made
    assert carry_out(ledger, fake, change, "apply", resume=True).state is State.APPLIED
    assert len(fake.done) == 6


def test_a_broken_way_out_is_not_the_ledgers_fault(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [])

    def told(*_: object) -> None:
        raise BrokenPipeError("nobody listens")

    with pytest.raises(BrokenPipeError):
        Run(ledger, PLANNER, fake, told=told, wait=0).carry_out(change.id, "apply")
    assert carry_out(ledger, fake, change, "apply", resume=True).state is State.APPLIED


# --- All of it at once ----------------------------------------------------------------------------------

ANSWERS = st.lists(st.sampled_from(["done", "done", "refused", "lost", "cut", "broken"]), max_size=4)
OTHERS = st.none() | st.tuples(st.sampled_from(["r-1", "r-2"]), st.sampled_from(["off", "on", "dimmed"]))
ACTIONS = st.tuples(st.sampled_from(["apply", "undo"]), ANSWERS, st.integers(0, 14), OTHERS)


class Killed(BaseException):
    """What ends a run here as a signal would: nothing catches it."""


@given(st.lists(ACTIONS, min_size=1, max_size=6))
@settings(max_examples=60)
def test_any_sequence_of_faults(tmp_path_factory: pytest.TempPathFactory, actions: list[Any]) -> None:
    """Whatever happens, the record says what AWS has, and nobody else's setting is overwritten."""
    folder = tmp_path_factory.mktemp("run")
    with Watched(str(folder / "ledger.sqlite")) as ledger:
        fake = Fake(folder / "aws")
        change = recorded(ledger, change_of(2, fake))
        for way, answers, kill, other in actions:
            if other is not None:
                fake.set(Name=other[0], Value=other[1])
            _run(ledger, Fake(fake.path, answers=answers), change, way, kill)
            _check(fake, standing(ledger, change.id))
        assert not verify(ledger.stored()).faults


def _run(ledger: Watched, fake: Fake, change: Change, way: Any, kill: int) -> None:
    left = [kill]
    before = fake.state

    def event(_: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    ledger.event, fake.event = event, event
    made = len(fake.done)
    try:
        carry_out(ledger, fake, change, way, resume=True)
    except (DemarcateError, Killed):
        pass
    finally:
        ledger.event = lambda _: None
    for told in fake.done[made:]:
        was = before[told["Name"]]
        assert was != "dimmed", "somebody else's setting was overwritten"
        assert was != told["Value"], "a call was made whose effect was there"
    assert len({told["Name"] for told in fake.done[made:]}) == len(fake.done[made:]), "a call was made twice"


def _check(fake: Fake, status: Status) -> None:
    if status.state in (State.APPLYING, State.UNDOING):
        return
    ended = {number: outcome for (way, number), outcome in status.ended.items() if way == "apply"}
    if status.state is State.APPLIED:
        assert {each.outcome for each in ended.values()} <= {Outcome.DONE, Outcome.SKIPPED}
        assert set(ended) == {1, 2}


def entries(ledger: Ledger, kind: str) -> list[Entry]:
    return list(ledger.entries(kinds=[kind]))


def test_the_record_stands_before_the_call(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [], 2)
    seen: list[tuple[str, int]] = []
    fake.event = lambda moment: seen.append((moment, len(entries(ledger, "step-begun"))))
    carry_out(ledger, fake, change, "apply")
    assert [count for moment, count in seen if moment == "before the call"] == [1, 2]
    begun = entries(ledger, "step-begun")[0].act
    assert (begun.before, begun.after["operation"]["parameters"]) == ("off", {"Name": "r-1", "Value": "on"})
    assert begun.after["state"] == "off"


def test_an_entry_of_another_program_is_named(tmp_path: Path, ledger: Ledger) -> None:
    fake, change = begin(tmp_path, ledger, [])
    ledger.append(PLANNER, Act(kind="step-ended", change=change.id, after={"step": "one"}))
    with pytest.raises(DemarcateError, match=r"entry 3 of the ledger cannot be read as a change"):
        carry_out(ledger, fake, change, "apply")
