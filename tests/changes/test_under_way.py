"""What takes long: it is under way, its outcome is awaited, and whoever goes on asks for it again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from demarcate.changes.applying import standing
from demarcate.changes.planning import make_change
from demarcate.changes.status import Outcome, State, Status, Way
from demarcate.changes.structs import Change, Operation, Read
from demarcate.ledger.ledger import Ledger
from demarcate.ledger.verifying import verify
from tests.changes.cases import recorded
from tests.changes.fakes import Fake, carry_out, change_of, slow_step, step
from tests.changes.killing import killed_at

ENDS = {"apply": State.APPLIED, "undo": State.UNDONE}


def outcomes(status: Status, way: Way = "apply") -> list[str]:
    return [str(ended.outcome) for (of, _), ended in sorted(status.ended.items()) if of == way]


def most_at_once(fake: Fake) -> int:
    """How many resources were turning at the same time."""
    turning, most = set[str](), 0
    for told in fake.done:
        (turning.add if told["Value"].startswith("turning") else turning.discard)(told["Name"])
        most = max(most, len(turning))
    return most


def sent(fake: Fake, made: int = 0) -> list[tuple[str, str]]:
    return [(told["Name"], told["Value"]) for told in fake.done[made:] if told["Value"].startswith("turning")]


def test_as_many_are_under_way_as_may_be(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    change = recorded(ledger, change_of(5, fake, slow_step, at_once=2))
    assert carry_out(ledger, fake, change, "apply").state is State.APPLIED
    assert (most_at_once(fake), set(fake.state.values())) == (2, {"on"})
    assert carry_out(ledger, fake, change, "undo").state is State.UNDONE
    assert (most_at_once(fake), set(fake.state.values())) == (2, {"off"})
    assert [name for name, _ in sent(fake)] == [
        "r-1",
        "r-2",
        "r-3",
        "r-4",
        "r-5",
        "r-5",
        "r-4",
        "r-3",
        "r-2",
        "r-1",
    ]


def test_steps_of_one_resource_follow_each_other(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    for name in ("r-1", "r-2"):
        fake.set(Name=name, Value="off")
    then = [
        msgspec.structs.replace(
            step(name, before="on", done="@ == 'brighter'"),
            do=Operation(name="fake.set", parameters={"Name": name, "Value": "brighter"}),
        )
        for name in ("r-1", "r-2")
    ]
    steps = [slow_step("r-1"), slow_step("r-2"), *then]
    change = recorded(ledger, msgspec.structs.replace(make_change("on", "hand", "a test", steps), at_once=2))
    assert carry_out(ledger, fake, change, "apply").state is State.APPLIED
    assert fake.state == {"r-1": "brighter", "r-2": "brighter"}


def test_one_that_never_comes_back_stops_what_is_after_it(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    change = change_of(4, fake, slow_step, at_once=2)
    stuck = [msgspec.structs.replace(slow_step(name, "stuck"), wait=3) for name in ("r-2", "r-3")]
    change = recorded(ledger, msgspec.structs.replace(change, steps=(change.steps[0], *stuck, change.steps[3])))
    status = carry_out(ledger, fake, change, "apply")
    assert status.state is State.STOPPED
    assert "has no outcome after 3 s: r-2" in status.reason
    assert (outcomes(status), fake.state["r-4"]) == (["done", "uncertain", "under way"], "off")
    for name in ("r-2", "r-3"):
        fake.set(Name=name, Value="on")  # they came back after all
    status = carry_out(ledger, fake, change, "apply")
    assert (status.state, outcomes(status)) == (State.APPLIED, ["done"] * 4)
    assert [name for name, _ in sent(fake)] == ["r-1", "r-4"], "nothing was sent twice"


def test_one_that_failed_midway_is_undone(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    change = change_of(2, fake, slow_step, at_once=2)
    broken = slow_step("r-2", "turning broken")
    broken = msgspec.structs.replace(broken, begun="@ == 'turning broken'")
    change = recorded(ledger, msgspec.structs.replace(change, steps=(change.steps[0], broken)))
    status = carry_out(ledger, fake, change, "apply")
    assert (status.state, "taken by AWS, and failed" in status.reason) == (State.STOPPED, True)
    assert carry_out(ledger, fake, change, "undo").state is State.UNDONE
    assert fake.state == {"r-1": "off", "r-2": "off"}


def test_what_is_midway_is_undone_in_its_own_way(tmp_path: Path, ledger: Ledger) -> None:
    """What never ends is not waited for where AWS can turn back midway, and is where it cannot."""
    midway = Operation(name="fake.set", parameters={"Name": "r-1", "Value": "turning off"})
    for name, way in (("turns back", midway), ("must end", None)):
        fake = Fake(tmp_path / name)
        fake.set(Name="r-1", Value="off")
        stuck = msgspec.structs.replace(slow_step("r-1", "stuck", midway=way), wait=2)
        change = recorded(ledger, make_change("on", "hand", "a test", [stuck]))
        assert carry_out(ledger, fake, change, "apply").state is State.STOPPED
        status = carry_out(ledger, fake, change, "undo")
        expected = (State.UNDONE, "off") if way else (State.UNDO_STOPPED, "stuck")
        assert (status.state, fake.state["r-1"]) == expected


def with_a_copy(fake: Fake) -> Change:
    """A copy is taken, then a resource turned on; what brings the copy back undoes both, and is read elsewhere."""
    for name in ("copy", "r-1", "restored"):
        fake.set(Name=name, Value="off")
    copied = slow_step("copy", reads=Read(operation=Operation(name="fake.get", parameters={"Name": "restored"})))
    back = Operation(name="fake.set", parameters={"Name": "restored", "Value": "turning off again"})
    undo = msgspec.structs.replace(
        copied.undo, operation=back, begun="@ == 'turning off again'", done="@ == 'off again'"
    )
    turned = slow_step("r-1")
    covered = msgspec.structs.replace(
        turned.undo, operation=None, earlier=True, why_not="the copy is brought back"
    )
    return make_change(
        "on",
        "hand",
        "a test",
        [msgspec.structs.replace(copied, undo=undo), msgspec.structs.replace(turned, undo=covered)],
    )


def test_an_earlier_step_undoes_a_later_one(tmp_path: Path, ledger: Ledger) -> None:
    fake = Fake(tmp_path / "aws")
    change = recorded(ledger, with_a_copy(fake))
    assert carry_out(ledger, fake, change, "apply").state is State.APPLIED
    status = carry_out(ledger, fake, change, "undo")
    assert (status.state, fake.state["restored"]) == (State.UNDONE, "off again")
    assert status.ended["undo", 2].outcome is Outcome.SKIPPED


def test_killed_at_each_moment(tmp_path: Path, ledger: Ledger) -> None:
    """Each call is made once, and no more are under way than may be, whenever a run is killed."""
    ways: tuple[Way, ...] = ("apply", "undo")
    place = tmp_path / "ledger.sqlite"
    for way in ways:
        number, moment = 0, "none yet"
        while moment:
            number += 1
            fake = Fake(tmp_path / f"{way}-{number}")
            change = recorded(ledger, change_of(2, fake, slow_step, at_once=2))
            if way == "undo":
                carry_out(ledger, fake, change, "apply")
            made = len(fake.done)
            moment = killed_at(number, place, fake.path, change, way)
            if standing(ledger, change.id).state is not ENDS[way]:
                carry_out(ledger, fake, change, way, resume=True)
            assert standing(ledger, change.id).state is ENDS[way], (way, moment)
            assert len(sent(fake, made)) == 2, (way, moment)
    assert not verify(ledger.stored()).faults


def test_a_kill_leaves_what_is_midway_to_be_undone(tmp_path: Path, ledger: Ledger) -> None:
    place = tmp_path / "ledger.sqlite"
    number, moment = 0, "none yet"
    while moment:
        number += 1
        fake = Fake(tmp_path / f"aws-{number}")
        change = recorded(ledger, with_a_copy(fake))
        moment = killed_at(number, place, fake.path, change, "apply")
        status = standing(ledger, change.id)
        if status.begun is not None:
            assert carry_out(ledger, fake, change, "undo").state is State.UNDONE, moment
            assert (fake.state["copy"] == "off") or fake.state["restored"] == "off again", moment
