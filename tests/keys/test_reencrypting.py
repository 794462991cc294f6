"""What re-encrypting a resource takes: the change, what a person does, the cost and the outage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.structs import Read
from demarcate.keys.reencrypting import reencrypt
from tests.aws.conftest import REGION, Aws
from tests.keys.test_changing import ACCOUNT, Told, applied, aws, endless, images, say, server, undone

__all__ = ["aws", "endless", "images", "say", "server"]

Say = Callable[..., Any]


def key_of(aws: Aws) -> str:
    arn: str = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def test_a_volume_gets_a_copy_that_undoing_deletes(aws: Aws, say: Say) -> None:
    ec2, key = aws.client("ec2"), key_of(aws)
    placed = {"Placement": {"AvailabilityZone": f"{REGION}a"}}
    instance = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, **placed)["Instances"][0][
        "InstanceId"
    ]
    made = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8, VolumeType="gp3", Iops=4000, Throughput=200)
    volume = made["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}"

    def copies() -> list[dict[str, Any]]:
        of_mark = [{"Name": "tag:demarcate:reencrypts", "Values": [volume]}]
        told: list[dict[str, Any]] = ec2.describe_volumes(Filters=of_mark)["Volumes"]
        return told

    code, out, err = say("keys", "reencrypt", arn, "--key", key)
    assert code == 0, err
    words = out.replace("\n", " ")
    assert f"stop {instance}, detach {volume}" in words.replace("  ", " ") and "outage" in words
    applied(say)
    (copy,) = copies()
    assert (copy["KmsKeyId"], copy["Encrypted"], copy["Size"], copy["Iops"]) == (key, True, 8, 4000)
    assert "which was made for this" in say("keys", "reencrypt", arn, "--key", key)[2]
    undone(say)
    assert copies() == []
    assert ec2.describe_snapshots(Filters=[{"Name": "volume-id", "Values": [volume]}])["Snapshots"] == []


def test_a_snapshot_is_copied(aws: Aws, say: Say) -> None:
    ec2, key = aws.client("ec2"), key_of(aws)
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    arn = f"arn:aws:ec2:{REGION}::snapshot/{snapshot}"
    assert say("keys", "reencrypt", arn, "--key", key)[0] == 0
    applied(say)
    described = [{"Name": "description", "Values": [f"{snapshot} under {key}"]}]
    (copy,) = ec2.describe_snapshots(OwnerIds=["self"], Filters=described)["Snapshots"]
    assert copy["KmsKeyId"] == key
    undone(say)
    assert ec2.describe_snapshots(OwnerIds=["self"], Filters=described)["Snapshots"] == []


def test_a_database_is_restored_beside_the_old_one(aws: Aws, say: Say) -> None:
    rds, key = aws.client("rds"), key_of(aws)
    rds.create_db_instance(
        **{"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t4g.small", "Engine": "postgres"},
        **{"AllocatedStorage": 20, "MasterUsername": "root", "MasterUserPassword": "not-a-secret"},
    )
    arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders"
    code, _, err = say("keys", "reencrypt", arn, "--key", key)
    assert code == 0, err
    applied(say)
    copy = rds.describe_db_snapshots(DBSnapshotIdentifier="orders-new-key")["DBSnapshots"][0]
    assert copy["KmsKeyId"] == key
    names = {each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"]}
    assert names == {"orders", "orders-new-key"}
    undone(say)
    assert [each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"]] == ["orders"]


def test_a_bucket_gets_another_key_and_its_own_back(aws: Aws, say: Say) -> None:
    s3, key = aws.client("s3"), key_of(aws)
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": REGION})

    def default() -> Any:
        try:
            told = s3.get_bucket_encryption(Bucket="data")["ServerSideEncryptionConfiguration"]["Rules"][0]
        except s3.exceptions.ClientError:  # AWS has one for each bucket, and moto does not
            return None
        return told["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")

    code, out, err = say("keys", "reencrypt", "arn:aws:s3:::data", "--key", key)
    assert code == 0, err
    assert "S3UpdateObjectEncryption" in out.replace("\n", "")
    applied(say)
    assert default() == key
    assert "is so already" in say("keys", "reencrypt", "arn:aws:s3:::data", "--key", key)[2]
    undone(say)
    assert default() is None


class Group(Told):
    """A reader that knows a log group, too."""

    def __init__(self, group: Any, **key: Any) -> None:
        super().__init__(**key)
        self.group = group

    def read(self, account: str, region: str, read: Read) -> Any:
        return (
            self.group
            if read.operation.name == "logs.describe_log_groups"
            else super().read(account, region, read)
        )


GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/app:*"


@pytest.mark.parametrize(
    ("key", "undo"),
    [(None, "logs.disassociate_kms_key"), ("arn:old", "logs.associate_kms_key")],
)
def test_a_log_group_gets_another_key(key: str | None, undo: str) -> None:
    told = reencrypt(GROUP, "k", ACCOUNT, REGION, Group({"Name": "/app", "Key": key}))
    assert told.change is not None
    (step,) = told.change.steps
    assert step.do.parameters == {"logGroupName": "/app", "kmsKeyId": Told().key["Arn"]}
    assert step.undo.operation is not None and step.undo.operation.name == undo
    assert f"logs.{REGION}.amazonaws.com" in told.before[0]


@pytest.mark.parametrize(
    ("resource", "key", "why"),
    [
        ("arn:aws:lambda:eu-west-1:123456789012:function:f", {}, "given by its ARN"),
        ("arn:aws:s3:::data/object", {}, "given by its ARN"),
        ("orders", {}, "given by its ARN"),
        (GROUP, {"KeySpec": "RSA_2048"}, "a symmetric key that is enabled"),
        (GROUP, {"KeyState": "Disabled"}, "a symmetric key that is enabled"),
        (GROUP, {}, "no such log group"),
        (GROUP.replace(REGION, "us-east-1"), {}, "and arn:aws:logs:us-east-1"),
    ],
)
def test_what_cannot_be_is_refused(resource: str, key: dict[str, Any], why: str) -> None:
    name = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
    with pytest.raises(DemarcateError, match=why):
        reencrypt(resource, name, ACCOUNT, REGION, Group(None, **key))
