"""ACM tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws


def test_certificates(aws: Aws) -> None:
    acm = aws.client("acm")
    arn = acm.request_certificate(
        DomainName="example.com", ValidationMethod="DNS", Tags=[{"Key": "env", "Value": "prod"}]
    )["CertificateArn"]
    (row,) = aws.rows("aws_acm_certificate")
    assert (row["arn"], row["domain_name"], row["type"]) == (arn, "example.com", "AMAZON_ISSUED")
    assert row["key_algorithm"] == "RSA_2048"
    assert row["certificate_transparency_logging_preference"] == "ENABLED"
    assert (row["in_use"], row["in_use_by"]) == (False, [])
    assert json.loads(row["tags"]) == {"env": "prod"}
