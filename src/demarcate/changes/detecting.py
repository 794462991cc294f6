"""Start CloudFormation's own drift detection of a stack: a change, since it writes what AWS then says of the stack.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
"""

from __future__ import annotations

from typing import Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Reader, make_change
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Change, Operation, Read, Step, Undo

DETECT: Final = "cloudformation.detect_stack_drift"
STACKS: Final = "cloudformation.describe_stacks"

STARTED: Final = 600.0
"""Seconds in which AWS must say that it has begun to look."""


def plan_detection(stack: str, account: str, region: str, reader: Reader) -> Change:
    """The change that has AWS look for drift of a stack. Raises DemarcateError where the stack cannot be read."""
    read = Read(
        operation=Operation(name=STACKS, parameters={"StackName": stack}),
        state="Stacks[0].DriftInformation || {StackDriftStatus: 'NOT_CHECKED'}",
    )
    try:
        before = reader.read(account, region, read)
    except NotDone as error:
        raise DemarcateError(f"{stack}: {error}") from error
    checked = (before or {}).get("LastCheckTimestamp") or ""
    step = Step(
        account=account,
        region=region,
        resource=stack,
        do=Operation(name=DETECT, parameters={"StackName": stack}),
        reads=read,
        before=before,
        done=f"LastCheckTimestamp && LastCheckTimestamp != '{checked}'",
        wait=STARTED,
        undo=Undo(why_not="it changes no resource: only what CloudFormation says of its stack"),
    )
    return make_change(f"look for drift of {stack}", "hand", f"the stack {stack}", [step])
