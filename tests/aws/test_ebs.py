"""EBS tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws


def test_volumes(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    made = ec2.create_volume(
        AvailabilityZone="eu-west-1a",
        Size=8,
        Encrypted=True,
        TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "env", "Value": "prod"}]}],
    )
    (row,) = aws.rows("aws_ebs_volume")
    assert row["volume_id"] == made["VolumeId"]
    assert row["arn"] == f"arn:aws:ec2:eu-west-1:123456789012:volume/{made['VolumeId']}"
    assert row["resource"] == row["arn"]
    assert row["encrypted"] is True
    assert row["size"] == 8
    assert json.loads(row["tags"]) == {"env": "prod"}
    assert (row["account_id"], row["region"], row["partition"]) == ("123456789012", "eu-west-1", "aws")


def test_regional_settings(aws: Aws) -> None:
    aws.client("ec2").enable_ebs_encryption_by_default()
    (row,) = aws.rows("aws_ec2_regional_settings")
    assert row["default_ebs_encryption_enabled"] is True


def test_snapshots(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=8)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )
    (row,) = [row for row in aws.rows("aws_ebs_snapshot") if row["volume_id"] == volume]
    assert row["public"] is True
    assert row["encrypted"] is False


def test_snapshots_of_others_are_no_rows(images: None, aws: Aws) -> None:
    """The server ignores OwnerIds, and has the snapshots of all images that AWS offers."""
    assert len(aws.client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]) > 100
    assert aws.rows("aws_ebs_snapshot") == []
