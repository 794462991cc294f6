"""A container image, by its digest, for services of ECS: they are moved to the task definition that names it.

Task definitions are registered by whoever builds them; their variables may be secrets, and no plan holds them. A
service is moved to the latest revision of its family, where that names the image by this digest.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.changes.planning import Reader
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import literal
from demarcate.patching.artefacts import Artefact
from demarcate.patching.mechanisms.mechanism import (
    HOURS,
    Mechanism,
    NotFor,
    Rows,
    Target,
    Wish,
    step_of,
    target_of,
)
from demarcate.patching.rollback import Proof, irreversible, possible, unknown

_SERVICES: Final = "aws_ecs_service"

_IMAGE: Final = re.compile(
    r"(?P<registry>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/"
    r"(?P<repository>[a-z0-9][a-z0-9._/-]{1,255})@(?P<digest>sha256:[0-9a-f]{64})"
)


def _artefact(value: str) -> Read:
    told = _IMAGE.fullmatch(value)
    if told is None:
        raise ValueError(
            f"{value!r} names no image of ECR by its digest; expected "
            "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:DIGEST"
        )
    parameters = {
        "registryId": told["registry"],
        "repositoryName": told["repository"],
        "imageIds": [{"imageDigest": told["digest"]}],
    }
    return Read(
        operation=Operation(name="ecr.describe_images", parameters=parameters),
        state="imageDetails[0].{Registry: registryId, Repository: repositoryName, Digest: imageDigest}",
        absent=("ImageNotFoundException", "RepositoryNotFoundException"),
    )


def _targets(rows: Rows, _value: str) -> Iterator[Target]:
    for row in rows[_SERVICES]:
        controller = row["deployment_controller_type"]
        why_not = "" if controller == "ECS" else f"it is deployed by {controller or 'what could not be read'}"
        yield target_of(row, str(row["service_name"]), why_not)


def _definition(name: str) -> Read:
    return Read(
        operation=Operation(name="ecs.describe_task_definition", parameters={"taskDefinition": name}),
        state="taskDefinition.{Arn: taskDefinitionArn, Status: status, Family: family, "
        "Images: containerDefinitions[].image}",
    )


def _repository(image: str) -> str:
    """The name of an image without its tag and digest."""
    name = image.partition("@")[0]
    return name[: name.rindex(":")] if ":" in name.rpartition("/")[2] else name


def _looks(target: Target, artefact: Artefact, reader: Reader) -> Mapping[str, Any]:
    place, wanted = (target.account, target.region), _repository(artefact.value)
    now = reader.read(*place, _definition(str(target.row["task_definition"]))) or {}
    images = now.get("Images") or []
    if wanted not in map(_repository, images):
        raise NotFor
    if artefact.value in images:
        raise NotFor("it has it already")
    newest = reader.read(*place, _definition(str(now["Family"]))) or {}
    if artefact.value not in (newest.get("Images") or []):
        raise NotFor(f"the latest task definition of {now['Family']} does not name this digest: register one")
    return {**target.row, "earlier": now, "later": newest}


def proof(row: Mapping[str, Any], _wish: Wish) -> Proof:
    """Whether a service can be brought back to the task definition that it had, with the very images."""
    enabled, rollback = row["deployment_circuit_breaker_enabled"], row["deployment_circuit_breaker_rollback"]
    if enabled is None or rollback is None:
        return unknown("whether it has a deployment circuit breaker could not be read")
    if not enabled or not rollback:
        return irreversible(
            "a deployment that fails is not turned back by itself",
            "switch on its deployment circuit breaker, with rollback",
        )
    earlier = row["earlier"]
    if earlier.get("Status") is None or not earlier.get("Images"):
        return unknown("the task definition that it has could not be read")
    if earlier["Status"] != "ACTIVE":
        return irreversible(
            "the task definition that it has is deregistered", "register it again, and move it there"
        )
    loose = [image for image in earlier["Images"] if "@sha256:" not in image]
    if loose:
        return irreversible(
            f"the task definition that it has names {loose[0]} by a tag, which may be another image by then",
            "register it with digests",
        )
    return possible(f"it is moved back to {_short(earlier['Arn'])}")


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


def _steps(target: Target, row: Mapping[str, Any], _artefact: Artefact, _wish: Wish, reader: Reader) -> list[Step]:
    new, old = str(row["later"]["Arn"]), str(row["earlier"]["Arn"])
    primary = "(services[0].deployments[?status=='PRIMARY'] | [0])"
    state = f"{{Task: services[0].taskDefinition, Id: {primary}.id, State: {primary}.rolloutState}}"
    return [
        step_of(
            target,
            reader,
            do=_update(row, new),
            reads=Read(
                operation=Operation(
                    name="ecs.describe_services",
                    parameters={"cluster": row["cluster_arn"], "services": [row["service_name"]]},
                ),
                state=state,
            ),
            begun=f"Task == {literal(new)} && State == 'IN_PROGRESS'",
            done=f"Task == {literal(new)} && State == 'COMPLETED'",
            # The circuit breaker turns back by a deployment of its own.
            failed=f"State == 'FAILED' || Task != {literal(new)}",
            wait=3 * HOURS,
            undo=Undo(
                operation=_update(row, old),
                begun=f"Task == {literal(old)} && State == 'IN_PROGRESS'",
                done=f"Task == {literal(old)} && State == 'COMPLETED'",
                failed=f"Task == {literal(old)} && State == 'FAILED'",
            ),
            risk=("interrupts",),
        )
    ]


def _update(row: Mapping[str, Any], definition: str) -> Operation:
    return Operation(
        name="ecs.update_service",
        parameters={
            "cluster": row["cluster_arn"],
            "service": row["service_name"],
            "taskDefinition": definition,
        },
    )


MECHANISM = Mechanism(
    kind="image",
    takes="REPOSITORY@sha256:DIGEST",
    about="a container image, brought to services of ECS by a deployment with a circuit breaker",
    tables={
        _SERVICES: (
            *("service_name", "cluster_arn", "task_definition", "deployment_controller_type", "tags"),
            *("deployment_circuit_breaker_enabled", "deployment_circuit_breaker_rollback"),
        )
    },
    reads=frozenset(("ecr.describe_images", "ecs.describe_task_definition", "ecs.describe_services")),
    artefact=_artefact,
    targets=_targets,
    looks=_looks,
    proof=proof,
    steps=_steps,
)
