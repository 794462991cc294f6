"""Amazon EFS: file systems and their access points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Each,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Time,
    attribute,
)
from demarcate.estate.schema.transforms import document, equals, present
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.tables.backup import SELECTED, selected


def _backs_up(properties: Mapping[str, Any]) -> Any:
    """Whether a template's file system is backed up: by default only one of a single zone is."""
    policy = properties.get("BackupPolicy")
    status = policy if policy is None or isinstance(policy, Unknown) else policy.get("Status")
    if status is None:
        zone = properties.get("AvailabilityZoneName")
        return zone if isinstance(zone, Unknown) else zone is not None
    return status if isinstance(status, Unknown) else status == "ENABLED"


FILE_SYSTEM = Table(
    "aws_efs_file_system",
    "An EFS file system.",
    service="efs",
    live=Each("efs.describe_file_systems", "FileSystems[]", by={"FileSystemId": "file_system_id"}),
    details={
        "backup": Call(
            "efs.describe_backup_policy", inputs={"FileSystemId": "FileSystemId"}, absent=("PolicyNotFound",)
        ),
        "lifecycle": Call("efs.describe_lifecycle_configuration", inputs={"FileSystemId": "FileSystemId"}),
        "policy": Call(
            "efs.describe_file_system_policy",
            inputs={"FileSystemId": "FileSystemId"},
            absent=("PolicyNotFound",),
        ),
    },
    cloudformation="AWS::EFS::FileSystem",
    ref_attributes=("FileSystemId",),
    companions={"selected": SELECTED},
    gone=("life_cycle_state", "deleting", "deleted", "error"),
    columns=(
        Text("file_system_id", live="FileSystemId", cloudformation=REF),
        Arn(live="FileSystemArn", cloudformation=attribute("Arn")),
        Text("name", live="Name", absent=""),
        Text("life_cycle_state", live="LifeCycleState"),
        Bool("encrypted", live="Encrypted", cloudformation=From("Encrypted", absent=False)),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Bool(
            "automatic_backups_enabled",
            live=From("@backup.BackupPolicy.Status", equals("ENABLED", "ENABLING")),
            cloudformation=From("@", _backs_up),
            absent=False,
        ),
        Json(
            "policy",
            live=From("@policy.Policy", document),
            cloudformation=From("FileSystemPolicy", document),
            absent={},
        ),
        Json(
            "lifecycle_policies",
            live="@lifecycle.LifecyclePolicies",
            cloudformation="LifecyclePolicies",
            absent=[],
        ),
        Text(
            "availability_zone_name",
            live="AvailabilityZoneName",
            absent="",
            about="The one zone that holds it; empty where several do.",
        ),
        Bool(
            "replication_overwrite_protection",
            live=From("FileSystemProtection.ReplicationOverwriteProtection", equals("ENABLED")),
            cloudformation=From(
                "FileSystemProtection.ReplicationOverwriteProtection", equals("ENABLED"), absent=True
            ),
        ),
        Text("performance_mode", live="PerformanceMode"),
        Text("throughput_mode", live="ThroughputMode"),
        Int("number_of_mount_targets", live="NumberOfMountTargets"),
        Time("creation_time", live="CreationTime"),
        selected(),
        Tags(live="Tags", cloudformation="FileSystemTags"),
    ),
)

ACCESS_POINT = Table(
    "aws_efs_access_point",
    "An access point of an EFS file system.",
    service="efs",
    live=Each("efs.describe_access_points", "AccessPoints[]"),
    cloudformation="AWS::EFS::AccessPoint",
    columns=(
        Text("access_point_id", live="AccessPointId", cloudformation=REF),
        Arn(live="AccessPointArn", cloudformation=attribute("Arn")),
        Text("file_system_id", live="FileSystemId"),
        Bool(
            "posix_user_enforced",
            live=From("PosixUser", present),
            absent=False,
            about="Whether all who mount it act as one user that it names.",
        ),
        Text(
            "root_directory_path",
            live="RootDirectory.Path",
            absent="/",
        ),
        Tags(live="Tags", cloudformation="AccessPointTags"),
    ),
)

MOUNT_TARGET = Table(
    "aws_efs_mount_target",
    "A mount target of an EFS file system: its address in a subnet.",
    service="efs",
    live=(
        Each("efs.describe_file_systems", "FileSystems[]"),
        Each("efs.describe_mount_targets", "MountTargets[]", inputs={"FileSystemId": "FileSystemId"}),
    ),
    cloudformation="AWS::EFS::MountTarget",
    gone=("life_cycle_state", "deleting", "deleted", "error"),
    columns=(
        Text("mount_target_id", live="MountTargetId", cloudformation=REF),
        Arn(
            "arn:{partition}:elasticfilesystem:{region}:{account_id}:mount-target/{mount_target_id}",
            cloudformation=REF,
        ),
        Text("file_system_id", live="FileSystemId"),
        Text("subnet_id", live="SubnetId"),
        Text("vpc_id", live="VpcId"),
        Text("life_cycle_state", live="LifeCycleState"),
    ),
)
