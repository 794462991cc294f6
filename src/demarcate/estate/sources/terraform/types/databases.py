"""RDS, DocumentDB, Neptune, DynamoDB, caches, Redshift and DMS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.terraform.forms import blocks, within
from demarcate.estate.sources.terraform.mapped import NOTHING, OWN, Mapped, Values
from demarcate.estate.sources.terraform.shaping import at


def _retention(values: Values) -> Any:
    """How long backups are kept. The provider creates an instance with none where nothing is said; what it restores or
    copies from another one has that one's.
    """
    told = values.get("backup_retention_period")
    copied = ("replicate_source_db", "snapshot_identifier", "restore_to_point_in_time", "s3_import")
    return told if told is not None else ABSENT if any(values.get(name) for name in copied) else 0


def _or(name: str, default: Any) -> Any:
    """What an attribute says, or what the provider sends where it says nothing."""
    return lambda values: values.get(name, default)


def _parameters(values: Values) -> Any:
    """Parameters by name."""
    several = blocks(values, "parameter")
    if isinstance(several, Unknown):
        return several
    return {each["name"]: each.get("value") for each in several} or ABSENT


def _encryption(values: Values) -> Any:
    """How a table is encrypted. The provider's `enabled` is for a key of KMS; without, DynamoDB's own is used."""
    enabled = at(values, "server_side_encryption.enabled")
    if enabled is ABSENT:
        return ABSENT
    told = {"SSEEnabled": enabled}
    if (key := at(values, "server_side_encryption.kms_key_arn")) not in (ABSENT, None, ""):
        told["KMSMasterKeyId"] = key
    return told


def _logging(values: Values) -> Any:
    """Where a cluster logs to, where that is in the cluster itself and on."""
    enabled = at(values, "logging.enable")
    if isinstance(enabled, Unknown):
        return enabled
    return {"BucketName": at(values, "logging.bucket_name")} if enabled is True else ABSENT


_INSTANCE: Final[Mapping[str, Any]] = {"DBInstanceClass": "instance_class", "DBInstanceIdentifier": "identifier"}
_DATABASE: Final = {**_INSTANCE, "CACertificateIdentifier": "ca_cert_identifier"}
_IN_CLUSTER: Final = {**_DATABASE, "DBClusterIdentifier": "cluster_identifier"}

_CLUSTER: Final[Mapping[str, Any]] = {
    "DBClusterIdentifier": "cluster_identifier",
}

_DOCDB: Final[Mapping[str, Any]] = {
    "CopyTagsToSnapshot": NOTHING,
    "EnableCloudwatchLogsExports": "enabled_cloudwatch_logs_exports",
}

MAPPED = (
    Mapped(
        "aws_db_instance",
        "AWS::RDS::DBInstance",
        ref=("identifier",),
        names={
            **_DATABASE,
            "DBClusterIdentifier": NOTHING,
            "BackupRetentionPeriod": _retention,
            "DBParameterGroupName": "parameter_group_name",
            "EnableCloudwatchLogsExports": "enabled_cloudwatch_logs_exports",
            "EnableIAMDatabaseAuthentication": "iam_database_authentication_enabled",
            "EnablePerformanceInsights": "performance_insights_enabled",
            "MasterUserPassword": "password",
            "MasterUsername": "username",
            "PreferredBackupWindow": "backup_window",
            "PreferredMaintenanceWindow": "maintenance_window",
            "SourceDBInstanceIdentifier": "replicate_source_db",
            "DBSnapshotIdentifier": "snapshot_identifier",
            "SourceDbiResourceId": "restore_to_point_in_time.source_dbi_resource_id",
            "SourceDBClusterIdentifier": NOTHING,
            "DBClusterSnapshotIdentifier": NOTHING,
            "SourceDBInstanceAutomatedBackupsArn": "restore_to_point_in_time.source_db_instance_automated_backups_arn",
            "VPCSecurityGroups": "vpc_security_group_ids",
        },
    ),
    Mapped(
        "aws_rds_cluster_instance",
        "AWS::RDS::DBInstance",
        ref=("identifier", "id"),
        names={
            **_IN_CLUSTER,
            "DBParameterGroupName": "db_parameter_group_name",
            "EnablePerformanceInsights": "performance_insights_enabled",
            "*": NOTHING,
        },
    ),
    Mapped("aws_docdb_cluster_instance", "AWS::DocDB::DBInstance", ref=("identifier", "id"), names=_IN_CLUSTER),
    Mapped(
        "aws_neptune_cluster_instance",
        "AWS::Neptune::DBInstance",
        ref=("identifier", "id"),
        names={
            **_INSTANCE,
            "DBClusterIdentifier": "cluster_identifier",
            "DBParameterGroupName": "neptune_parameter_group_name",
            "DBSubnetGroupName": "neptune_subnet_group_name",
        },
    ),
    Mapped(
        "aws_rds_cluster",
        "AWS::RDS::DBCluster",
        ref=("cluster_identifier", "id"),
        names={
            **_CLUSTER,
            "AutoMinorVersionUpgrade": NOTHING,
            "EnableCloudwatchLogsExports": "enabled_cloudwatch_logs_exports",
            "EnableIAMDatabaseAuthentication": "iam_database_authentication_enabled",
            "MasterUserPassword": "master_password",
            "SourceDBClusterIdentifier": "restore_to_point_in_time.source_cluster_identifier",
            "SourceDbClusterResourceId": "restore_to_point_in_time.source_cluster_resource_id",
        },
    ),
    Mapped(
        "aws_docdb_cluster",
        "AWS::DocDB::DBCluster",
        ref=("cluster_identifier", "id"),
        names={**_CLUSTER, **_DOCDB},
    ),
    Mapped(
        "aws_neptune_cluster",
        "AWS::Neptune::DBCluster",
        ref=("cluster_identifier", "id"),
        names={
            **_CLUSTER,
            "DBPort": "port",
            "IamAuthEnabled": "iam_database_authentication_enabled",
            "KmsKeyId": "kms_key_arn",
            "DBSubnetGroupName": "neptune_subnet_group_name",
        },
    ),
    Mapped(
        "aws_db_parameter_group",
        "AWS::RDS::DBParameterGroup",
        ref=("name", "id"),
        names={"DBParameterGroupName": "name", "Parameters": _parameters},
    ),
    Mapped(
        "aws_db_event_subscription",
        "AWS::RDS::EventSubscription",
        ref=("name", "id"),
        names={"SubscriptionName": "name", "SnsTopicArn": "sns_topic"},
    ),
    Mapped(
        "aws_dynamodb_table",
        "AWS::DynamoDB::Table",
        ref=("name", "id"),
        names={
            "TableName": "name",
            "PointInTimeRecoverySpecification": "point_in_time_recovery",
            "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "enabled",
            "ResourcePolicy": NOTHING,
            "SSESpecification": _encryption,
            "TimeToLiveSpecification": "ttl",
        },
    ),
    Mapped(
        "aws_dynamodb_resource_policy",
        "AWS::DynamoDB::Table",
        into="resource_arn",
        names={"ResourcePolicy": within("PolicyDocument", "policy")},
    ),
    Mapped(
        "aws_elasticache_cluster",
        "AWS::ElastiCache::CacheCluster",
        ref=("cluster_id", "id"),
        names={
            "ClusterName": "cluster_id",
            "CacheNodeType": "node_type",
            "CacheSubnetGroupName": "subnet_group_name",
            "CacheParameterGroupName": "parameter_group_name",
            "PreferredMaintenanceWindow": "maintenance_window",
            "VpcSecurityGroupIds": "security_group_ids",
            f"{OWN}ReplicationGroupId": "replication_group_id",
        },
    ),
    Mapped(
        "aws_elasticache_replication_group",
        "AWS::ElastiCache::ReplicationGroup",
        ref=("replication_group_id", "id"),
        names={
            "ReplicationGroupId": "replication_group_id",
            "ReplicationGroupDescription": ("description", "replication_group_description"),
            "CacheNodeType": "node_type",
            "CacheParameterGroupName": "parameter_group_name",
            "CacheSubnetGroupName": "subnet_group_name",
            "Durability": NOTHING,
            "NumCacheClusters": ("num_cache_clusters", "number_cache_clusters"),
            "PreferredMaintenanceWindow": "maintenance_window",
        },
    ),
    Mapped("aws_memorydb_cluster", "AWS::MemoryDB::Cluster", ref=("name", "id"), names={"ClusterName": "name"}),
    Mapped(
        "aws_redshift_cluster",
        "AWS::Redshift::Cluster",
        ref=("cluster_identifier", "id"),
        names={
            "DBName": "database_name",
            "DestinationRegion": "snapshot_copy.destination_region",
            "LoggingProperties": _logging,
            "MasterUserPassword": "master_password",
            "ManageMasterPassword": "manage_master_password",
            "SnapshotIdentifier": ("snapshot_identifier", "snapshot_arn"),
        },
    ),
    Mapped("aws_redshift_logging", "AWS::Redshift::Cluster", at="LoggingProperties", into="cluster_identifier"),
    Mapped(
        "aws_redshift_snapshot_copy",
        "AWS::Redshift::Cluster",
        into="cluster_identifier",
        names={"DestinationRegion": "destination_region"},
    ),
    Mapped(
        "aws_redshift_parameter_group",
        "AWS::Redshift::ClusterParameterGroup",
        ref=("name", "id"),
        names={
            "ParameterGroupName": "name",
            "ParameterGroupFamily": "family",
            "Parameters.ParameterName": "name",
            "Parameters.ParameterValue": "value",
        },
    ),
    Mapped(
        "aws_dms_replication_instance",
        "AWS::DMS::ReplicationInstance",
        ref=("replication_instance_arn",),
        names={
            "ReplicationInstanceIdentifier": "replication_instance_id",
            "KmsKeyId": "kms_key_arn",
            # Both are false where nothing is said: see the provider's documentation of aws_dms_replication_instance.
            "AutoMinorVersionUpgrade": _or("auto_minor_version_upgrade", False),
            "PubliclyAccessible": _or("publicly_accessible", False),
        },
    ),
)
