"""A run that is killed at any moment left what `resume` needs: each call is made once, and the change ends whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from demarcate.changes.applying import standing
from demarcate.changes.status import State, Way
from demarcate.changes.structs import Change
from demarcate.ledger.ledger import Ledger
from demarcate.ledger.verifying import verify
from tests.changes.cases import recorded
from tests.changes.fakes import Fake, carry_out, change_of
from tests.changes.killing import killed_at

MOMENTS = {
    *("before change-begun", "after change-begun", "before change-ended", "after change-ended"),
    *("before step-begun", "after step-begun", "before step-ended", "after step-ended"),
    *("before the call", "before the answer", "after the call"),
}
"""The moments at which a run is killed."""

ENDS = {"apply": State.APPLIED, "undo": State.UNDONE}

KILLS = 25


def check_once(fake: Fake, made: int, change: Change, way: Way) -> None:
    """Each call was made exactly once, in order."""
    names = [step.resource for step in change.steps]
    expected = [(name, "on") for name in names] if way == "apply" else [(name, "off") for name in reversed(names)]
    assert [(told["Name"], told["Value"]) for told in fake.done[made:]] == expected


@pytest.mark.parametrize("way", ["apply", "undo"])
def test_killed_at_each_moment(way: Way, tmp_path: Path, ledger: Ledger) -> None:
    """At each event of a run of two steps in turn, and the run that goes on at the same."""
    moments = set[str]()
    number, moment = 0, "none yet"
    while moment:
        number += 1
        fake = Fake(tmp_path / f"aws-{number}")
        change = recorded(ledger, change_of(2, fake))
        if way == "undo":
            carry_out(ledger, fake, change, "apply")
        made = len(fake.done)
        moment = killed_at(number, tmp_path / "ledger.sqlite", fake.path, change, way)
        moments.add(moment)
        for _ in range(2):
            if standing(ledger, change.id).state is not ENDS[way]:
                killed_at(number, tmp_path / "ledger.sqlite", fake.path, change, way)
        if standing(ledger, change.id).state is not ENDS[way]:
            carry_out(ledger, fake, change, way, resume=True)
        assert standing(ledger, change.id).state is ENDS[way]
        check_once(fake, made, change, way)
    assert moments == {*MOMENTS, ""}
    assert not verify(ledger.stored()).faults


def test_killed_again_and_again(tmp_path: Path, ledger: Ledger) -> None:
    """One change of many steps, applied and undone by runs of which nearly each is killed."""
    dice = random.Random(11)  # noqa: S311 - the same in each run
    fake = Fake(tmp_path / "aws")
    change = recorded(ledger, change_of(12, fake))
    kills = 0
    ways: tuple[Way, ...] = ("apply", "undo")
    for way in ways:
        made = len(fake.done)
        while standing(ledger, change.id).state is not ENDS[way]:
            place = tmp_path / "ledger.sqlite"
            kills += bool(killed_at(dice.randint(1, 12), place, fake.path, change, way))
        check_once(fake, made, change, way)
    assert kills >= KILLS
    assert set(fake.state.values()) == {"off"}
    assert not verify(ledger.stored()).faults
