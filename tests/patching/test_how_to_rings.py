"""The page about rings is true: its commands do what it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partialmethod
from itertools import count
from pathlib import Path

import pytest

from demarcate.changes.applying import Run
from demarcate.patching import running
from tests.aws.answers.server import Server
from tests.patching.scenes import Scene, scenes
from tests.surroundings import CREDENTIALS
from tests.test_tutorial import ROOT, Reader, blocks

PAGE = ROOT / "docs" / "how-to" / "patch-in-rings.md"


def test_the_page_does_what_it_says(
    aws_of_scenes: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = {
        "AWS_ENDPOINT_URL": aws_of_scenes.url,
        "XDG_DATA_HOME": str(tmp_path),
        "NO_COLOR": "1",
        "COLUMNS": "80",
    }
    for name, value in {**CREDENTIALS, **around}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    ids, runs = count(1), count()
    monkeypatch.setattr("demarcate.changes.planning.new_id", lambda: f"c-{next(ids):08}")
    monkeypatch.setattr("demarcate.patching.planning.new_plan_id", lambda: "p-5a6b7c8d")
    monkeypatch.setattr(Run, "__init__", partialmethod(Run.__init__, sleep=lambda _: None))
    run_plan, days = running.run_plan, [0]

    def next_day(plan: str, means: running.Means) -> running.Ended:
        """A day goes by between one run and the next."""
        days[0] = next(runs)
        return run_plan(plan, means)

    monkeypatch.setattr(running, "run_plan", next_day)
    monkeypatch.setattr(running, "now_in_utc", lambda: datetime.now(UTC) + timedelta(hours=25 * days[0]))
    aws_of_scenes.faults = Scene(scenes()["an alarm that was silent"]).faults
    reader = Reader(tmp_path)
    told = [line for block in blocks(PAGE.read_text()) for line in reader.follow(block)]
    aws_of_scenes.faults = {}
    assert not told, "\n\n".join(told)
    assert reader.code == 0
