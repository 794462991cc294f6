"""The page about waivers is true: its commands do what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patching.test_how_to import follow
from tests.test_tutorial import Day


def test_findings_are_waived_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demarcate.estate.snapshots.writing.datetime", Day)
    monkeypatch.setattr("demarcate.cli.waivers.today", lambda: Day.now().date())
    follow("waive-a-finding.md", tmp_path, monkeypatch)
