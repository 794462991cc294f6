"""AWS Private CA: certificate authorities of your own."""

from __future__ import annotations

from demarcate.estate.schema.table import (
    Arn,
    Bool,
    Call,
    Each,
    From,
    Json,
    Table,
    Tags,
    Text,
    Time,
    attribute,
)

AUTHORITY = Table(
    "aws_acmpca_certificate_authority",
    "A private certificate authority.",
    service="acm",
    live=Each(
        "acm-pca.list_certificate_authorities", "CertificateAuthorities[]", params={"ResourceOwner": "SELF"}
    ),
    details={"tags": Call("acm-pca.list_tags", inputs={"CertificateAuthorityArn": "Arn"})},
    cloudformation="AWS::ACMPCA::CertificateAuthority",
    gone=("status", "DELETED"),
    columns=(
        Arn(live="Arn", cloudformation=attribute("Arn")),
        Text("type", live="Type", about="ROOT or SUBORDINATE."),
        Text("status", live="Status"),
        Text("serial", live="Serial", absent=""),
        Text(
            "key_algorithm", live="CertificateAuthorityConfiguration.KeyAlgorithm", cloudformation="KeyAlgorithm"
        ),
        Text(
            "signing_algorithm",
            live="CertificateAuthorityConfiguration.SigningAlgorithm",
            cloudformation="SigningAlgorithm",
        ),
        Text(
            "common_name",
            live="CertificateAuthorityConfiguration.Subject.CommonName",
            cloudformation="Subject.CommonName",
            absent="",
        ),
        Json("revocation_configuration", live="RevocationConfiguration"),
        Bool(
            "crl_enabled",
            live="RevocationConfiguration.CrlConfiguration.Enabled",
            absent=False,
            about="Whether it publishes a list of what it revoked.",
        ),
        Bool(
            "ocsp_enabled",
            live="RevocationConfiguration.OcspConfiguration.Enabled",
            absent=False,
            about="Whether it answers whether a certificate was revoked.",
        ),
        Text("key_storage_security_standard", live="KeyStorageSecurityStandard"),
        Text(
            "usage_mode",
            live="UsageMode",
            cloudformation=From("UsageMode", absent="GENERAL_PURPOSE"),
            about="GENERAL_PURPOSE, or SHORT_LIVED_CERTIFICATE: of seven days at most.",
        ),
        Text("failure_reason", live="FailureReason", absent=""),
        Time("not_before", live="NotBefore"),
        Time("not_after", live="NotAfter", about="When its own certificate ends, and all that it issued."),
        Time("created_at", live="CreatedAt"),
        Time("restorable_until", live="RestorableUntil"),
        Tags(live="@tags.Tags"),
    ),
)
