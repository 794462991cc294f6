"""What re-encrypting a resource takes: the change, what a person does, the cost and the outage."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.logs.responses import LogsResponse

from demarcate.base.errors import DemarcateError
from demarcate.changes.structs import Read
from demarcate.keys.reencrypting import reencrypt
from tests.aws.conftest import REGION, Aws
from tests.keys.test_changing import ACCOUNT, CHANGE, Told, applied, aws, endless, images, say, server, undone

__all__ = ["aws", "endless", "images", "say", "server"]

Say = Callable[..., Any]
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/app:*"


def key_of(aws: Aws) -> str:
    arn: str = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def test_a_volume_gets_a_copy_that_undoing_deletes(aws: Aws, say: Say) -> None:
    ec2, key = aws.client("ec2"), key_of(aws)
    placed = {"Placement": {"AvailabilityZone": f"{REGION}a"}}
    asked = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro", **placed}
    instance = ec2.run_instances(**asked)["Instances"][0]["InstanceId"]
    made = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8, VolumeType="gp3", Iops=4000, Throughput=200)
    volume = made["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}"

    def copies() -> list[dict[str, Any]]:
        of_mark = [{"Name": "tag:demarcate:reencrypts", "Values": [volume]}]
        told: list[dict[str, Any]] = ec2.describe_volumes(Filters=of_mark)["Volumes"]
        return told

    def on_device() -> Any:
        (told,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
        at = [each["Ebs"]["VolumeId"] for each in told["BlockDeviceMappings"] if each["DeviceName"] == "/dev/sdf"]
        return told["State"]["Name"], at

    code, out, err = say("keys", "reencrypt", arn, "--key", key)
    assert code == 0, err
    assert f"{instance} stands still" in " ".join(out.split())
    assert say("change", "approve", CHANGE, by="boss")[0] == 0
    code, out, err = say("change", "apply", CHANGE, "--dry-run")
    assert "before that ran" in " ".join((out + err).split())
    applied(say)
    (copy,) = copies()
    assert on_device() == ("running", [copy["VolumeId"]])
    assert (copy["KmsKeyId"], copy["Encrypted"], copy["Size"], copy["Iops"]) == (key, True, 8, 4000)
    assert "which was made for this" in say("keys", "reencrypt", arn, "--key", key)[2]
    undone(say)
    assert copies() == [] and on_device() == ("running", [volume])
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
    keys = {
        each["DBInstanceIdentifier"]: each.get("KmsKeyId") for each in rds.describe_db_instances()["DBInstances"]
    }
    assert keys == {"orders": key, "orders-old-key": None}
    undone(say)
    assert [each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"]] == ["orders"]
    assert "KmsKeyId" not in rds.describe_db_instances()["DBInstances"][0]


def test_a_cluster_is_restored_and_takes_the_name_of_the_old_one(aws: Aws, say: Say) -> None:
    rds, key = aws.client("rds"), key_of(aws)
    user = {"MasterUsername": "root", "MasterUserPassword": "not-a-secret"}
    rds.create_db_cluster(DBClusterIdentifier="shop", Engine="aurora-postgresql", **user)
    of_cluster = {"DBClusterIdentifier": "shop", "Engine": "aurora-postgresql"}
    rds.create_db_instance(DBInstanceIdentifier="shop-1", DBInstanceClass="db.r6g.large", **of_cluster)
    arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:shop"
    code, out, err = say("keys", "reencrypt", arn, "--key", key)
    assert code == 0, err
    assert "a second cluster with its storage and 1 instances" in " ".join(out.split())
    applied(say)

    def names() -> dict[str, list[str]]:
        told = rds.describe_db_clusters()["DBClusters"]
        return {
            each["DBClusterIdentifier"]: [member["DBInstanceIdentifier"] for member in each["DBClusterMembers"]]
            for each in told
        }

    assert names().keys() == {"shop", "shop-old-key"}
    assert rds.describe_db_clusters(DBClusterIdentifier="shop")["DBClusters"][0]["KmsKeyId"] == key
    undone(say)
    assert names() == {"shop": ["shop-1"]}


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


@pytest.mark.parametrize(
    ("type_", "tags", "why"),
    [
        ("m1.small", [], "what is on the instance store"),
        ("t3.micro", [{"Key": "aws:autoscaling:groupName", "Value": "web"}], "the Auto Scaling group web"),
    ],
)
def test_a_person_swaps_where_stopping_loses_something(
    aws: Aws, say: Say, type_: str, tags: list[dict[str, str]], why: str
) -> None:
    ec2, key = aws.client("ec2"), key_of(aws)
    asked = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "InstanceType": type_}
    if tags:
        asked["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags}]
    (instance,) = ec2.run_instances(**asked)["Instances"]
    volume = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}"
    code, out, err = say("keys", "reencrypt", arn, "--key", key)
    assert code == 0, err
    words = " ".join(out.split())
    assert f"detach {volume}" in words and why in words and "ec2.stop_instances" not in words


def test_what_is_logged_gets_another_key_and_none_again(
    aws: Aws, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def associated(self: Any) -> str:
        told = json.loads(self.body)
        self.logs_backend.groups[told["logGroupName"]].kms_key_id = told.get("kmsKeyId")
        return "{}"

    for name in ("associate_kms_key", "disassociate_kms_key"):  # moto has neither
        monkeypatch.setattr(LogsResponse, name, associated, raising=False)
    logs, key = aws.client("logs"), key_of(aws)
    logs.create_log_group(logGroupName="/app")
    assert say("keys", "reencrypt", GROUP, "--key", key)[0] == 0
    applied(say)
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == key
    undone(say)
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]


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
