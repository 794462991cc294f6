"""How the calls of several remedies become the steps of one change, and what is not planned."""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import HandStep, _added, plan_by_hand
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import Values, with_after

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
    steps = _added([step("a", "A")], [step("b", "B")], from_state=False)
    assert steps is not None
    assert [one.checks for one in steps] == [("a",), ("b",)]


def test_a_call_made_of_what_was_read_is_not_planned_beside_another() -> None:
    assert _added([step("a", "A")], [step("b", "B")], from_state=True) is None


def test_calls_that_set_one_thing_to_different_values_are_not_planned_together() -> None:
    assert _added([step("a", "A", "true")], [step("a", "A", "false")], from_state=False) is None


def test_one_call_for_two_checks_is_done_when_it_is_for_both() -> None:
    other = step("b", "A", done="contains(Value, 't')")
    call = step("a", "A")
    steps = _added([call], [Step(**{**_members(other), "do": call.do})], from_state=False)
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
