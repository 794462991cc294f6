"""Findings become steps; those that would not find the state that they were planned against are not in one change."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from botocore import xform_name

from demarcate.base.errors import DemarcateError
from demarcate.changes.commands import CLI
from demarcate.changes.planning import HandStep, _added, _by_hand, make_change, plan_by_hand
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import Missing, Values, with_after
from demarcate.checks.catalog import load_checks
from demarcate.checks.remedies import Remedy, faults
from demarcate.estate.sources.aws.operations import describe
from tests.each import each

PLACE: dict[str, Any] = {"account": "123456789012", "region": "eu-west-1", "resource": "lb"}


def step(check: str, state: str, value: str = "true", done: str = "Value == 'true'") -> Step:
    """A call that sets one attribute."""
    return Step(
        **PLACE,
        do=Operation(name="elbv2.modify_load_balancer_attributes", parameters={"Attributes": [{check: value}]}),
        reads=Read(
            operation=Operation(name="elbv2.describe_load_balancer_attributes", parameters={}), state=state
        ),
        before=None,
        done=done,
        undo=Undo(why_not="a test"),
        risk=(),
        checks=(check,),
        findings=(check,),
    )


def test_calls_that_set_different_things_are_steps_of_their_own() -> None:
    steps = _added([step("a", "A")], [step("b", "B")])
    assert steps is not None
    assert [planned.checks for planned in steps] == [("a",), ("b",)]


def test_a_call_made_of_what_was_read_is_not_planned_beside_another() -> None:
    assert _added([step("a", "A")], [msgspec.structs.replace(step("b", "B"), from_state=True)]) is None


def test_calls_that_set_one_thing_to_different_values_are_not_planned_together() -> None:
    assert _added([step("a", "A", "true")], [step("a", "A", "false")]) is None


def test_one_call_for_two_checks_is_done_when_it_is_for_both() -> None:
    other = step("b", "A", done="contains(Value, 't')")
    call = step("a", "A")
    steps = _added([call], [Step(**{**_members(other), "do": call.do})])
    assert steps is not None
    (joined,) = steps
    assert joined.checks == ("a", "b")
    assert joined.done == "(Value == 'true') && (contains(Value, 't'))"


def _members(of: Step) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__struct_fields__}


class Answers:
    """A reader to which AWS answers the same each time."""

    def __init__(self, state: Any) -> None:
        self.state = state

    def read(self, account: str, region: str, read: Read) -> Any:
        return self.state


def hand(**more: Any) -> HandStep:
    """A step that starts the recorder that there is."""
    return HandStep(
        **PLACE,
        risk=(),
        do={"config.start_configuration_recorder": {"ConfigurationRecorderName": {"$before": "name"}}},
        reads={"config.describe_configuration_recorder_status": {}},
        done="recording",
        undo="a test",
        **more,
    )


def test_a_state_that_the_call_does_not_mend_takes_a_person() -> None:
    with pytest.raises(DemarcateError, match="it takes a person"):
        plan_by_hand("start", "steps.yaml", [hand(fits="name")], Answers({"name": None}))
    change = plan_by_hand("start", "steps.yaml", [hand(fits="name")], Answers({"name": "default"}))
    assert change.steps[0].do.parameters == {"ConfigurationRecorderName": "default"}


def test_what_is_null_is_not_sent_back() -> None:
    before: dict[str, Any] = {"Rules": [{"Protocol": "-1", "FromPort": None, "Ranges": []}]}
    assert Values(before=before).fill({"$before": "Rules"}) == [{"Protocol": "-1", "Ranges": []}]
    assert with_after({"Rules": {"$after": "Rules"}}, before) == {"Rules": [{"Protocol": "-1", "Ranges": []}]}


@pytest.mark.parametrize("text", ["k-1", "it's", "`", '"', "\\", "{x}", ""])
def test_a_column_in_a_path_is_that_text_and_nothing_else(text: str) -> None:
    import jmespath

    path = Values(row={"id": text}).path("[?Id == '{id}'].Id")
    assert jmespath.search(path, [{"Id": text}, {"Id": "other"}]) == [text]


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


@each("operation", OPERATIONS)
def test_commands_are_named_as_the_aws_cli_names_them(operation: str) -> None:
    """It names a service as botocore does, but for `CLI`, and an operation as `xform_name` does with hyphens."""
    service, method = operation.split(".")
    assert xform_name(describe(operation).name, "-") == method.replace("_", "-")
    assert service not in NOT_IN_CLI
    assert CLI.get(service, service) not in ("s3", "config", "codedeploy")


def test_what_a_person_does_is_for_the_resource_that_fails() -> None:
    remedy = Remedy(text="t", by_hand={"cli": "remove {names} of {name}", "console": "open {other}"})
    told = _by_hand(remedy, {"names": ["a", "b"], "name": "n", "other": None})
    assert told == {"cli": "remove a, b of n", "console": "open {other}"}
