"""Re-encrypt a resource with a chosen key: what AWS is asked for, what a person does then, the cost, and the outage.

Of a bucket and a log group a setting is changed, which undoing sets back. Of a snapshot, a volume and a database a copy
under the new key is made beside the old one, which stays until somebody has put the copy in its place and deletes it.
Sources: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/update-sse-encryption.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.making import Making
from demarcate.changes.planning import Reader
from demarcate.changes.structs import Change, Operation, Undo
from demarcate.changes.values import EARLIER, literal
from demarcate.checks.remedies import AFTER
from demarcate.keys.changing import described

_SNAPSHOTS: Final = "ec2.describe_snapshots"
_VOLUMES: Final = "ec2.describe_volumes"
_DB_SNAPSHOTS: Final = "rds.describe_db_snapshots"
_DATABASES: Final = "rds.describe_db_instances"
_BUCKET: Final = "s3.get_bucket_encryption"
_LOG_GROUPS: Final = "logs.describe_log_groups"

READS: Final = frozenset({_SNAPSHOTS, _VOLUMES, _DB_SNAPSHOTS, _DATABASES, _BUCKET, _LOG_GROUPS})
"""What is asked of AWS beside what says which key it is."""

COPYING: Final = 6 * 3600.0
"""Seconds in which a snapshot, a copy or a database must be there. AWS names no time for them."""

OWED: Final = "encryption.enable-at-rest"
MARK: Final = "demarcate:reencrypts"
"""The tag by which a new volume is known: its value says what it was made of."""


@dataclass(frozen=True, slots=True)
class Reencryption:
    """What re-encrypting takes: the change (None where it is under the key already), what a person does before and
    after it, what it costs, and for how long what uses the resource stands still.
    """

    change: Change | None
    before: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    cost: str = ""
    outage: str = ""


def reencrypt(resource: str, key: str, account: str, region: str, reader: Reader) -> Reencryption:
    """What re-encrypting a resource, by its ARN, with a key takes.

    Raises DemarcateError for a resource that it is not known of, a key that cannot encrypt it, and what cannot be read.
    """
    parts = resource.split(":", 5)
    service, rest = (parts[2], parts[5]) if len(parts) == 6 else ("", "")
    kind = "" if service == "s3" else re.split("[/:]", rest, maxsplit=1)[0]
    name = rest.removeprefix(kind).lstrip("/:") if kind != "log-group" else rest.removeprefix("log-group:")
    way = _WAYS.get((service, kind))
    if way is None or not name or (service == "s3" and "/" in name):
        kinds = ", ".join(f"{service} {kind or 'bucket'}" for service, kind in _WAYS)
        raise DemarcateError(f"{resource}: what is re-encrypted is given by its ARN: {kinds}")
    plan = Making(reader, parts[4] or account, parts[3] or region, resource, OWED)
    chosen, told = described(key, plan.account, plan.region, reader, OWED)
    if told.get("KeySpec") != "SYMMETRIC_DEFAULT" or told.get("KeyState") != "Enabled":
        raise DemarcateError(f"{chosen.resource}: what encrypts data is a symmetric key that is enabled")
    if chosen.region != plan.region:
        raise DemarcateError(f"{chosen.resource} is of {chosen.region}, and {resource} of {plan.region}")
    return way(plan, name.removesuffix(":*"), chosen.resource)


def _title(plan: Making, key: str) -> str:
    return f"re-encrypt {plan.resource} with {key}"


# --- a setting --------------------------------------------------------------------------------------------


def _bucket(plan: Making, name: str, key: str) -> Reencryption:
    """The key for what is put into a bucket from now on. What is in it stays under its own."""
    state = "ServerSideEncryptionConfiguration"
    absent = ("ServerSideEncryptionConfigurationNotFoundError",)
    reads, before = plan.read(_BUCKET, state, pages=False, absent=absent, Bucket=name)
    then = (
        f"aws s3control create-job, with an operation of the kind S3UpdateObjectEncryption and KMSKeyArn {key}, over "
        f"an inventory of {name}: it changes the key of what is there, and copies nothing",
        "copy in place what that cannot change: objects under SSE-C or DSSE-KMS, and all versions that are kept",
    )
    cost = "a request of S3 and of KMS for each object that is there; new ones share requests by the bucket's key"
    rules = (before or {}).get("Rules") or [{}]
    default = rules[0].get("ApplyServerSideEncryptionByDefault") or {}
    if default.get("KMSMasterKeyID") == key:
        return Reencryption(None, then=then, cost=cost, outage="none")
    algorithm = default.get("SSEAlgorithm", "")
    wanted = {"SSEAlgorithm": algorithm if algorithm.startswith("aws:kms") else "aws:kms", "KMSMasterKeyID": key}
    rule = {**rules[0], "ApplyServerSideEncryptionByDefault": wanted, "BucketKeyEnabled": True}
    put = {"Bucket": name, "ServerSideEncryptionConfiguration": {"Rules": [rule, *rules[1:]]}}
    back = Operation(name="s3.delete_bucket_encryption", parameters={"Bucket": name})
    if before is not None:
        parameters = {"Bucket": name, "ServerSideEncryptionConfiguration": before}
        back = Operation(name="s3.put_bucket_encryption", parameters=parameters)
    plan.step(
        Operation(name="s3.put_bucket_encryption", parameters=put),
        reads,
        before,
        f"Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID == {literal(key)}",
        back,
        risk=("interrupts", "costs"),
    )
    outage = "none for whoever may use the new key; others can no longer write to it, or read what is written then"
    return Reencryption(plan.change(_title(plan, key)), then=then, cost=cost, outage=outage)


def _log_group(plan: Making, name: str, key: str) -> Reencryption:
    """The key for what is logged from now on. What was logged stays under its own until it expires."""
    state = f"logGroups[?logGroupName == {literal(name)}] | [0].{{Name: logGroupName, Key: kmsKeyId}}"
    reads, before = plan.read(_LOG_GROUPS, state, logGroupNamePrefix=name)
    if before is None or before["Name"] is None:
        raise DemarcateError(f"{plan.resource}: there is no such log group")
    if before["Key"] == key:
        return Reencryption(None)
    of_group = {"logGroupName": name}
    back = Operation(name="logs.disassociate_kms_key", parameters=of_group)
    if before["Key"]:
        back = Operation(name="logs.associate_kms_key", parameters={**of_group, "kmsKeyId": before["Key"]})
    plan.step(
        Operation(name="logs.associate_kms_key", parameters={**of_group, "kmsKeyId": key}),
        reads,
        before,
        f"Key == {literal(key)}",
        back,
        risk=("interrupts", "costs"),
    )
    host = f"logs.{plan.region}.amazonaws.com"
    return Reencryption(
        plan.change(_title(plan, key)),
        before=(f"the policy of {key} lets {host} use it: otherwise CloudWatch Logs refuses it",),
        then=("keep the old key, if there is one, until all that was logged under it has expired",),
        cost="requests of KMS; nothing is copied",
        outage="none",
    )


# --- a copy beside it -------------------------------------------------------------------------------------


def _copy(plan: Making, snapshot: str, key: str, why: str) -> None:
    """A step that copies a snapshot of EBS under a key."""
    reads, before = _snapshots(plan, why)
    given = {"SourceSnapshotId": snapshot, "SourceRegion": plan.region, "Description": why, "KmsKeyId": key}
    _made(plan, Operation(name="ec2.copy_snapshot", parameters={**given, "Encrypted": True}), reads, before)


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


def _snapshot(plan: Making, name: str, key: str) -> Reencryption:
    state = "Snapshots[0].{Size: VolumeSize, Key: KmsKeyId}"
    _, told = plan.read(_SNAPSHOTS, state, SnapshotIds=[name])
    if told["Key"] == key:
        return Reencryption(None)
    _copy(plan, name, key, f"{name} under {key}")
    return Reencryption(
        plan.change(_title(plan, key)),
        then=(
            f"put the copy wherever {name} is named (images, launch templates, backup plans), then delete {name}",
        ),
        cost=f"a whole copy of {told['Size']} GiB at most, beside the old one, until that is deleted",
        outage="none",
    )


def _volume(plan: Making, name: str, key: str) -> Reencryption:
    fields = (
        "Size: Size, Key: KmsKeyId, Zone: AvailabilityZone, Type: VolumeType, Iops: Iops, Throughput: Throughput"
    )
    state = f"Volumes[0].{{{fields}, Tags: Tags, On: Attachments[0].{{Instance: InstanceId, Device: Device}}}}"
    _, told = plan.read(_VOLUMES, state, VolumeIds=[name])
    if told["Key"] == key:
        return Reencryption(None)
    why = f"{name} under {key}"
    reads, before = _snapshots(plan, why)
    taken = {"VolumeId": name, "Description": why}
    _made(plan, Operation(name="ec2.create_snapshot", parameters=taken), reads, before)
    own = [tag for tag in told["Tags"] or () if not tag["Key"].startswith("aws:")]
    made: dict[str, Any] = {
        "SnapshotId": {EARLIER: "[0][0].Id"},
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
    then = [f"delete {name} and the snapshot when nobody misses anything"]
    ahead: tuple[str, ...] = ()
    outage = "none: nothing is attached to it"
    if (on := told["On"]) is not None:
        instance, device = on["Instance"], on["Device"]
        ahead = (
            f"stop {instance}, or stop what writes to {device}: what is written after the snapshot is not in it",
        )
        then.insert(0, f"stop {instance}, detach {name}, attach the new volume as {device}, and start it")
        outage = (
            f"{instance} stands still from before the snapshot until the new volume is attached; that one is slow "
            "until it was read once"
        )
    cost = f"a snapshot of {told['Size']} GiB at most and a second volume of that size, until the old ones are deleted"
    return Reencryption(plan.change(_title(plan, key)), before=ahead, then=tuple(then), cost=cost, outage=outage)


def _database(plan: Making, name: str, key: str) -> Reencryption:
    state = (
        "DBInstances[0].{Key: KmsKeyId, Size: AllocatedStorage, Class: DBInstanceClass, Cluster: DBClusterIdentifier, "
        "Subnets: DBSubnetGroup.DBSubnetGroupName, Groups: VpcSecurityGroups[].VpcSecurityGroupId, MultiAZ: MultiAZ, "
        "Public: PubliclyAccessible, Parameters: DBParameterGroups[0].DBParameterGroupName, "
        "Options: OptionGroupMemberships[0].OptionGroupName, Protected: DeletionProtection, "
        "Iam: IAMDatabaseAuthenticationEnabled}"
    )
    _, told = plan.read(_DATABASES, state, DBInstanceIdentifier=name)
    if told["Cluster"]:
        raise DemarcateError(
            f"{plan.resource} is of the cluster {told['Cluster']}: copy a snapshot of that under the key, and restore "
            "that"
        )
    if told["Key"] == key:
        return Reencryption(None)
    first, second, new = f"{name}-before-key", f"{name}-new-key", f"{name}-new-key"
    taken = {"DBInstanceIdentifier": name, "DBSnapshotIdentifier": first}
    _db_snapshot(plan, Operation(name="rds.create_db_snapshot", parameters=taken), first)
    copied = {"SourceDBSnapshotIdentifier": first, "TargetDBSnapshotIdentifier": second, "KmsKeyId": key}
    _db_snapshot(plan, Operation(name="rds.copy_db_snapshot", parameters={**copied, "CopyTags": True}), second)
    given = {
        "DBInstanceIdentifier": new,
        "DBSnapshotIdentifier": second,
        "DBInstanceClass": told["Class"],
        "DBSubnetGroupName": told["Subnets"],
        "VpcSecurityGroupIds": told["Groups"] or None,
        "MultiAZ": told["MultiAZ"],
        "PubliclyAccessible": bool(told["Public"]),
        "DBParameterGroupName": _own(told["Parameters"]),
        "OptionGroupName": _own(told["Options"]),
        "EnableIAMDatabaseAuthentication": told["Iam"],
    }
    parameters = {field: value for field, value in given.items() if value is not None}
    reads, before = plan.read(
        _DATABASES, "DBInstances[0].DBInstanceStatus", absent=_NO_DATABASE, DBInstanceIdentifier=new
    )
    _free(plan, new, before)
    plan.step(
        Operation(name="rds.restore_db_instance_from_db_snapshot", parameters=parameters),
        reads,
        before,
        "@ == 'available'",
        Operation(
            name="rds.delete_db_instance", parameters={"DBInstanceIdentifier": new, "SkipFinalSnapshot": True}
        ),
        begun="@ != null && @ != 'available'",
        failed="contains(['failed', 'incompatible-restore', 'incompatible-network'], @)",
        risk=("costs",),
        wait=COPYING,
    )
    return Reencryption(
        plan.change(_title(plan, key)),
        before=(f"stop what writes to {name}: what is written after the snapshot is not in the new database",),
        then=(
            f"rename {name}, then rename {new} to {name}: its endpoint follows the name",
            "compare what a restore does not carry over: alarms, read replicas, deletion protection, secrets, proxies",
            f"delete the old database and {first} when nobody misses anything",
        ),
        cost=f"two snapshots of {told['Size']} GiB at most and a second {told['Class']}, until the old are deleted",
        outage="from before the snapshot until the new database has the name of the old one; it is slow at first",
    )


_NO_DATABASE: Final = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
_NO_SNAPSHOT: Final = ("DBSnapshotNotFound", "DBSnapshotNotFoundFault")


def _own(group: str | None) -> str | None:
    """A group that is not the default one, which a restore takes by itself."""
    return None if group is None or group.startswith(("default.", "default:")) else group


def _free(plan: Making, name: str, before: Any) -> None:
    if before is not None:
        raise DemarcateError(f"{plan.resource}: there is {name} already: use it, or delete it")


def _db_snapshot(plan: Making, do: Operation, name: str) -> None:
    """A step after which there is a snapshot of RDS, and by which it is deleted again."""
    reads, before = plan.read(
        _DB_SNAPSHOTS, "DBSnapshots[0].Status", absent=_NO_SNAPSHOT, DBSnapshotIdentifier=name
    )
    _free(plan, name, before)
    plan.step(
        do,
        reads,
        before,
        "@ == 'available'",
        Undo(operation=Operation(name="rds.delete_db_snapshot", parameters={"DBSnapshotIdentifier": name})),
        begun="contains(['creating', 'copying'], @)",
        failed="@ == 'failed'",
        risk=("costs",),
        wait=COPYING,
    )


_WAYS: Final[Mapping[tuple[str, str], Callable[[Making, str, str], Reencryption]]] = {
    ("ec2", "volume"): _volume,
    ("ec2", "snapshot"): _snapshot,
    ("rds", "db"): _database,
    ("logs", "log-group"): _log_group,
    ("s3", ""): _bucket,
}
"""By the service and the kind of resource that an ARN names."""
