"""Amazon RDS: snapshots of instances and clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.table import Arn, Bool, Call, Each, From, Table, Tags, Text, Texts, Time
from demarcate.estate.tables.rds import encryption_told

_SHAREABLE = ("SnapshotType", "manual")
"""Only what was made by hand can be shared; an automated snapshot must be copied first
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html)."""


def _shared_with(attributes: list[Mapping[str, Any]]) -> list[str]:
    return [
        account
        for attribute in attributes
        if attribute.get("AttributeName") == "restore"
        for account in attribute.get("AttributeValues", ())
    ]


def _public(attributes: list[Mapping[str, Any]]) -> bool:
    return "all" in _shared_with(attributes)


SNAPSHOT = Table(
    "aws_rds_db_snapshot",
    "A snapshot of an RDS DB instance.",
    service="rds",
    live=Each("rds.describe_db_snapshots", "DBSnapshots[]", by={"DBSnapshotIdentifier": "db_snapshot_identifier"}),
    details={
        "attributes": Call(
            "rds.describe_db_snapshot_attributes",
            inputs={"DBSnapshotIdentifier": "DBSnapshotIdentifier"},
            only=_SHAREABLE,
        ),
    },
    gone=("status", "deleting", "failed"),
    columns=(
        Text("db_snapshot_identifier", live="DBSnapshotIdentifier"),
        Arn(live="DBSnapshotArn"),
        Text("db_instance_identifier", live="DBInstanceIdentifier"),
        Text("type", live="SnapshotType", about="automated, manual, or awsbackup."),
        Text("status", live="Status"),
        Text("engine", live="Engine"),
        Text("engine_version", live="EngineVersion"),
        Bool("encrypted", live="Encrypted", about="Whether a KMS key of the account encrypts it."),
        Text("storage_encryption_type", live=From("@", encryption_told)),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Time("create_time", live="SnapshotCreateTime"),
        Texts(
            "shared_with",
            live=From("@attributes.DBSnapshotAttributesResult.DBSnapshotAttributes", _shared_with),
            absent=[],
            about="The accounts that may restore it; 'all' for everyone.",
        ),
        Bool(
            "public",
            live=From("@attributes.DBSnapshotAttributesResult.DBSnapshotAttributes", _public),
            absent=False,
            about="Whether every AWS account may restore it.",
        ),
        Tags(live="TagList", cloudformation=None),
    ),
)

CLUSTER_SNAPSHOT = Table(
    "aws_rds_db_cluster_snapshot",
    "A snapshot of an RDS DB cluster.",
    service="rds",
    live=Each(
        "rds.describe_db_cluster_snapshots",
        "DBClusterSnapshots[]",
        by={"DBClusterSnapshotIdentifier": "db_cluster_snapshot_identifier"},
    ),
    details={
        "attributes": Call(
            "rds.describe_db_cluster_snapshot_attributes",
            inputs={"DBClusterSnapshotIdentifier": "DBClusterSnapshotIdentifier"},
            only=_SHAREABLE,
        ),
    },
    gone=("status", "deleting", "failed"),
    columns=(
        Text("db_cluster_snapshot_identifier", live="DBClusterSnapshotIdentifier"),
        Arn(live="DBClusterSnapshotArn"),
        Text("db_cluster_identifier", live="DBClusterIdentifier"),
        Text("type", live="SnapshotType", about="automated, manual, or awsbackup."),
        Text("status", live="Status"),
        Text("engine", live="Engine"),
        Text("engine_version", live="EngineVersion"),
        Bool("storage_encrypted", live="StorageEncrypted"),
        Text("storage_encryption_type", live=From("@", encryption_told)),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Time("create_time", live="SnapshotCreateTime"),
        Texts(
            "shared_with",
            live=From("@attributes.DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes", _shared_with),
            absent=[],
            about="The accounts that may restore it; 'all' for everyone.",
        ),
        Bool(
            "public",
            live=From("@attributes.DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes", _public),
            absent=False,
            about="Whether every AWS account may restore it.",
        ),
        Tags(live="TagList", cloudformation=None),
    ),
)
