"""Amazon ECS: what runs, and on what: container instances, tasks, and the settings of a region that move them."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import Arn, Bool, Call, Derived, Each, Json, Table, Tags, Text, Time
from demarcate.estate.schema.unknown import Unknown

_CLUSTERS = Each("ecs.list_clusters", "clusterArns[]")


def _setting(name: str) -> dict[str, Any]:
    """Asks for one setting alone: of all there are pages."""
    return {"effectiveSettings": True, "name": name}


CONTAINER_INSTANCE = Table(
    "aws_ecs_container_instance",
    "An instance that is registered with an ECS cluster.",
    service="ecs-ec2",
    live=(
        _CLUSTERS,
        Each("ecs.list_container_instances", "containerInstanceArns[]", inputs={"cluster": "@"}),
        Each(
            "ecs.describe_container_instances",
            "containerInstances[]",
            params={"include": ["TAGS"]},
            inputs={"cluster": "^", "containerInstances": "@"},
            batch="containerInstances",
            size=100,
            failures="failures",
        ),
    ),
    gone=("status", "DEREGISTERING", "REGISTRATION_FAILED"),
    columns=(
        Arn(live="containerInstanceArn"),
        Text("ec2_instance_id", live="ec2InstanceId", absent="", about="mi-… for one outside EC2 (ECS Anywhere)."),
        Text("capacity_provider_name", live="capacityProviderName", absent=""),
        Text("status", live="status"),
        Text("agent_version", live="versionInfo.agentVersion"),
        Bool("agent_connected", live="agentConnected"),
        Text(
            "agent_update_status", live="agentUpdateStatus", absent="", about="'' where no update was asked for."
        ),
        Text("docker_version", live="versionInfo.dockerVersion"),
        Time("registered_at", live="registeredAt"),
        Tags(live="tags"),
    ),
)

TASK = Table(
    "aws_ecs_task",
    "An ECS task that runs.",
    service="ecs-fargate",
    live=(
        _CLUSTERS,
        Each("ecs.list_tasks", "taskArns[]", inputs={"cluster": "@"}),
        Each(
            "ecs.describe_tasks",
            "tasks[]",
            params={"include": ["TAGS"]},
            inputs={"cluster": "^", "tasks": "@"},
            batch="tasks",
            size=100,
            failures="failures",
        ),
    ),
    gone=("last_status", "STOPPED", "DEPROVISIONING", "STOPPING"),
    columns=(
        Arn(live="taskArn"),
        Text("cluster_arn", live="clusterArn"),
        Text("group", live="group", absent="", about="service:NAME, or family:NAME for a task that stands alone."),
        Text("last_status", live="lastStatus"),
        Text("launch_type", live="launchType", absent=""),
        Text("capacity_provider_name", live="capacityProviderName", absent=""),
        Text(
            "platform_version",
            live="platformVersion",
            absent="",
            about="Of Fargate; it does not tell the revision.",
        ),
        Text("task_definition_arn", live="taskDefinitionArn"),
        Text("container_instance_arn", live="containerInstanceArn", absent=""),
        Json("containers", live="containers", absent=[]),
        Time("started_at", live="startedAt"),
        Time("created_at", live="createdAt"),
        Tags(live="tags"),
    ),
)


def _containers(parent: Any) -> Any:
    for container in parent["containers"]:
        if isinstance(container, Unknown):
            yield container
        else:
            yield {
                "name": container["name"],
                "image": container.get("image", ""),
                "image_digest": container.get("imageDigest", ""),
                "last_status": container.get("lastStatus", ""),
            }


TASK_CONTAINER = Table(
    "aws_ecs_task_container",
    "A container that runs in a task, with the digest of its image.",
    service="ecs-fargate",
    derived=(Derived("aws_ecs_task", ("containers",), _containers),),
    columns=(
        Text("name"),
        Text("image", absent=""),
        Text("image_digest", absent="", about="What runs, whatever its tag names today; '' before it is pulled."),
        Text("last_status", absent=""),
    ),
)

ACCOUNT_SETTINGS = Table(
    "aws_ecs_account_settings",
    "The settings of ECS in a region that decide how Fargate tasks are retired.",
    service="ecs-fargate",
    live=Each("ecs.list_account_settings", "settings[]", params=_setting("fargateTaskRetirementWaitPeriod")),
    details={"windows": Call("ecs.list_account_settings", params=_setting("fargateEventWindows"))},
    columns=(
        Arn("arn:{partition}:ecs:{region}:{account_id}:account-settings"),
        Text(
            "fargate_task_retirement_wait_period",
            live="value",
            about="Days between the notice and the retirement of a task: 0, 7 or 14; '' for the default of 7.",
        ),
        Text("fargate_event_windows", live="@windows.settings[0].value", absent="", about="enabled, or ''."),
    ),
)
