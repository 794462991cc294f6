"""EFS tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws


def test_file_systems(aws: Aws) -> None:
    efs = aws.client("efs")
    made = efs.create_file_system(
        CreationToken="t", Encrypted=True, Backup=True, Tags=[{"Key": "env", "Value": "prod"}]
    )
    policy = {"Version": "2012-10-17", "Statement": []}
    efs.put_file_system_policy(FileSystemId=made["FileSystemId"], Policy=json.dumps(policy))
    (row,) = aws.rows("aws_efs_file_system")
    assert row["file_system_id"] == made["FileSystemId"]
    assert row["arn"] == made["FileSystemArn"]
    assert row["encrypted"] is True
    assert row["automatic_backups_enabled"] is True
    assert json.loads(row["policy"]) == policy
    assert row["tags"] == '{"env":"prod"}'


def test_a_file_system_as_it_is_made(aws: Aws) -> None:
    aws.client("efs").create_file_system(CreationToken="t", Encrypted=False)
    (row,) = aws.rows("aws_efs_file_system")
    assert row["encrypted"] is False
    assert row["automatic_backups_enabled"] is False
    assert row["policy"] == "{}"


def test_access_points(aws: Aws) -> None:
    efs = aws.client("efs")
    system = efs.create_file_system(CreationToken="t")["FileSystemId"]
    made = efs.create_access_point(
        ClientToken="c", FileSystemId=system, PosixUser={"Uid": 1000, "Gid": 1000}, RootDirectory={"Path": "/app"}
    )
    (row,) = aws.rows("aws_efs_access_point")
    assert row["arn"] == made["AccessPointArn"]
    assert row["file_system_id"] == system
    assert row["posix_user_enforced"] is True
    assert row["root_directory_path"] == "/app"


def test_mount_targets(aws: Aws) -> None:
    ec2, efs = aws.client("ec2"), aws.client("efs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    system = efs.create_file_system(CreationToken="t")["FileSystemId"]
    made = efs.create_mount_target(FileSystemId=system, SubnetId=subnet)
    (row,) = aws.rows("aws_efs_mount_target")
    assert row["mount_target_id"] == made["MountTargetId"]
    assert (row["file_system_id"], row["subnet_id"]) == (system, subnet)
