"""Rings as data: what a file may say, whom a ring holds, how many may be out, and when it opens."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.base.documents import DocumentError
from demarcate.changes.policies import Freeze, Policy, Window, opens
from demarcate.checks.catalog import load_checks
from demarcate.patching.planning import batched_steps
from demarcate.patching.rings import Ring, Rings, read_rings

WRONG = {
    "rings: []": "rings.yaml:1: expected a list of rings",
    "budget: 0\nrings: [{id: a}]": "rings.yaml:1: 0 is no budget",
    "budget: 200%\nrings: [{id: a}]": "rings.yaml:1: '200%' is no budget",
    "rings:\n- id: a\n- id: a": "rings.yaml:3: there are two rings 'a'",
    "rings:\n- id: a\n  soak: soon": "rings.yaml:3: 'soon' is no time to soak",
    "rings:\n- id: a\n  units: [production]": "rings.yaml:3: 'production' is no unit",
    "rings:\n- id: a\n  soack: 24h": "did you mean soak?",
    "ring:\n- id: a": "did you mean rings?",
    "rings:\n- id: a\n  checks: [ssm-instance-patch-complaint]": "did you mean ssm-instance-patch-compliant?",
    "rings:\n- id: a\n  windows: [{from: '9'}]": "ring 'a': '9' is no time",
    "rings:\n- id: a\n  windows: [{zone: Europe/Berlni}]": "there is no time zone 'Europe/Berlni'",
    "freezes: [{from: 2026-12-24, to: 2026-12-01}]\nrings: [{id: a}]": "rings.yaml:1: a freeze ends on 2026-12-01",
    "rings:\n- id: a\n  alarms: ['arn:aws:sns:x']": "is no alarm",
    "rings:\n- id: a\n  at-most: {percent: 5}": "rings.yaml:3: at-most per cent",
    "- id: a": "Expected `object`, got `array`",
}


def test_what_a_file_may_not_say(tmp_path: Path) -> None:
    path = tmp_path / "rings.yaml"
    for text, told in WRONG.items():
        path.write_text(text)
        with pytest.raises(DocumentError) as refused:
            read_rings(path, load_checks())
        assert told in str(refused.value), text


def test_freezes_beside_rings_hold_for_each(tmp_path: Path) -> None:
    path = tmp_path / "rings.yaml"
    path.write_text("freezes: [{from: 2026-12-18, to: 2027-01-04}]\nrings: [{id: a, soak: 3d}, {id: b}]")
    rings = read_rings(path, load_checks())
    assert [len(ring.freezes) for ring in rings.rings] == [1, 1]
    assert [ring.soaks for ring in rings.rings] == [timedelta(days=3), timedelta()]


def test_whom_a_ring_holds() -> None:
    ring = Ring(name="a", accounts=("1",), units=("ou-1",), tags={"env": ("test", "dev")})
    assert ring.holds("1", ["r-1", "ou-1"], {"env": "dev"}) is True
    assert ring.holds("1", ["r-1", "ou-1"], {"env": "prod"}) is False
    assert ring.holds("1", ["r-1", "ou-1"], {}) is False
    assert ring.holds("1", ["r-1"], {"env": "dev"}) is False
    assert ring.holds("2", ["ou-1"], None) is False
    assert ring.holds("1", ["ou-1"], None) is None, "what is not known is not guessed"
    assert Ring(name="all").holds("1", [], None) is True


@given(st.integers(1, 100), st.integers(1, 500), st.lists(st.integers(1, 3), max_size=40))
def test_no_more_are_out_than_the_budget_lets(per_cent: int, count: int, lengths: list[int]) -> None:
    ring = Ring(name="a")
    at_once = Rings(rings=(ring,), budget=f"{per_cent}%").at_once(count)
    assert at_once == 1 or at_once * 100 <= per_cent * count
    steps = [[(place, turn) for turn in range(length)] for place, length in enumerate(lengths)]
    batches = list(batched_steps(steps, at_once))
    assert sorted(step for batch in batches for step in batch) == sorted(step for own in steps for step in own)
    for batch in batches:
        assert len({place for place, _ in batch}) <= at_once
        assert [turn for _, turn in batch] == sorted(turn for _, turn in batch)


def test_when_a_ring_opens() -> None:
    night = Policy(name="night", windows=(Window(begins="02:30", ends="03:30", zone="Europe/Berlin"),))
    # On 28 March 2027 the clocks of Berlin go from 02:00 to 03:00: half of the window is left.
    assert opens(night, datetime(2027, 3, 28, 0, 0, tzinfo=UTC)) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    days = Freeze(begins=date(2026, 12, 18), ends=date(2026, 12, 20))
    frozen = Policy(name="frozen", freezes=(days,))
    assert opens(frozen, datetime(2026, 12, 19, 12, tzinfo=UTC)) == datetime(2026, 12, 21, tzinfo=UTC)
    assert opens(frozen, datetime(2026, 12, 21, 12, tzinfo=UTC)) is None, "it is open"
    never = Policy(name="never", windows=(Window(begins="01:00", ends="01:00", days=()),))
    assert opens(never, datetime(2026, 12, 21, 12, tzinfo=UTC)) is None
