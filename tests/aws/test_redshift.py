"""Redshift tables over HTTP."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_clusters(aws: Aws) -> None:
    aws.client("redshift").create_cluster(
        ClusterIdentifier="dw",
        NodeType="ra3.large",
        ClusterType="single-node",
        DBName="sales",
        MasterUsername="owner",
        MasterUserPassword="Passw0rd1",
        Encrypted=True,
        AutomatedSnapshotRetentionPeriod=7,
        EnhancedVpcRouting=True,
        PreferredMaintenanceWindow="Mon:03:00-Mon:04:00",
        Tags=[{"Key": "env", "Value": "prod"}],
    )
    (row,) = aws.rows("aws_redshift_cluster")
    assert row["cluster_identifier"] == "dw"
    assert row["arn"] == "arn:aws:redshift:eu-west-1:123456789012:cluster:dw"
    assert row["encrypted"] is True
    assert row["automated_snapshot_retention_period"] == 7
    assert row["enhanced_vpc_routing"] is True
    assert row["preferred_maintenance_window"] == "Mon:03:00-Mon:04:00"
    assert row["logging_enabled"] is False
    assert row["db_name"] == "sales"
    assert row["tags"] == '{"env":"prod"}'


def test_parameter_groups(aws: Aws) -> None:
    redshift = aws.client("redshift")
    redshift.create_cluster_parameter_group(
        ParameterGroupName="group", ParameterGroupFamily="redshift-1.0", Description="d"
    )
    (row,) = [row for row in aws.rows("aws_redshift_parameter_group") if row["name"] == "group"]
    assert row["family"] == "redshift-1.0"
    assert row["arn"] == "arn:aws:redshift:eu-west-1:123456789012:parametergroup:group"
