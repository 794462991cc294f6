"""ElastiCache tables over HTTP."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_clusters(aws: Aws) -> None:
    made = aws.client("elasticache").create_cache_cluster(
        CacheClusterId="cache",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=1,
        AutoMinorVersionUpgrade=True,
        SnapshotRetentionLimit=7,
        Tags=[{"Key": "env", "Value": "prod"}],
    )["CacheCluster"]
    (row,) = aws.rows("aws_elasticache_cluster")
    assert row["cache_cluster_id"] == "cache"
    assert row["arn"] == made["ARN"]
    assert row["engine"] == "redis"
    assert row["auto_minor_version_upgrade"] is True
    assert row["snapshot_retention_limit"] == 7
    assert row["tags"] == '{"env":"prod"}'


def test_replication_groups(aws: Aws) -> None:
    made = aws.client("elasticache").create_replication_group(
        ReplicationGroupId="group",
        ReplicationGroupDescription="d",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=2,
        AtRestEncryptionEnabled=True,
        TransitEncryptionEnabled=True,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        SnapshotRetentionLimit=7,
    )["ReplicationGroup"]
    (row,) = aws.rows("aws_elasticache_replication_group")
    assert row["replication_group_id"] == "group"
    assert row["arn"] == made["ARN"]
    assert row["storage_encryption_type"] == "sse-elasticache"
    assert row["transit_encryption_enabled"] is True
    assert row["automatic_failover_enabled"] is True
    assert row["multi_az_enabled"] is True
    assert row["snapshot_retention_limit"] == 7
