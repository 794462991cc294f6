"""AWS Batch: job definitions, and the compute environments that jobs run in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.access.values import some
from demarcate.estate.schema.secrets import joined, named_values, names_of, plaintext_secrets
from demarcate.estate.schema.table import REF, Arn, Bool, Each, From, Int, Json, Table, Tags, Text, Texts
from demarcate.estate.schema.unknown import Unknown


def _containers(definition: Mapping[str, Any]) -> Iterator[Any]:
    """All containers of a job: alone, of a task, of a pod, or of each range of nodes; Unknown for what is not known."""
    whole = (
        definition.get("containerProperties"),
        definition.get("ecsProperties"),
        definition.get("eksProperties"),
    )
    yield from _of_node(*whole)
    for nodes in _items(definition, "nodeProperties", "nodeRangeProperties"):
        if isinstance(nodes, Unknown):
            yield nodes
        else:
            yield from _of_node(nodes.get("container"), nodes.get("ecsProperties"), nodes.get("eksProperties"))


def _of_node(container: Any, tasks: Any, pod: Any) -> Iterator[Any]:
    if container:
        yield container
    for task in _items({"ecs": tasks}, "ecs", "taskProperties"):
        yield from [task] if isinstance(task, Unknown) else _items({"task": task}, "task", "containers")
    properties = pod.get("podProperties") if isinstance(pod, dict) else pod
    for name in ("initContainers", "containers"):
        yield from _items({"pod": properties}, "pod", name)


def _items(value: Mapping[str, Any], name: str, items: str) -> list[Any]:
    """The items of a list in a member; an Unknown where there may be any."""
    member = value.get(name) or {}
    listed = member if isinstance(member, Unknown) else member.get(items) or []
    return [listed] if isinstance(listed, Unknown) else list(listed)


def _variables(container: Mapping[str, Any]) -> Any:
    return container.get("environment") or container.get("env") or []


def _names(definition: Mapping[str, Any]) -> Any:
    """The variables of all containers."""
    names: list[Any] = []
    for container in _containers(definition):
        variables = container if isinstance(container, Unknown) else _variables(container)
        if isinstance(variables, Unknown):
            return variables
        names += variables
    return names_of(names)


def _secrets(definition: Mapping[str, Any]) -> Any:
    """The variables, parameters and commands that hold secrets as plain text, of whichever container."""
    names: set[str] = set()
    unsure: Unknown | None = None
    for part in [_parameters(definition), *map(_values, _containers(definition))]:
        secrets = part if isinstance(part, Unknown) else plaintext_secrets(part)
        if isinstance(secrets, Unknown):
            unsure = unsure or secrets
        else:
            names.update(secrets)
    return sorted(names) if names else unsure or []


def _parameters(definition: Mapping[str, Any]) -> Any:
    return definition.get("parameters") or {}


def _values(container: Any) -> Any:
    """What of a container may hold a secret, by name."""
    variables = container if isinstance(container, Unknown) else _variables(container)
    if isinstance(variables, Unknown):
        return variables
    commands = {}
    for name in ("command", "args"):
        words = container.get(name) or []
        commands[name] = words if isinstance(words, Unknown) else joined(words)
    return {**commands, **named_values(variables)}


def _privileged(definition: Mapping[str, Any]) -> Any:
    """Whether any container has the rights of root on its host."""
    return some(map(_is_privileged, _containers(definition)))


def _is_privileged(container: Any) -> Any:
    if isinstance(container, Unknown):
        return container
    context = container.get("securityContext") or container
    return context if isinstance(context, Unknown) else context.get("privileged", False)


JOB_DEFINITION = Table(
    "aws_batch_job_definition",
    "An active revision of a Batch job definition.",
    service="batch",
    live=Each("batch.describe_job_definitions", "jobDefinitions[]", params={"status": "ACTIVE"}),
    cloudformation="AWS::Batch::JobDefinition",
    gone=("status", "INACTIVE"),
    columns=(
        Text("job_definition_name", live="jobDefinitionName"),
        Arn(live="jobDefinitionArn", cloudformation=REF),
        Int("revision", live="revision"),
        Text("status", live="status"),
        Text("type", live="type", about="container or multinode."),
        Texts(
            "platform_capabilities",
            live="platformCapabilities",
            absent=["EC2"],
            about="EC2, FARGATE or MANAGED_INSTANCES.",
        ),
        Bool(
            "privileged",
            live=From("@", _privileged),
            cloudformation=From("@", _privileged),
            about="Whether any of its containers has the rights of root on its host.",
        ),
        Json(
            "environment_variables",
            live=From("@", _names),
            cloudformation=From("@", _names),
            about="Of all of its containers: their names; no value is kept.",
        ),
        Texts(
            "plaintext_secret_names",
            live=From("@", _secrets),
            cloudformation=From("@", _secrets),
            about="Environment variables and parameters that hold secrets as plain text, by their names or values, and "
            "commands that do.",
        ),
        Tags(live="tags"),
    ),
)

COMPUTE_ENVIRONMENT = Table(
    "aws_batch_compute_environment",
    "A Batch compute environment: what jobs run on.",
    service="batch",
    live=Each("batch.describe_compute_environments", "computeEnvironments[]"),
    cloudformation="AWS::Batch::ComputeEnvironment",
    gone=("status", "DELETING", "DELETED"),
    columns=(
        Text("compute_environment_name", live="computeEnvironmentName"),
        Arn(live="computeEnvironmentArn", cloudformation=REF),
        Text("status", live="status"),
        Text("state", live="state", cloudformation=From("State", absent="ENABLED")),
        Text("type", live="type", about="MANAGED or UNMANAGED (your own instances)."),
        Text(
            "compute_resources_type",
            live="computeResources.type",
            absent="",
            about="EC2, SPOT, FARGATE, FARGATE_SPOT, or ECS_MANAGED_INSTANCES; '' where it is unmanaged.",
        ),
        Text(
            "image_id", live="computeResources.imageId", absent="", about="The machine image; '' for one of AWS's."
        ),
        Tags(live="tags"),
    ),
)
