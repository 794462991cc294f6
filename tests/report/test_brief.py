"""The report on one screen."""

from __future__ import annotations

import io

import pytest

from demarcate.report import brief
from demarcate.report.out import Out
from tests.example import assessed

SCREEN = 50
"""Lines."""


def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    stream = io.StringIO()
    brief.write(assessed(), Out(stream))
    return stream.getvalue().splitlines()


def test_it_is_one_screen_of_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(monkeypatch)
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]


def test_it_tells_each_area_and_the_headline_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(monkeypatch)
    assessment = assessed()
    for area in assessment.model.areas:
        assert [
            line
            for line in lines
            if line.startswith(area.title) and f"{assessment.posture.areas[area.id].met} of" in line
        ]
    assert lines.count(f"{assessment.posture.summary}.") == 2


def test_the_worst_gaps_are_told_by_a_resource_each(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(monkeypatch)
    whole = "\n".join(lines)
    gaps = assessed().posture.first()
    for gap in gaps[: brief.SHOWN_GAPS]:
        assert gap.title in whole
    assert "SSH is open: JumpSecurityGroup lets TCP 22 in from 0.0.0.0/0" in whole
    assert f"and {len(gaps) - brief.SHOWN_GAPS} more gaps" in whole
    assert "Next: demarcate checks show" in whole
