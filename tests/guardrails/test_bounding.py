"""A permissions boundary is tested against recorded calls: what it denies, and what none of its statements allows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.access.values import some
from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.estate.schema.unknown import Unknown
from demarcate.guardrails.bounding import rulings, whom
from demarcate.guardrails.calls import call_of
from tests.guardrails.recorded import ACCOUNT, ROLE, deliver, event

ALLOWS: dict[str, Any] = {"Effect": "Allow", "Action": ["ec2:*", "s3:ListBucket"], "Resource": "*"}
TABLE = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table"


def boundary(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def made(action: str, resource: str = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("statements", "call", "told", "denied"),
    [
        ([ALLOWS], "ec2:DescribeInstances", {}, False),
        ([ALLOWS], "iam:CreateUser", {}, True),
        ([ALLOWS, made("ec2:Describe*", effect="Deny")], "ec2:DescribeInstances", {}, True),
        ([made("iam:*"), ALLOWS], "iam:CreateUser", {}, False),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "iam:CreateUser", {}, True),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "ec2:RunInstances", {}, False),
        ([made("ec2:*", f"{TABLE}/a")], "ec2:DescribeInstances", {}, None),
        (
            [made("ec2:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-central-1"}})],
            "ec2:DescribeInstances",
            {},
            False,
        ),
        (
            [made("ec2:*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})],
            "ec2:DescribeInstances",
            {},
            True,
        ),
        ([made("ec2:*", Condition={"StringEquals": {"ec2:Vpc": "x"}})], "ec2:RunInstances", {}, None),
    ],
)
def test_what_none_allows_is_denied(
    statements: list[dict[str, Any]], call: str, told: dict[str, Any], denied: bool | None
) -> None:
    answer = some(each.denies(call_of(event(call, **told))) for each in rulings(boundary(*statements), "b"))
    assert isinstance(answer, Unknown) if denied is None else answer is denied


@pytest.mark.parametrize(
    ("tables", "allowed", "denied"),
    [("a", "a", False), ("a", "b", True), ("ab", "a", True), ("ab", "ab", False), ("", "a", True)],
)
def test_each_resource_must_be_allowed_by_some_statement(tables: str, allowed: str, denied: bool) -> None:
    called = call_of(event("dynamodb:BatchGetItem"))
    (ruling,) = rulings(boundary(*(made("dynamodb:*", f"{TABLE}/{name}") for name in allowed)), "b")
    arns = tuple(f"{TABLE}/{name}" for name in tables)
    assert ruling.denies(replace(called, resources=arns, whole=True)) is denied
    unsure = ruling.denies(replace(called, resources=arns, whole=False))
    assert unsure is True if denied and tables else isinstance(unsure, Unknown)


@pytest.mark.parametrize(
    ("by", "bound"),
    [("role", True), ("user", None), ("root", False), ("linked", False), ("service", False)],
)
def test_whom_it_binds(by: str, bound: bool | None) -> None:
    told = whom([ROLE])(call_of(event("ec2:RunInstances", by)))
    assert told is None if bound is None else told is not None and told[0] is bound


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "it is no policy"),
        (boundary(made("ec2:*", effect="Deny")), "it allows nothing"),
        (boundary({**ALLOWS, "Principal": "*"}), "has no Principal"),
        (boundary({**ALLOWS, "Effect": "allow"}), "whose Effect is Allow or Deny"),
        (boundary({"Effect": "Allow", "Action": "ec2:*"}), "either Resource or NotResource"),
        (boundary(made("ec2:" + "x" * 7_000)), "AWS takes 6,144"),
    ],
)
def test_what_is_no_boundary(document: Any, says: str) -> None:
    with pytest.raises(DemarcateError, match=says):
        rulings(document, "b.json")


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps(boundary(ALLOWS)))
    events = [event("ec2:RunInstances"), event("iam:CreateUser"), event("iam:CreateUser", "user")]
    deliver(tmp_path / "logs" / "a.json.gz", events)
    words = ["guardrails", "test", str(tmp_path / "b.json"), "--events", str(tmp_path / "logs"), "--boundary"]
    told = CliRunner().invoke(app, [*words, "--principal", ROLE, "--format", "json"])
    assert told.exit_code == 1, (told.output, told.exception)
    said = json.loads(told.stdout)
    assert (said["denied"], said["allowed"], said["elsewhere"]) == (1, 1, 1)
    assert [each["statement"] for each in said["who"]] == ["no statement that allows it"]
    refused = CliRunner().invoke(app, [*words[:-1], "--principal", ROLE])
    assert "goes with --boundary" in str(refused.exception)
