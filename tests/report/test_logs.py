"""What a run tells of itself where somebody asks for it; nothing of it can be forged, and otherwise there is none."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from demarcate.base.logs import LOG, phase, tell
from demarcate.report import logs
from tests.processes import demarcate

TEMPLATE = "Resources:\n  Data: {Type: 'AWS::EC2::Volume', Properties: {Size: 8, AvailabilityZone: eu-west-1a}}\n"


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """A log that ends with the test."""
    yield
    LOG.handlers, LOG.propagate = [], True
    LOG.setLevel(logging.NOTSET)


HOSTILE = 'a\x1b[31m\n2026-11-23T10:00:00.000Z info forged "x" \u202e'


def test_an_entry_is_one_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.begin(2, "text")
    tell(logging.DEBUG, "called", operation="ec2:DescribeVolumes", seconds=0.12, attempt=1, error=None)
    tell(logging.DEBUG, "called", request_id=HOSTILE)
    first, second = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z debug called operation=ec2:DescribeVolumes seconds=0.12 attempt=1",
        first,
    )
    assert second.isprintable()
    assert '\\n2026-11-23T10:00:00.000Z info forged \\"x\\"' in second


def test_an_entry_is_one_object_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    logs.begin(1, "json")
    tell(logging.INFO, "collected", seconds=1.5, request_id=HOSTILE)
    tell(logging.DEBUG, "called")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    entry = json.loads(line)
    assert (entry["level"], entry["event"], entry["seconds"], entry["request_id"]) == (
        *("info", "collected", 1.5),
        HOSTILE,
    )


def test_nothing_is_told_of_what_nobody_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with phase("collected"):
        tell(logging.DEBUG, "called")
    assert capsys.readouterr().err == ""


def test_the_command_tells_its_phases(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    arguments = ("assess", "t.yaml", "--format", "json")
    told = demarcate(*arguments, "-v", "--log-format", "json", cwd=tmp_path)
    events = [json.loads(line)["event"] for line in told.stderr.splitlines()]
    assert list(dict.fromkeys(events)) == ["collected", "judged", "posture", "wrote"]
    assert json.loads(told.stdout)["findings"]


def test_quiet_leaves_errors_alone(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    (tmp_path / "bad.yaml").write_text("Resources: [")
    quiet = demarcate("--quiet", "query", "select 1", "t.yaml", "bad.yaml", cwd=tmp_path)
    assert (quiet.returncode, quiet.stderr) == (3, "")
    wrong = demarcate("tables", "nothing", "--quiet", cwd=tmp_path)
    assert (wrong.returncode, "there is no table" in wrong.stderr) == (2, True)


def test_quiet_and_verbose_are_not_both() -> None:
    done = demarcate("--quiet", "-v", "tables")
    assert (done.returncode, "--quiet" in done.stderr) == (2, True)
