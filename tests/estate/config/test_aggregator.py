"""An aggregator: one query for each type, over all accounts and regions, and what is known where it fails."""

from __future__ import annotations

import boto3
import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from tests.estate.config.aggregator import Aggregator, failure
from tests.estate.config.estate import ACCOUNT, cases, item, queried, recorder, rows
from tests.estate.config.volumes import volume

OTHER = "210987654321"
CASES = cases()


def collected(aggregator: Aggregator, *tables: str, regions: list[str] | None = None) -> Snapshot:
    return collect_snapshot(
        [f"config:{aggregator.name}"],
        Options(session=aggregator.session, endpoint_url=aggregator.url, regions=tuple(regions or ())),
        selection=dict.fromkeys(tables),
    )


def test_accounts_and_regions_come_in_the_rows(aggregator: Aggregator) -> None:
    aggregator.items = [
        queried(volume("vol-1")),
        queried(volume("vol-2", awsAccountId=OTHER, awsRegion="us-east-1")),
        queried(volume("vol-3", awsAccountId=OTHER)),
    ]
    snapshot = collected(aggregator, "aws_ebs_volume")
    volumes = {(row["account_id"], row["region"], row["volume_id"]) for row in rows(snapshot, "aws_ebs_volume")}
    assert volumes == {
        (ACCOUNT, "eu-west-1", "vol-1"),
        (OTHER, "us-east-1", "vol-2"),
        (OTHER, "eu-west-1", "vol-3"),
    }
    parts = snapshot.manifest.tables["aws_ebs_volume"].parts
    assert [(part.account, part.region) for part in parts] == [
        (ACCOUNT, "eu-west-1"),
        (OTHER, "eu-west-1"),
        (OTHER, "us-east-1"),
    ]
    assert (snapshot.manifest.source, snapshot.manifest.origin) == ("config", "config:all")
    assert not snapshot.unread


def test_only_the_types_that_are_needed_are_asked_for(aggregator: Aggregator) -> None:
    collected(aggregator, "aws_ebs_volume", "aws_vpc_security_group_rule", "aws_account")
    assert sorted(aggregator.asked) == [
        "AWS::Config::ConfigurationRecorder",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Volume",
    ]


def test_all_pages_are_read(aggregator: Aggregator) -> None:
    aggregator.page = 7
    aggregator.items = [queried(volume(f"vol-{number}")) for number in range(50)]
    assert len(rows(collected(aggregator, "aws_ebs_volume"), "aws_ebs_volume")) == 50


def test_a_resource_that_two_regions_record_is_one_row(aggregator: Aggregator) -> None:
    user = queried(item(CASES["identity: a user with an inline policy"]))
    older = {**user, "configurationItemCaptureTime": "2020-01-01T00:00:00.000Z", "configuration": {}}
    aggregator.items = [user, older, user]
    snapshot = collected(aggregator, "aws_iam_user", "aws_policy_statement")
    assert [row["name"] for row in rows(snapshot, "aws_iam_user")] == ["person-01"]
    assert len(rows(snapshot, "aws_policy_statement")) == 1


def test_a_recorder_says_that_there_is_nothing(aggregator: Aggregator) -> None:
    aggregator.items = [queried(recorder())]
    snapshot = collected(aggregator, "aws_ebs_volume", "aws_iam_user")
    assert {name: [part.region for part in held.parts] for name, held in snapshot.manifest.tables.items()} == {
        "aws_ebs_volume": ["eu-west-1"],
        "aws_iam_user": ["global"],
    }


def test_regions_can_be_narrowed(aggregator: Aggregator) -> None:
    aggregator.items = [queried(volume("vol-1")), queried(volume("vol-2", awsRegion="us-east-1"))]
    snapshot = collected(aggregator, "aws_ebs_volume", regions=["us-east-1"])
    assert [row["volume_id"] for row in rows(snapshot, "aws_ebs_volume")] == ["vol-2"]


@pytest.mark.parametrize(
    ("fails", "why"),
    [
        (lambda _: failure("AccessDeniedException"), "access denied (AccessDeniedException)"),
        (lambda _: failure("InvalidExpressionException"), "AWS answered InvalidExpressionException"),
        (lambda page: failure("AccessDeniedException") if page else None, "access denied"),
        (lambda _: (200, {"Results": [], "NextToken": "1"}), "the pages have no end: a token came again"),
        (lambda _: (200, {"raw": "{"}), "a result is no configuration item"),
        (lambda _: (200, {"Results": ["{"]}), "a result is no configuration item"),
        (lambda _: (200, {"Results": ["1"]}), "a result is no configuration item"),
        (lambda _: (200, {"Results": [[]]}), "a result is no configuration item"),
    ],
)
def test_a_query_that_fails_leaves_gaps_everywhere(aggregator: Aggregator, fails: object, why: str) -> None:
    aggregator.page = 1
    aggregator.items = [
        queried(volume("vol-1")),
        queried(volume("vol-2", awsAccountId=OTHER)),
        queried(item(CASES["network: a network"])),
        queried(item(CASES["network: a network"], awsAccountId=OTHER, awsRegion="us-east-1")),
    ]
    aggregator.fails["AWS::EC2::Volume"] = fails  # type: ignore[assignment]
    snapshot = collected(aggregator, "aws_ebs_volume", "aws_vpc")
    gaps = {(gap.account, gap.region) for gap in snapshot.unread if gap.table == "aws_ebs_volume"}
    assert {(ACCOUNT, "eu-west-1"), (OTHER, "us-east-1")} <= gaps
    assert all(gap.operation == "config:SelectAggregateResourceConfig" for gap in snapshot.unread)
    assert all(why in gap.reason for gap in snapshot.unread)
    assert len(rows(snapshot, "aws_vpc")) == 2


def test_an_aggregator_that_there_is_not_is_an_error(aggregator: Aggregator) -> None:
    aggregator.name = "other"
    with pytest.raises(DemarcateError, match="NoSuchConfigurationAggregatorException"):
        collect_snapshot(
            ["config:all"],
            Options(session=aggregator.session, endpoint_url=aggregator.url),
            selection={"aws_ebs_volume": None},
        )


def test_a_name_and_a_region_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DemarcateError, match="name the aggregator: config:AGGREGATOR"):
        collect_snapshot(["config:"], Options(session=boto3.Session("a", "b", region_name="eu-west-1")))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DemarcateError, match="set AWS_REGION"):
        collect_snapshot(["config:all"], Options(session=boto3.Session("a", "b")))


def test_what_the_aggregator_did_not_get_is_told(aggregator: Aggregator) -> None:
    aggregator.sources = [
        {"SourceId": OTHER, "SourceType": "ACCOUNT", "AwsRegion": "us-east-1", "LastUpdateStatus": "FAILED"},
    ]
    snapshot = collected(aggregator, "aws_ebs_volume")
    (unread,) = snapshot.unread
    assert (unread.account, unread.region) == (OTHER, "us-east-1")
    assert "does not have its present state (FAILED)" in unread.reason


def test_that_it_may_not_be_asked_what_it_did_not_get_is_told(aggregator: Aggregator) -> None:
    aggregator.fails["sources"] = lambda _: failure("AccessDeniedException")
    (unread,) = collected(aggregator, "aws_ebs_volume").unread
    assert unread.operation == "config:DescribeConfigurationAggregatorSourcesStatus"
