"""AWS Certificate Manager: certificates of a region."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Each,
    From,
    Json,
    ManagedBy,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import equals, not_empty

_KEY_TYPES = [
    *("RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096"),
    *("EC_prime256v1", "EC_secp384r1", "EC_secp521r1"),
]
"""All of them: without a filter ACM lists certificates with RSA keys of up to 2048 bits only."""


def _logged(_: Any) -> str:
    return "ENABLED"


def _plain(algorithm: Any) -> Any:
    """A key algorithm in one spelling: ACM writes RSA-2048 or RSA_2048."""
    return algorithm.replace("-", "_")


def _type(properties: Any) -> str:
    return "PRIVATE" if "CertificateAuthorityArn" in properties else "AMAZON_ISSUED"


CERTIFICATE = Table(
    "aws_acm_certificate",
    "A certificate in ACM: issued by Amazon, by a private authority, or imported.",
    service="acm",
    live=Each("acm.list_certificates", "CertificateSummaryList[]", params={"Includes": {"keyTypes": _KEY_TYPES}}),
    details={
        "certificate": Call("acm.describe_certificate", inputs={"CertificateArn": "CertificateArn"}),
        "tags": Call("acm.list_tags_for_certificate", inputs={"CertificateArn": "CertificateArn"}),
    },
    cloudformation="AWS::CertificateManager::Certificate",
    columns=(
        Arn(live="CertificateArn", cloudformation=REF),
        Text("certificate_arn", live="CertificateArn", cloudformation=REF),
        Text("domain_name", live="DomainName"),
        Text(
            "type",
            live="@certificate.Certificate.Type",
            cloudformation=From("@", _type),
            about="AMAZON_ISSUED, PRIVATE or IMPORTED.",
        ),
        Text("status", live="@certificate.Certificate.Status"),
        Text(
            "key_algorithm",
            live=From("@certificate.Certificate.KeyAlgorithm", _plain),
            cloudformation=From("KeyAlgorithm", _plain, absent="RSA_2048"),
        ),
        Text("signature_algorithm", live="@certificate.Certificate.SignatureAlgorithm"),
        Text("issuer", live="@certificate.Certificate.Issuer"),
        Time("not_before", live="@certificate.Certificate.NotBefore"),
        Time("not_after", live="@certificate.Certificate.NotAfter"),
        Time("created_at", live="@certificate.Certificate.CreatedAt"),
        Time("issued_at", live="@certificate.Certificate.IssuedAt"),
        Time("imported_at", live="@certificate.Certificate.ImportedAt"),
        Text("renewal_eligibility", live="@certificate.Certificate.RenewalEligibility"),
        Text("renewal_status", live="@certificate.Certificate.RenewalSummary.RenewalStatus", absent=""),
        Text("failure_reason", live="@certificate.Certificate.FailureReason", absent=""),
        Texts("in_use_by", live="@certificate.Certificate.InUseBy", absent=[]),
        Bool("in_use", live=From("@certificate.Certificate.InUseBy", not_empty), absent=False),
        Texts(
            "subject_alternative_names",
            live="@certificate.Certificate.SubjectAlternativeNames",
            cloudformation="SubjectAlternativeNames",
            absent=[],
        ),
        Text(
            "validation_method",
            live=From("@certificate.Certificate.DomainValidationOptions[0].ValidationMethod", absent=""),
            cloudformation=From("ValidationMethod", absent="EMAIL"),
        ),
        Json("domain_validation_options", live="@certificate.Certificate.DomainValidationOptions", absent=[]),
        Text(
            "certificate_transparency_logging_preference",
            live="@certificate.Certificate.Options.CertificateTransparencyLoggingPreference",
            # ACM logs every public certificate that it issues, whatever is asked for.
            # https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateOptions.html
            cloudformation=From("CertificateTransparencyLoggingPreference", _logged, absent="ENABLED"),
        ),
        Bool(
            "exportable",
            live=From("@certificate.Certificate.Options.Export", equals("ENABLED")),
            cloudformation=From("CertificateExport", equals("ENABLED")),
            absent=False,
        ),
        ManagedBy(live="ManagedBy"),
        Tags(live="@tags.Tags"),
    ),
)
