"""What is logged, and how safe it is where it lies: a case of `coverage.yaml` each, and an account over HTTP."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.tables import table
from demarcate.logs.coverage.covering import Covered, covered
from demarcate.logs.coverage.kinds import columns, kinds, named
from demarcate.logs.coverage.receiving import Receiving
from demarcate.report import coverage as report
from demarcate.report.console import Console
from demarcate.report.out import Out
from tests.aws.conftest import REGION, Aws
from tests.checks.test_engine import snapshot
from tests.logs.test_alarms import value_of

ACCOUNT = "111122223333"


class Case(msgspec.Struct, forbid_unknown_fields=True):
    it: str
    kind: str
    tables: dict[str, list[dict[str, Any]] | None]
    on: int
    off: list[str] = []
    unknown: dict[str, str] = {}
    places: list[dict[str, Any]] = []


CASES = read(Path(__file__).with_name("coverage.yaml"), list[Case])


def estate(tables: dict[str, list[dict[str, Any]] | None]) -> Snapshot:
    told = {
        name: [
            {"account_id": ACCOUNT, "region": REGION, "resource": f"{name}-{number}"}
            | {column: value_of(value) for column, value in row.items()}
            for number, row in enumerate(rows)
        ]
        for name, rows in tables.items()
        if rows is not None
    }
    gaps = [
        Unread(table=name, account=ACCOUNT, kind=Kind.DENIED, reason="access denied")
        for name, rows in tables.items()
        if rows is None
    ]
    return snapshot(told, *gaps)


def of_account(kind: str, tables: dict[str, list[dict[str, Any]] | None]) -> list[Covered]:
    with estate(tables) as of:
        return [each for each in covered(of, named([kind])) if each.account_id == ACCOUNT]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.it)
def test_what_is_on_and_off_and_where_it_lies(case: Case) -> None:
    told = of_account(case.kind, case.tables)
    assert sum(each.on for each in told) == case.on
    assert [name for each in told for name in each.off if each.region == REGION] == case.off
    unknown = {why.resource: why.reason for each in told for why in each.unknown}
    assert unknown.keys() == case.unknown.keys(), unknown
    assert all(why in unknown[name] for name, why in case.unknown.items()), unknown
    places = [place for each in told for place in each.destinations]
    if case.places:
        assert len(places) == len(case.places), places
    for place, asked in zip(places, case.places, strict=False):
        why = asked.pop("why", {})
        plain = msgspec.structs.asdict(place)
        assert {name: plain[name] for name in asked} == {name: value_of(value) for name, value in asked.items()}
        assert all(reason in place.unknown[name] for name, reason in why.items()), place.unknown


def test_every_kind_asks_for_columns_that_there_are() -> None:
    lacking = [
        f"{name}.{column}"
        for name, asked in columns(kinds()).items()
        for column in asked
        if column not in {each.name for each in table(name).all_columns}
    ]
    assert lacking == []
    assert len({kind.id for kind in kinds()}) == len(kinds()) == 30


def test_the_id_of_no_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(DemarcateError, match="did you mean vpc-flow"):
        named(["vpc-flows"])


def role(name: str, *statements: dict[str, Any], managed: str = "") -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **said} for said in statements]}
    return {
        **{"name": name, "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "region": "global"},
        "inline_policies": [{"PolicyName": "own", "PolicyDocument": document}],
        **{"attached_policy_arns": [managed] if managed else [], "permissions_boundary_arn": ""},
    }


ROLES = [
    role("clears", {"Action": "s3:DeleteObjectVersion", "Resource": "arn:aws:s3:::logs/*"}),
    role("deletes", {"Action": "s3:DeleteObject", "Resource": "*"}),
    role("copies", {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::logs/*"}),
    role("reads", {"Action": "s3:GetObject", "Resource": "*"}),
    role("managed", managed="arn:aws:iam::aws:policy/job-function/Something"),
    role("groups", {"Action": "logs:*", "Resource": "*"}),
]
NOBODY: dict[str, Any] = {"aws_iam_user": [], "aws_iam_group": [], "aws_iam_policy": []}


def place_of(case: str, **more: Any) -> Any:
    given = next(each for each in CASES if each.it == case)
    (told,) = of_account(given.kind, given.tables | NOBODY | more)
    return told.destinations[0]


def test_who_may_delete_logs_and_who_both_writes_and_reads_them() -> None:
    place = place_of("flow logs of networks, in a bucket of the same account", aws_iam_role=ROLES)
    assert [each.rpartition("/")[2] for each in place.deleters] == ["clears"]
    assert [each.rpartition("/")[2] for each in place.writers_that_read] == ["copies"]
    assert [each.rpartition("/")[2] for each in place.perhaps_deleters] == ["managed"]
    group = place_of("a flow log to a log group", aws_iam_role=ROLES)
    assert [each.rpartition("/")[2] for each in group.deleters] == ["groups"]
    assert [each.rpartition("/")[2] for each in group.writers_that_read] == ["groups"]


def test_places_of_which_the_same_is_told_are_told_together() -> None:
    names = [f"f{number}" for number in range(8)]
    groups = [
        {"name": name, "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"}
        | {"retention_in_days": 7 if name == "f3" else 30, "deletion_protection_enabled": False}
        for name in names
    ]
    functions = [{"name": name, "log_group": name} for name in names]
    told = of_account("lambda", {**NOBODY, "aws_lambda_function": functions, "aws_cloudwatch_log_group": groups})
    out = io.StringIO()
    report.write(told, "text", Out(out), Console(Out(out)))
    assert [line.strip() for line in out.getvalue().splitlines() if "log-group" in line] == [
        "log-group f0, f1, f2, f4, f5 and 2 more",
        "log-group f3",
    ]


def test_who_may_is_not_known_where_roles_were_not_read() -> None:
    place = place_of("a flow log to a log group", aws_iam_role=None)
    assert place.deleters is None and place.unknown["deleters"].startswith("aws_iam_role: ")


PLACE = {"name": "logs", "arn": "arn:aws:s3:::logs", "policy": {}}
TODAY = datetime(2026, 11, 29, 12, tzinfo=UTC)
KEYS: list[tuple[str, str, dict[str, Any], str]] = [
    ("s3-access", "aws_s3_bucket", {"logging_target_prefix": "a", "logging_partitioned": False}, "a2026-11-29-"),
    (
        *("s3-access", "aws_s3_bucket", {"logging_target_prefix": "a/", "logging_partitioned": True}),
        f"a/{ACCOUNT}/{REGION}/it/2026/11/29/",
    ),
    ("cloudfront", "aws_cloudfront_distribution", {"id": "E1", "logging_prefix": "a"}, "a/E1.2026-11-29-"),
    ("cloudfront", "aws_cloudfront_distribution", {"id": "E1", "logging_prefix": ""}, "E1.2026-11-29-"),
    (
        *("elb-access", "aws_elbv2_load_balancer", {"type": "application", "access_logs_prefix": "a"}),
        f"a/AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/2026/11/29/",
    ),
    (
        *("clb-access", "aws_ec2_classic_load_balancer", {"access_log_prefix": ""}),
        f"AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/2026/11/29/",
    ),
    (
        *("bedrock", "aws_bedrock_model_invocation_logging", {"s3_key_prefix": "a", "log_group_name": ""}),
        f"a/AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/{REGION}/2026/11/29/",
    ),
]


class Listing:
    """What was listed, where all is there, or nothing."""

    def __init__(self, told: list[str] | None) -> None:
        self.told, self.asked = told, list[str]()

    def read(self, account: str, region: str, read: Any) -> list[str] | None:
        self.asked.append(read.operation.parameters["Prefix"])
        return self.told


def received(kind: str, name: str, row: dict[str, Any], *listings: Listing) -> list[Any]:
    """The place of the logs of a resource, as each listing has it."""
    (of,) = named([kind])
    target = next(to.column for to in (*of.to, *(to for by in of.by for to in by.to)) if to.kind == "bucket")
    on = {"logging_enabled": True, "access_logs_enabled": True, "access_log_enabled": True}
    tables = {name: [{"name": "it", **on, **row, target: "logs"}], "aws_region": [{"name": REGION}]}
    tables["aws_s3_bucket"] = [*tables.get("aws_s3_bucket", []), PLACE]
    places = []
    with estate(tables | NOBODY) as read:
        for listing in listings:
            told = covered(read, [of], Receiving(listing, TODAY))
            (place,) = (place for each in told for place in each.destinations)
            places.append(place)
    return places


@pytest.mark.parametrize(("kind", "name", "row", "key"), KEYS)
def test_objects_of_a_day_are_asked_for_where_aws_puts_them(
    kind: str, name: str, row: dict[str, Any], key: str
) -> None:
    there = Listing(["2026-11-29T11:00:00Z", "2026-11-29T10:00:00Z"])
    nothing = Listing(None)
    full, empty = received(kind, name, row, there, nothing)
    assert full.received_until == datetime(2026, 11, 29, 11, tzinfo=UTC)
    assert (empty.received_until, empty.receives) == ("", False)
    assert (there.asked, nothing.asked[0], len(nothing.asked)) == ([key], key, 2)


DAY = "2026-11-29-"
PATHS: list[tuple[str, str, bool, str]] = [
    ("", "", False, f"AWSLogs/{ACCOUNT}/CloudFront/E1.{DAY}"),
    ("", "AWSLogs/{account-id}/CloudFront/", True, f"AWSLogs/aws-account-id={ACCOUNT}/CloudFront/E1.{DAY}"),
    ("", "AWSLogs/{account-id}/CloudFront/a/{yyyy}", False, f"AWSLogs/{ACCOUNT}/CloudFront/a/2026/E1.{DAY}"),
    ("/p", "", False, f"p/E1.{DAY}"),
    ("/p", "/{DistributionId}/{yyyy}/{MM}/{dd}/{HH}", False, "p/E1/2026/11/29/"),
    (
        "/p",
        "{distributionid}/{yyyy}/{MM}/{dd}/{HH}/x",
        True,
        "p/distributionid=E1/year=2026/month=11/day=29/hour=",
    ),
    ("/p", "{accountid}/{dd}", True, f"p/accountid={ACCOUNT}/day=29/E1.{DAY}"),
    ("/p", "{HH}/{yyyy}/{MM}/{dd}", False, ""),
    ("/p", "{yyyy}/{MM}/{dd}/{country}", False, ""),
    ("", "/{yyyy}/{MM}/{dd}", False, ""),
]


@pytest.mark.parametrize(("prefix", "path", "hive", "key"), PATHS)
def test_objects_of_a_delivery_are_asked_for_where_its_owner_has_them_put(
    prefix: str, path: str, hive: bool, key: str
) -> None:
    (of,) = named(["cloudfront"])
    told = {"delivery_source_name": "s", "s3_suffix_path": path, "s3_hive_compatible_path": hive}
    told["destination_resource_arn"] = f"arn:aws:s3:::logs{prefix}"
    tables: dict[str, list[dict[str, Any]] | None] = {
        "aws_cloudfront_distribution": [{"id": "E1", "region": "global", "logging_enabled": False}],
        "aws_cloudfront_log_delivery_source": [{"name": "s", "distribution_id": "E1", "log_type": "ACCESS_LOGS"}],
        "aws_cloudfront_log_delivery": [told],
        "aws_s3_bucket": [PLACE],
    }
    listing = Listing(["2026-11-29T11:00:00Z"])
    with estate(tables | NOBODY) as read:
        (place,) = (
            place for each in covered(read, [of], Receiving(listing, TODAY)) for place in each.destinations
        )
    assert listing.asked == ([key] if key else [])
    assert (place.received_until is None) == (not key)


def test_where_objects_lie_may_not_be_known() -> None:
    listing = Listing(None)
    untold = value_of({"unknown": "AWS Config does not tell it"})
    row = {"logging_target_prefix": "a", "logging_partitioned": untold}
    (place,) = received("s3-access", "aws_s3_bucket", row, listing)
    assert (place.received_until, listing.asked) == (None, [])
    assert place.unknown["received_until"] == "AWS Config does not tell it"
    row = {"logging_target_prefix": "a", "logging_partitioned": True, "region": "global"}
    (place,) = received("s3-access", "aws_s3_bucket", row, listing)
    assert (listing.asked, "is not known" in place.unknown["received_until"]) == ([], True)


# --- over HTTP --------------------------------------------------------------------------------------------


def run(*words: str) -> str:
    outcome = CliRunner().invoke(app, ["logs", "coverage", *words])
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


def test_an_account_tells_what_it_logs_and_until_when_it_came(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    s3, logs, ec2 = aws.client("s3"), aws.client("logs"), aws.client("ec2")
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="flows", CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True)
    rules = [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}}]
    s3.put_bucket_lifecycle_configuration(Bucket="flows", LifecycleConfiguration={"Rules": rules})
    account = aws.client("sts").get_caller_identity()["Account"]
    today = datetime.now(UTC)
    s3.put_object(Bucket="flows", Key=f"AWSLogs/{account}/vpcflowlogs/{REGION}/{today:%Y/%m/%d}/x.gz", Body=b"x")
    first = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    second = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    logs.create_log_group(logGroupName="flow")
    logs.put_retention_policy(logGroupName="flow", retentionInDays=30)
    logs.create_log_stream(logGroupName="flow", logStreamName="eni-1")
    event = {"timestamp": int(today.timestamp() * 1000), "message": "2 ACCEPT"}
    logs.put_log_events(logGroupName="flow", logStreamName="eni-1", logEvents=[event])
    flow = {"ResourceType": "VPC", "TrafficType": "ALL"}
    made = ec2.create_flow_logs(
        ResourceIds=[first], LogDestinationType="s3", LogDestination="arn:aws:s3:::flows", **flow
    )
    assert not made["Unsuccessful"]
    made = ec2.create_flow_logs(
        ResourceIds=[second],
        LogGroupName="flow",
        DeliverLogsPermissionArn=f"arn:aws:iam::{account}:role/flow",
        **flow,
    )
    assert not made["Unsuccessful"], made
    words = ["aws", "--kind", "vpc-flow", "--region", REGION, "--endpoint-url", aws.url]
    (told,) = json.loads(run(*words, "--ask-aws", "--format", "json"))
    assert all(place["receives"] for place in told["destinations"])
    default = [name for name in told["off"] if name not in (first, second)]
    assert (told["on"], told["resources"], told["off"]) == (2, 2 + len(default), default)
    bucket, group = told["destinations"]
    assert (bucket["name"], bucket["kept_days"], bucket["immutable"]) == ("flows", 400, "versions")
    assert (group["name"], group["kept_days"], group["deleters"]) == ("flow", 30, [])
    for place in (bucket, group):
        assert datetime.fromisoformat(place["received_until"]) >= today.replace(microsecond=0)
    (unasked,) = json.loads(run(*words, "--format", "json"))
    assert {place["unknown"]["received_until"] for place in unasked["destinations"]} == {
        "AWS was not asked (--ask-aws)"
    }
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv"))))
    assert [row["name"] for row in rows] == ["flows", "flow"]
    assert run(*words, "--format", "markdown").startswith("| account\\_id | region | source |")
    text = run(*words)
    assert "VPC flow logs: on for 2 of" in text and "kept 400 days" in text
    assert max(map(len, text.splitlines())) <= 80
