"""RDS tables over HTTP.

moto lacks DescribePendingMaintenanceActions and DescribeDBMajorEngineVersions: aws_rds_engine_version_support,
and what the columns pending_maintenance_* read.
"""

from __future__ import annotations

from typing import Any

from tests.aws.conftest import Aws


def rows(aws: Aws, name: str) -> list[dict[str, Any]]:
    return aws.rows(name)


def make_instance(aws: Aws, **options: Any) -> str:
    made = aws.client("rds").create_db_instance(
        DBInstanceIdentifier="db",
        Engine="postgres",
        EngineVersion="16.4",
        DBInstanceClass="db.m5.large",
        AllocatedStorage=20,
        MasterUsername="owner",
        MasterUserPassword="not-a-secret",
        **options,
    )
    return str(made["DBInstance"]["DBInstanceArn"])


def test_instances(aws: Aws) -> None:
    arn = make_instance(
        aws,
        StorageEncrypted=True,
        BackupRetentionPeriod=14,
        DeletionProtection=True,
        AutoMinorVersionUpgrade=False,
        EnableCloudwatchLogsExports=["postgresql"],
        PreferredMaintenanceWindow="sun:05:00-sun:06:00",
        Tags=[{"Key": "env", "Value": "prod"}],
    )
    (row,) = rows(aws, "aws_rds_db_instance")
    assert row["arn"] == row["resource"] == arn
    assert (row["engine"], row["engine_version"], row["engine_major_version"]) == ("postgres", "16.4", "16")
    assert row["storage_encrypted"] is True
    assert row["storage_encryption_type"] == "sse-kms"
    assert row["backup_retention_period"] == 14
    assert row["deletion_protection"] is True
    assert row["auto_minor_version_upgrade"] is False
    assert row["enabled_cloudwatch_logs_exports"] == ["postgresql"]
    assert row["preferred_maintenance_window"] == "sun:05:00-sun:06:00"
    assert row["db_cluster_identifier"] == ""
    assert row["tags"] == '{"env":"prod"}'


def test_what_moto_cannot_tell_is_unknown(aws: Aws) -> None:
    make_instance(aws)
    (row,) = rows(aws, "aws_rds_db_instance")
    assert row["pending_maintenance_actions"] is None
    assert row["pending_maintenance_undated"] is None


def test_clusters(aws: Aws) -> None:
    aws.client("rds").create_db_cluster(
        DBClusterIdentifier="cluster",
        Engine="aurora-mysql",
        EngineVersion="8.0.mysql_aurora.3.08.0",
        MasterUsername="owner",
        MasterUserPassword="not-a-secret",
        StorageEncrypted=True,
        BackupRetentionPeriod=7,
        EnableCloudwatchLogsExports=["audit"],
    )
    (row,) = rows(aws, "aws_rds_db_cluster")
    assert row["db_cluster_identifier"] == "cluster"
    assert row["engine_major_version"] == "8.0"
    assert row["storage_encryption_type"] == "sse-kms"
    assert row["backup_retention_period"] == 7
    assert row["enabled_cloudwatch_logs_exports"] == ["audit"]


def test_snapshots(aws: Aws) -> None:
    make_instance(aws, StorageEncrypted=False)
    rds = aws.client("rds")
    rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="snap")
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="snap", AttributeName="restore", ValuesToAdd=["all"])
    (row,) = [row for row in rows(aws, "aws_rds_db_snapshot") if row["db_snapshot_identifier"] == "snap"]
    assert row["public"] is True
    assert row["shared_with"] == ["all"]
    assert row["encrypted"] is False
    assert row["storage_encryption_type"] == "none"


def test_cluster_snapshots(aws: Aws) -> None:
    rds = aws.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="cluster",
        Engine="aurora-postgresql",
        MasterUsername="u",
        MasterUserPassword="secret12",
    )
    rds.create_db_cluster_snapshot(DBClusterIdentifier="cluster", DBClusterSnapshotIdentifier="snap")
    rds.modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier="snap", AttributeName="restore", ValuesToAdd=["210987654321"]
    )
    snapshots = rows(aws, "aws_rds_db_cluster_snapshot")
    (row,) = [row for row in snapshots if row["db_cluster_snapshot_identifier"] == "snap"]
    assert row["public"] is False
    assert row["shared_with"] == ["210987654321"]


def test_parameter_groups(aws: Aws) -> None:
    rds = aws.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="group", DBParameterGroupFamily="postgres14", Description="d"
    )
    rds.modify_db_parameter_group(
        DBParameterGroupName="group",
        Parameters=[{"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}],
    )
    (row,) = [row for row in rows(aws, "aws_rds_db_parameter_group") if row["name"] == "group"]
    assert row["db_parameter_group_family"] == "postgres14"
    assert row["force_tls"] is True


def test_event_subscriptions(aws: Aws) -> None:
    topic = aws.client("sns").create_topic(Name="alerts")["TopicArn"]
    aws.client("rds").create_event_subscription(
        SubscriptionName="events",
        SnsTopicArn=topic,
        SourceType="db-instance",
        EventCategories=["maintenance", "failure"],
        Enabled=True,
    )
    (row,) = rows(aws, "aws_rds_db_event_subscription")
    assert row["cust_subscription_id"] == "events"
    assert row["sns_topic_arn"] == topic
    assert row["source_type"] == "db-instance"
    assert sorted(row["event_categories_list"]) == ["failure", "maintenance"]
    assert row["enabled"] is True
