"""Amazon ECS: the task sets of services that something outside of ECS deploys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.paths import path
from demarcate.estate.schema.table import Derived, Table, Text
from demarcate.estate.schema.unknown import Unknown

Needs = Mapping[str, Any]


def _task_sets(needs: Needs) -> Iterator[dict[str, Any]]:
    for task_set in needs.get("task_sets", []):
        if isinstance(task_set, Unknown):
            yield dict.fromkeys(("id", "status", "assign_public_ip"), task_set)
            continue
        yield {
            "id": task_set.get("id", ""),
            "status": task_set.get("status"),
            "assign_public_ip": path("networkConfiguration.awsvpcConfiguration.assignPublicIp")(task_set),
        }


def _declared_task_set(needs: Needs) -> Iterator[dict[str, Any]]:
    yield {"assign_public_ip": path("NetworkConfiguration.AwsVpcConfiguration.AssignPublicIp")(needs)}


TASK_SET = Table(
    "aws_ecs_task_set",
    "A task set: tasks of a service that something outside of ECS deploys, such as CodeDeploy.",
    service="ecs-fargate",
    derived=(
        Derived("aws_ecs_service", ("task_sets",), _task_sets),
        Derived("AWS::ECS::TaskSet", ("NetworkConfiguration",), _declared_task_set),
    ),
    columns=(
        Text("id", absent="", about="'' in a template."),
        Text("status", about="PRIMARY, ACTIVE or DRAINING."),
        Text("assign_public_ip", absent="DISABLED", about="ENABLED or DISABLED."),
    ),
)
