"""Inspector and Macie over HTTP. Moto has no coverage and no automated discovery."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_inspector(aws: Aws) -> None:
    aws.client("inspector2").enable(accountIds=["123456789012"], resourceTypes=["EC2"])
    (row,) = aws.rows("aws_inspector2_status")
    assert (row["status"], row["ec2_status"], row["ecr_status"]) == ("ENABLED", "ENABLED", "DISABLED")


def test_macie(aws: Aws) -> None:
    aws.client("macie2").enable_macie(status="ENABLED", findingPublishingFrequency="ONE_HOUR")
    (row,) = aws.rows("aws_macie2_session")
    assert (row["status"], row["finding_publishing_frequency"]) == ("ENABLED", "ONE_HOUR")
