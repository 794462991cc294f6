"""A release of the node image that AWS builds, for managed node groups of EKS.

EKS takes no node group back to an earlier release of the image, as the reference of UpdateNodegroupVersion says.

https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupVersion.html
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
from demarcate.patching.rollback import Proof, irreversible, unknown

_GROUPS: Final = "aws_eks_node_group"

_RELEASE: Final = re.compile(r"(?P<minor>1\.[0-9]{2})\.[0-9]{1,2}-(?P<day>[0-9]{8})")


def _artefact(value: str) -> Read:
    told = _RELEASE.fullmatch(value)
    if told is None:
        raise ValueError(f"{value!r} is no release of Amazon Linux for EKS; expected one such as 1.31.2-20250101")
    name = f"amazon-eks-node-*{told['minor']}-v{told['day']}"
    parameters = {"Owners": ["amazon"], "Filters": [{"Name": "name", "Values": [name]}], "IncludeDeprecated": True}
    return Read(
        operation=Operation(name="ec2.describe_images", parameters=parameters),
        state="sort(Images[].Name) || `null`",
    )


def _targets(rows: Rows, value: str) -> Iterator[Target]:
    minor = _RELEASE.fullmatch(value)
    for row in rows[_GROUPS]:
        why_not = ""
        if row["status"] != "ACTIVE":
            why_not = f"it is {row['status'] or 'in a state that is not known'}"
        elif row["ami_type"] == "CUSTOM":
            why_not = "its image is that of its launch template: promote a node-image"
        elif not str(row["ami_type"] or "").startswith(("AL2_", "AL2023_")):
            why_not = f"its image is of another family ({row['ami_type'] or 'not known'})"
        elif minor is not None and row["version"] != minor["minor"]:
            why_not = f"it runs Kubernetes {row['version'] or 'of a version that is not known'}"
        elif row["release_version"] == value:
            why_not = "it has it already"
        yield target_of(row, f"{row['cluster_name']}/{row['nodegroup_name']}", why_not)


def _looks(target: Target, _artefact: Artefact, _reader: Reader) -> Mapping[str, Any]:
    return target.row


def proof(row: Mapping[str, Any], _wish: Wish) -> Proof:
    """Whether a node group can be brought back to an earlier release: never."""
    if row["release_version"] is None:
        return unknown("which release it has could not be read")
    return irreversible(
        f"EKS takes no node group back to an earlier release ({row['release_version']})",
        "keep a second node group of that release until the ring has passed",
    )


def _steps(target: Target, row: Mapping[str, Any], artefact: Artefact, wish: Wish, reader: Reader) -> list[Step]:
    names = {"clusterName": row["cluster_name"], "nodegroupName": row["nodegroup_name"]}
    step = step_of(
        target,
        reader,
        do=Operation(
            name="eks.update_nodegroup_version",
            parameters={
                **names,
                "releaseVersion": artefact.value,
                "clientRequestToken": f"{wish.plan}-{row['nodegroup_name']}"[:64],
            },
        ),
        reads=Read(
            operation=Operation(name="eks.describe_nodegroup", parameters=names),
            state="nodegroup.{Release: releaseVersion, Status: status, Modified: modifiedAt}",
        ),
        begun="Status == 'UPDATING'",
        done=f"Status == 'ACTIVE' && Release == {literal(artefact.value)}",
        failed=f"Status == 'DEGRADED' || (Status == 'ACTIVE' && Release != {literal(artefact.value)})",
        wait=12 * HOURS,
        undo=Undo(why_not="EKS takes no node group back to an earlier release"),
        risk=("costs", "interrupts"),
    )
    if step.before is None or step.before["Status"] != "ACTIVE":
        raise NotFor("it is being changed")
    return [step]


MECHANISM = Mechanism(
    kind="node-release",
    takes="RELEASE",
    about="a release of Amazon Linux for nodes of EKS, brought to managed node groups",
    tables={
        _GROUPS: ("cluster_name", "nodegroup_name", "status", "ami_type", "version", "release_version", "tags"),
    },
    reads=frozenset(("ec2.describe_images", "eks.describe_nodegroup")),
    artefact=_artefact,
    targets=_targets,
    looks=_looks,
    proof=proof,
    steps=_steps,
)
