"""Amazon ECS: clusters, services, task definitions and the containers in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT, path
from demarcate.estate.schema.rows import parts
from demarcate.estate.schema.secrets import NOT_KEPT, joined, named_values, plaintext_secrets, without_secrets
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Derived,
    Each,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import each
from demarcate.estate.schema.unknown import Kind, Unknown

_CLUSTERS = Each("ecs.list_clusters", "clusterArns[]")


def _setting(name: str, key: str, value: str) -> Any:
    """One of a cluster's settings. Where it is not set, the account's own setting decides."""

    def find(settings: Any) -> Any:
        for setting in settings:
            if isinstance(setting, Unknown) or setting[key] == name:
                return setting if isinstance(setting, Unknown) else setting[value]
        return ABSENT

    return find


def _launch_type(service: Any) -> Any:
    """The launch type, or the one that the capacity providers of a service come to."""
    if service.get("launchType"):
        return service["launchType"]
    providers = service.get("capacityProviderStrategy") or []
    if isinstance(providers, Unknown) or not providers:
        return providers or Unknown(Kind.INDIRECT, "the cluster's default capacity provider decides")
    names = [provider if isinstance(provider, Unknown) else provider["capacityProvider"] for provider in providers]
    if all(name in ("FARGATE", "FARGATE_SPOT") for name in names):
        return "FARGATE"
    return Unknown(Kind.INDIRECT, "its capacity providers decide")


def _efs_in_clear(volumes: Any) -> Any:
    """The volumes on EFS that are mounted without TLS."""
    names = []
    for volume in volumes:
        efs = volume if isinstance(volume, Unknown) else volume.get("efsVolumeConfiguration")
        if not efs:
            continue
        encryption = efs if isinstance(efs, Unknown) else efs.get("transitEncryption", "DISABLED")
        if isinstance(encryption, Unknown):
            return encryption
        if encryption != "ENABLED":
            names.append(volume.get("name", ""))
    return names


_COMMANDS = ("command", "entryPoint")


def _kept(containers: Any) -> Any:
    """Containers without values that may be secrets: which variables look like some is told apart.

    Names stay, values of variables and words of commands do not.
    """
    return parts(_without_values, containers, "a container")


def _without_values(container: Any) -> Any:
    if not isinstance(container, dict):
        return container
    variables = container.get("environment") or []
    kept = without_secrets({key: item for key, item in container.items() if key != "environment"})
    for name in _COMMANDS:
        if name in kept:
            kept[name] = [NOT_KEPT]
    if isinstance(kept.get("healthCheck"), dict) and "command" in kept["healthCheck"]:
        kept["healthCheck"]["command"] = [NOT_KEPT]
    if not isinstance(variables, Unknown):
        kept["environment"] = [
            variable if isinstance(variable, Unknown) else {"name": variable["name"], "value": NOT_KEPT}
            for variable in variables
        ]
    else:
        kept["environment"] = variables
    kept["plaintextSecretNames"] = _plaintext(variables, _commands(container))
    return kept


def _commands(container: Mapping[str, Any]) -> dict[str, Any]:
    """What a container is started with, as one text for each member, and the options of its log."""
    health = container.get("healthCheck")
    log = container.get("logConfiguration")
    lists = {name: container.get(name) for name in _COMMANDS}
    lists["healthCheck"] = health.get("command") if isinstance(health, dict) else None
    options = log.get("options") if isinstance(log, dict) else None
    return {
        **(options if isinstance(options, dict) else {}),
        **{name: joined(words) for name, words in lists.items() if isinstance(words, list)},
    }


def _without_options(volumes: Any) -> Any:
    return without_secrets(volumes, frozenset(("o",)))


CLUSTER = Table(
    "aws_ecs_cluster",
    "An ECS cluster.",
    service="ecs-fargate",
    live=(
        _CLUSTERS,
        Each(
            "ecs.describe_clusters",
            "clusters[]",
            params={"include": ["SETTINGS", "CONFIGURATIONS", "TAGS"]},
            inputs={"clusters": "@"},
            batch="clusters",
            size=100,
            failures="failures",
            by={"clusters[]": "arn"},
        ),
    ),
    cloudformation="AWS::ECS::Cluster",
    ref_property="ClusterName",
    gone=("status", "DEPROVISIONING", "FAILED", "INACTIVE"),
    columns=(
        Text("cluster_name", live="clusterName", cloudformation=REF),
        Arn(live="clusterArn"),
        Text("status", live="status"),
        Text(
            "container_insights",
            live=From("settings", _setting("containerInsights", "name", "value")),
            cloudformation=From("ClusterSettings", _setting("containerInsights", "Name", "Value")),
            about="enabled, enhanced or disabled.",
        ),
        Text(
            "execute_command_logging",
            live="configuration.executeCommandConfiguration.logging",
            absent="DEFAULT",
            about="Where sessions in containers are logged: NONE, DEFAULT (as the task), OVERRIDE (as below).",
        ),
        Text(
            "execute_command_kms_key_id",
            live="configuration.executeCommandConfiguration.kmsKeyId",
            absent="",
        ),
        Text(
            "execute_command_log_group",
            live="configuration.executeCommandConfiguration.logConfiguration.cloudWatchLogGroupName",
            absent="",
        ),
        Text(
            "execute_command_s3_bucket",
            live="configuration.executeCommandConfiguration.logConfiguration.s3BucketName",
            absent="",
        ),
        Text(
            "fargate_ephemeral_storage_kms_key_id",
            live="configuration.managedStorageConfiguration.fargateEphemeralStorageKmsKeyId",
            absent="",
        ),
        Texts("capacity_providers", live="capacityProviders", absent=[]),
        Int("active_services_count", live="activeServicesCount"),
        Int("running_tasks_count", live="runningTasksCount"),
        Int("registered_container_instances_count", live="registeredContainerInstancesCount"),
        Tags(live="tags"),
    ),
)

SERVICE = Table(
    "aws_ecs_service",
    "An ECS service: tasks that are kept running.",
    service="ecs-fargate",
    live=(
        _CLUSTERS,
        Each("ecs.list_services", "serviceArns[]", inputs={"cluster": "@"}),
        Each(
            "ecs.describe_services",
            "services[]",
            params={"include": ["TAGS"]},
            inputs={"cluster": "^", "services": "@"},
            batch="services",
            size=10,
            failures="failures",
        ),
    ),
    cloudformation="AWS::ECS::Service",
    ref_attributes=("ServiceArn",),
    gone=("status", "DRAINING", "INACTIVE"),
    columns=(
        Text("service_name", live="serviceName"),
        Arn(live="serviceArn", cloudformation=REF),
        Text("cluster_arn", live="clusterArn"),
        Text("status", live="status"),
        Text("task_definition", live="taskDefinition"),
        Text(
            "launch_type",
            live=From("@", _launch_type),
            cloudformation=From("@", _launch_type),
            about="FARGATE, EC2, EXTERNAL or MANAGED_INSTANCES; from its capacity providers where these tell.",
        ),
        Texts(
            "capacity_providers",
            live=From("capacityProviderStrategy", each("capacityProvider")),
            absent=[],
        ),
        Text(
            "platform_version",
            live="platformVersion",
            cloudformation=From("PlatformVersion", absent="LATEST"),
            about="Of Fargate: LATEST or one that it is pinned to.",
        ),
        Text("platform_family", live="platformFamily"),
        Text(
            "assign_public_ip",
            live="networkConfiguration.awsvpcConfiguration.assignPublicIp",
            absent="DISABLED",
            about="ENABLED or DISABLED.",
        ),
        Texts(
            "subnets",
            live="networkConfiguration.awsvpcConfiguration.subnets",
            absent=[],
        ),
        Texts(
            "security_groups",
            live="networkConfiguration.awsvpcConfiguration.securityGroups",
            absent=[],
        ),
        Json(
            "task_sets",
            live="taskSets",
            cloudformation=From("@", lambda _: []),
            absent=[],
            about="Of a service that something outside of ECS deploys. In a template these stand apart.",
        ),
        Text(
            "deployment_controller_type",
            live="deploymentController.type",
            absent="ECS",
        ),
        Text(
            "deployment_strategy",
            live="deploymentConfiguration.strategy",
            absent="ROLLING",
        ),
        Bool(
            "deployment_circuit_breaker_enabled",
            live="deploymentConfiguration.deploymentCircuitBreaker.enable",
            absent=False,
        ),
        Bool(
            "deployment_circuit_breaker_rollback",
            live="deploymentConfiguration.deploymentCircuitBreaker.rollback",
            absent=False,
        ),
        Bool(
            "deployment_alarms_enabled",
            live="deploymentConfiguration.alarms.enable",
            absent=False,
        ),
        Bool(
            "deployment_alarms_rollback",
            live="deploymentConfiguration.alarms.rollback",
            absent=False,
        ),
        Int(
            "minimum_healthy_percent",
            live="deploymentConfiguration.minimumHealthyPercent",
        ),
        Int("desired_count", live="desiredCount"),
        Int("running_count", live="runningCount"),
        Text(
            "scheduling_strategy",
            live="schedulingStrategy",
            cloudformation=From("SchedulingStrategy", absent="REPLICA"),
        ),
        Bool(
            "enable_execute_command",
            live="enableExecuteCommand",
            absent=False,
            about="Whether commands may be run in its containers (ECS Exec).",
        ),
        Time("created_at", live="createdAt"),
        Tags(live="tags"),
    ),
)

TASK_DEFINITION = Table(
    "aws_ecs_task_definition",
    "The latest active revision of a family of task definitions.",
    service="ecs-fargate",
    live=(
        Each("ecs.list_task_definition_families", "families[]", params={"status": "ACTIVE"}),
        Each(
            "ecs.describe_task_definition",
            "@",
            params={"include": ["TAGS"]},
            inputs={"taskDefinition": "@"},
            absent=("ClientException: Unable to describe task definition",),
        ),
    ),
    cloudformation="AWS::ECS::TaskDefinition",
    alike=("taskDefinition", ""),
    ref_attributes=("TaskDefinitionArn",),
    columns=(
        Text("task_definition_arn", live="taskDefinition.taskDefinitionArn", cloudformation=REF),
        Arn(live="taskDefinition.taskDefinitionArn", cloudformation=REF),
        Text("family", live="taskDefinition.family"),
        Int("revision", live="taskDefinition.revision"),
        Text("status", live="taskDefinition.status"),
        Texts(
            "requires_compatibilities",
            live="taskDefinition.requiresCompatibilities",
            absent=[],
        ),
        Text(
            "network_mode",
            live=From("taskDefinition.networkMode", absent="default"),
            cloudformation=From("NetworkMode", absent="bridge"),
            about="awsvpc, bridge, host, none, or default (on Windows).",
        ),
        Text(
            "pid_mode",
            live="taskDefinition.pidMode",
            absent="",
            about="host, task, or '' where each container has its own.",
        ),
        Text("ipc_mode", live="taskDefinition.ipcMode", absent=""),
        Text(
            "execution_role_arn",
            live="taskDefinition.executionRoleArn",
            absent="",
        ),
        Text("task_role_arn", live="taskDefinition.taskRoleArn", absent=""),
        Text(
            "operating_system_family",
            live="taskDefinition.runtimePlatform.operatingSystemFamily",
            absent="",
            about="'' where it is not told: Linux on Fargate, whatever the instances run on EC2.",
        ),
        Text("cpu", live="taskDefinition.cpu", absent=""),
        Text("memory", live="taskDefinition.memory", absent=""),
        Json(
            "container_definitions",
            live=From("taskDefinition.containerDefinitions", _kept),
            absent=[],
            about="Without the values of variables and the words of commands, which may be secrets.",
        ),
        Json(
            "volumes",
            live=From("taskDefinition.volumes", _without_options),
            absent=[],
        ),
        Texts(
            "efs_volumes_without_encryption",
            live=From("taskDefinition.volumes", _efs_in_clear),
            absent=[],
            about="Volumes on EFS that are mounted without encryption in transit.",
        ),
        Time("registered_at", live="taskDefinition.registeredAt"),
        Tags(live="tags"),
    ),
)


def image_parts(image: Any) -> tuple[Any, Any]:
    """The tag and the digest that a container image is named by; "" where it names none.

    >>> image_parts("registry:5000/app:1.2"), image_parts("nginx"), image_parts("app@sha256:ab")
    (('1.2', ''), ('latest', ''), ('', 'sha256:ab'))
    """
    if isinstance(image, Unknown):
        return image, image
    written = image.fill(_repository) if isinstance(image, StandIn) else image
    name, _, digest = written.partition("@")
    last = name.rsplit("/", 1)[-1]
    _, colon, tag = last.partition(":")
    if "\0" in last + digest:
        unknown = image.unknown if isinstance(image, StandIn) else Unknown(Kind.MALFORMED, "an image has a NUL")
        return unknown, unknown
    return tag if colon or digest else "latest", digest


def _repository(name: str) -> str:
    """What a part of an image's name that is assigned may look like: a NUL where it may be more than a part of it."""
    return "x" if name.endswith((".RepositoryUri", "AWS::AccountId", "AWS::Region", "AWS::URLSuffix")) else "\0"


def _containers(parent: Mapping[str, Any]) -> list[Mapping[str, Any] | Unknown]:
    """One row for each container of a task definition."""
    return parts(_container, parent.get("container_definitions", []), "a container")


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    image = container.get("image", Unknown(Kind.UNSET, "the container names no image"))
    tag, digest = image_parts(image)
    log = container.get("logConfiguration") or {}
    row = {
        "name": container.get("name"),
        "image": image,
        "image_tag": tag,
        "image_digest": digest,
        "log_driver": log if isinstance(log, Unknown) else log.get("logDriver", ""),
        "log_options": log if isinstance(log, Unknown) else log.get("options", {}),
        "capabilities_added": path("linuxParameters.capabilities.add")(container),
        "environment": container["environment"],
        "plaintext_secret_names": container["plaintextSecretNames"],
        "secret_names": _names(container.get("secrets") or []),
    }
    for column, member in _MEMBERS.items():
        if container.get(member) is not None:
            row[column] = container[member]
    return row


_MEMBERS = {
    "essential": "essential",
    "privileged": "privileged",
    "readonly_root_filesystem": "readonlyRootFilesystem",
    "user": "user",
    "port_mappings": "portMappings",
    "mount_points": "mountPoints",
    "health_check": "healthCheck",
}


def _plaintext(environment: Any, pairs: dict[str, Any]) -> Any:
    """The names of variables, and of other parts, that hold a secret as plain text."""
    return (
        environment if isinstance(environment, Unknown) else plaintext_secrets(pairs | named_values(environment))
    )


def _names(secrets: Any) -> Any:
    if isinstance(secrets, Unknown):
        return secrets
    return [secret if isinstance(secret, Unknown) else secret["name"] for secret in secrets]


CONTAINER_DEFINITION = Table(
    "aws_ecs_container_definition",
    "A container of a task definition.",
    service="ecs-fargate",
    derived=(Derived("aws_ecs_task_definition", needs=("container_definitions",), function=_containers),),
    columns=(
        Text("name"),
        Text("image"),
        Text("image_tag", about="'' where it is named by digest alone; latest where it is named by neither."),
        Text("image_digest", absent="", about="Such as sha256:…; '' where it is not pinned."),
        Bool("essential", absent=True),
        Bool("privileged", absent=False, about="Whether it has the rights of root on its host."),
        Bool("readonly_root_filesystem", absent=False),
        Text("user", absent="", about="'' where the image decides."),
        Texts("capabilities_added", absent=[]),
        Text("log_driver", absent="", about="'' where nothing is logged but to the host."),
        Json("log_options", absent={}),
        Json("environment", absent=[], about="The variables' names; no value is kept."),
        Texts(
            "plaintext_secret_names",
            absent=[],
            about="Environment variables, options of the log, and commands that hold secrets as plain text.",
        ),
        Texts("secret_names", absent=[], about="Variables that are filled from a store of secrets."),
        Json("port_mappings", absent=[]),
        Json("mount_points", absent=[]),
        Json("health_check", absent={}),
    ),
)
