"""Templates as rows: what joins, what completes a row, what is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import table


def rows(folder: Path, name: str, *columns: str) -> list[dict[str, Any]]:
    snapshot = collect_snapshot([folder], selection={name: frozenset(columns)})
    return [dict(row) for row in rows_of(snapshot, table(name), ["resource", "_unknown", *columns])]


def test_an_attribute_that_is_what_ref_gives_joins(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Resources:\n"
        "  Vpc: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.0.0.0/16}}\n"
        "  A: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: !Ref Vpc}}\n"
        "  B: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: !GetAtt Vpc.VpcId}}\n"
    )
    assert [row["vpc_id"] for row in rows(tmp_path, "aws_vpc_subnet", "vpc_id")] == ["Vpc", "Vpc"]


def test_a_declared_name_is_what_ref_gives(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Resources:\n"
        "  Logs: {Type: 'AWS::S3::Bucket', Properties: {BucketName: our-logs}}\n"
        "  Data: {Type: 'AWS::S3::Bucket', Properties: {LoggingConfiguration: {DestinationBucketName: !Ref Logs}}}\n"
    )
    names = {row["resource"]: row["name"] for row in rows(tmp_path, "aws_s3_bucket", "name")}
    assert names == {"Logs": "our-logs", "Data": "Data"}


def test_a_policy_completes_its_bucket(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Resources:\n"
        "  Data: {Type: 'AWS::S3::Bucket'}\n"
        "  Open: {Type: 'AWS::S3::Bucket'}\n"
        "  Policy: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: !Ref Data, PolicyDocument: {Statement: []}}}\n"
    )
    policies = {row["resource"]: row["policy"] for row in rows(tmp_path, "aws_s3_bucket", "policy")}
    assert policies == {"Data": '{"Statement":[]}', "Open": "{}"}


def test_a_policy_that_may_be_for_any_bucket_leaves_them_unknown(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Parameters: {Name: {Type: String}}\n"
        "Resources:\n"
        "  Data: {Type: 'AWS::S3::Bucket'}\n"
        "  Policy: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: !Ref Name, PolicyDocument: {}}}\n"
    )
    row = {row["resource"]: row for row in rows(tmp_path, "aws_s3_bucket", "policy")}["Data"]
    assert row["policy"] is None
    assert "Policy may be for it: parameter Name has no value" in row["_unknown"]


def test_a_policy_of_a_bucket_that_is_not_there_is_a_row_that_tells_the_policy_alone(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Resources:\n"
        "  Policy: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: elsewhere, PolicyDocument: {Statement: []}}}\n"
    )
    (row,) = rows(tmp_path, "aws_s3_bucket", "name", "policy", "versioning_enabled", "_companion")
    told = ("resource", "name", "policy", "versioning_enabled", "_companion")
    assert [row[name] for name in told] == ["Policy", "elsewhere", '{"Statement":[]}', None, "policy"]
    assert "only an AWS::S3::BucketPolicy of it is" in row["_unknown"]


def test_a_look_into_a_table_finds_no_resource_of_which_only_a_companion_is_there(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Resources:\n"
        "  Data: {Type: 'AWS::S3::Bucket'}\n"
        "  Policy: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: elsewhere, PolicyDocument: {}}}\n"
    )
    with collect_snapshot([tmp_path]) as snapshot:
        check = load_checks()["s3-bucket-access-logging"]  # may be a bucket that others log to
        findings = {finding.resource: finding.verdict for finding in judge(snapshot, [check]).findings()}
    assert findings == {"Data": "fail"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", True),
        ("'true'", True),
        ("'False'", False),
        ("!Ref X", None),
        ("[1]", None),
        ("'{{resolve:ssm:x}}'", None),
    ],
)
def test_booleans_as_templates_write_them(value: str, expected: bool | None, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Parameters: {X: {Type: String}}\n"
        f"Resources: {{V: {{Type: 'AWS::EC2::Volume', Properties: {{Encrypted: {value}}}}}}}\n"
    )
    (row,) = rows(tmp_path, "aws_ebs_volume", "encrypted")
    assert row["encrypted"] is expected
    assert expected is not None or row["_unknown"]
