"""Re-encrypt a snapshot or a volume of EBS: a copy under the new key is made, and put in the place of a volume.

What is attached can be swapped by calls that each have an undo: the instance is stopped, the old volume detached, the
new one attached in its place, the instance started. Where stopping loses something, or AWS would put another instance
in its place, a person swaps them. Sources: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-ec2-instance-stop-start-works.html,
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-detaching-volume.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.making import Making
from demarcate.changes.structs import Operation, Undo
from demarcate.changes.values import EARLIER, literal
from demarcate.checks.remedies import AFTER
from demarcate.keys.reencryption import COPYING, MARK, Reencryption, title

_SNAPSHOTS: Final = "ec2.describe_snapshots"
_VOLUMES: Final = "ec2.describe_volumes"
_INSTANCES: Final = "ec2.describe_instances"
_TYPES: Final = "ec2.describe_instance_types"

READS: Final = frozenset({_SNAPSHOTS, _VOLUMES, _INSTANCES, _TYPES})

_STOPPING: Final = 900.0
"""Seconds in which an instance must have stopped or started, or a volume be attached. AWS names no time for them."""


def copy_snapshot(plan: Making, name: str, key: str) -> Reencryption:
    """A snapshot: its copy."""
    state = "Snapshots[0].{Size: VolumeSize, Key: KmsKeyId}"
    _, told = plan.read(_SNAPSHOTS, state, SnapshotIds=[name])
    if told["Key"] == key:
        return Reencryption(None)
    why = f"{name} under {key}"
    reads, before = _snapshots(plan, why)
    given = {"SourceSnapshotId": name, "SourceRegion": plan.region, "Description": why, "KmsKeyId": key}
    _made(plan, Operation(name="ec2.copy_snapshot", parameters={**given, "Encrypted": True}), reads, before)
    return Reencryption(
        plan.change(title(plan, key)),
        then=(
            f"put the copy wherever {name} is named (images, launch templates, backup plans): nothing but a person "
            "knows all of these",
            f"delete {name}, from which no copy comes back, when nobody misses anything",
        ),
        cost=f"a whole copy of {told['Size']} GiB at most, beside the old one, until that is deleted",
        outage="none",
    )


def _snapshots(plan: Making, why: str) -> Any:
    state = "Snapshots[].{Id: SnapshotId, State: State}"
    filters = [{"Name": "description", "Values": [why]}]
    return plan.read(_SNAPSHOTS, state, OwnerIds=["self"], Filters=filters)


def _made(plan: Making, do: Operation, reads: Any, before: Any) -> None:
    """A step after which there is one more snapshot of EBS, and by which it is deleted again."""
    if before:
        raise DemarcateError(
            f"{plan.resource}: there is {before[0]['Id']} already, which was made for this: use it, or delete it"
        )
    plan.step(
        do,
        reads,
        before,
        "[0].State == 'completed'",
        Operation(name="ec2.delete_snapshot", parameters={"SnapshotId": {AFTER: "[0].Id"}}),
        begun="[0].State == 'pending'",
        failed="[0].State == 'error'",
        risk=("costs",),
        wait=COPYING,
    )


def copy_volume(plan: Making, name: str, key: str) -> Reencryption:
    """A volume: a snapshot of it, a volume of that under the key, and where it can be, that in its place."""
    fields = (
        "Size: Size, Key: KmsKeyId, Zone: AvailabilityZone, Type: VolumeType, Iops: Iops, Throughput: Throughput"
    )
    on = "On: Attachments[].{Instance: InstanceId, Device: Device, Deleted: DeleteOnTermination}"
    _, told = plan.read(_VOLUMES, f"Volumes[0].{{{fields}, Tags: Tags, {on}}}", VolumeIds=[name])
    if told["Key"] == key:
        return Reencryption(None)
    attached = told["On"] or []
    by_hand = _why_by_hand(plan, attached)
    swap = bool(attached) and not by_hand
    runs = _stopped(plan, attached[0]["Instance"]) if swap else False
    why = f"{name} under {key}"
    reads, before = _snapshots(plan, why)
    _made(
        plan,
        Operation(name="ec2.create_snapshot", parameters={"VolumeId": name, "Description": why}),
        reads,
        before,
    )
    _new_volume(plan, name, key, told)
    then = [f"delete {name} and the snapshot when nobody misses anything: neither comes back"]
    ahead: tuple[str, ...] = ()
    outage = "none: nothing is attached to it"
    if attached:
        instance, device = attached[0]["Instance"], attached[0]["Device"]
        outage = (
            f"{instance} stands still from before the snapshot until the new volume is attached; that one is slow "
            "until it was read once"
        )
    if swap:
        _swap(plan, name, instance, device)
        if runs:
            _started(plan, instance)
        if attached[0]["Deleted"]:
            then.insert(
                0, f"set DeleteOnTermination of {device}, which {name} had: a volume that is attached has not"
            )
    elif attached:
        ahead = (
            f"stop {instance}, or stop what writes to {device}: what is written after the snapshot is not in it",
        )
        then.insert(
            0, f"stop {instance}, detach {name}, attach the new volume as {device}, and start it: {by_hand}"
        )
    cost = f"a snapshot of {told['Size']} GiB at most and a second volume of that size, until the old ones are deleted"
    return Reencryption(plan.change(title(plan, key)), before=ahead, then=tuple(then), cost=cost, outage=outage)


def _new_volume(plan: Making, name: str, key: str, told: Mapping[str, Any]) -> None:
    """A step that makes a volume of the snapshot that the step before it made."""
    own = [tag for tag in told["Tags"] or () if not tag["Key"].startswith("aws:")]
    made: dict[str, Any] = {
        "SnapshotId": {EARLIER: f"[{len(plan.steps) - 1}][0].Id"},
        "AvailabilityZone": told["Zone"],
        "VolumeType": told["Type"],
        "Encrypted": True,
        "KmsKeyId": key,
        "TagSpecifications": [{"ResourceType": "volume", "Tags": [*own, {"Key": MARK, "Value": name}]}],
    }
    if told["Type"] in ("io1", "io2", "gp3") and told["Iops"]:
        made["Iops"] = told["Iops"]
    if told["Type"] == "gp3" and told["Throughput"]:
        made["Throughput"] = told["Throughput"]
    of_mark = [{"Name": f"tag:{MARK}", "Values": [name]}]
    reads, before = plan.read(_VOLUMES, "Volumes[].{Id: VolumeId, State: State}", Filters=of_mark)
    if before:
        raise DemarcateError(f"{plan.resource}: there is {before[0]['Id']} already, which was made for this")
    plan.step(
        Operation(name="ec2.create_volume", parameters=made),
        reads,
        before,
        "[0].State == 'available'",
        Operation(name="ec2.delete_volume", parameters={"VolumeId": {AFTER: "[0].Id"}}),
        begun="[0].State == 'creating'",
        failed="[0].State == 'error'",
        risk=("costs",),
        wait=COPYING,
    )


# --- in its place -----------------------------------------------------------------------------------------


def _why_by_hand(plan: Making, attached: list[dict[str, Any]]) -> str:
    """Why a person must swap the volumes; empty where calls that can be undone do."""
    if not attached:
        return ""
    if len(attached) > 1:
        return "it is attached to several instances, which only a person can stop together"
    state = (
        "Reservations[0].Instances[0].{Life: InstanceLifecycle, Type: InstanceType, "
        "Group: Tags[?Key == 'aws:autoscaling:groupName'] | [0].Value}"
    )
    _, told = plan.read(_INSTANCES, state, InstanceIds=[attached[0]["Instance"]])
    if told["Group"]:
        return f"the Auto Scaling group {told['Group']} puts another instance in the place of one that is stopped"
    if told["Life"] == "spot":
        return "a spot instance that is stopped may not start again"
    stored = "InstanceTypes[0].InstanceStorageSupported"
    _, loses = plan.read(_TYPES, stored, InstanceTypes=[told["Type"]])
    return "" if loses is False else f"what is on the instance store of a {told['Type']} is lost when it stops"


_STATE: Final = "Reservations[0].Instances[0].State.Name"


def _stopped(plan: Making, instance: str) -> bool:
    """A step that stops an instance; whether it runs."""
    reads, state = plan.read(_INSTANCES, _STATE, InstanceIds=[instance])
    if state == "stopped":
        return False
    if state != "running":
        raise DemarcateError(f"{plan.resource}: {instance} is {state}: plan this once it runs, or is stopped")
    ids = {"InstanceIds": [instance]}
    plan.step(
        Operation(name="ec2.stop_instances", parameters=ids),
        reads,
        state,
        "@ == 'stopped'",
        Undo(
            operation=Operation(name="ec2.start_instances", parameters=ids),
            begun="@ == 'pending'",
            done="@ == 'running'",
        ),
        begun="@ == 'stopping'",
        risk=("interrupts",),
        wait=_STOPPING,
    )
    return True


def _started(plan: Making, instance: str) -> None:
    """A step that starts the instance again that an earlier one stopped."""
    reads, _ = plan.read(_INSTANCES, _STATE, InstanceIds=[instance])
    ids = {"InstanceIds": [instance]}
    plan.step(
        Operation(name="ec2.start_instances", parameters=ids),
        reads,
        "stopped",
        "@ == 'running'",
        Undo(
            operation=Operation(name="ec2.stop_instances", parameters=ids),
            begun="@ == 'stopping'",
            done="@ == 'stopped'",
        ),
        begun="@ == 'pending'",
        wait=_STOPPING,
    )


def _swap(plan: Making, name: str, instance: str, device: str) -> None:
    """Steps that detach a volume, and attach the one that the step before them made in its place."""
    made = len(plan.steps) - 1
    at = f"BlockDeviceMappings[?DeviceName == {literal(device)}] | [0].Ebs.{{Volume: VolumeId, Status: Status}}"
    reads, before = plan.read(_INSTANCES, f"Reservations[0].Instances[0].{at}", InstanceIds=[instance])
    old = {"VolumeId": name, "InstanceId": instance, "Device": device}
    plan.step(
        Operation(name="ec2.detach_volume", parameters=old),
        reads,
        before,
        "@ == null",
        Undo(
            operation=Operation(name="ec2.attach_volume", parameters=old),
            begun="Status == 'attaching'",
            done="Status == 'attached'",
        ),
        begun="Status == 'detaching'",
        risk=("interrupts",),
        wait=_STOPPING,
    )
    place = {"InstanceId": instance, "Device": device}
    plan.step(
        Operation(name="ec2.attach_volume", parameters={**place, "VolumeId": {EARLIER: f"[{made}][0].Id"}}),
        reads,
        None,
        f"Status == 'attached' && Volume != {literal(name)}",
        Undo(
            operation=Operation(name="ec2.detach_volume", parameters={**place, "VolumeId": {AFTER: "Volume"}}),
            begun="Status == 'detaching'",
            done="@ == null",
        ),
        begun="Status == 'attaching'",
        risk=("interrupts",),
        wait=_STOPPING,
    )
