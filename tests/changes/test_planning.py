"""Findings become steps; those that would not find the state that they were planned against are not in one change."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import xform_name

from demarcate.changes.commands import CLI
from demarcate.changes.planning import _added, make_change
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import Missing, Values
from demarcate.checks.catalog import load_checks
from demarcate.checks.remedies import Remedy, faults
from demarcate.estate.sources.aws.operations import describe


def put(
    settings: dict[str, Any], finding: str, *, name: str = "s3.put", done: str = "@", state: str = "@"
) -> Step:
    return Step(
        account="123456789012",
        region="eu-west-1",
        resource="b",
        do=Operation(name=name, parameters=settings),
        reads=Read(operation=Operation(name="s3.get"), state=state),
        before={},
        done=done,
        undo=Undo(operation=Operation(name="s3.put", parameters=dict.fromkeys(settings, False))),
        checks=("c",),
        findings=(finding,),
    )


def test_calls_that_are_one_are_joined() -> None:
    steps = _added([put({"A": True}, "f-1", done="A")], [put({"B": True}, "f-2", done="B")])
    assert steps is not None
    (step,) = steps
    assert (step.do.parameters, step.done) == ({"A": True, "B": True}, "(A) && (B)")
    assert step.undo.operation is not None
    assert step.undo.operation.parameters == {"A": False, "B": False}
    assert list(zip(step.checks, step.findings, strict=True)) == [("c", "f-1"), ("c", "f-2")]
    change = make_change("t", "findings", "s", steps, judged={"c": 9, "d": 9})
    assert (change.checks, change.findings, change.judged) == (("c",), ("f-1", "f-2"), {"c": 9})


@pytest.mark.parametrize(
    "other",
    [
        put({"A": False}, "f-2"),  # they contradict each other
        put({"B": True}, "f-2", name="s3.delete"),  # another call that changes the state of the first
    ],
)
def test_calls_that_are_not_one_are_not_in_one_change(other: Step) -> None:
    assert _added([put({"A": True}, "f-1")], [other]) is None


def test_the_same_call_for_two_findings_is_one() -> None:
    steps = _added([put({"A": True}, "f-1")], [put({"A": True}, "f-2")])
    assert [step.findings for step in steps or ()] == [("f-1", "f-2")]


# --- Values ---------------------------------------------------------------------------------------------


def test_a_value_is_never_looked_into() -> None:
    """What a row holds is a parameter, whatever stands in it."""
    row = {"name": "{other} {", "other": "secret"}
    assert Values(row=row).fill({"Bucket": "{name}", "Arn": "arn:{name}"}) == {
        "Bucket": "{other} {",
        "Arn": "arn:{other} {",
    }
    with pytest.raises(Missing, match=r"owner of the resource is not known"):
        Values(row=row).fill("{owner}")
    assert Values(row=None).fill('{"Version": "{name}", "a": {}}') == '{"Version": "{name}", "a": {}}'


@pytest.mark.parametrize("text", ["a {", "a }", "{}", '{"Version": "2012"'])
def test_braces_that_hold_no_column(text: str) -> None:
    (fault,) = faults(Remedy(text="t", by_hand={"cli": text}), ["a"])
    assert "has a brace that holds no column" in fault


# --- Commands -------------------------------------------------------------------------------------------

OPERATIONS = sorted(
    {
        next(iter(written))
        for check in load_checks().values()
        for mend in check.remedy.mends
        for written in (mend.do, mend.undo, mend.undo_absent)
        if isinstance(written, dict)
    }
)

NOT_IN_CLI = {"ses", "emr", "sdb", "importexport", "mobileanalytics", "sms-voice"}
"""Services of which the AWS CLI leaves out operations, or the whole."""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_commands_are_named_as_the_aws_cli_names_them(operation: str) -> None:
    """It names a service as botocore does, but for `CLI`, and an operation as `xform_name` does with hyphens."""
    service, method = operation.split(".")
    assert xform_name(describe(operation).name, "-") == method.replace("_", "-")
    assert service not in NOT_IN_CLI
    assert CLI.get(service, service) not in ("s3", "config", "codedeploy")
