"""Amazon EC2: how instances are, and what AWS has planned for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import Arn, Derived, Each, Json, ManagedBy, Table, Text, Time
from demarcate.estate.schema.unknown import Unknown

STATUS = Table(
    "aws_ec2_instance_status",
    "How an instance is that is not terminated, and the events that are scheduled for it.",
    service="ec2",
    live=Each("ec2.describe_instance_status", "InstanceStatuses[]", params={"IncludeAllInstances": True}),
    gone=("instance_state", "shutting-down", "terminated"),
    columns=(
        Text("instance_id", live="InstanceId"),
        Arn("arn:{partition}:ec2:{region}:{account_id}:instance/{instance_id}"),
        Text("instance_state", live="InstanceState.Name"),
        Text("instance_status", live="InstanceStatus.Status", about="ok, impaired, initializing, …"),
        Text("system_status", live="SystemStatus.Status"),
        Json("events", live="Events", absent=[]),
        ManagedBy(live="Operator.Principal"),
    ),
)

_MEMBERS = {
    "event_id": "InstanceEventId",
    "code": "Code",
    "description": "Description",
    "not_before": "NotBefore",
    "not_after": "NotAfter",
    "not_before_deadline": "NotBeforeDeadline",
}


def _events(parent: Mapping[str, Any]) -> Iterator[dict[str, Any] | Unknown]:
    for event in parent["events"]:
        if isinstance(event, Unknown):
            yield event
        else:
            told = {name: event.get(member, ABSENT) for name, member in _MEMBERS.items()}
            done = str(event.get("Description", "")).startswith(("[Completed]", "[Canceled]"))
            yield {**told, "instance_id": parent.get("instance_id", ABSENT), "is_over": "yes" if done else ""}


SCHEDULED_EVENT = Table(
    "aws_ec2_scheduled_event",
    "An event that AWS has scheduled for an instance: a reboot, a stop, its retirement, or maintenance.",
    service="ec2",
    derived=(Derived("aws_ec2_instance_status", ("events", "instance_id"), _events),),
    columns=(
        Text("event_id"),
        Text("instance_id"),
        Text(
            "code",
            about="instance-reboot, system-reboot, system-maintenance, instance-retirement or instance-stop.",
        ),
        Text("description", absent=""),
        Time("not_before"),
        Time("not_after"),
        Time("not_before_deadline", about="Until when the owner may put it off."),
        Text(
            "is_over", absent="", about="'' while it lies ahead: AWS still tells it for a week after it is over."
        ),
        ManagedBy(),
    ),
)
