"""A dashboard is made of an assessment within CloudWatch's limits, and written and taken back by a change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.assessing import assess_sources
from demarcate.cli import app
from demarcate.logs.dashboards import body_of
from demarcate.model import load
from demarcate.posture.kept import save
from tests.aws.conftest import Aws
from tests.changes.conftest import aws, endless, images, server
from tests.checks.test_engine import snapshot
from tests.keys.test_changing import Say, applied, say, undone

__all__ = ["aws", "endless", "images", "say", "server"]

ACCOUNT = "111122223333"
CHECK = "cloudwatch-alarm-has-action"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An assessment of an account with many alarms, in two regions."""
    regions = ("eu-west-1", "us-east-1")
    alarms = [
        {"resource": f"a-{n}", "arn": f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:a-{n}", "region": region}
        for region in regions
        for n in range(130)
    ]
    filters = [
        {"resource": f"f-{n}", "region": "us-east-1", "metric_transformation_name": f"m-{n}"}
        | {"metric_transformation_namespace": "CloudTrail"}
        for n in range(3)
    ]
    all_ = {"resource": "all", "arn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:all", "region": "eu-west-1"}
    tables = {
        "aws_cloudwatch_alarm": alarms,
        "aws_cloudwatch_composite_alarm": [all_],
        "aws_cloudwatch_log_metric_filter": filters,
    }
    folder = tmp_path_factory.mktemp("kept") / "assessment"
    rows = {name: [{"account_id": ACCOUNT} | row for row in rows] for name, rows in tables.items()}
    with snapshot(rows) as of, assess_sources([of.folder], checks=[CHECK]) as assessment:
        save(assessment, folder)
        yield folder


def shown(folder: Path) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["dashboard", "show", str(folder)])
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_every_area_is_told_and_every_alarm_is_on_it(kept: Path) -> None:
    widgets = shown(kept)["widgets"]
    texts = [each["properties"]["markdown"] for each in widgets if each["type"] == "text"]
    assert [text.splitlines()[0].removeprefix("## ") for text in texts[1:]] == [
        area.title for area in load().areas
    ]
    alarms = [each["properties"]["alarms"] for each in widgets if each["type"] == "alarm"]
    assert [len(arns) for arns in alarms] == [100, 31, 100, 30]
    (metric,) = [each["properties"] for each in widgets if each["type"] == "metric"]
    assert (metric["region"], len(metric["metrics"])) == ("us-east-1", 3)


def test_no_widget_lies_on_another_or_beyond_the_edge(kept: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in shown(kept)["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        taken |= cells


def test_it_is_written_and_taken_back_by_a_change(kept: Path, aws: Aws, say: Say) -> None:
    cloudwatch = aws.client("cloudwatch")

    def names() -> list[str]:
        return [each["DashboardName"] for each in cloudwatch.list_dashboards()["DashboardEntries"]]

    assert say("dashboard", "deploy", str(kept), "--name", "security")[0] == 0
    assert names() == []
    applied(say)
    assert json.loads(cloudwatch.get_dashboard(DashboardName="security")["DashboardBody"]) == shown(kept)
    assert "is so already" in say("dashboard", "deploy", str(kept), "--name", "security")[2]
    undone(say)
    assert names() == []


def test_one_that_is_there_comes_back(kept: Path, aws: Aws, say: Say) -> None:
    cloudwatch, before = aws.client("cloudwatch"), json.dumps({"widgets": []})
    cloudwatch.put_dashboard(DashboardName="demarcate", DashboardBody=before)
    assert say("dashboard", "deploy", str(kept))[0] == 0
    applied(say)
    undone(say)
    assert cloudwatch.get_dashboard(DashboardName="demarcate")["DashboardBody"] == before


def test_a_name_that_cloudwatch_refuses_is_refused(kept: Path, aws: Aws, say: Say) -> None:
    code, _, err = say("dashboard", "deploy", str(kept), "--name", "a b")
    assert code == 2 and "letters, digits" in err


def test_a_dashboard_of_an_empty_estate_has_the_areas_alone() -> None:
    with snapshot({}) as of, assess_sources([of.folder], checks=[CHECK]) as assessment:
        assert {widget["type"] for widget in body_of(assessment)["widgets"]} == {"text"}
