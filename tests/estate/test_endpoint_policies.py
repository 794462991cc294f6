"""Which policies of VPC endpoints let everyone do everything with everything."""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables.vpc_endpoints import _open_policy

ALL = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
OURS = {"StringNotEquals": {"aws:ResourceOrgID": "o-1"}}


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([ALL], True),
        ([{**ALL, "Principal": {"AWS": ["*"]}, "Action": ["*"], "Sid": "x"}], True),
        ([{**ALL, "Action": ["s3:*", "*"], "Resource": "arn:*"}], True),
        ([{**ALL, "Action": "s3:*"}], False),
        ([{**ALL, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}], False),
        ([{**ALL, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], True),
        ([ALL, {**ALL, "Effect": "Deny", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}], False),
        ([ALL, {**ALL, "Effect": "Deny", "Condition": OURS}], False),
        ([ALL, {**ALL, "Effect": "Deny", "Condition": {"StringEquals": {"aws:ResourceOrgID": "o-1"}}}], True),
        ([ALL, {**ALL, "Effect": "Deny", "Condition": {**OURS, "Bool": {"aws:SecureTransport": "false"}}}], True),
        ([Unknown(Kind.PARAMETER, "why")], None),
        ([ALL, {**ALL, "Effect": Unknown(Kind.PARAMETER, "why")}], None),
    ],
)
def test_an_endpoint_that_is_open(statements: list[Any], told: bool | None) -> None:
    answer = _open_policy({"Version": "2012-10-17", "Statement": statements})
    assert (None if isinstance(answer, Unknown) else answer) is told
