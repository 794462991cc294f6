"""Who may use a resource of an account, by all policies that were read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.permitted.asking import Policies, needed
from tests.aws.conftest import Aws

ACCOUNT = "123456789012"
OBJECT = "arn:aws:s3:::data/k"


def policy(*statements: dict[str, Any]) -> str:
    written = [{"Effect": "Allow", "Action": "s3:Get*", **each} for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": written})


def test_who_can(aws: Aws) -> None:
    iam, s3 = aws.client("iam"), aws.client("s3")
    trust = policy({"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
    for name, said in (
        ("reader", {}),
        ("writer", {"Action": "s3:PutObject"}),
        ("other", {"Resource": "arn:aws:s3:::x/*"}),
    ):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy({"Resource": "*", **said}))
    iam.create_role(RoleName="bound", AssumeRolePolicyDocument=trust)
    place: Any = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="data", CreateBucketConfiguration=place, ObjectOwnership="BucketOwnerEnforced")
    own = f"arn:aws:iam::{ACCOUNT}:role/other"
    everyone: dict[str, Any] = {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}
    statements: list[dict[str, Any]] = [
        {**each, "Resource": "arn:aws:s3:::data/*"} for each in ({"Principal": {"AWS": own}}, everyone)
    ]
    s3.put_bucket_policy(Bucket="data", Policy=policy(*statements))
    with aws.snapshot(*needed(OBJECT)) as snapshot, Policies(snapshot) as policies:
        may, outside = policies.who_can("s3:GetObject", OBJECT)
        with pytest.raises(DemarcateError, match="no such resource"):
            policies.who_can("s3:GetObject", "arn:aws:s3:::nothing")
    told = {each.principal.rpartition("/")[2]: each.effective.allowed for each in may}
    assert {name for name, allowed in told.items() if allowed is True} == {"reader", "other"}
    assert told.keys() == {"reader", "other"}, "the account is in no organization"
    assert [each.reached.low.value for each in outside] == ["own-account", "organization"]
    for name, why in (("arn:aws:s3", "is no ARN"), ("arn:moon:s3:::data", "no partition that is known")):
        with pytest.raises(DemarcateError, match=why):
            needed(name)


@pytest.mark.usefixtures("policies_of_aws")
def test_policies_of_aws_count_as_others_do(aws: Aws) -> None:
    iam, s3 = aws.client("iam"), aws.client("s3")
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for name, of_aws in (
        ("reader", "AmazonS3ReadOnlyAccess"),
        ("admin", "AdministratorAccess"),
        ("other", "AmazonSQSFullAccess"),
    ):
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=f"arn:aws:iam::aws:policy/{of_aws}")
    with aws.snapshot(*needed(OBJECT)) as snapshot, Policies(snapshot) as policies:
        told = {
            action: {
                each.principal.rpartition("/")[2]: each.effective.allowed
                for each in policies.who_can(action, OBJECT)[0]
            }
            for action in ("s3:GetObject", "s3:PutObject")
        }
    assert told == {"s3:GetObject": {"reader": True, "admin": True}, "s3:PutObject": {"admin": True}}
