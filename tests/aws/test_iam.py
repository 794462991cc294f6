"""IAM tables over HTTP, and the statements of policies. moto lacks IAM Access Analyzer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from demarcate.estate.tables import table
from tests.aws.conftest import Aws
from tests.base.test_certificates import made

READ = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}
ADMIN = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
}


def named(rows: list[dict[str, Any]], name: str, column: str = "name") -> dict[str, Any]:
    return next(row for row in rows if row[column] == name)


def test_users(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="ann", Tags=[{"Key": "team", "Value": "a"}])
    iam.create_user(UserName="bob")
    iam.create_login_profile(UserName="ann", Password="Secret-123456")
    iam.create_access_key(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=json.dumps(ADMIN))
    iam.create_group(GroupName="ops")
    iam.add_user_to_group(UserName="ann", GroupName="ops")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName="ann", SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    rows = aws.rows("aws_iam_user")
    ann, bob = named(rows, "ann"), named(rows, "bob")
    assert ann["arn"] == ann["resource"] == "arn:aws:iam::123456789012:user/ann"
    assert ann["region"] == "global"
    assert (ann["has_login_profile"], bob["has_login_profile"]) == (True, False)
    assert (ann["mfa_enabled"], bob["mfa_enabled"]) == (True, False)
    assert (ann["password_ever_used"], ann["password_last_used"]) == (False, None)
    assert (ann["active_access_key_count"], bob["active_access_key_count"]) == (1, 0)
    assert ann["groups"] == ["ops"]
    assert json.loads(ann["inline_policies"]) == [{"PolicyName": "own", "PolicyDocument": ADMIN}]
    assert json.loads(bob["inline_policies"]) == json.loads(bob["separate_inline_policies"]) == []
    assert json.loads(ann["tags"]) == {"team": "a"}
    (phone,) = aws.rows("aws_iam_virtual_mfa_device")
    assert (phone["arn"], phone["is_root"]) == (device, False)


def test_roles(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST), MaxSessionDuration=7200)
    own = iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(ADMIN))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="app", PolicyArn=own)
    row = named(aws.rows("aws_iam_role"), "app")
    assert json.loads(row["assume_role_policy"]) == TRUST
    assert row["max_session_duration"] == 7200
    assert (row["attached_policy_arns"], row["aws_managed_policies"]) == ([own], [])
    assert row["is_service_linked"] is False
    assert row["permissions_boundary_arn"] == ""


def test_groups(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_group(GroupName="ops")
    iam.create_user(UserName="ann")
    iam.add_user_to_group(UserName="ann", GroupName="ops")
    iam.put_group_policy(GroupName="ops", PolicyName="all", PolicyDocument=json.dumps(ADMIN))
    (row,) = aws.rows("aws_iam_group")
    assert row["user_names"] == ["ann"]
    assert json.loads(row["inline_policies"])[0]["PolicyName"] == "all"


def test_policies(aws: Aws) -> None:
    iam = aws.client("iam")
    arn = iam.create_policy(PolicyName="admin", PolicyDocument=json.dumps(READ))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ADMIN), SetAsDefault=True)
    (row,) = aws.rows("aws_iam_policy")
    assert (row["arn"], row["default_version_id"]) == (arn, "v2")
    assert json.loads(row["policy"]) == ADMIN
    assert (row["is_attached"], row["attachment_count"]) == (False, 0)


@pytest.mark.usefixtures("policies_of_aws")
def test_policies_of_aws(aws: Aws) -> None:
    """Those that somebody has, and no others."""
    iam = aws.client("iam")
    iam.create_group(GroupName="ops")
    arn = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
    iam.attach_group_policy(GroupName="ops", PolicyArn=arn)
    (row,) = aws.rows("aws_iam_aws_managed_policy")
    assert (row["arn"], row["resource"], row["account_id"], row["attachment_count"]) == (
        arn,
        arn,
        "123456789012",
        1,
    )
    said = json.loads(row["policy"])["Statement"]
    assert {statement["Effect"] for statement in said} == {"Allow"}
    assert aws.rows("aws_iam_policy") == []


def test_access_keys(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="ann", AccessKeyId=key, Status="Inactive")
    (row,) = aws.rows("aws_iam_access_key")
    assert (row["access_key_id"], row["user_name"], row["status"]) == (key, "ann", "Inactive")
    assert row["arn"] == f"arn:aws:iam::123456789012:user/ann/accesskey/{key}"
    assert row["create_date"] is not None


def test_server_certificates(aws: Aws) -> None:
    body = made("RSA 1024").public_bytes(Encoding.PEM).decode()
    for name, text in (("old", body), ("other", "body")):
        aws.client("iam").upload_server_certificate(
            ServerCertificateName=name, CertificateBody=text, PrivateKey="key"
        )
    old, other = sorted(aws.rows("aws_iam_server_certificate"), key=lambda row: str(row["name"]))
    assert (old["key_algorithm"], old["key_bits"]) == ("RSA", 1024)
    assert old["expiration"] is not None
    assert (other["key_algorithm"], other["key_bits"]) == (None, None)


def test_password_policy_that_is_not_set(aws: Aws) -> None:
    (row,) = aws.rows("aws_iam_account_password_policy")
    assert (row["password_policy_set"], row["minimum_password_length"]) == (False, 8)
    assert (row["expire_passwords"], row["password_reuse_prevention"]) == (False, 0)


def test_password_policy(aws: Aws) -> None:
    aws.client("iam").update_account_password_policy(
        MinimumPasswordLength=14, RequireSymbols=True, PasswordReusePrevention=24, MaxPasswordAge=90
    )
    (row,) = aws.rows("aws_iam_account_password_policy")
    assert (row["password_policy_set"], row["minimum_password_length"]) == (True, 14)
    assert (row["require_symbols"], row["require_numbers"]) == (True, False)
    assert (row["password_reuse_prevention"], row["max_password_age"]) == (24, 90)


def test_account_summary(aws: Aws) -> None:
    aws.client("iam").create_user(UserName="ann")
    (row,) = aws.rows("aws_iam_account_summary")
    assert row["arn"] == "arn:aws:iam::123456789012:root"
    assert row["account_mfa_enabled"] is False
    assert (row["account_access_keys_present"], row["users"]) == (0, 1)


def test_credential_report(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    iam.create_login_profile(UserName="ann", Password="Secret-123456")
    row = named(aws.rows("aws_iam_credential_report"), "ann", "user_name")
    assert row["user_arn"] == "arn:aws:iam::123456789012:user/ann"
    assert (row["password_enabled"], row["mfa_active"], row["access_key_1_active"]) == (True, False, False)
    assert (row["is_root"], row["access_key_1_ever_used"]) == (False, False)
    assert row["user_creation_time"] is not None


def test_statements(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="app", PolicyName="all", PolicyDocument=json.dumps(ADMIN))
    sqs = aws.client("sqs")
    public = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "SQS:SendMessage", "Resource": "*"}]}
    sqs.create_queue(QueueName="jobs", Attributes={"Policy": json.dumps(public)})
    rows = aws.rows("aws_policy_statement")
    trust = named(rows, "trust", "kind")
    assert trust["resource"] == "arn:aws:iam::123456789012:role/app"
    assert trust["service_principals"] == ["ec2.amazonaws.com"]
    inline = named(rows, "identity", "kind")
    assert (inline["policy_of"], inline["policy_name"], inline["region"]) == ("aws_iam_role", "all", "global")
    assert (inline["wildcard_services"], inline["all_resources"]) == (["*"], True)
    queue = named(rows, "aws_sqs_queue", "policy_of")
    assert (queue["anyone"], queue["actions"], queue["region"]) == (True, ["sqs:sendmessage"], "eu-west-1")


def test_names_of_aws_managed_policies() -> None:
    column = table("aws_iam_role").column("aws_managed_policies")
    place = column.place("cloudformation") if column is not None else None
    assert place is not None and place.function is not None
    arns = ["arn:${AWS::Partition}:iam::aws:policy/job-function/Billing", "arn:aws:iam::123456789012:policy/own"]
    assert place.function(arns) == ["Billing"]


def test_a_role_that_trusts_its_own_account_and_another(aws: Aws) -> None:
    principals = ["arn:aws:iam::123456789012:root", "arn:aws:iam::111122223333:role/deputy"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"}],
    }
    aws.client("iam").create_role(RoleName="audited", AssumeRolePolicyDocument=json.dumps(trust))
    rows = [row for row in aws.rows("aws_policy_statement") if row["kind"] == "trust"]
    assert [row["other_accounts"] for row in rows] == [["111122223333"]]
