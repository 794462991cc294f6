"""A finding is judged again as it is now: what could not be read is unknown, and only what was read can be gone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import make_change
from demarcate.changes.structs import Change, Step
from demarcate.changes.verifying import GONE, checks_of, verify
from demarcate.checks.catalog import load_checks
from demarcate.estate.sources.interface import Options
from tests.aws.conftest import REGION, Aws
from tests.aws.endless import VOLUMES, Server
from tests.changes.cases import options
from tests.changes.fakes import step
from tests.changes.test_reach import ERROR

CHECK = "ebs-volume-encrypted"


def volumes(*ids: str) -> Any:
    """A change about findings of volumes."""
    return make_change("encrypt", "findings", "a test", [step(id, checks=(CHECK,), findings=(id,)) for id in ids])


def test_what_could_not_be_read_is_not_gone(endless: Server, aws: Aws) -> None:
    def denied(asked: Any) -> None:
        text = ERROR.format("UnauthorizedOperation")
        asked.send_response(403)
        asked.send_header("Content-Length", str(len(text)))
        asked.end_headers()
        asked.wfile.write(text.encode())

    told = Options(session=aws.session, regions=(REGION,), endpoint_url=endless.url)
    for answer, verdict in ((denied, "unknown"), (lambda asked: asked.text(VOLUMES.format("", "")), GONE)):
        endless.answers["DescribeVolumes"] = answer
        (item,) = verify(volumes("f-1"), checks_of(volumes("f-1")), told)
        assert (item.verdict, item.finding) == (verdict, "f-1")
        assert ("ec2:DescribeVolumes: access denied" in item.reason) == (verdict == "unknown")


def failing(aws: Aws, *checks: str) -> list[Step]:
    """A step for each of what fails these checks."""
    from demarcate.checks.engine import judge

    chosen = [load_checks()[name] for name in checks]
    with aws.snapshot(*{check.table for check in chosen}) as snapshot:
        judgement = judge(snapshot, chosen)
        findings = [finding for finding in judgement.findings() if finding.verdict == "fail"]
        judgement.close()
    return [
        replace(
            step(finding.resource or ""),
            region=finding.region or "global",
            checks=(finding.check,),
            findings=(finding.id,),
        )
        for finding in findings
    ]


def calls(aws: Aws, change: Change) -> tuple[Counter[str], list[str]]:
    """What verifying a change calls, and the verdicts."""
    made: Counter[str] = Counter()
    events = aws.session._session.get_component("event_emitter")
    count = lambda model, **_: made.update([model.name])  # noqa: E731
    events.register("before-call", count)
    try:
        verdicts = [item.verdict for item in verify(change, checks_of(change), options(aws))]
    finally:
        events.unregister("before-call", count)
    return made, verdicts


def test_only_its_resources_are_read_again(aws: Aws) -> None:
    """By what names them where AWS can be asked so; else before anything is asked about each of them."""
    ec2, s3, dynamodb = aws.client("ec2"), aws.client("s3"), aws.client("dynamodb")
    for number in range(4):
        ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)
        s3.create_bucket(Bucket=f"b-{number}", CreateBucketConfiguration={"LocationConstraint": REGION})
        dynamodb.create_table(
            TableName=f"t-{number}",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    pitr = "dynamodb-table-point-in-time-recovery"
    volumes, buckets, tables = (failing(aws, name) for name in (CHECK, "s3-bucket-versioning", pitr))
    assert [len(steps) for steps in (volumes, buckets, tables)] == [4, 4, 4]
    made, verdicts = calls(aws, make_change("several", "findings", "a test", [volumes[0], buckets[1], tables[2]]))
    assert verdicts == ["fail", "fail", "fail"]
    assert made == {
        "GetCallerIdentity": 1,
        "DescribeVolumes": 1,
        "ListBuckets": 1,
        "GetBucketVersioning": 1,
        "DescribeTable": 1,
        "DescribeContinuousBackups": 1,
    }

    # One that is gone does not hide the others, and is looked for once more among all that there are.
    ec2.delete_volume(VolumeId=volumes[1].resource.rpartition("/")[2])
    made, verdicts = calls(aws, make_change("volumes", "findings", "a test", volumes))
    assert verdicts == ["fail", GONE, "fail", "fail"]
    assert made["DescribeVolumes"] == 1 + len(volumes) + 1


def test_two_findings_of_one_step(aws: Aws) -> None:
    """A call that mends several findings of one check is verified for each of them."""
    ec2 = aws.client("ec2")
    for _ in range(2):
        ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)
    ids = tuple(finding for step in failing(aws, CHECK) for finding in step.findings)
    assert len(ids) == 2
    both = make_change("encrypt", "findings", "a test", [step("v", checks=(CHECK, CHECK), findings=ids)])
    assert [item.verdict for item in verify(both, checks_of(both), options(aws))] == ["fail", "fail"]


def test_a_check_that_is_not_there() -> None:
    own = make_change("own", "findings", "a test", [step("v", checks=("own-check",), findings=("f",))])
    with pytest.raises(DemarcateError, match=r"there is no check 'own-check': name the folder that has it"):
        checks_of(own)
    with pytest.raises(DemarcateError):
        checks_of(own, [Path("no-such-folder")])
