"""What people ask about: what AWS has not is refused, with the name that was perhaps meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from demarcate.access.asked import check_action, check_pattern, is_declared, named_principal, parts_of
from demarcate.base.errors import DemarcateError

ROLE = "arn:aws:iam::111122223333:role/app"

REFUSED: tuple[tuple[Callable[[str], Any], str, str], ...] = (
    (check_action, "s3:GetObjet", "called so; did you mean s3:GetObject?"),
    (check_action, "S3:getobjekt", "did you mean s3:GetObject?"),
    (check_action, "lamda:InvokeFunction", "no service .* 'lamda'; did you mean lambda?"),
    (check_action, "s3:Get*", "is no action"),
    (check_action, "s3", "is no action"),
    (check_pattern, "kms:Dekrypt*", "called so"),
    (check_pattern, "s3 :*", "stands for no action"),
    (parts_of, "arn:aws:s3", "is no ARN"),
    (parts_of, "aws:s3:::x:y:z", "is no ARN"),
    (parts_of, "arn:awss:s3:::data", "is no partition"),
    (parts_of, "arn:aws:s3x:::data", "no service .* 's3x'"),
    (parts_of, "arn:aws:sqs:eu-west1:111122223333:q", "is no region"),
    (parts_of, "arn:aws:sqs:eu-west-1:11112222333:q", "is no account"),
    (named_principal, "role/app", "is no principal"),
    (named_principal, "12345", "is no principal"),
    (named_principal, "arn:awss:iam::111122223333:role/app", "is no partition"),
    (named_principal, "arn:aws:s3:::data", "is no principal"),
)

TAKEN: tuple[tuple[Callable[[str], Any], str], ...] = (
    (check_action, "s3:GETOBJECT"),
    (check_pattern, "*"),
    (check_pattern, "s?:Get*"),
    (parts_of, "arn:aws:apigateway:eu-west-1::/restapis/a"),
    (parts_of, "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/1"),
    (parts_of, "arn:aws-eusc:s3:::data"),
    (parts_of, "arn:aws:*:*:*:data"),
    (named_principal, ROLE),
    (named_principal, "111122223333"),
    (named_principal, "anonymous"),
    (named_principal, "logs.eu-west-1.amazonaws.com"),
    (named_principal, "federated:accounts.google.com"),
    (named_principal, "arn:aws:sts::111122223333:assumed-role/app/i-1"),
)


def test_what_aws_has_not_is_refused_with_the_nearest() -> None:
    for check, text, words in REFUSED:
        with pytest.raises(DemarcateError, match=words):
            check(text)


def test_what_aws_has_is_taken() -> None:
    for check, text in TAKEN:
        check(text)


def test_what_only_a_template_calls_so() -> None:
    names = [
        "AppRole",
        "aws_iam_role.app",
        'module.a.aws_iam_user.b["c"]',
        ROLE,
        "111122223333",
        "ec2.amazonaws.com",
    ]
    assert [is_declared(name) for name in names] == [True, True, True, False, False, False]
