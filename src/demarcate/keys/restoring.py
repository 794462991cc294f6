"""Re-encrypt a database of RDS, or a cluster of Aurora: what a snapshot holds is restored under the new key beside it.

What is restored then takes the name of the old one, by calls that renaming undoes: endpoints follow names. The old one
stays until a person deletes it. Sources:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html,
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html,
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.making import Making
from demarcate.changes.structs import Operation
from demarcate.changes.values import literal
from demarcate.keys.reencryption import COPYING, Reencryption, title

_DB_SNAPSHOTS: Final = "rds.describe_db_snapshots"
_DATABASES: Final = "rds.describe_db_instances"
_CLUSTER_SNAPSHOTS: Final = "rds.describe_db_cluster_snapshots"
_CLUSTERS: Final = "rds.describe_db_clusters"

READS: Final = frozenset({_DB_SNAPSHOTS, _DATABASES, _CLUSTER_SNAPSHOTS, _CLUSTERS})

_NO_DATABASE: Final = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
_NO_SNAPSHOT: Final = ("DBSnapshotNotFound", "DBSnapshotNotFoundFault")
_NO_CLUSTER: Final = ("DBClusterNotFoundFault",)
_NO_CLUSTER_SNAPSHOT: Final = ("DBClusterSnapshotNotFoundFault",)

_FAILED: Final = "contains(['failed', 'incompatible-restore', 'incompatible-network'], @)"
_MADE: Final = "@ != null && @ != 'available'"


def restore_database(plan: Making, name: str, key: str) -> Reencryption:
    """A database that is of no cluster."""
    state = (
        "DBInstances[0].{Key: KmsKeyId, Size: AllocatedStorage, Class: DBInstanceClass, Cluster: DBClusterIdentifier, "
        "Subnets: DBSubnetGroup.DBSubnetGroupName, Groups: VpcSecurityGroups[].VpcSecurityGroupId, MultiAZ: MultiAZ, "
        "Public: PubliclyAccessible, Parameters: DBParameterGroups[0].DBParameterGroupName, "
        "Options: OptionGroupMemberships[0].OptionGroupName, Iam: IAMDatabaseAuthenticationEnabled}"
    )
    _, told = plan.read(_DATABASES, state, DBInstanceIdentifier=name)
    if told["Cluster"]:
        cluster = plan.resource.rpartition(":db:")[0] + f":cluster:{told['Cluster']}"
        raise DemarcateError(f"{plan.resource} is of a cluster, which is under a key as a whole: give {cluster}")
    if told["Key"] == key:
        return Reencryption(None)
    first, new = f"{name}-before-key", f"{name}-new-key"
    taken = {"DBInstanceIdentifier": name, "DBSnapshotIdentifier": first}
    _snapshot(plan, Operation(name="rds.create_db_snapshot", parameters=taken), first)
    copied = {"SourceDBSnapshotIdentifier": first, "TargetDBSnapshotIdentifier": new, "KmsKeyId": key}
    _snapshot(plan, Operation(name="rds.copy_db_snapshot", parameters={**copied, "CopyTags": True}), new)
    given = {
        "DBInstanceIdentifier": new,
        "DBSnapshotIdentifier": new,
        "DBInstanceClass": told["Class"],
        "DBSubnetGroupName": told["Subnets"],
        "VpcSecurityGroupIds": told["Groups"] or None,
        "MultiAZ": told["MultiAZ"],
        "PubliclyAccessible": bool(told["Public"]),
        "DBParameterGroupName": _own(told["Parameters"]),
        "OptionGroupName": _own(told["Options"]),
        "EnableIAMDatabaseAuthentication": told["Iam"],
    }
    _database(plan, "rds.restore_db_instance_from_db_snapshot", given)
    for old, to in ((name, f"{name}-old-key"), (new, name)):
        state = "DBInstances[0].{Status: DBInstanceStatus, Key: KmsKeyId}"
        reads, _ = plan.read(_DATABASES, state, absent=_NO_DATABASE, DBInstanceIdentifier=to)
        _renamed(plan, "rds.modify_db_instance", "DBInstanceIdentifier", reads, old, to, key)
    return Reencryption(
        plan.change(title(plan, key)),
        before=(f"stop what writes to {name}: what is written after the snapshot is not in the new database",),
        then=(
            "compare what a restore does not carry over: alarms, read replicas, deletion protection, secrets, proxies",
            f"delete {name}-old-key and {first} when nobody misses anything: neither comes back",
        ),
        cost=f"two snapshots of {told['Size']} GiB at most and a second {told['Class']}, until the old are deleted",
        outage="from before the snapshot until the new database has the name of the old one; it is slow at first",
    )


def restore_cluster(plan: Making, name: str, key: str) -> Reencryption:
    """A cluster of Aurora, with an instance for each that it has."""
    state = (
        "DBClusters[0].{Key: KmsKeyId, Engine: Engine, Version: EngineVersion, Subnets: DBSubnetGroup, "
        "Groups: VpcSecurityGroups[].VpcSecurityGroupId, Parameters: DBClusterParameterGroup, "
        "Iam: IAMDatabaseAuthenticationEnabled, Members: DBClusterMembers[].{Id: DBInstanceIdentifier, "
        "Writes: IsClusterWriter}, Capacity: ServerlessV2ScalingConfiguration.{MinCapacity: MinCapacity, "
        "MaxCapacity: MaxCapacity}}"
    )
    _, told = plan.read(_CLUSTERS, state, DBClusterIdentifier=name)
    if not told["Engine"].startswith("aurora"):
        raise DemarcateError(f"{plan.resource} is a cluster of {told['Engine']}: re-encrypted are those of Aurora")
    if told["Key"] == key:
        return Reencryption(None)
    first, new = f"{name}-before-key", f"{name}-new-key"
    members = sorted(told["Members"] or (), key=lambda each: not each["Writes"])
    read = {each["Id"]: _of_member(plan, each["Id"]) for each in members}
    _cluster_snapshot(plan, name, first)
    given = {
        "DBClusterIdentifier": new,
        "SnapshotIdentifier": first,
        "Engine": told["Engine"],
        "EngineVersion": told["Version"],
        "KmsKeyId": key,
        "DBSubnetGroupName": told["Subnets"],
        "VpcSecurityGroupIds": told["Groups"] or None,
        "DBClusterParameterGroupName": _own(told["Parameters"]),
        "EnableIAMDatabaseAuthentication": told["Iam"],
        "ServerlessV2ScalingConfiguration": _capacity(told["Capacity"]),
    }
    _cluster(plan, given)
    for member, of_it in read.items():
        made = {
            "DBInstanceIdentifier": f"{member}-new-key",
            "DBClusterIdentifier": new,
            "Engine": told["Engine"],
            "DBInstanceClass": of_it["Class"],
            "PubliclyAccessible": bool(of_it["Public"]),
            "DBParameterGroupName": _own(of_it["Parameters"]),
        }
        _database(plan, "rds.create_db_instance", made)
    for old, to in ((name, f"{name}-old-key"), (new, name)):
        state = "DBClusters[0].{Status: Status, Key: KmsKeyId}"
        reads, _ = plan.read(_CLUSTERS, state, absent=_NO_CLUSTER, DBClusterIdentifier=to)
        _renamed(plan, "rds.modify_db_cluster", "DBClusterIdentifier", reads, old, to, key)
    return Reencryption(
        plan.change(title(plan, key)),
        before=(f"stop what writes to {name}: what is written after the snapshot is not in the new cluster",),
        then=(
            "rename the instances, whose names end in -new-key, where somebody connects to one of them",
            "compare what a restore does not carry over: alarms, replicas in other regions, a global database, "
            "deletion protection, secrets, proxies, roles",
            f"delete {name}-old-key, its instances and {first} when nobody misses anything: none comes back",
        ),
        cost=f"a second cluster with its storage and {len(members)} instances, until the old ones are deleted",
        outage="from before the snapshot until the new cluster has the name of the old one; it is slow at first",
    )


def _of_member(plan: Making, name: str) -> Mapping[str, Any]:
    state = (
        "DBInstances[0].{Class: DBInstanceClass, Public: PubliclyAccessible, "
        "Parameters: DBParameterGroups[0].DBParameterGroupName}"
    )
    told: Mapping[str, Any] = plan.read(_DATABASES, state, DBInstanceIdentifier=name)[1]
    return told


def _capacity(told: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return told if told and told["MinCapacity"] is not None else None


def _own(group: str | None) -> str | None:
    """A group that is not the default one, which a restore takes by itself."""
    return None if group is None or group.startswith(("default.", "default:")) else group


# --- steps ------------------------------------------------------------------------------------------------


def _free(plan: Making, name: str, before: Any) -> None:
    if before is not None:
        raise DemarcateError(f"{plan.resource}: there is {name} already: use it, or delete it")


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in given.items() if value is not None}


def _snapshot(plan: Making, do: Operation, name: str) -> None:
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
        Operation(name="rds.delete_db_snapshot", parameters={"DBSnapshotIdentifier": name}),
        begun="contains(['creating', 'copying'], @)",
        failed="@ == 'failed'",
        risk=("costs",),
        wait=COPYING,
    )


def _cluster_snapshot(plan: Making, cluster: str, name: str) -> None:
    of_it = {"DBClusterSnapshotIdentifier": name}
    state = "DBClusterSnapshots[0].Status"
    reads, before = plan.read(
        _CLUSTER_SNAPSHOTS, state, absent=_NO_CLUSTER_SNAPSHOT, DBClusterSnapshotIdentifier=name
    )
    _free(plan, name, before)
    plan.step(
        Operation(name="rds.create_db_cluster_snapshot", parameters={"DBClusterIdentifier": cluster, **of_it}),
        reads,
        before,
        "@ == 'available'",
        Operation(name="rds.delete_db_cluster_snapshot", parameters=of_it),
        begun="@ == 'creating'",
        failed="@ == 'failed'",
        risk=("costs",),
        wait=COPYING,
    )


def _database(plan: Making, operation: str, given: Mapping[str, Any]) -> None:
    """A step that makes a database, and by which it is deleted again."""
    name = given["DBInstanceIdentifier"]
    reads, before = plan.read(
        _DATABASES, "DBInstances[0].DBInstanceStatus", absent=_NO_DATABASE, DBInstanceIdentifier=name
    )
    _free(plan, name, before)
    of_it = {"DBInstanceIdentifier": name, "SkipFinalSnapshot": True}
    plan.step(
        Operation(name=operation, parameters=_said(given)),
        reads,
        before,
        "@ == 'available'",
        Operation(name="rds.delete_db_instance", parameters=of_it),
        begun=_MADE,
        failed=_FAILED,
        risk=("costs",),
        wait=COPYING,
    )


def _cluster(plan: Making, given: Mapping[str, Any]) -> None:
    name = given["DBClusterIdentifier"]
    reads, before = plan.read(_CLUSTERS, "DBClusters[0].Status", absent=_NO_CLUSTER, DBClusterIdentifier=name)
    _free(plan, name, before)
    of_it = {"DBClusterIdentifier": name, "SkipFinalSnapshot": True}
    plan.step(
        Operation(name="rds.restore_db_cluster_from_snapshot", parameters=_said(given)),
        reads,
        before,
        "@ == 'available'",
        Operation(name="rds.delete_db_cluster", parameters=of_it),
        begun=_MADE,
        failed=_FAILED,
        risk=("costs",),
        wait=COPYING,
    )


def _renamed(plan: Making, operation: str, field: str, reads: Any, old: str, to: str, key: str) -> None:
    """A step that gives a database or a cluster another name, which is free once the steps before it ran. Which of
    the two has a name is told by the key that it is under.
    """
    names = {"ApplyImmediately": True}
    under = "==" if to == plan.resource.rpartition(":")[2] else "!="
    plan.step(
        Operation(name=operation, parameters={field: old, f"New{field}": to, **names}),
        reads,
        None,
        f"Status == 'available' && Key {under} {literal(key)}",
        Operation(name=operation, parameters={field: to, f"New{field}": old, **names}),
        risk=("interrupts",),
        wait=COPYING,
    )
