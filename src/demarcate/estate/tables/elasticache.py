"""Amazon ElastiCache: clusters and replication groups, and the engine versions on offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Bulk,
    Call,
    Each,
    From,
    Int,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import each, equals
from demarcate.estate.schema.unknown import Unknown


def _encryption_told(group: Mapping[str, Any]) -> Any:
    """How data at rest is encrypted; partitions that do not tell the type yet tell whether it is."""
    told = group.get("StorageEncryptionType")
    if told is not None:
        return told
    encrypted = group.get("AtRestEncryptionEnabled")
    if encrypted is None:
        return ABSENT
    if not encrypted:
        return "none"
    return "sse-kms" if group.get("KmsKeyId") else "sse-elasticache"


def _at_rest(properties: Mapping[str, Any]) -> Any:
    """Whether a template's group is encrypted at rest: Valkey is by default, Redis OSS is not."""
    declared = properties.get("AtRestEncryptionEnabled")
    if declared is not None:
        return declared
    engine = properties.get("Engine")
    if engine is None or isinstance(engine, Unknown):
        return engine or ABSENT
    return str(engine).lower() == "valkey"


def _encryption_declared(properties: Mapping[str, Any]) -> Any:
    encrypted = _at_rest(properties)
    if encrypted is ABSENT or isinstance(encrypted, Unknown):
        return encrypted
    if not encrypted:
        durability = properties.get("Durability")
        if isinstance(durability, Unknown):
            return durability
        return "none" if durability in (None, "disabled") else ABSENT
    return "sse-elasticache" if properties.get("KmsKeyId") is None else "sse-kms"


def _has_token(properties: Mapping[str, Any]) -> bool:
    """Whether a token is given, whatever it is."""
    return properties.get("AuthToken") is not None


def _mode_declared(properties: Mapping[str, Any]) -> Any:
    enabled = properties.get("TransitEncryptionEnabled", False)
    if isinstance(enabled, Unknown):
        return enabled
    return properties.get("TransitEncryptionMode", "required") if enabled else ""


CLUSTER = Table(
    "aws_elasticache_cluster",
    "An ElastiCache cluster: Memcached, or one node of a replication group.",
    service="elasticache",
    live=Each("elasticache.describe_cache_clusters", "CacheClusters[]", by={"CacheClusterId": "cache_cluster_id"}),
    details={"tags": Call("elasticache.list_tags_for_resource", inputs={"ResourceName": "ARN"})},
    cloudformation="AWS::ElastiCache::CacheCluster",
    ref_property="ClusterName",
    gone=("cache_cluster_status", "deleting", "deleted"),
    columns=(
        Text("cache_cluster_id", live="CacheClusterId", cloudformation=REF),
        Arn(live="ARN", cloudformation=REF),
        Text(
            "replication_group_id",
            live="ReplicationGroupId",
            cloudformation=From("@", lambda _: ""),
            absent="",
            about="The replication group that it is a node of; empty for one that stands alone.",
        ),
        Text("cache_cluster_status", live="CacheClusterStatus"),
        Text("cache_node_type", live="CacheNodeType"),
        Int("num_cache_nodes", live="NumCacheNodes"),
        Text("engine", live="Engine"),
        Text("engine_version", live="EngineVersion"),
        Bool(
            "auto_minor_version_upgrade",
            live="AutoMinorVersionUpgrade",
        ),
        Text(
            "preferred_maintenance_window",
            live="PreferredMaintenanceWindow",
            cloudformation=From("PreferredMaintenanceWindow", absent=""),
            about="In a template, empty where AWS is left to pick one.",
        ),
        Bool("at_rest_encryption_enabled", live="AtRestEncryptionEnabled"),
        Bool(
            "transit_encryption_enabled",
            live="TransitEncryptionEnabled",
            absent=False,
        ),
        Bool("auth_token_enabled", live="AuthTokenEnabled"),
        Int(
            "snapshot_retention_limit",
            live="SnapshotRetentionLimit",
            absent=0,
            about="Days; 0 where automatic backups are off.",
        ),
        Text("cache_subnet_group_name", live="CacheSubnetGroupName"),
        Texts(
            "log_types",
            live=From("LogDeliveryConfigurations", each("LogType")),
            absent=[],
            about="slow-log, engine-log.",
        ),
        Text(
            "notification_topic_arn",
            live="NotificationConfiguration.TopicArn",
            cloudformation="NotificationTopicArn",
            absent="",
        ),
        Texts(
            "security_group_ids",
            live=From("SecurityGroups", each("SecurityGroupId")),
            cloudformation="VpcSecurityGroupIds",
        ),
        Time("cache_cluster_create_time", live="CacheClusterCreateTime"),
        Tags(live="@tags.TagList"),
    ),
)

REPLICATION_GROUP = Table(
    "aws_elasticache_replication_group",
    "An ElastiCache replication group: Valkey or Redis OSS.",
    service="elasticache",
    live=Each(
        "elasticache.describe_replication_groups",
        "ReplicationGroups[]",
        by={"ReplicationGroupId": "replication_group_id"},
    ),
    details={
        "clusters": Bulk(
            Each("elasticache.describe_cache_clusters", "CacheClusters[]"),
            key="ReplicationGroupId",
            of="ReplicationGroupId",
        ),
        "tags": Call("elasticache.list_tags_for_resource", inputs={"ResourceName": "ARN"}),
    },
    cloudformation="AWS::ElastiCache::ReplicationGroup",
    ref_property="ReplicationGroupId",
    gone=("status", "deleting", "create-failed"),
    columns=(
        Text("replication_group_id", live="ReplicationGroupId", cloudformation=REF),
        Arn(live="ARN", cloudformation=REF),
        Text("description", live="Description", cloudformation="ReplicationGroupDescription"),
        Text("status", live="Status"),
        Text("cache_node_type", live="CacheNodeType"),
        Text("engine", live="Engine"),
        Bool(
            "auto_minor_version_upgrade",
            live="AutoMinorVersionUpgrade",
        ),
        Bool(
            "at_rest_encryption_enabled",
            live="AtRestEncryptionEnabled",
            cloudformation=From("@", _at_rest),
            about="Whether it was asked for. See storage_encryption_type for what is.",
        ),
        Text(
            "storage_encryption_type",
            live=From("@", _encryption_told),
            cloudformation=From("@", _encryption_declared),
            about="none, sse-elasticache (a key that AWS owns) or sse-kms.",
        ),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Bool(
            "transit_encryption_enabled",
            live="TransitEncryptionEnabled",
            absent=False,
        ),
        Text(
            "transit_encryption_mode",
            live="TransitEncryptionMode",
            cloudformation=From("@", _mode_declared),
            absent="",
            about="required, preferred (plain connections are taken too), or empty.",
        ),
        Bool(
            "auth_token_enabled",
            live="AuthTokenEnabled",
            cloudformation=From("@", _has_token),
            absent=False,
        ),
        Texts("user_group_ids", live="UserGroupIds", absent=[]),
        Bool(
            "automatic_failover_enabled",
            live=From("AutomaticFailover", equals("enabled", "enabling")),
            cloudformation="AutomaticFailoverEnabled",
            absent=False,
        ),
        Bool(
            "multi_az_enabled",
            live=From("MultiAZ", equals("enabled")),
            cloudformation="MultiAZEnabled",
            absent=False,
        ),
        Int(
            "snapshot_retention_limit",
            live="SnapshotRetentionLimit",
            absent=0,
            about="Days; 0 where automatic backups are off.",
        ),
        Text("snapshot_window", live="SnapshotWindow", absent=""),
        Text(
            "preferred_maintenance_window",
            live="@clusters[0].PreferredMaintenanceWindow",
            cloudformation=From("PreferredMaintenanceWindow", absent=""),
            about="Of its member clusters. In a template, empty where AWS is left to pick one.",
        ),
        Texts(
            "log_types",
            live=From("LogDeliveryConfigurations", each("LogType")),
            absent=[],
            about="slow-log, engine-log.",
        ),
        Texts("member_clusters", live="MemberClusters", absent=[]),
        Time("replication_group_create_time", live="ReplicationGroupCreateTime"),
        Tags(live="@tags.TagList"),
    ),
)

UPDATE_ACTION = Table(
    "aws_elasticache_update_action",
    "A service update that a cluster or replication group has not had yet.",
    service="elasticache",
    live=Each(
        "elasticache.describe_update_actions",
        "UpdateActions[]",
        params={
            "UpdateActionStatus": [
                "not-applied",
                "waiting-to-start",
                "in-progress",
                "stopping",
                "stopped",
                "scheduling",
                "scheduled",
            ]
        },
    ),
    columns=(
        Text("service_update_name", live="ServiceUpdateName"),
        Text("replication_group_id", live="ReplicationGroupId", absent=""),
        Text("cache_cluster_id", live="CacheClusterId", absent=""),
        Arn(
            "arn:{partition}:elasticache:{region}:{account_id}:update-action/{service_update_name}/"
            "{replication_group_id}{cache_cluster_id}"
        ),
        Text("engine", live="Engine"),
        Text("service_update_type", live="ServiceUpdateType", about="Such as security-update."),
        Text("service_update_severity", live="ServiceUpdateSeverity"),
        Text("service_update_status", live="ServiceUpdateStatus", about="available, cancelled or expired."),
        Text("update_action_status", live="UpdateActionStatus"),
        Time("service_update_release_date", live="ServiceUpdateReleaseDate"),
        Time(
            "service_update_recommended_apply_by_date",
            live="ServiceUpdateRecommendedApplyByDate",
            about="Until when AWS asks to apply it.",
        ),
        Text("estimated_update_time", live="EstimatedUpdateTime", absent=""),
    ),
)

ENGINE_VERSION = Table(
    "aws_elasticache_engine_version",
    "Until when ElastiCache supports a major version of an engine.",
    service="elasticache",
    facts=True,
    columns=(
        Text("engine"),
        Text("major_engine_version", about="The first number of the version, such as 7."),
        Time("end_of_standard_support", about="From this day AWS adds no fixes but those that are paid for."),
        Time("end_of_extended_support", about="From this day it adds none."),
    ),
)

OFFERED_VERSION = Table(
    "aws_elasticache_cache_engine_version",
    "A version of an engine that ElastiCache offers.",
    service="elasticache",
    live=Each("elasticache.describe_cache_engine_versions", "CacheEngineVersions[]"),
    on_offer=True,
    columns=(
        Text("engine", live="Engine", about="memcached, redis or valkey."),
        Text("engine_version", live="EngineVersion", about="Such as 7.1."),
        Arn("arn:{partition}:elasticache:{region}:{account_id}:engineversion/{engine}/{engine_version}"),
        Text("cache_parameter_group_family", live="CacheParameterGroupFamily"),
    ),
)
