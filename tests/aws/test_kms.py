"""KMS tables over HTTP."""

from __future__ import annotations

import json

from demarcate.estate.schema.unknown import Unknown
from demarcate.keys.access import who_may_use
from demarcate.keys.listing import listed
from demarcate.keys.reading import of_access
from tests.aws.conftest import Aws


def test_keys(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key(Description="data", Tags=[{"TagKey": "env", "TagValue": "prod"}])["KeyMetadata"]
    kms.enable_key_rotation(KeyId=key["KeyId"])
    kms.create_alias(AliasName="alias/data", TargetKeyId=key["KeyId"])
    (row,) = aws.rows("aws_kms_key")
    assert (row["id"], row["arn"]) == (key["KeyId"], key["Arn"])
    assert (row["key_manager"], row["key_state"], row["origin"]) == ("CUSTOMER", "Enabled", "AWS_KMS")
    assert (row["key_rotation_enabled"], row["key_spec"]) == (True, "SYMMETRIC_DEFAULT")
    assert row["aliases"] == ["alias/data"]
    assert json.loads(row["policy"])["Statement"][0]["Action"] == "kms:*"
    assert json.loads(row["tags"]) == {"env": "prod"}


def test_grants_and_their_use(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    role = aws.client("iam").create_role(RoleName="app", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=role, Operations=["Decrypt"])
    with aws.snapshot(*of_access()) as snapshot:
        _, uses = who_may_use(snapshot, key["Arn"])
        (told,) = listed(snapshot)
    app = [(use.operation, use.effective.allowed) for use in uses if use.principal == role]
    assert app == [("Decrypt", True)]
    assert isinstance(told.last_used, Unknown)


def test_grants_are_rows(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    context = {"EncryptionContextSubset": {"app": "pay"}}
    for constraints in (context, {}):
        kms.create_grant(KeyId=key, GranteePrincipal="app", Operations=["Decrypt"], Constraints=constraints)
    rows = aws.rows("aws_kms_grant")
    assert {row["key_arn"] for row in rows} == {key}
    told = sorted((row["constrained"], json.loads(row["constraints"])) for row in rows)
    assert told == [(False, {}), (True, context)]
    assert {row["unused"] for row in rows} == {None}


def test_rotations_on_demand(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.rotate_key_on_demand(KeyId=key)
    (row,) = aws.rows("aws_kms_key")
    assert row["on_demand_rotations"] == 1 and row["last_rotation_date"] is not None


def test_keys_that_cannot_rotate(aws: Aws) -> None:
    aws.client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    (row,) = aws.rows("aws_kms_key")
    assert (row["key_spec"], row["key_usage"], row["key_rotation_enabled"]) == ("RSA_2048", "SIGN_VERIFY", False)


def test_keys_that_will_be_deleted(aws: Aws) -> None:
    kms = aws.client("kms")
    kms.schedule_key_deletion(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], PendingWindowInDays=7)
    (row,) = aws.rows("aws_kms_key")
    assert row["key_state"] == "PendingDeletion"
    assert row["deletion_date"] is not None


def test_aliases(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/data", TargetKeyId=key)
    row = next(row for row in aws.rows("aws_kms_alias") if row["alias_name"] == "alias/data")
    assert (row["target_key_id"], row["is_aws_managed"]) == (key, False)
