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


def test_private_authorities(aws: Aws) -> None:
    subject = {"CommonName": "Example CA"}
    made = aws.client("acm-pca").create_certificate_authority(
        CertificateAuthorityType="ROOT",
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "EC_prime256v1",
            "SigningAlgorithm": "SHA256WITHECDSA",
            "Subject": subject,
        },
    )
    (row,) = aws.rows("aws_acmpca_certificate_authority")
    assert row["arn"] == made["CertificateAuthorityArn"]
    assert (row["type"], row["key_algorithm"], row["common_name"]) == ("ROOT", "EC_prime256v1", "Example CA")
    assert (row["crl_enabled"], row["ocsp_enabled"]) == (False, False)
