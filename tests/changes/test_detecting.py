"""AWS's own drift detection, started as a change: it is done when AWS says that it looks since."""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.applying import Run
from demarcate.changes.deciding import approve, record_plan
from demarcate.changes.detecting import DETECT, plan_detection
from demarcate.changes.reach import NotDone
from demarcate.changes.status import State
from demarcate.changes.structs import Operation, Read
from demarcate.ledger.ledger import Ledger
from tests.changes import cases


class Stack:
    """A stack of which AWS says when it looked last."""

    def __init__(self, checked: str | None) -> None:
        self.state = {"StackDriftStatus": "NOT_CHECKED", **({"LastCheckTimestamp": checked} if checked else {})}
        self.called: list[Operation] = []

    def read(self, account: str, region: str, read: Read) -> Any:
        return dict(self.state)

    def call(self, account: str, region: str, operation: Operation) -> Any:
        self.called.append(operation)
        self.state["LastCheckTimestamp"] = "2026-11-28T20:00:00+00:00"
        return {}


@pytest.mark.parametrize("checked", [None, "2026-11-01T00:00:00+00:00"])
def test_a_detection_is_a_change(ledger: Ledger, checked: str | None) -> None:
    stack = Stack(checked)
    change = plan_detection("shop", "123456789012", "eu-west-1", stack)
    record_plan(ledger, cases.PLANNER, change)
    approve(ledger, cases.APPROVER, change.id, cases.ANYBODY)
    after = Run(ledger, cases.PLANNER, stack, sleep=lambda _: None).carry_out(change.id, "apply")
    assert (after.state, after.reason) == (State.APPLIED, "")
    assert stack.called == [Operation(name=DETECT, parameters={"StackName": "shop"})]


def test_a_stack_that_is_not_there_is_said() -> None:
    class Nobody(Stack):
        def read(self, account: str, region: str, read: Read) -> Any:
            raise NotDone("no such stack")

    with pytest.raises(DemarcateError, match="shop: no such stack"):
        plan_detection("shop", "123456789012", "eu-west-1", Nobody(None))
