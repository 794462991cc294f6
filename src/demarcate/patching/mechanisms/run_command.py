"""Patches of an operating system: AWS-RunPatchBaseline, sent to each node by Run Command.

A scan comes before the installation, so that a node whose agent is silent stops its ring before anything is installed.
A command is known by its comment, which names plan, phase and node: so a run that goes on finds it.

https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-aws-runpatchbaseline.html
"""

from __future__ import annotations

import re
import uuid
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
    tags_of,
    target_of,
)
from demarcate.patching.rollback import Proof, irreversible, possible, unknown

_NODES: Final = "aws_ssm_managed_instance"
_INSTANCES: Final = "aws_ec2_instance"
_STATES: Final = "aws_ssm_managed_instance_patch_state"

_BASELINE: Final = re.compile(r"(arn:[a-z-]+:ssm:[a-z0-9-]+:[0-9]{12}:patchbaseline/)?pb-[0-9a-f]{17}")

TAG: Final = "demarcate:patch"
"""What copies of volumes, and what brings them back, are tagged with."""

_CONTENT: Final = (
    "{OperatingSystem: OperatingSystem, GlobalFilters: GlobalFilters, ApprovalRules: ApprovalRules, "
    "ApprovedPatches: ApprovedPatches, EnableNonSecurity: ApprovedPatchesEnableNonSecurity, "
    "RejectedPatches: RejectedPatches, RejectedPatchesAction: RejectedPatchesAction, Sources: Sources}"
)

_DELIVERY: Final = 600
"""Seconds in which an agent must take a command."""


def _artefact(value: str) -> Read:
    if not _BASELINE.fullmatch(value):
        raise ValueError(f"{value!r} is no patch baseline; expected an id such as pb-0123456789abcdef0")
    return Read(
        operation=Operation(name="ssm.get_patch_baseline", parameters={"BaselineId": value}),
        state=_CONTENT,
        absent=("DoesNotExistException",),
    )


def _freeze(content: Any) -> tuple[str, str]:
    rules = ((content or {}).get("ApprovalRules") or {}).get("PatchRules") or []
    by_age = any("ApproveAfterDays" in rule for rule in rules)
    note = (
        "its rules approve patches by their age: the list is that of the first ring for as long as AWS keeps the "
        "snapshot of it; a list of approved patches, or a last date, holds longer"
    )
    return note if by_age else "", str(uuid.uuid4())


def _targets(rows: Rows, _value: str) -> Iterator[Target]:
    """Each node that is managed, and each instance that runs and is not."""
    instances = {(row["account_id"], row["region"], row["instance_id"]): row for row in rows[_INSTANCES]}
    baselines = {
        (row["account_id"], row["region"], row["instance_id"]): row["baseline_id"] for row in rows[_STATES]
    }
    managed = set()
    for row in rows[_NODES]:
        place = (row["account_id"], row["region"], row["instance_id"])
        managed.add(place)
        instance = instances.get(place)
        why_not = ""
        if row["ping_status"] != "Online":
            why_not = f"its agent is silent ({row['ping_status'] or 'not known'})"
        elif instance is not None and instance["instance_state"] != "running":
            why_not = f"it is {instance['instance_state'] or 'in a state that is not known'}"
        elif instance is None and row["instance_id"].startswith("i-"):
            why_not = "its instance is not among those that were read"
        yield Target(
            account=row["account_id"],
            region=row["region"],
            resource=row["resource"],
            name=row["instance_id"],
            row={**(instance or {}), "instance_id": row["instance_id"], "baseline_id": baselines.get(place)},
            tags=tags_of(instance) if instance is not None else None,
            also=(instance["resource"],) if instance is not None else (),
            why_not=why_not,
        )
    for place, instance in instances.items():
        if place not in managed and instance["instance_state"] == "running":
            why_not = "Systems Manager does not manage it"
            yield target_of(instance, instance["instance_id"], why_not)


def _looks(target: Target, artefact: Artefact, reader: Reader) -> Mapping[str, Any]:
    row = target.row
    baseline = row["baseline_id"]
    if baseline is None:
        raise NotFor("it was never scanned, and so it is not known by which baseline it is patched: scan it first")
    if baseline.rpartition("/")[2] != artefact.value.rpartition("/")[2]:
        raise NotFor(f"it is patched by {baseline}, and not by {artefact.value}")
    volume = None
    if row.get("root_device_name"):
        filters = [
            {"Name": "attachment.instance-id", "Values": [row["instance_id"]]},
            {"Name": "attachment.device", "Values": [row["root_device_name"]]},
        ]
        read = Read(
            operation=Operation(name="ec2.describe_volumes", parameters={"Filters": filters}),
            state="Volumes[0].VolumeId",
        )
        volume = reader.read(target.account, target.region, read)
    return {**row, "root_volume": volume}


def proof(row: Mapping[str, Any], wish: Wish) -> Proof:
    """Whether a node can be brought back from a patch: by its root volume as it was, and by nothing else."""
    if not str(row["instance_id"]).startswith("i-"):
        why = "patches are not taken off, and AWS has no volume of a node outside of EC2"
        return irreversible(why, "make a copy of it yourself, and accept this")
    kind = row.get("root_device_type")
    if kind is None:
        return unknown("what its root device is was not read")
    if kind != "ebs":
        return irreversible(
            "patches are not taken off, and its root device has no snapshot", "replace the instance"
        )
    if not wish.snapshots:
        return irreversible(
            "patches are not taken off, and no copy of its root volume is made", "say snapshots: true in the rings"
        )
    if row.get("root_volume") is None:
        return unknown("its root volume could not be read")
    return possible("its root volume is put back as it was; what is written to it in between is lost")


def _steps(target: Target, row: Mapping[str, Any], artefact: Artefact, wish: Wish, reader: Reader) -> list[Step]:
    node = str(row["instance_id"])
    copied = wish.snapshots and row.get("root_volume") is not None
    steps = [_copy(target, row, wish, reader)] if copied else []
    none = Undo(earlier=True, why_not="a scan installs nothing")
    back = Undo(why_not="patches are not taken off a node")
    if copied:
        back = Undo(earlier=True, why_not="the root volume is put back as it was")
    steps.append(_command(target, node, artefact, wish, reader, operation="Scan", undo=none))
    steps.append(_command(target, node, artefact, wish, reader, operation="Install", undo=back))
    return steps


def _copy(target: Target, row: Mapping[str, Any], wish: Wish, reader: Reader) -> Step:
    """A snapshot of the root volume. Undoing it puts it back in the volume's place."""
    node = str(row["instance_id"])
    mark = f"{wish.plan} {node}"
    tags = [{"Key": TAG, "Value": mark}]
    state = f"Snapshots[?Tags[?Key=={literal(TAG)} && Value=={literal(mark)}]] | [0]"
    tasks = f"ReplaceRootVolumeTasks[?Tags[?Key=={literal(TAG)} && Value=={literal(mark)}]] | [0].TaskState"
    undo = Undo(
        operation=Operation(
            name="ec2.create_replace_root_volume_task",
            parameters={
                "InstanceId": node,
                "SnapshotId": {"$after": "SnapshotId"},
                "ClientToken": mark,
                "TagSpecifications": [{"ResourceType": "replace-root-volume-task", "Tags": tags}],
            },
        ),
        reads=Read(
            operation=Operation(
                name="ec2.describe_replace_root_volume_tasks",
                parameters={"Filters": [{"Name": "instance-id", "Values": [node]}]},
            ),
            state=tasks,
        ),
        begun="contains(['pending', 'in-progress', 'failing'], @)",
        done="@ == 'succeeded'",
        failed="contains(['failed', 'failed-detached'], @)",
    )
    return step_of(
        target,
        reader,
        do=Operation(
            name="ec2.create_snapshot",
            parameters={
                "VolumeId": row["root_volume"],
                "Description": f"before patching ({mark})",
                "TagSpecifications": [{"ResourceType": "snapshot", "Tags": tags}],
            },
        ),
        reads=Read(
            operation=Operation(
                name="ec2.describe_snapshots",
                parameters={"Filters": [{"Name": "volume-id", "Values": [row["root_volume"]]}]},
            ),
            state=state + ".{SnapshotId: SnapshotId, State: State}",
        ),
        begun="State == 'pending'",
        done="State == 'completed'",
        failed="State == 'error'",
        wait=6 * HOURS,
        undo=undo,
        risk=("costs",),
    )


def _command(
    target: Target, node: str, artefact: Artefact, wish: Wish, reader: Reader, *, operation: str, undo: Undo
) -> Step:
    comment = f"demarcate {wish.plan} {operation.lower()} {node}"
    parameters = {"Operation": [operation], "SnapshotId": [artefact.snapshot]}
    if operation == "Install":
        parameters["RebootOption"] = ["RebootIfNeeded"]
    return step_of(
        target,
        reader,
        do=Operation(
            name="ssm.send_command",
            parameters={
                "DocumentName": "AWS-RunPatchBaseline",
                "InstanceIds": [node],
                "Comment": comment,
                "TimeoutSeconds": _DELIVERY,
                "Parameters": parameters,
            },
        ),
        reads=Read(
            operation=Operation(
                name="ssm.list_command_invocations", parameters={"InstanceId": node, "MaxResults": 50}
            ),
            state=f"CommandInvocations[?Comment=={literal(comment)}] | [0].{{Status: Status, Details: StatusDetails}}",
        ),
        begun="contains(['Pending', 'InProgress', 'Delayed', 'Cancelling'], Status)",
        done="Status == 'Success'",
        failed="contains(['Cancelled', 'TimedOut', 'Failed'], Status)",
        wait=HOURS if operation == "Scan" else 4 * HOURS,
        undo=undo,
        risk=() if operation == "Scan" else ("interrupts",),
    )


def _gone(rows: Rows, resources: frozenset[str]) -> list[str]:
    """The nodes of a ring that are not there any more: silent, stopped, or not read."""
    there = {target.resource: target.why_not for target in _targets(rows, "")}
    return [
        f"{resource}: {there.get(resource, 'it is not among the nodes any more')}"
        for resource in sorted(resources)
        if there.get(resource, "gone")
    ]


MECHANISM = Mechanism(
    kind="baseline",
    takes="pb-ID",
    about="the patches of a patch baseline, installed on nodes by Run Command",
    tables={
        _NODES: ("instance_id", "ping_status"),
        _INSTANCES: ("instance_id", "instance_state", "root_device_name", "root_device_type", "tags"),
        _STATES: ("instance_id", "baseline_id"),
    },
    reads=frozenset(
        (
            *("ssm.get_patch_baseline", "ssm.list_command_invocations"),
            *("ec2.describe_volumes", "ec2.describe_snapshots", "ec2.describe_replace_root_volume_tasks"),
        )
    ),
    artefact=_artefact,
    targets=_targets,
    looks=_looks,
    proof=proof,
    steps=_steps,
    gone=_gone,
    freeze=_freeze,
)
