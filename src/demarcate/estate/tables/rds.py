"""Amazon RDS: instances and clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.standins import DYNAMIC, StandIn, sample
from demarcate.estate.schema.table import (
    FOLLOWED,
    REF,
    Arn,
    Bool,
    Bulk,
    Column,
    Each,
    From,
    Inherited,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
    Within,
    attribute,
)
from demarcate.estate.schema.transforms import each, present
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.tables.backup import SELECTED, selected
from demarcate.estate.tables.rds_engines import VERSION, version_columns
from demarcate.estate.tables.rds_parameters import force_tls_declared

_RESTORED_INSTANCE = (
    "DBClusterIdentifier",
    "DBClusterSnapshotIdentifier",
    "DBSnapshotIdentifier",
    "SourceDBClusterIdentifier",
    "SourceDBInstanceAutomatedBackupsArn",
    "SourceDBInstanceIdentifier",
    "SourceDbiResourceId",
)
_RESTORED_CLUSTER = (
    "GlobalClusterIdentifier",
    "ReplicationSourceIdentifier",
    "SnapshotIdentifier",
    "SourceDBClusterIdentifier",
    "SourceDbClusterResourceId",
)


def _own(name: str, default: Any, sources: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    """A property, or its default; unknown where the database is made from another and takes its setting."""

    def value(properties: Mapping[str, Any]) -> Any:
        if properties.get(name) is not None:
            return properties[name]
        for source in sources:
            if properties.get(source) is not None:
                return Unknown(Kind.INDIRECT, f"{name} is not given: {source} decides it")
        return default

    return value


def _major(item: Mapping[str, Any]) -> Any:
    """The major version of an engine, as RDS counts it: 16 of PostgreSQL 16.4, 8.0 of MySQL 8.0.36."""
    engine, version = item.get("Engine"), item.get("EngineVersion")
    if engine is None or version is None:
        return ABSENT
    unknown = first_unknown([engine, version])
    if unknown is not None:
        return unknown
    parts = str(version).split(".")
    if "postgres" in engine and int(parts[0]) >= 10:
        return parts[0]
    if engine.startswith(("oracle", "custom-oracle")):
        return parts[0]
    return (
        ".".join(parts[:2])
        if len(parts) > 1
        else Unknown(Kind.MALFORMED, f"the major version of {engine} {version}")
    )


def encryption_told(item: Mapping[str, Any]) -> Any:
    """How storage is encrypted; partitions that do not tell the type yet tell whether a KMS key is used."""
    told = item.get("StorageEncryptionType")
    if told is not None:
        return told
    encrypted = item.get("StorageEncrypted", item.get("Encrypted"))
    return ABSENT if encrypted is None else "sse-kms" if encrypted else "none"


def _encryption_declared(sources: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    """How storage will be encrypted: by an AWS owned key in a new Aurora cluster that asks for nothing."""
    own = _own("StorageEncrypted", False, sources)

    def value(properties: Mapping[str, Any]) -> Any:
        encrypted = own(properties)
        if isinstance(encrypted, Unknown):
            return encrypted
        if encrypted:
            return "sse-kms"
        if any(properties.get(source) is not None for source in sources if source != properties.get(FOLLOWED)):
            return Unknown(Kind.INDIRECT, "StorageEncrypted is off, but the database is made from another")
        engine = properties.get("Engine")
        if engine is None or isinstance(engine, Unknown):
            return engine or ABSENT
        return "sse-rds" if str(engine).startswith("aurora") else "none"

    return value


def _undated(actions: list[list[Mapping[str, Any]]]) -> list[str]:
    """The pending actions that will wait for ever: neither AWS nor the customer has set a date."""
    return [action["Action"] for pending in actions for action in pending if "CurrentApplyDate" not in action]


def _flat(actions: list[list[Any]]) -> list[Any]:
    return [action for pending in actions for action in pending]


_PENDING = Each("rds.describe_pending_maintenance_actions", "PendingMaintenanceActions[]")


def _maintenance() -> tuple[Column, ...]:
    path = "@maintenance[].PendingMaintenanceActionDetails"
    return (
        Json("pending_maintenance_actions", live=From(path, _flat), absent=[]),
        Texts(
            "pending_maintenance_undated",
            live=From(path, _undated),
            absent=[],
            about="Pending actions for which no date of application is set.",
        ),
    )


def _default_group_tls(properties: Mapping[str, Any]) -> Any:
    name = properties.get("DBParameterGroupName", "")
    if isinstance(name, Unknown) or (name and not sample(name).startswith("default.")):
        return name if isinstance(name, Unknown) else ""
    if properties.get("DBClusterIdentifier") is not None:
        return ""
    engine, major = properties.get("Engine"), _major(properties)
    if engine is None or isinstance(engine, Unknown) or major is ABSENT or isinstance(major, Unknown):
        return Unknown(Kind.INDIRECT, "the default parameter group depends on the engine's version")
    forced = force_tls_declared({"Family": f"{engine}{major}"})
    if not isinstance(forced, bool):
        return Unknown(Kind.INDIRECT, f"the default parameter group of {engine} {major}")
    return "forced" if forced else "optional"


def _is_resolved(password: Any) -> bool | Unknown:
    if not isinstance(password, StandIn):
        return False
    return password.refers_to(DYNAMIC + "secretsmanager:") or (
        False if password.refers_to(DYNAMIC) else password.unknown
    )


_OTHER_NAMES = {"IamAuthEnabled": "EnableIAMDatabaseAuthentication", "DBPort": "Port"}
"""Properties of Neptune that RDS calls otherwise."""


def _other(engine: str, type_: str) -> Within:
    """The resources of another service that RDS operates, as RDS declares them."""

    def declared(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
        own = {_OTHER_NAMES.get(name, name): value for name, value in properties.items()}
        return [{**own, "Engine": engine}]

    return Within(type_, declared, named=True)


INSTANCE = Table(
    "aws_rds_db_instance",
    "An RDS DB instance, alone or in a cluster.",
    service="rds",
    live=Each("rds.describe_db_instances", "DBInstances[]", by={"DBInstanceIdentifier": "db_instance_identifier"}),
    details={
        "maintenance": Bulk(_PENDING, key="ResourceIdentifier", of="DBInstanceArn"),
        "version": VERSION,
    },
    cloudformation="AWS::RDS::DBInstance",
    within=(_other("docdb", "AWS::DocDB::DBInstance"), _other("neptune", "AWS::Neptune::DBInstance")),
    # A replica has the engine and, within its region, the encryption of its source.
    inherits=(
        Inherited(
            "SourceDBInstanceIdentifier",
            {"Engine": None, "EngineVersion": None, "StorageEncrypted": False, "KmsKeyId": None},
            unless=("SourceRegion",),
        ),
    ),
    ref_property="DBInstanceIdentifier",
    companions={"selected": SELECTED},
    gone=("status", "deleting", "failed"),
    columns=(
        Text("db_instance_identifier", live="DBInstanceIdentifier", cloudformation=REF),
        Arn(live="DBInstanceArn", cloudformation=attribute("DBInstanceArn")),
        Text(
            "db_cluster_identifier",
            live="DBClusterIdentifier",
            absent="",
            about="The cluster that it is in; empty for an instance that stands alone.",
        ),
        Text("status", live="DBInstanceStatus"),
        Text("class", live="DBInstanceClass"),
        Text("engine", live="Engine"),
        Text("engine_version", live="EngineVersion"),
        Text("engine_major_version", live=From("@", _major), cloudformation=From("@", _major)),
        Text(
            "engine_lifecycle_support",
            live="EngineLifecycleSupport",
            about="Whether AWS may go on with it for a fee after standard support has ended.",
        ),
        *version_columns(),
        Int("allocated_storage", live="AllocatedStorage", about="GiB."),
        Text("storage_type", live="StorageType"),
        Bool(
            "storage_encrypted",
            live="StorageEncrypted",
            cloudformation=From("@", _own("StorageEncrypted", False, _RESTORED_INSTANCE)),
            about="Whether a KMS key of the account encrypts it. See storage_encryption_type.",
        ),
        Text(
            "storage_encryption_type",
            live=From("@", encryption_told),
            cloudformation=From("@", _encryption_declared(_RESTORED_INSTANCE)),
            about="none, sse-rds (a key that AWS owns) or sse-kms.",
        ),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Bool("multi_az", live="MultiAZ", cloudformation=From("MultiAZ", absent=False)),
        Bool("publicly_accessible", live="PubliclyAccessible"),
        Bool(
            "auto_minor_version_upgrade",
            live="AutoMinorVersionUpgrade",
            cloudformation=From(
                "@",
                _own("AutoMinorVersionUpgrade", True, _RESTORED_INSTANCE[1:]),
            ),
        ),
        Text(
            "preferred_maintenance_window",
            live="PreferredMaintenanceWindow",
            cloudformation=From("PreferredMaintenanceWindow", absent=""),
            about="In a template, empty where AWS is left to pick one.",
        ),
        *_maintenance(),
        Int(
            "backup_retention_period",
            live="BackupRetentionPeriod",
            cloudformation=From("@", _own("BackupRetentionPeriod", 1, _RESTORED_INSTANCE)),
            about="Days; 0 where automatic backups are off.",
        ),
        Bool(
            "deletion_protection",
            live="DeletionProtection",
            cloudformation=From("DeletionProtection", absent=False),
        ),
        Bool(
            "iam_database_authentication_enabled",
            live="IAMDatabaseAuthenticationEnabled",
            cloudformation="EnableIAMDatabaseAuthentication",
            absent=False,
        ),
        Bool(
            "performance_insights_enabled",
            live="PerformanceInsightsEnabled",
            cloudformation="EnablePerformanceInsights",
            absent=False,
        ),
        Texts(
            "enabled_cloudwatch_logs_exports",
            live="EnabledCloudwatchLogsExports",
            cloudformation="EnableCloudwatchLogsExports",
            absent=[],
        ),
        Int(
            "monitoring_interval",
            live="MonitoringInterval",
            absent=0,
            about="Seconds between samples of enhanced monitoring; 0 where it is off.",
        ),
        Bool(
            "copy_tags_to_snapshot",
            live="CopyTagsToSnapshot",
            cloudformation=From("CopyTagsToSnapshot", absent=False),
        ),
        Text(
            "ca_certificate_identifier",
            live="CACertificateIdentifier",
        ),
        Time("certificate_valid_till", live="CertificateDetails.ValidTill"),
        Text(
            "db_parameter_group_name",
            live="DBParameterGroups[0].DBParameterGroupName",
            cloudformation="DBParameterGroupName",
        ),
        Text(
            "default_group_tls",
            live=From("@", lambda _: ""),
            cloudformation=From("@", _default_group_tls),
            about="In a template that leaves the instance in its engine's default parameter group: forced, or "
            "optional where that group lets connections without TLS in. Else empty.",
        ),
        Bool(
            "master_user_password_managed",
            live=From("MasterUserSecret", present),
            cloudformation="ManageMasterUserPassword",
            absent=False,
            about="Whether Secrets Manager holds and rotates the master user's password.",
        ),
        Bool(
            "master_user_password_resolved",
            live=From("@", lambda _: False),
            cloudformation=From("MasterUserPassword", _is_resolved),
            absent=False,
            about="Whether a template takes the master user's password from Secrets Manager by a dynamic "
            "reference. AWS does not tell it.",
        ),
        Text("master_user_name", live="MasterUsername"),
        Int("port", live="Endpoint.Port", cloudformation="Port"),
        Text("db_subnet_group_name", live="DBSubnetGroup.DBSubnetGroupName", cloudformation="DBSubnetGroupName"),
        Text("vpc_id", live="DBSubnetGroup.VpcId"),
        Texts("subnet_ids", live=From("DBSubnetGroup.Subnets", each("SubnetIdentifier"))),
        Texts(
            "vpc_security_group_ids",
            live=From("VpcSecurityGroups", each("VpcSecurityGroupId")),
            cloudformation="VPCSecurityGroups",
        ),
        Text(
            "read_replica_source_db_instance_identifier",
            live="ReadReplicaSourceDBInstanceIdentifier",
            cloudformation="SourceDBInstanceIdentifier",
            absent="",
        ),
        Time("create_time", live="InstanceCreateTime"),
        selected(),
        Tags(live="TagList"),
    ),
)

CLUSTER = Table(
    "aws_rds_db_cluster",
    "An Aurora cluster, or a Multi-AZ DB cluster of RDS.",
    service="rds",
    live=Each("rds.describe_db_clusters", "DBClusters[]", by={"DBClusterIdentifier": "db_cluster_identifier"}),
    details={
        "maintenance": Bulk(_PENDING, key="ResourceIdentifier", of="DBClusterArn"),
        "version": VERSION,
    },
    cloudformation="AWS::RDS::DBCluster",
    within=(_other("docdb", "AWS::DocDB::DBCluster"), _other("neptune", "AWS::Neptune::DBCluster")),
    ref_property="DBClusterIdentifier",
    companions={"selected": SELECTED},
    gone=("status", "deleting"),
    columns=(
        Text("db_cluster_identifier", live="DBClusterIdentifier", cloudformation=REF),
        Arn(live="DBClusterArn", cloudformation=attribute("DBClusterArn")),
        Text("status", live="Status"),
        Text("engine", live="Engine"),
        Text("engine_version", live="EngineVersion"),
        Text("engine_major_version", live=From("@", _major), cloudformation=From("@", _major)),
        Text("engine_mode", live="EngineMode", absent="provisioned"),
        Text("engine_lifecycle_support", live="EngineLifecycleSupport"),
        *version_columns(),
        Bool(
            "storage_encrypted",
            live="StorageEncrypted",
            cloudformation=From("@", _own("StorageEncrypted", False, _RESTORED_CLUSTER)),
            about="Whether a KMS key of the account encrypts it. See storage_encryption_type.",
        ),
        Text(
            "storage_encryption_type",
            live=From("@", encryption_told),
            cloudformation=From("@", _encryption_declared(_RESTORED_CLUSTER)),
            about="none, sse-rds (a key that AWS owns) or sse-kms.",
        ),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Bool("multi_az", live="MultiAZ"),
        Bool(
            "auto_minor_version_upgrade",
            live="AutoMinorVersionUpgrade",
            cloudformation=From("@", _own("AutoMinorVersionUpgrade", True, _RESTORED_CLUSTER)),
        ),
        Text(
            "preferred_maintenance_window",
            live="PreferredMaintenanceWindow",
            cloudformation=From("PreferredMaintenanceWindow", absent=""),
            about="In a template, empty where AWS is left to pick one.",
        ),
        *_maintenance(),
        Int(
            "backup_retention_period",
            live="BackupRetentionPeriod",
            cloudformation=From("@", _own("BackupRetentionPeriod", 1, _RESTORED_CLUSTER)),
            about="Days.",
        ),
        Int(
            "backtrack_window",
            live="BacktrackWindow",
            absent=0,
            about="Seconds that an Aurora MySQL cluster can be wound back; 0 where it cannot.",
        ),
        Bool(
            "deletion_protection",
            live="DeletionProtection",
            cloudformation=From("DeletionProtection", absent=False),
        ),
        Bool(
            "iam_database_authentication_enabled",
            live="IAMDatabaseAuthenticationEnabled",
            cloudformation="EnableIAMDatabaseAuthentication",
            absent=False,
        ),
        Texts(
            "enabled_cloudwatch_logs_exports",
            live="EnabledCloudwatchLogsExports",
            cloudformation="EnableCloudwatchLogsExports",
            absent=[],
        ),
        Bool(
            "copy_tags_to_snapshot",
            live="CopyTagsToSnapshot",
            cloudformation=From("CopyTagsToSnapshot", absent=False),
        ),
        Bool(
            "http_endpoint_enabled",
            live="HttpEndpointEnabled",
            cloudformation="EnableHttpEndpoint",
            absent=False,
            about="Whether SQL may be sent over the RDS Data API.",
        ),
        Bool(
            "master_user_password_managed",
            live=From("MasterUserSecret", present),
            cloudformation="ManageMasterUserPassword",
            absent=False,
            about="Whether Secrets Manager holds and rotates the master user's password.",
        ),
        Text("master_user_name", live="MasterUsername"),
        Int("port", live="Port"),
        Text("activity_stream_status", live="ActivityStreamStatus", absent="stopped"),
        Texts("members", live=From("DBClusterMembers", each("DBInstanceIdentifier")), absent=[]),
        Texts(
            "vpc_security_group_ids",
            live=From("VpcSecurityGroups", each("VpcSecurityGroupId")),
            cloudformation="VpcSecurityGroupIds",
        ),
        Time("create_time", live="ClusterCreateTime"),
        selected(),
        Tags(live="TagList"),
    ),
)
