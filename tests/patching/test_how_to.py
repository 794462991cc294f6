"""The pages about windows and about what comes first are true: their commands do what they show."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import icalendar
import pytest
import yaml

from demarcate.changes.applying import Run
from demarcate.changes.deciding import approve, record_plan
from demarcate.changes.files import read_steps
from demarcate.changes.planning import plan_by_hand
from demarcate.changes.reach import Reach
from demarcate.changes.status import State
from demarcate.ledger.ledger import Ledger
from demarcate.patching import feeds
from tests.aws.conftest import REGION, Aws
from tests.changes import cases
from tests.patching.test_priority import DATA, estate
from tests.surroundings import CREDENTIALS
from tests.test_tutorial import ROOT, Reader, blocks

HOW_TO = ROOT / "docs" / "how-to"


def follow(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **around: str) -> None:
    """Do what a page says in a folder."""
    surroundings = {
        **CREDENTIALS,
        "XDG_DATA_HOME": str(folder / "home"),
        "NO_COLOR": "1",
        "COLUMNS": "80",
        **around,
    }
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    reader = Reader(folder)
    told = [line for block in blocks((HOW_TO / page).read_text()) for line in reader.follow(block)]
    assert not told, "\n\n".join(told)
    assert reader.code == 0


def test_windows_are_planned_as_the_page_says(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demarcate.changes.planning.new_id", lambda: "c-1f2e3d4c")
    follow("plan-patch-windows.md", tmp_path, monkeypatch, AWS_ENDPOINT_URL=aws.url)
    assert aws.client("ssm").describe_maintenance_windows()["WindowIdentities"] == []
    events = icalendar.Calendar.from_ical((tmp_path / "patching.ics").read_bytes()).walk("VEVENT")
    assert len(events) == 52 + 12
    assert (tmp_path / "patching.html").stat().st_size > 10_000


def test_what_comes_first_is_chosen_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "now", lambda: datetime(2026, 11, 1, tzinfo=UTC))
    with estate(DATA["cases"][0]) as taken:
        shutil.copytree(taken.folder, tmp_path / "estate")
    follow("choose-what-to-patch-first.md", tmp_path, monkeypatch)


WINDOW = {"Name": "servers", "Schedule": "cron(0 2 ? * SUN *)", "Duration": 3, "Cutoff": 1}
PLACE = {"account": "123456789012", "region": REGION}


def steps_of(window: str, baseline: str) -> list[dict[str, Any]]:
    """A target, a task and a patch group, each with what undoes it."""
    target = {"ResourceType": "INSTANCE", "Targets": [{"Key": "tag:Patch Group", "Values": ["servers"]}]}
    task = {"TaskArn": "AWS-RunPatchBaseline", "TaskType": "RUN_COMMAND", "MaxConcurrency": "1", "MaxErrors": "1"}
    of, group = {"WindowId": window}, {"BaselineId": baseline, "PatchGroup": "servers"}
    return [
        {
            **PLACE,
            "resource": f"target of {window}",
            "risk": [],
            "do": {"ssm.register_target_with_maintenance_window": {**of, **target, "Name": "servers"}},
            "reads": {"ssm.describe_maintenance_window_targets": of},
            "state": "Targets[?Name=='servers'].WindowTargetId",
            "done": "length(@) == `1`",
            "undo": {"ssm.deregister_target_from_maintenance_window": {**of, "WindowTargetId": {"$after": "[0]"}}},
        },
        {
            **PLACE,
            "resource": f"task of {window}",
            "risk": ["interrupts"],
            "do": {"ssm.register_task_with_maintenance_window": {**of, **task, "Name": "patch"}},
            "reads": {"ssm.describe_maintenance_window_tasks": of},
            "state": "Tasks[?Name=='patch'].WindowTaskId",
            "done": "length(@) == `1`",
            "undo": {"ssm.deregister_task_from_maintenance_window": {**of, "WindowTaskId": {"$after": "[0]"}}},
        },
        {
            **PLACE,
            "resource": "patch group servers",
            "risk": [],
            "do": {"ssm.register_patch_baseline_for_patch_group": group},
            "reads": {
                "ssm.get_patch_baseline_for_patch_group": {
                    "PatchGroup": "servers",
                    "OperatingSystem": "AMAZON_LINUX_2023",
                }
            },
            "state": "BaselineId",
            "done": f"@ == '{baseline}'",
            "undo": {"ssm.deregister_patch_baseline_for_patch_group": group},
        },
    ]


def test_a_target_a_task_and_a_patch_group_are_registered_and_taken_back(aws: Aws, tmp_path: Path) -> None:
    ssm = aws.client("ssm")
    window = ssm.create_maintenance_window(**WINDOW, AllowUnassociatedTargets=False)["WindowId"]
    baseline = ssm.create_patch_baseline(Name="servers", OperatingSystem="AMAZON_LINUX_2023")["BaselineId"]
    file = tmp_path / "steps.yaml"
    file.write_text(yaml.safe_dump(steps_of(window, baseline)))
    steps = read_steps(file)
    # Moto keeps a patch group that is taken back: what undoes it is in the plan, and is not carried out there.
    written = {name for step in steps for name in (*step.do, *(step.undo if isinstance(step.undo, dict) else ()))}
    assert len(written) == 6
    for part, undone in ((steps[:2], True), (steps[2:], False)):
        reads = {name for step in part for name in step.reads}
        hands = Reach(cases.options(aws), reads=reads, writes=written)
        with Ledger(str(tmp_path / f"{undone}.sqlite")) as ledger:
            change = plan_by_hand("Windows", str(file), part, hands)
            record_plan(ledger, cases.PLANNER, change)
            approve(ledger, cases.APPROVER, change.id, cases.ANYBODY)
            run = Run(ledger, cases.PLANNER, hands, sleep=lambda _: None, wait=1)
            after = run.carry_out(change.id, "apply")
            assert (after.state, after.reason) == (State.APPLIED, "")
            rows = {row["window_id"] for row in aws.rows("aws_ssm_maintenance_window_target")}
            assert rows == {window} or not undone
            if undone:
                assert run.carry_out(change.id, "undo").state is State.UNDONE
                assert ssm.describe_maintenance_window_targets(WindowId=window)["Targets"] == []
                assert ssm.describe_maintenance_window_tasks(WindowId=window)["Tasks"] == []
        hands.close()
    assert yaml.safe_load(file.read_text())[0]["region"] == REGION
