"""Security Hub tables over HTTP. Moto has no standards and no finding aggregators."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_hub(aws: Aws) -> None:
    aws.client("securityhub").enable_security_hub(ControlFindingGenerator="SECURITY_CONTROL")
    (row,) = aws.rows("aws_securityhub_hub")
    assert row["arn"] == row["hub_arn"] == "arn:aws:securityhub:eu-west-1:123456789012:hub/default"
    assert row["control_finding_generator"] == "SECURITY_CONTROL"
    assert row["subscribed_at"] is not None


def test_not_enabled(aws: Aws) -> None:
    assert aws.rows("aws_securityhub_hub") == []
    assert not aws.snapshot("aws_securityhub_hub").manifest.unread
