"""What managed databases, caches, brokers and clusters answer and moto lacks: versions, what waits, what is offered."""

from __future__ import annotations

from typing import Any

from tests.aws.answers.data.common import ACCOUNT, THEN

MEMORYDB = f"arn:aws:memorydb:$region:{ACCOUNT}:cluster/sessions"
REPLICATION = f"arn:aws:dms:$region:{ACCOUNT}:rep:ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CLUSTER = f"arn:aws:elasticmapreduce:$region:{ACCOUNT}:cluster/j-0123456789ABC"
TAGS = [{"Key": "env", "Value": "test"}]

ANSWERS: dict[str, Any] = {
    "rds.describe_db_engine_versions": {
        "DBEngineVersions": [
            {
                "Engine": "postgres",
                "EngineVersion": "17.2",
                "Status": "available",
                "ValidUpgradeTarget": [
                    {
                        "Engine": "postgres",
                        "EngineVersion": "17.9",
                        "AutoUpgrade": True,
                        "IsMajorVersionUpgrade": False,
                    },
                    {
                        "Engine": "postgres",
                        "EngineVersion": "18.1",
                        "AutoUpgrade": False,
                        "IsMajorVersionUpgrade": True,
                    },
                ],
            }
        ]
    },
    "memorydb.describe_clusters": {
        "Clusters": [
            {
                "Name": "sessions",
                "Status": "available",
                "PendingUpdates": {
                    "ServiceUpdates": [{"ServiceUpdateName": "memorydb-20260110-001", "Status": "available"}]
                },
                "Engine": "valkey",
                "EngineVersion": "7.3",
                "EnginePatchVersion": "7.3.0",
                "ARN": MEMORYDB,
                "MaintenanceWindow": "sun:03:00-sun:04:00",
                "AutoMinorVersionUpgrade": True,
            }
        ]
    },
    "memorydb.list_tags": {"TagList": TAGS},
    "memorydb.describe_engine_versions": {
        "EngineVersions": [
            {
                "Engine": "valkey",
                "EngineVersion": "7.3",
                "EnginePatchVersion": "7.3.1",
                "ParameterGroupFamily": "memorydb_valkey7",
            }
        ]
    },
    "elasticache.describe_cache_engine_versions": {
        "CacheEngineVersions": [
            {"Engine": "valkey", "EngineVersion": "8.1", "CacheParameterGroupFamily": "valkey8"},
            {"Engine": "redis", "EngineVersion": "7.1", "CacheParameterGroupFamily": "redis7"},
        ]
    },
    "kafka.get_compatible_kafka_versions": {
        "CompatibleKafkaVersions": [{"SourceVersion": "3.6.0", "TargetVersions": ["3.7.x", "3.8.x"]}]
    },
    "redshift.describe_cluster_db_revisions": {
        "ClusterDbRevisions": [
            {
                "ClusterIdentifier": "dw",
                "CurrentDatabaseRevision": "11420",
                "DatabaseRevisionReleaseDate": THEN,
                "RevisionTargets": [{"DatabaseRevision": "11746", "DatabaseRevisionReleaseDate": THEN}],
            }
        ]
    },
    "mq.describe_broker_engine_types": {
        "BrokerEngineTypes": [
            {"EngineType": "ACTIVEMQ", "EngineVersions": [{"Name": "5.19"}, {"Name": "5.18"}]},
            {"EngineType": "RABBITMQ", "EngineVersions": [{"Name": "3.13"}, {"Name": "4.2"}]},
        ]
    },
    "dms.describe_replication_instances": {
        "ReplicationInstances": [
            {
                "ReplicationInstanceIdentifier": "move",
                "ReplicationInstanceStatus": "available",
                "PreferredMaintenanceWindow": "sun:03:00-sun:03:30",
                "EngineVersion": "3.5.4",
                "AutoMinorVersionUpgrade": True,
                "ReplicationInstanceArn": REPLICATION,
                "PubliclyAccessible": False,
                "InstanceCreateTime": THEN,
            }
        ]
    },
    "dms.describe_pending_maintenance_actions": {
        "PendingMaintenanceActions": [
            {
                "ResourceIdentifier": REPLICATION,
                "PendingMaintenanceActionDetails": [{"Action": "os-upgrade", "AutoAppliedAfterDate": THEN}],
            }
        ]
    },
    "dms.list_tags_for_resource": {"TagList": TAGS},
    "dms.describe_engine_versions": {
        "EngineVersions": [
            {
                "Version": "3.5.4",
                "Lifecycle": "ACTIVE",
                "ReleaseStatus": "prod",
                "LaunchDate": THEN,
                "AutoUpgradeDate": THEN,
                "DeprecationDate": THEN,
                "ForceUpgradeDate": THEN,
                "AvailableUpgrades": ["3.6.1"],
            }
        ]
    },
    "emr.list_clusters": {
        "Clusters": [
            {"Id": "j-0123456789ABC", "Name": "nightly", "Status": {"State": "WAITING"}, "ClusterArn": CLUSTER}
        ]
    },
    "emr.list_release_labels": {"ReleaseLabels": ["emr-7.10.0", "emr-7.9.0"]},
    "emr.describe_cluster": {
        "Cluster": {
            "Id": "j-0123456789ABC",
            "Name": "nightly",
            "Status": {"State": "WAITING", "Timeline": {"CreationDateTime": THEN}},
            "ReleaseLabel": "emr-7.9.0",
            "AutoTerminate": False,
            "ClusterArn": CLUSTER,
            "Tags": TAGS,
        }
    },
}
