"""GuardDuty tables over HTTP. Moto has no findings."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_detector(aws: Aws) -> None:
    made = aws.client("guardduty").create_detector(
        Enable=True,
        FindingPublishingFrequency="FIFTEEN_MINUTES",
        Features=[
            {"Name": "S3_DATA_EVENTS", "Status": "ENABLED"},
            {"Name": "RDS_LOGIN_EVENTS", "Status": "DISABLED"},
        ],
    )
    (row,) = aws.rows("aws_guardduty_detector")
    assert row["detector_id"] == made["DetectorId"]
    assert row["arn"] == f"arn:aws:guardduty:eu-west-1:123456789012:detector/{made['DetectorId']}"
    assert (row["status"], row["finding_publishing_frequency"]) == ("ENABLED", "FIFTEEN_MINUTES")
    assert row["s3_protection_enabled"] is True
    assert row["rds_protection_enabled"] is False


def test_no_detector(aws: Aws) -> None:
    assert aws.rows("aws_guardduty_detector") == []
