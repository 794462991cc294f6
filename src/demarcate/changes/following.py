"""Follow a deployment: what CloudFormation does to each resource, and why it failed where it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from demarcate.changes.deploying import EXECUTE
from demarcate.changes.reach import NotDone, Reach
from demarcate.changes.structs import Change, Operation, Read, Step

EVENTS: Final = "cloudformation.describe_stack_events"

_STATE: Final = (
    "StackEvents[].{Id: EventId, Resource: LogicalResourceId, Type: ResourceType, Status: ResourceStatus, "
    "Reason: ResourceStatusReason}"
)

_CONSEQUENCE: Final = ("cancelled", "The following resource(s) failed")
"""What stands in the reason of a failure that another one caused."""


def reads_of(change: Change) -> set[str]:
    """The operations that following a change takes, beside its own."""
    return {EVENTS} if any(step.do.name == EXECUTE for step in change.steps) else set()


class StackEvents:
    """The events of the stacks that a change deploys, from now on. `told` hears of each, the oldest first."""

    def __init__(self, change: Change, reach: Reach, told: Callable[[str], None]) -> None:
        self._reach, self._told = reach, told
        self._cause = ""
        self._seen: dict[str, set[str]] = {
            step.resource: {str(event["Id"]) for event in self._events(step)}
            for step in change.steps
            if step.do.name == EXECUTE
        }

    def follow(self, step: Step) -> str:
        """Tell what happened since; gives the first cause of a failure, as far as there is one."""
        seen = self._seen.get(step.resource)
        if seen is None or step.do.name != EXECUTE:
            return ""
        for event in reversed(self._events(step)):
            if event["Id"] in seen:
                continue
            seen.add(str(event["Id"]))
            reason = str(event["Reason"] or "")
            text = f"{event['Status']} {event['Resource']} ({event['Type']}){f': {reason}' if reason else ''}"
            self._told(text)
            consequence = any(words in reason for words in _CONSEQUENCE)
            if not self._cause and str(event["Status"]).endswith("_FAILED") and reason and not consequence:
                self._cause = f"{event['Resource']}: {reason}"
        return self._cause

    def _events(self, step: Step) -> list[dict[str, Any]]:
        """The newest events, the last first; none where they cannot be read."""
        read = Read(
            operation=Operation(name=EVENTS, parameters={"StackName": step.resource}),
            state=_STATE,
            absent=("ValidationError",),
        )
        try:
            events: list[dict[str, Any]] | None = self._reach.read(step.account, step.region, read)
        except NotDone:
            return []
        return events or []
