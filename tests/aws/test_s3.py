"""S3 tables over HTTP."""

from __future__ import annotations

import json
from typing import Any

from tests.aws.conftest import REGION, Aws

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::box/*"}
    ],
}


def make(aws: Aws) -> Any:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="box", CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


def bucket(aws: Aws) -> dict[str, Any]:
    (row,) = aws.rows("aws_s3_bucket")
    return row


def test_a_bucket_as_it_is_made(aws: Aws) -> None:
    make(aws)
    row = bucket(aws)
    assert row["name"] == "box"
    assert row["arn"] == "arn:aws:s3:::box"
    assert row["sse_algorithm"] == "AES256"
    assert row["versioning_enabled"] is False
    assert row["logging_enabled"] is False
    assert row["policy"] == "{}"
    assert row["bucket_policy_is_public"] is False
    assert row["acl_is_public"] is False
    assert row["lifecycle_enabled"] is False
    assert row["object_lock_enabled"] is False
    assert row["event_notifications_enabled"] is False
    assert row["replication_enabled"] is False
    assert row["website_enabled"] is False
    assert row["transfer_acceleration_enabled"] is False
    assert row["tags"] == "{}"


def test_encryption_and_versioning(aws: Aws) -> None:
    s3 = make(aws)
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key"},
        "BucketKeyEnabled": True,
    }
    s3.put_bucket_encryption(Bucket="box", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_versioning(Bucket="box", VersioningConfiguration={"Status": "Enabled"})
    row = bucket(aws)
    assert (row["sse_algorithm"], row["kms_master_key_id"]) == ("aws:kms", "key")
    assert row["bucket_key_enabled"] is True
    assert row["versioning_enabled"] is True


def test_public_access(aws: Aws) -> None:
    s3 = make(aws)
    s3.put_public_access_block(
        Bucket="box", PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": False}
    )
    s3.put_bucket_ownership_controls(
        Bucket="box", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    row = bucket(aws)
    assert row["block_public_acls"] is True
    assert row["ignore_public_acls"] is False
    assert row["object_ownership"] == "BucketOwnerEnforced"


def test_no_public_access_block_blocks_nothing(aws: Aws) -> None:
    s3 = make(aws)
    s3.delete_public_access_block(Bucket="box")
    assert bucket(aws)["restrict_public_buckets"] is False


def test_policy_and_acl(aws: Aws) -> None:
    s3 = make(aws)
    s3.delete_public_access_block(Bucket="box")
    s3.put_bucket_policy(Bucket="box", Policy=json.dumps(POLICY))
    s3.put_bucket_acl(Bucket="box", ACL="public-read-write")
    row = bucket(aws)
    assert json.loads(row["policy"]) == POLICY
    assert row["bucket_policy_is_public"] is True
    assert row["acl_is_public"] is True


def test_lifecycle_logging_and_tags(aws: Aws) -> None:
    s3 = make(aws)
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}}
    s3.put_bucket_lifecycle_configuration(Bucket="box", LifecycleConfiguration={"Rules": [rule]})
    s3.put_bucket_tagging(Bucket="box", Tagging={"TagSet": [{"Key": "env", "Value": "prod"}]})
    s3.put_bucket_acl(Bucket="box", ACL="log-delivery-write")
    s3.put_bucket_logging(
        Bucket="box", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "box", "TargetPrefix": "log/"}}
    )
    row = bucket(aws)
    assert row["lifecycle_enabled"] is True
    assert row["tags"] == '{"env":"prod"}'
    assert row["logging_enabled"] is True
    assert row["logging_target_bucket"] == "box"
    assert row["acl_is_public"] is False


def test_object_lock(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(
        Bucket="box",
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket=True,
    )
    s3.put_object_lock_configuration(
        Bucket="box",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 1}},
        },
    )
    row = bucket(aws)
    assert row["object_lock_enabled"] is True
    assert row["object_lock_default_mode"] == "COMPLIANCE"
    assert row["object_lock_default_days"] == 365


def test_account_settings(aws: Aws) -> None:
    """AWS puts the account before the host's name; an address of a server that stands in for it has none."""
    (row,) = aws.rows("aws_s3_account_settings")
    assert row["account_id"] == "123456789012"
    assert row["arn"] == "arn:aws:s3:global:123456789012:account-settings"
    assert row["block_public_acls"] is False
    aws.client("s3control").put_public_access_block(
        AccountId="123456789012", PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    (row,) = aws.rows("aws_s3_account_settings")
    assert row["block_public_acls"] is True
    assert row["block_public_policy"] is False


def test_access_points(aws: Aws) -> None:
    make(aws)
    control = aws.client("s3control")
    for name, block in (("open", False), ("closed", True)):
        switches = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        control.create_access_point(
            AccountId="123456789012",
            Name=name,
            Bucket="box",
            PublicAccessBlockConfiguration=dict.fromkeys(switches, block),
        )
    arn = "arn:aws:s3:us-east-1:123456789012:accesspoint/open"  # where moto has all of them
    statement: Any = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{arn}/object/*"}
    said = {"Version": "2012-10-17", "Statement": statement}
    control.put_access_point_policy(AccountId="123456789012", Name="open", Policy=json.dumps(said))
    closed, opened = sorted(aws.rows("aws_s3_access_point"), key=lambda row: str(row["name"]))
    assert (opened["arn"], opened["bucket_name"], opened["network_origin"]) == (arn, "box", "Internet")
    assert (json.loads(opened["policy"]), json.loads(closed["policy"])) == (said, {})
    assert (opened["restrict_public_buckets"], closed["restrict_public_buckets"]) == (False, True)
    (row,) = [row for row in aws.rows("aws_policy_statement") if row["policy_of"] == "aws_s3_access_point"]
    assert (row["resource"], row["kind"], row["anyone"]) == (arn, "resource", True)
