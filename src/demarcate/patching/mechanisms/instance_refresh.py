"""An AMI for an Auto Scaling group: a version of its launch template, and an instance refresh that brings it.

An instance refresh can be rolled back where it has a desired configuration, and where the group was on a numbered
version of its launch template that names an AMI.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.changes.planning import Reader
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import holds, literal, without_nulls
from demarcate.patching.artefacts import Artefact
from demarcate.patching.mechanisms.launch_templates import (
    AMI,
    image_artefact,
    image_read,
    new_version,
    version_read,
)
from demarcate.patching.mechanisms.mechanism import (
    HOURS,
    Mechanism,
    NotFor,
    Rows,
    Target,
    Wish,
    step_of,
    tags_of,
    target_of,
)
from demarcate.patching.rollback import Proof, irreversible, possible, unknown

_GROUPS: Final = "aws_ec2_autoscaling_group"

HEALTHY: Final = 90
"""Per cent of a group that stay in service while its instances are replaced."""

_MOVES: Final = ("", "$Latest", "$Default")
"""Versions of a launch template that are another one when a version is made."""


_KEEPERS: Final[Mapping[str, str]] = {
    "eks:nodegroup-name": "a managed node group of EKS",
    "elasticbeanstalk:environment-name": "an environment of Elastic Beanstalk",
}
"""What replaces the instances of a group that has such a tag, and nobody else may."""


def _targets(rows: Rows, _value: str) -> Iterator[Target]:
    for row in rows[_GROUPS]:
        keeper = next((told for tag, told in _KEEPERS.items() if tag in (tags_of(row) or {})), "")
        why_not = f"{keeper} keeps it" if keeper else ""
        if row["uses_launch_template"] is False:
            why_not = "it uses a launch configuration: move it to a launch template first"
        elif not row["launch_template_id"]:
            why_not = "its launch template could not be read"
        yield target_of(row, str(row["name"]), why_not)


def _policy(group: str) -> Read:
    return Read(
        operation=Operation(
            name="autoscaling.describe_auto_scaling_groups", parameters={"AutoScalingGroupNames": [group]}
        ),
        state="AutoScalingGroups[0].MixedInstancesPolicy",
    )


def _looks(target: Target, artefact: Artefact, reader: Reader) -> Mapping[str, Any]:
    row, place = target.row, (target.account, target.region)
    template, version = str(row["launch_template_id"]), row["launch_template_version"]
    now = reader.read(*place, version_read(template, version or "$Default")) or {}
    image = now.get("ImageId")
    if image == artefact.value:
        raise NotFor("it has it already")
    if isinstance(image, str) and AMI.fullmatch(image):
        there = reader.read(*place, image_read(image))
        if there is not None and there["Arch"] != artefact.content["Arch"]:
            raise NotFor(f"its instances are {there['Arch']}, and the image is {artefact.content['Arch']}")
    newest = reader.read(*place, version_read(template, "$Latest")) or {}
    mixed = reader.read(*place, _policy(str(row["name"]))) if row["mixed_instances"] else None
    overrides = (mixed or {}).get("LaunchTemplate", {}).get("Overrides") or []
    if any(override.get("LaunchTemplateSpecification") or override.get("ImageId") for override in overrides):
        raise NotFor("some of its instance types have a launch template or an image of their own")
    return {
        **row,
        "mixed": without_nulls(mixed),
        "image_id": image,
        "newest_version": newest.get("Version"),
        "newest_image": newest.get("ImageId"),
    }


def proof(row: Mapping[str, Any], _wish: Wish) -> Proof:
    """Whether a group can be brought back to the instances that it had."""
    version, image = row["launch_template_version"], row["image_id"]
    if version is None:
        return unknown("which version of its launch template it uses could not be read")
    if version in _MOVES:
        return irreversible(
            f"it uses the version {version or '$Default'} of its launch template, which is the new one by then",
            "set the group to a numbered version first",
        )
    if image is None:
        return unknown("which image its instances have could not be read")
    if str(image).startswith("resolve:"):
        return irreversible(
            "its launch template takes the image from a parameter, which names another one by then",
            "put the AMI's id into a version of the launch template first",
        )
    return possible(f"its instances are replaced by those of version {version} of its launch template ({image})")


def _steps(target: Target, row: Mapping[str, Any], artefact: Artefact, wish: Wish, reader: Reader) -> list[Step]:
    template, old = str(row["launch_template_id"]), str(row["launch_template_version"] or "$Default")
    newest = int(row["newest_version"] or 0)
    steps, number = [], newest
    if row["newest_image"] != artefact.value:
        number = newest + 1
        steps.append(new_version(target, template, old, number, artefact, wish, reader))
    new = str(number)
    refresh = _refresh(row, template, new)
    state = "InstanceRefreshes[0].{Id: InstanceRefreshId, Status: Status, Why: StatusReason, "
    state += "Version: DesiredConfiguration.LaunchTemplate.Version || "
    state += "DesiredConfiguration.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.Version}"
    step = step_of(
        target,
        reader,
        do=refresh,
        reads=Read(
            operation=Operation(
                name="autoscaling.describe_instance_refreshes",
                parameters={"AutoScalingGroupName": row["name"], "MaxRecords": 1},
            ),
            state=state,
        ),
        begun=f"Status == 'RollbackInProgress' || {_under_way(new)}",
        done=f"Status == 'Successful' && Version == {literal(new)}",
        failed="contains(['Failed', 'Cancelled', 'RollbackFailed', 'RollbackSuccessful'], Status)",
        wait=12 * HOURS,
        undo=Undo(
            operation=_refresh(row, template, old),
            midway=Operation(
                name="autoscaling.rollback_instance_refresh", parameters={"AutoScalingGroupName": row["name"]}
            ),
            begun=f"Status == 'RollbackInProgress' || {_under_way(old)}",
            done=f"Status == 'RollbackSuccessful' || (Status == 'Successful' && Version == {literal(old)})",
            failed=f"Status == 'RollbackFailed' || "
            f"(contains(['Failed', 'Cancelled'], Status) && Version == {literal(old)})",
        ),
        risk=("costs", "interrupts"),
    )
    if holds(step.done, step.before):
        raise NotFor(f"its last refresh brought version {new}, and it was set to {old} since: refresh it by hand")
    return [*steps, step]


def _under_way(version: str) -> str:
    return (
        f"(contains(['Pending', 'InProgress', 'Baking', 'Cancelling'], Status) && Version == {literal(version)})"
    )


def _refresh(row: Mapping[str, Any], template: str, version: str) -> Operation:
    specification = {"LaunchTemplateId": template, "Version": version}
    desired: dict[str, Any] = {"LaunchTemplate": specification}
    if row["mixed"]:
        launch = {**row["mixed"]["LaunchTemplate"], "LaunchTemplateSpecification": specification}
        desired = {"MixedInstancesPolicy": {**row["mixed"], "LaunchTemplate": launch}}
    return Operation(
        name="autoscaling.start_instance_refresh",
        parameters={
            "AutoScalingGroupName": row["name"],
            "Strategy": "Rolling",
            "DesiredConfiguration": desired,
            "Preferences": {"AutoRollback": True, "SkipMatching": True, "MinHealthyPercentage": HEALTHY},
        },
    )


MECHANISM = Mechanism(
    kind="ami",
    takes="ami-ID",
    about="an image, brought to Auto Scaling groups by instance refresh",
    tables={
        _GROUPS: (
            *("name", "uses_launch_template", "mixed_instances", "tags"),
            *("launch_template_id", "launch_template_version"),
        )
    },
    reads=frozenset(
        (
            *("ec2.describe_images", "ec2.describe_launch_template_versions"),
            *("autoscaling.describe_instance_refreshes", "autoscaling.describe_auto_scaling_groups"),
        )
    ),
    artefact=image_artefact,
    targets=_targets,
    looks=_looks,
    proof=proof,
    steps=_steps,
)
