"""CloudTrail tables over HTTP, and selectors in templates. Moto has no event data stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from tests.aws.conftest import Aws

COLUMNS = ["management_reads", "management_writes", "s3_data_reads", "s3_data_writes", "lambda_data_events"]


def test_trail(aws: Aws) -> None:
    aws.client("s3").create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    cloudtrail = aws.client("cloudtrail")
    made = cloudtrail.create_trail(
        Name="main", S3BucketName="trail", IsMultiRegionTrail=True, EnableLogFileValidation=True
    )
    cloudtrail.start_logging(Name="main")
    cloudtrail.put_event_selectors(
        TrailName="main",
        EventSelectors=[
            {
                "ReadWriteType": "WriteOnly",
                "IncludeManagementEvents": True,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
            }
        ],
    )
    (row,) = aws.rows("aws_cloudtrail_trail")
    assert row["arn"] == made["TrailARN"]
    assert row["home_region"] == "eu-west-1"
    assert row["is_logging"] is True
    assert row["is_multi_region_trail"] is True
    assert row["log_file_validation_enabled"] is True
    assert row["kms_key_id"] == ""
    assert row["log_group_arn"] == ""
    assert [row[name] for name in COLUMNS] == [False, True, False, True, False]


def test_a_shadow_is_asked_at_home(aws: Aws) -> None:
    aws.client("s3").create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    cloudtrail = aws.client("cloudtrail")
    cloudtrail.create_trail(Name="main", S3BucketName="trail", IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name="main")
    cloudtrail.put_event_selectors(
        TrailName="main", EventSelectors=[{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]
    )
    options = Options(session=aws.session, regions=("eu-central-1",), endpoint_url=aws.url)
    names = [*COLUMNS, "region", "home_region", "is_logging"]
    with collect_snapshot(["aws"], options, selection={"aws_cloudtrail_trail": None}) as snapshot:
        (row,) = rows_of(snapshot, table("aws_cloudtrail_trail"), names)
    assert (row["region"], row["home_region"], row["is_logging"]) == ("eu-central-1", "eu-west-1", True)
    assert [row[name] for name in COLUMNS] == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ("", [True, True, False, False, False]),
        ("EventSelectors: [{IncludeManagementEvents: false}]", [False, False, False, False, False]),
        (
            "AdvancedEventSelectors: [{FieldSelectors: ["
            "{Field: eventCategory, Equals: [Management]}, {Field: readOnly, Equals: ['false']}]}]",
            [False, True, False, False, False],
        ),
        (
            "AdvancedEventSelectors: [{FieldSelectors: ["
            "{Field: eventCategory, Equals: [Data]}, {Field: resources.type, Equals: ['AWS::S3::Object']}]}]",
            [False, False, True, True, False],
        ),
        (
            "AdvancedEventSelectors: [{FieldSelectors: [{Field: eventCategory, Equals: [Data]}, "
            "{Field: resources.type, Equals: ['AWS::S3::Object']}, "
            "{Field: resources.ARN, StartsWith: ['arn:aws:s3:::one/']}]}]",
            [False, False, False, False, False],
        ),
        ("EventSelectors: [{ReadWriteType: !Ref Open}]", [None] * 5),
    ],
)
def test_selectors_in_a_template(tmp_path: Path, selectors: str, expected: list[Any]) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(
        "Parameters: {Open: {Type: String}}\nResources:\n  Trail:\n    Type: AWS::CloudTrail::Trail\n"
        f"    Properties:\n      IsLogging: true\n      S3BucketName: logs\n      {selectors}\n"
    )
    snapshot = collect_snapshot([file], selection={"aws_cloudtrail_trail": None})
    (row,) = rows_of(snapshot, table("aws_cloudtrail_trail"), [*COLUMNS, "home_region"])
    assert [row[name] for name in COLUMNS] == expected
    assert row["home_region"] == ""
