"""An AMI of one's own for managed node groups of EKS: a version of their launch template, and an update to it.

A node group goes to any version of the launch template that it was made with, as long as that has an AMI of one's own
as well; so the way back is the version that it had.

https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupVersion.html
https://docs.aws.amazon.com/eks/latest/eksctl/launch-template-support.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.changes.planning import Reader
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import literal
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
    target_of,
)
from demarcate.patching.rollback import Proof, irreversible, possible, unknown

_GROUPS: Final = "aws_eks_node_group"


def _targets(rows: Rows, _value: str) -> Iterator[Target]:
    for row in rows[_GROUPS]:
        why_not = ""
        if row["status"] != "ACTIVE":
            why_not = f"it is {row['status'] or 'in a state that is not known'}"
        elif row["ami_type"] != "CUSTOM":
            why_not = f"AWS builds its image ({row['ami_type'] or 'not known'}): promote a node-release"
        elif not row["launch_template_id"] or not row["launch_template_version"]:
            why_not = "its launch template could not be read"
        yield target_of(row, f"{row['cluster_name']}/{row['nodegroup_name']}", why_not)


def _looks(target: Target, artefact: Artefact, reader: Reader) -> Mapping[str, Any]:
    row, place = target.row, (target.account, target.region)
    template, version = str(row["launch_template_id"]), str(row["launch_template_version"])
    image = (reader.read(*place, version_read(template, version)) or {}).get("ImageId")
    if image == artefact.value:
        raise NotFor("it has it already")
    is_id = isinstance(image, str) and AMI.fullmatch(image) is not None
    there = reader.read(*place, image_read(str(image))) if is_id else None
    if there is not None and there["Arch"] != artefact.content["Arch"]:
        raise NotFor(f"its nodes are {there['Arch']}, and the image is {artefact.content['Arch']}")
    newest = reader.read(*place, version_read(template, "$Latest")) or {}
    return {
        **row,
        "image_id": image,
        "image_there": there is not None,
        "newest_version": newest.get("Version"),
        "newest_image": newest.get("ImageId"),
    }


def proof(row: Mapping[str, Any], _wish: Wish) -> Proof:
    """Whether a node group can be brought back to the image that it had."""
    version, image = row["launch_template_version"], row["image_id"]
    if image is None:
        return unknown("which image its nodes have could not be read")
    if str(image).startswith("resolve:"):
        return irreversible(
            "its launch template takes the image from a parameter, which names another one by then",
            "put the AMI's id into a version of the launch template first",
        )
    if not row["image_there"]:
        return irreversible(f"the image that its nodes have is not there any more ({image})", "keep it")
    return possible(f"its nodes are replaced by those of version {version} of its launch template ({image})")


_UPDATING: Final = "Status == 'UPDATING'"


def _ends(version: str) -> tuple[str, str]:
    """What is true once a node group has a version of its launch template, and once it will not have it any more."""
    at_it = f"Version == {literal(version)}"
    return f"Status == 'ACTIVE' && {at_it}", f"Status == 'DEGRADED' || (Status == 'ACTIVE' && !({at_it}))"


def _steps(target: Target, row: Mapping[str, Any], artefact: Artefact, wish: Wish, reader: Reader) -> list[Step]:
    template, old = str(row["launch_template_id"]), str(row["launch_template_version"])
    newest = int(row["newest_version"] or 0)
    steps, number = [], newest
    if row["newest_image"] != artefact.value:
        number = newest + 1
        steps.append(new_version(target, template, old, number, artefact, wish, reader))
    names = {"clusterName": row["cluster_name"], "nodegroupName": row["nodegroup_name"]}

    def update(version: str) -> Operation:
        specification = {"id": template, "version": version}
        return Operation(
            name="eks.update_nodegroup_version", parameters={**names, "launchTemplate": specification}
        )

    back, there = _ends(old), _ends(str(number))
    step = step_of(
        target,
        reader,
        do=update(str(number)),
        reads=Read(
            operation=Operation(name="eks.describe_nodegroup", parameters=names),
            state="nodegroup.{Version: launchTemplate.version, Status: status, Modified: modifiedAt}",
        ),
        wait=12 * HOURS,
        begun=_UPDATING,
        done=there[0],
        failed=there[1],
        undo=Undo(operation=update(old), begun=_UPDATING, done=back[0], failed=back[1]),
        risk=("costs", "interrupts"),
    )
    if step.before is None or step.before["Status"] != "ACTIVE":
        raise NotFor("it is being changed")
    return [*steps, step]


MECHANISM = Mechanism(
    kind="node-image",
    takes="ami-ID",
    about="an image of your own for nodes of EKS, brought to managed node groups by their launch template",
    tables={
        _GROUPS: (
            *("cluster_name", "nodegroup_name", "status", "ami_type", "tags"),
            *("launch_template_id", "launch_template_version"),
        ),
    },
    reads=frozenset(("ec2.describe_images", "ec2.describe_launch_template_versions", "eks.describe_nodegroup")),
    artefact=image_artefact,
    targets=_targets,
    looks=_looks,
    proof=proof,
    steps=_steps,
)
