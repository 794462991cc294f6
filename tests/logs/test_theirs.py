"""Whose an event of AWS Health is, and who logs what of a service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from demarcate.logs.theirs import whose
from demarcate.model import load

CASES = [
    ("issue", "INFORMATIONAL", "aws"),
    ("issue", None, "aws"),
    ("investigation", None, "aws"),
    ("issue", "ACTION_REQUIRED", "customer"),
    ("scheduledChange", "ACTION_MAY_BE_REQUIRED", "customer"),
    ("accountNotification", "INFORMATIONAL", "aws"),
    ("scheduledChange", None, "unknown"),
    ("scheduledChange", "NEW_WORD", "unknown"),
]


@pytest.mark.parametrize(("category", "actionability", "expected"), CASES)
def test_whose_an_event_is(category: str, actionability: str | None, expected: str) -> None:
    assert whose({"event_type_category": category, "actionability": actionability})[0] == expected


def test_a_template_tells_no_events(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {T: {Type: AWS::SNS::Topic}}")
    done = CliRunner().invoke(app, ["logs", "theirs", str(tmp_path / "t.yaml")])
    assert done.exit_code == 3
    assert "only a live account tells" in done.stderr


def test_who_logs_what_of_a_service() -> None:
    told = json.loads(CliRunner().invoke(app, ["explain", "logging", "s3", "--format", "json"]).stdout)
    assert [each["id"] for each in told["aws"]] == [
        "logging-and-monitoring.log-aws-operations",
        "incident-response.provide-forensic-data",
    ]
    assert {log["service"] for log in told["logs"]} == {"s3"}
    assert "logging-and-monitoring.enable-access-logs" in [each["id"] for each in told["customer"]]
    text = CliRunner().invoke(app, ["explain", "logging", "kms"]).stdout
    assert "The model knows of no other log of it." in text


def test_who_logs_what_of_all() -> None:
    done = CliRunner().invoke(app, ["explain", "logging"])
    assert all(log.source in done.stdout for log in load().logging)
    assert max(map(len, (line for line in done.stdout.splitlines() if "https://" not in line))) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"), [(["logging", "s4"], "no service 's4'"), (["ec2", "s3"], "no item 'ec2 s3'")]
)
def test_what_cannot_be_explained(arguments: list[str], message: str) -> None:
    assert message in str(CliRunner().invoke(app, ["explain", *arguments]).exception)
