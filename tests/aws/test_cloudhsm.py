"""CloudHSM tables over HTTP. moto makes clusters without HSMs."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_clusters(aws: Aws) -> None:
    made = aws.client("cloudhsmv2").create_cluster(
        HsmType="hsm1.medium", SubnetIds=["subnet-1"], BackupRetentionPolicy={"Type": "DAYS", "Value": "30"}
    )
    (row,) = aws.rows("aws_cloudhsm_cluster")
    identity = made["Cluster"]["ClusterId"]
    assert row["arn"] == f"arn:aws:cloudhsm:eu-west-1:123456789012:cluster/{identity}"
    assert (row["hsm_type"], row["backup_retention_days"]) == ("hsm1.medium", 30)
    assert (row["active_hsm_count"], row["availability_zone_count"]) == (0, 0)
    (backup,) = aws.rows("aws_cloudhsm_backup")
    assert (backup["cluster_id"], backup["backup_state"], backup["never_expires"]) == (identity, "READY", False)
