"""Deliveries in S3, over HTTP; and the items that moto writes for buckets and roles, as another's reading of Config."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from tests.aws.conftest import Aws
from tests.estate.config.estate import ACCOUNT, deliver, document, named, rows, snapshot_of
from tests.estate.config.volumes import volume

FOLDER = f"AWSLogs/{ACCOUNT}/Config/eu-west-1/2026/1/10/ConfigSnapshot"
TABLES = {"aws_ebs_volume": None}


def put(aws: Aws, key: str, data: bytes) -> None:
    s3 = aws.client("s3", "us-east-1")
    if not any(bucket["Name"] == "config" for bucket in s3.list_buckets()["Buckets"]):
        s3.create_bucket(Bucket="config")
    s3.put_object(Bucket="config", Key=key, Body=data)


def collected(aws: Aws, url: str) -> Snapshot:
    return collect_snapshot([url], Options(session=aws.session, endpoint_url=aws.url), selection=TABLES)


def packed(*items: Any) -> bytes:
    return gzip.compress(document(items))


def test_the_newest_snapshot_of_each_region_is_read(aws: Aws) -> None:
    put(aws, f"{FOLDER}/{named(time='20260101T000000Z')}", packed(volume("gone")))
    put(aws, f"{FOLDER}/{named()}", packed(volume("vol-1")))
    put(aws, f"AWSLogs/x/{named(region='us-east-1')}", packed(volume("vol-2", awsRegion="us-east-1")))
    put(aws, "AWSLogs/ConfigWritabilityCheckFile", b"")
    put(aws, "AWSLogs/other.json.gz", b"not to be read")
    snapshot = collected(aws, "s3://config/AWSLogs")
    assert {row["volume_id"] for row in rows(snapshot, "aws_ebs_volume")} == {"vol-1", "vol-2"}
    assert (snapshot.manifest.source, snapshot.manifest.origin) == ("config", "s3://config/AWSLogs")
    assert not snapshot.unread


def test_an_object_can_be_named_itself(aws: Aws) -> None:
    put(aws, "renamed.json", document([volume("vol-1")]))
    assert len(rows(collected(aws, "s3://config/renamed.json"), "aws_ebs_volume")) == 1


def test_an_object_that_is_damaged_leaves_a_gap(aws: Aws) -> None:
    put(aws, f"{FOLDER}/{named()}", packed(*(volume(f"vol-{n}") for n in range(2000)))[:-40])
    put(aws, named(region="us-east-1"), packed(volume("vol-2", awsRegion="us-east-1")))
    snapshot = collected(aws, "s3://config")
    (unread,) = snapshot.unread
    assert (unread.table, unread.account, unread.region) == ("aws_ebs_volume", ACCOUNT, "eu-west-1")
    assert unread.reason.startswith(f"s3://config/{FOLDER}/")
    assert "truncated" in unread.reason
    assert len(rows(snapshot, "aws_ebs_volume")) == 1


def test_an_object_that_may_not_be_read_leaves_a_gap(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    put(aws, f"{FOLDER}/{named()}", packed(volume("vol-1")))
    put(aws, named(region="us-east-1"), packed(volume("vol-2", awsRegion="us-east-1")))
    from demarcate.estate.sources.config import buckets

    listed = buckets._listed

    def deleting(listing: Any, reading: Any, bucket: str, prefix: str) -> Any:
        yield from list(listed(listing, reading, bucket, prefix))
        aws.client("s3").delete_object(Bucket=bucket, Key=f"{FOLDER}/{named()}")

    monkeypatch.setattr(buckets, "_listed", deleting)
    (unread,) = collected(aws, "s3://config").unread
    assert "s3:GetObject: AWS answered NoSuchKey" in unread.reason


def test_a_bucket_without_deliveries_is_an_error(aws: Aws) -> None:
    put(aws, "notes.txt", b"")
    with pytest.raises(DemarcateError, match="no delivery of AWS Config under it"):
        collected(aws, "s3://config")
    with pytest.raises(DemarcateError, match=r"NoSuchBucket.*needs s3:ListBucket and s3:GetObject"):
        collected(aws, "s3://nowhere/x")
    with pytest.raises(DemarcateError, match="name a bucket"):
        collected(aws, "s3://")


def test_without_credentials_it_says_so(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(DemarcateError, match="NoCredentialsError"):
        collect_snapshot(
            ["s3://config"],
            Options(session=boto3.Session(region_name="eu-west-1"), endpoint_url=aws.url),
            selection=TABLES,
        )


# --- moto writes configuration items itself, of what was made in it ------------------------------------------


def recorded(aws: Aws, type_: str, region: str, tmp_path: Path) -> Path:
    """A snapshot of what moto says that Config records of a type."""
    config = aws.client("config", region)
    resource_identifiers = config.list_discovered_resources(resourceType=type_)["resourceIdentifiers"]
    keys = [{"resourceType": type_, "resourceId": identifier["resourceId"]} for identifier in resource_identifiers]
    items = config.batch_get_resource_config(resourceKeys=keys)["baseConfigurationItems"]
    return deliver(tmp_path, json.loads(json.dumps(items, default=str)))


def test_a_bucket_as_moto_has_config_record_it(aws: Aws, tmp_path: Path) -> None:
    s3 = aws.client("s3", "us-east-1")
    s3.create_bucket(Bucket="shop")
    s3.put_bucket_acl(Bucket="shop", ACL="log-delivery-write")
    s3.put_public_access_block(
        Bucket="shop",
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": False,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": False,
        },
    )
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*"}
    s3.put_bucket_policy(Bucket="shop", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_bucket_lifecycle_configuration(
        Bucket="shop",
        LifecycleConfiguration={
            "Rules": [{"ID": "old", "Prefix": "tmp/", "Status": "Enabled", "Expiration": {"Days": 7}}]
        },
    )
    path = recorded(aws, "AWS::S3::Bucket", "us-east-1", tmp_path)
    (row,) = rows(snapshot_of(path, tables=("aws_s3_bucket",)), "aws_s3_bucket")
    assert (row["name"], row["region"], row["arn"]) == ("shop", "us-east-1", "arn:aws:s3:::shop")
    assert {grant["Grantee"]["Type"] for grant in row["acl"]} == {"CanonicalUser", "Group"}
    assert (row["acl_is_public"], row["acl_is_public_write"]) == (False, False)
    assert (row["block_public_acls"], row["ignore_public_acls"]) == (True, False)
    assert row["policy"]["Statement"] == [statement]
    assert row["bucket_policy_is_public"] is True
    assert row["lifecycle_rules"][0]["Expiration"] == {"Days": 7}
    assert row["logging_enabled"] is False
    assert row["tags"] is None, "this API of Config has no tags"


def test_a_role_and_a_policy_as_moto_has_config_record_them(aws: Aws, tmp_path: Path) -> None:
    iam = aws.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
    inline = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="deploy", PolicyName="all", PolicyDocument=json.dumps(inline))
    made = iam.create_policy(PolicyName="everything", PolicyDocument=json.dumps(inline))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="deploy", PolicyArn=made)
    role = recorded(aws, "AWS::IAM::Role", "us-east-1", tmp_path / "role")
    (row,) = rows(snapshot_of(role, tables=("aws_iam_role",)), "aws_iam_role")
    assert row["name"] == "deploy"
    assert row["assume_role_policy"] == trust
    assert row["inline_policies"] == [{"PolicyName": "all", "PolicyDocument": inline}]
    assert row["attached_policy_arns"] == [made]
    policy = recorded(aws, "AWS::IAM::Policy", "us-east-1", tmp_path / "policy")
    policies = {
        row["name"]: row for row in rows(snapshot_of(policy, tables=("aws_iam_policy",)), "aws_iam_policy")
    }
    assert policies["everything"]["policy"] == inline
