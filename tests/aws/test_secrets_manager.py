"""Secrets Manager tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws

POLICY = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}]}


def test_secrets(aws: Aws) -> None:
    secrets = aws.client("secretsmanager")
    arn = secrets.create_secret(Name="db", SecretString="x", Tags=[{"Key": "env", "Value": "prod"}])["ARN"]
    secrets.put_resource_policy(SecretId=arn, ResourcePolicy=json.dumps(POLICY))
    (row,) = aws.rows("aws_secretsmanager_secret")
    assert (row["arn"], row["name"]) == (arn, "db")
    assert (row["rotation_enabled"], row["ever_rotated"]) == (False, False)
    assert json.loads(row["policy"]) == POLICY
    assert row["created_date"] is not None
    assert json.loads(row["tags"]) == {"env": "prod"}


def test_secrets_without_a_policy(aws: Aws) -> None:
    aws.client("secretsmanager").create_secret(Name="db", SecretString="x")
    assert json.loads(aws.rows("aws_secretsmanager_secret")[0]["policy"]) == {}
