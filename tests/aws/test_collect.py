"""The live source when AWS does not answer as it should."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from demarcate import assess, collect, evaluate
from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from tests.aws.conftest import REGION, Aws

HEADERS: Any = {"Content-Type": "text/xml"}


class Body:
    """A response's body, as botocore streams it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.data

    def read(self, *_: Any) -> bytes:
        return self.data


def answer(session: boto3.Session, event: str, status: int, code: str) -> None:
    """Let AWS answer an operation ("ec2.DescribeVolumes") with an error."""
    xml = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
    if not event.startswith("ec2."):
        xml = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"

    def send(request: Any, **_: Any) -> Any:
        return AWSResponse(request.url, status, HEADERS, Body(xml.encode()))

    session.events.register(f"before-send.{event}", send)


def snapshot(aws: Aws, *tables: str) -> Any:
    return collect_snapshot(
        ["aws"],
        Options(session=aws.session, regions=(REGION,), endpoint_url=aws.url),
        selection=dict.fromkeys(tables),
    )


def test_a_denied_listing_is_unread_and_its_check_unknown(aws: Aws) -> None:
    aws.client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)
    answer(aws.session, "ec2.DescribeVolumes", 403, "UnauthorizedOperation")
    taken = snapshot(aws, "aws_ebs_volume", "aws_vpc")
    (unread,) = taken.unread
    assert (unread.table, unread.operation) == ("aws_ebs_volume", "ec2:DescribeVolumes")
    assert "access denied (UnauthorizedOperation)" in str(unread)
    (finding,) = judge(taken, [load_checks()["ebs-volume-encrypted"]]).findings()
    assert (finding.verdict, finding.account, finding.region) == ("unknown", "123456789012", REGION)
    assert "ec2:DescribeVolumes: access denied" in finding.reason
    assert taken.files("aws_vpc"), "the rest goes on"


def test_a_denied_detail_makes_its_columns_unknown_and_leaves_the_rest(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    ec2.create_snapshot(VolumeId=volume)
    answer(aws.session, "ec2.DescribeSnapshotAttribute", 403, "UnauthorizedOperation")
    rows = aws.rows("aws_ebs_snapshot")
    (row,) = [row for row in rows if row["volume_id"] == volume]
    assert row["public"] is None
    assert row["encrypted"] is False
    assert "ec2:DescribeSnapshotAttribute: access denied" in json.loads(row["_unknown"])["public"]["reason"]


def test_an_answer_that_cannot_be_parsed_is_unread(aws: Aws) -> None:
    def send(request: Any, **_: Any) -> Any:
        return AWSResponse(request.url, 200, HEADERS, Body(b"<not xml"))

    aws.session.events.register("before-send.ec2.DescribeVolumes", send)
    (unread,) = snapshot(aws, "aws_ebs_volume").unread
    assert unread.operation == "ec2:DescribeVolumes"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ExpiredToken", "have expired"),
        ("InvalidClientTokenId", "does not accept these credentials"),
        ("AccessDenied", "does not say whose credentials"),
    ],
)
def test_credentials_that_are_not_taken(aws: Aws, code: str, says: str) -> None:
    answer(aws.session, "sts.GetCallerIdentity", 403, code)
    with pytest.raises(DemarcateError, match=says):
        snapshot(aws, "aws_ebs_volume")


def test_no_credentials(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(DemarcateError, match="no AWS credentials"):
        collect_snapshot(["aws"], Options(session=boto3.Session(region_name=REGION), endpoint_url=aws.url))


@pytest.mark.parametrize(("region", "says"), [("eu-west-11", "did you mean"), ("mars", "no AWS region")])
def test_a_region_that_does_not_exist(aws: Aws, region: str, says: str) -> None:
    with pytest.raises(DemarcateError, match=says):
        collect_snapshot(["aws"], Options(session=aws.session, regions=(region,), endpoint_url=aws.url))


def test_inside_an_in_process_moto() -> None:
    from moto import mock_aws

    with mock_aws():
        session = boto3.Session(aws_access_key_id="t", aws_secret_access_key="t", region_name="us-east-1")
        session.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)
        taken = collect("aws", session=session, regions=["us-east-1"], tables=["aws_ebs_volume"])
        findings = evaluate(taken, checks=["ebs-volume-encrypted"])
    assert findings["verdict"].to_pylist() == ["fail"]
    assert findings["resource"][0].as_py().startswith("arn:aws:ec2:us-east-1:123456789012:volume/vol-")


def test_all_tables_inside_an_in_process_moto() -> None:
    """It raises Python's own exceptions for what it lacks: that is not read, and the rest is."""
    from moto import mock_aws

    with mock_aws():
        session = boto3.Session(aws_access_key_id="t", aws_secret_access_key="t", region_name="us-east-1")
        session.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)
        taken = collect("aws", session=session, regions=["us-east-1"])
    assert [row["size"] for row in rows_of(taken, table("aws_ebs_volume"), ["size"])] == [1]
    reasons = {(gap.operation, gap.reason) for gap in taken.unread}
    assert ("config:DescribeConformancePacks", "the call failed (NotImplementedError)") in reasons


def test_assess_live(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    aws.client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)
    posture = assess("aws", session=aws.session, regions=[REGION], checks=["ebs-volume-encrypted"])
    (gap,) = posture.first()
    assert gap.id == "encryption.enable-at-rest"
    assert posture.regions[REGION].gaps == 1
