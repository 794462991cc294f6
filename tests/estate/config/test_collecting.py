"""What is known where Config has something, has nothing, or does not say."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from pyarrow.parquet import read_table

from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Judgement
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.config.recorders import records
from demarcate.estate.sources.config.source import ConfigSource
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import all_tables, table
from tests.estate.config.estate import (
    ACCOUNT,
    Case,
    Raw,
    cases,
    deliver,
    item,
    named,
    recorder,
    rows,
    snapshot_of,
)
from tests.estate.config.volumes import volume

CASES = cases()
OTHER = "210987654321"


def of(name: str, **more: Any) -> Raw:
    return item(CASES[name], **more)


def places(snapshot: Snapshot, name: str) -> list[tuple[str | None, str | None, int]]:
    held = snapshot.manifest.tables.get(name)
    return [(part.account, part.region, part.rows) for part in held.parts] if held else []


def gaps(snapshot: Snapshot, name: str) -> list[tuple[str | None, str | None]]:
    return [(gap.account, gap.region) for gap in snapshot.unread if gap.table == name]


def judged(snapshot: Snapshot, *checks: str) -> Judgement:
    catalog = load_checks()
    return judge(snapshot, [catalog[name] for name in checks], passes=True)


def test_one_part_for_each_account_region_and_table(tmp_path: Path) -> None:
    for account in (ACCOUNT, OTHER):
        for region in ("eu-west-1", "us-east-1"):
            more: dict[str, Any] = {"awsAccountId": account, "awsRegion": region}
            deliver(tmp_path, [volume("vol-1", **more)], named(account=account, region=region))
    snapshot = snapshot_of(tmp_path, tables=("aws_ebs_volume",))
    assert snapshot.manifest.source == "config"
    assert places(snapshot, "aws_ebs_volume") == [
        (ACCOUNT, "eu-west-1", 1),
        (ACCOUNT, "us-east-1", 1),
        (OTHER, "eu-west-1", 1),
        (OTHER, "us-east-1", 1),
    ]


def test_deleted_items_are_no_rows_but_say_that_there_is_nothing(tmp_path: Path) -> None:
    gone = volume("vol-1", configurationItemStatus="ResourceDeleted", configuration=None)
    snapshot = snapshot_of(deliver(tmp_path, [gone]), tables=("aws_ebs_volume",))
    assert places(snapshot, "aws_ebs_volume") == [(ACCOUNT, "eu-west-1", 0)]
    assert not snapshot.unread


def test_a_type_that_is_nowhere_is_not_recorded(tmp_path: Path) -> None:
    snapshot = snapshot_of(deliver(tmp_path, [volume("vol-1")]))
    assert set(snapshot.manifest.tables) == {"aws_ebs_volume"}
    judgement = judged(snapshot, "ebs-volume-encrypted", "lambda-function-runtime-supported")
    assert [note.check for note in judgement.not_run] == ["lambda-function-runtime-supported"]
    assert [(finding.check, finding.verdict) for finding in judgement.findings()] == [
        ("ebs-volume-encrypted", "fail")
    ]


def test_a_recorder_says_that_there_is_nothing(tmp_path: Path) -> None:
    snapshot = snapshot_of(deliver(tmp_path, [recorder()]))
    assert places(snapshot, "aws_ebs_volume") == [(ACCOUNT, "eu-west-1", 0)]
    assert places(snapshot, "aws_iam_user") == [(ACCOUNT, "global", 0)]
    assert places(snapshot, "aws_vpc_security_group_rule") == [(ACCOUNT, "eu-west-1", 0)]
    assert not places(snapshot, "aws_cloudfront_distribution"), "only us-east-1 records distributions"
    assert not places(snapshot, "aws_macie2_session"), "no type fills it"
    assert not snapshot.unread


def test_a_recorder_that_leaves_types_out_does_not_say_it_of_them(tmp_path: Path) -> None:
    group = {
        "RecordingStrategy": {"UseOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
        "ExclusionByResourceTypes": {"ResourceTypes": ["AWS::EC2::Volume"]},
    }
    snapshot = snapshot_of(deliver(tmp_path, [recorder(**group)]))
    assert not places(snapshot, "aws_ebs_volume")
    assert places(snapshot, "aws_ec2_instance")


RECORDED = {"RecordingGroup": {"AllSupported": True, "IncludeGlobalResourceTypes": False}, "Recording": True}


@pytest.mark.parametrize(
    ("recorder", "type_", "region", "known"),
    [
        (RECORDED, "AWS::EC2::Volume", "eu-west-1", True),
        (RECORDED, "AWS::IAM::User", "eu-west-1", False),
        ({**RECORDED, "Recording": False}, "AWS::EC2::Volume", "eu-west-1", False),
        ({**RECORDED, "Recording": "yes"}, "AWS::EC2::Volume", "eu-west-1", False),
        (RECORDED, "AWS::CloudFront::Distribution", "eu-west-1", False),
        (RECORDED, "AWS::CloudFront::Distribution", "us-east-1", True),
        ({"RecordingGroup": {"ResourceTypes": ["AWS::EC2::VPC"]}, "Recording": True}, "AWS::EC2::VPC", "a", True),
        (
            {"RecordingGroup": {"ResourceTypes": ["AWS::EC2::VPC"]}, "Recording": True},
            "AWS::IAM::Role",
            "a",
            False,
        ),
        ({"RecordingGroup": {"RecordingStrategy": 1, "ResourceTypes": None}, "Recording": True}, "x", "a", False),
        ({"RecordingGroup": [], "Recording": True}, "AWS::EC2::VPC", "a", False),
        ({}, "AWS::EC2::VPC", "a", False),
    ],
)
def test_what_a_recorder_records(recorder: dict[str, Any], type_: str, region: str, known: bool) -> None:
    assert records([recorder], type_, region) is known


def test_silence_is_a_gap_where_other_regions_have_the_type(tmp_path: Path) -> None:
    """A network without a flow log fails only where it is known that flow logs are recorded."""
    vpc = of("network: a network")
    there = of("network: a network", awsRegion="us-east-1", resourceId="vpc-2")
    log = of("network: a flow log", awsRegion="us-east-1")
    log["configuration"] = {**log["configuration"], "resourceId": "elsewhere"}
    deliver(tmp_path, [vpc])
    deliver(tmp_path, [there, log], named(region="us-east-1"))
    snapshot = snapshot_of(tmp_path, tables=("aws_vpc", "aws_vpc_flow_log"))
    assert gaps(snapshot, "aws_vpc_flow_log") == [(ACCOUNT, "eu-west-1")]
    verdicts = {(finding.region, finding.verdict) for finding in judged(snapshot, "vpc-has-flow-log").findings()}
    assert verdicts == {("eu-west-1", "unknown"), ("us-east-1", "fail")}
    deliver(tmp_path / "again", [vpc, recorder()])
    known = snapshot_of(tmp_path / "again", tables=("aws_vpc", "aws_vpc_flow_log"))
    assert [finding.verdict for finding in judged(known, "vpc-has-flow-log").findings()] == ["fail"]


def test_global_resources_count_once_from_the_newest_region(tmp_path: Path) -> None:
    user = "identity: a user with an inline policy"
    stale = of(user, resourceId="AIDA9", ARN=f"arn:aws:iam::{ACCOUNT}:user/gone")
    stale["configuration"] = {**stale["configuration"], "userName": "gone", "arn": stale["ARN"]}
    deliver(tmp_path, [of(user), stale, volume("vol-1", awsRegion="us-east-1")], named(region="us-east-1"))
    deliver(tmp_path, [of(user), volume("vol-1")], named(time="20260110T130000Z"))
    snapshot = snapshot_of(tmp_path, tables=("aws_iam_user", "aws_ebs_volume"))
    assert [row["name"] for row in rows(snapshot, "aws_iam_user")] == ["person-01"]
    assert places(snapshot, "aws_iam_user") == [(ACCOUNT, "global", 1)]
    assert len(rows(snapshot, "aws_ebs_volume")) == 2


def test_only_the_latest_revision_of_a_task_definition_is_a_row(tmp_path: Path) -> None:
    name = "services: a task definition"
    revisions = []
    for number in (9, 10, 2):
        arn = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/web:{number}"
        raw = of(name, resourceId=arn, ARN=arn)
        raw["configuration"] = {**raw["configuration"], "TaskDefinitionArn": arn}
        revisions.append(raw)
    snapshot = snapshot_of(deliver(tmp_path, revisions), tables=("aws_ecs_task_definition",))
    assert [row["revision"] for row in rows(snapshot, "aws_ecs_task_definition")] == [10]


def test_a_resource_that_is_known_and_not_recorded_is_a_gap(tmp_path: Path) -> None:
    bare = volume("vol-2", configurationItemStatus="ResourceNotRecorded", configuration=None)
    snapshot = snapshot_of(deliver(tmp_path, [volume("vol-1"), bare]), tables=("aws_ebs_volume",))
    assert len(rows(snapshot, "aws_ebs_volume")) == 1
    assert gaps(snapshot, "aws_ebs_volume") == [(ACCOUNT, "eu-west-1")]


def test_an_item_without_a_configuration_is_a_row_of_which_nothing_is_known(tmp_path: Path) -> None:
    snapshot = snapshot_of(deliver(tmp_path, [volume("vol-1", configuration=None)]), tables=("aws_ebs_volume",))
    (row,) = rows(snapshot, "aws_ebs_volume")
    assert row["resource"] == f"arn:aws:ec2:eu-west-1:{ACCOUNT}:volume/vol-1"
    assert row["_unknown"]["encrypted"] == {"kind": "unset", "reason": "AWS Config has no configuration of it"}
    assert [finding.verdict for finding in judged(snapshot, "ebs-volume-encrypted").findings()] == ["unknown"]


def test_types_that_no_table_holds_are_counted(tmp_path: Path) -> None:
    queue = volume("x", resourceType="AWS::Kinesis::Stream")
    result = volume("y", resourceType="AWS::Config::ResourceCompliance")
    snapshot = snapshot_of(deliver(tmp_path, [queue, queue, result]))
    assert snapshot.manifest.resources == {"AWS::Kinesis::Stream": 2}


def test_items_that_say_nothing_of_themselves_are_told(tmp_path: Path) -> None:
    odd: list[Any] = [None, 1, {}, {"resourceType": "AWS::EC2::Volume"}]
    snapshot = snapshot_of(deliver(tmp_path, [volume("vol-1"), *odd]), tables=("aws_ebs_volume",))
    assert len(rows(snapshot, "aws_ebs_volume")) == 1
    (unread,) = snapshot.unread
    assert unread.reason.startswith("4 items have no resourceType")
    assert unread.file is not None


def test_regions_can_be_narrowed(tmp_path: Path) -> None:
    deliver(tmp_path, [volume("vol-1"), of("identity: a user with an inline policy")])
    deliver(tmp_path, [volume("vol-2", awsRegion="us-east-1")], named(region="us-east-1"))
    selection = dict.fromkeys(("aws_ebs_volume", "aws_iam_user"))
    snapshot = collect_snapshot([tmp_path], Options(regions=("us-east-1",)), selection=selection)
    assert [row["volume_id"] for row in rows(snapshot, "aws_ebs_volume")] == ["vol-2"]
    assert [row["name"] for row in rows(snapshot, "aws_iam_user")] == ["person-01"]
    assert not snapshot.unread


def damage(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-30])
    return path


def test_a_damaged_delivery_leaves_nothing_but_its_gap(tmp_path: Path) -> None:
    many = [volume(f"vol-{number}") for number in range(2000)]
    path = damage(deliver(tmp_path, [*many, of("identity: a user with an inline policy")]))
    deliver(tmp_path, [volume("vol-1", awsRegion="us-east-1")], named(region="us-east-1"))
    snapshot = snapshot_of(tmp_path, tables=("aws_ebs_volume", "aws_iam_user", "aws_vpc_security_group_rule"))
    assert places(snapshot, "aws_ebs_volume") == [(ACCOUNT, "us-east-1", 1)]
    assert gaps(snapshot, "aws_ebs_volume") == [(ACCOUNT, "eu-west-1")]
    assert gaps(snapshot, "aws_iam_user") == [(ACCOUNT, "global")]
    assert gaps(snapshot, "aws_vpc_security_group_rule") == [(ACCOUNT, "eu-west-1")]
    assert all(path.name in gap.reason and "truncated" in gap.reason for gap in snapshot.unread)
    verdicts = {
        (finding.region, finding.verdict) for finding in judged(snapshot, "ebs-volume-encrypted").findings()
    }
    assert verdicts == {("eu-west-1", "unknown"), ("us-east-1", "fail")}


def test_global_resources_of_a_damaged_delivery_may_be_in_another(tmp_path: Path) -> None:
    user = of("identity: a user with an inline policy")
    damage(deliver(tmp_path, [user, *(volume(f"vol-{number}") for number in range(100))]))
    deliver(tmp_path, [user], named(region="us-east-1"))
    snapshot = snapshot_of(tmp_path, tables=("aws_iam_user",))
    assert places(snapshot, "aws_iam_user") == [(ACCOUNT, "global", 1)]
    assert not gaps(snapshot, "aws_iam_user")


def test_a_damaged_delivery_that_was_renamed_is_told_by_its_file(tmp_path: Path) -> None:
    path = deliver(tmp_path, [volume(f"vol-{number}") for number in range(2000)]).rename(tmp_path / "x.json.gz")
    damage(path)
    (tmp_path / "y.json.gz").write_bytes(b"\x1f\x8b\x08damaged")
    snapshot = snapshot_of(tmp_path, tables=("aws_ebs_volume",))
    assert {gap.file for gap in snapshot.unread} == {str(path), str(tmp_path / "y.json.gz")}


def test_history_alone_says_that_more_may_be_there(tmp_path: Path) -> None:
    path = deliver(tmp_path, [volume("vol-1"), recorder()], named("ConfigHistory"))
    snapshot = snapshot_of(tmp_path, tables=("aws_ebs_volume", "aws_ec2_instance"))
    assert len(rows(snapshot, "aws_ebs_volume")) == 1
    assert not places(snapshot, "aws_ec2_instance"), "that nothing changed does not say that there is nothing"
    (unread,) = snapshot.unread
    assert unread.file == str(path)
    assert "only what changed" in unread.reason


def test_an_old_delivery_is_told(tmp_path: Path) -> None:
    deliver(tmp_path, [volume("vol-1")], named(time="20260101T000000Z"))
    deliver(tmp_path, [volume("vol-2", awsRegion="us-east-1")], named(region="us-east-1", time="20260110T000000Z"))
    snapshot = snapshot_of(tmp_path, tables=("aws_ebs_volume",))
    (unread,) = snapshot.unread
    assert (unread.account, unread.region) == (ACCOUNT, "eu-west-1")
    assert "is of 2026-01-01" in unread.reason


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    path = deliver(tmp_path, [of(name) for name in CASES])
    selection = {"aws_ebs_volume": frozenset({"encrypted"}), "aws_macie2_session": None}
    snapshot = collect_snapshot([path], selection=selection)
    (held,) = snapshot.manifest.tables.values()
    assert set(held.columns) == {"volume_id", "arn", "encrypted", "account_id", "region", "partition"}
    assert all(row["encrypted"] is not None for row in rows(snapshot, "aws_ebs_volume"))


def test_no_value_that_may_be_a_secret_is_kept(tmp_path: Path) -> None:
    path = deliver(tmp_path / "given", [of(name) for name in CASES])
    collect_snapshot([path], out=tmp_path / "out")
    from duckdb import connect

    with connect() as connection:
        for part in (tmp_path / "out").rglob("*.parquet"):
            rows = connection.execute("SELECT * FROM read_parquet($file)", {"file": str(part)}).fetchall()
            assert "hunter2" not in str(rows), part


def test_the_same_deliveries_give_the_same_snapshot(tmp_path: Path) -> None:
    path = deliver(tmp_path, [*(of(name) for name in CASES), recorder()])
    first, second = (snapshot_of(path) for _ in range(2))
    assert first.manifest == second.manifest
    assert first.folder != second.folder
    for name in first.manifest.tables:
        for file, other in zip(first.files(name), second.files(name), strict=True):
            assert read_table(file).equals(read_table(other)), name


def test_verdicts_on_what_config_records(tmp_path: Path) -> None:
    """One estate with every case in it: what the checks say of some of them."""
    snapshot = snapshot_of(deliver(tmp_path, [*(of(name) for name in CASES), recorder()]))
    expected = {
        ("backup-vault-locked", "main"): "pass",
        ("backup-vault-locked", "other"): "unknown",
        ("cloudfront-distribution-origin-access-control", "E1"): "unknown",
        ("cloudfront-distribution-origin-access-control", "E2"): "fail",
        ("cloudtrail-trail-log-file-validation", "org"): "fail",
        ("dynamodb-table-kms-key", "carts"): "fail",
        ("dynamodb-table-kms-key", "orders"): "pass",
        ("dynamodb-table-policy-not-public", "orders"): "unknown",
        ("ebs-volume-encrypted", "vol-1"): "fail",
        ("ebs-volume-encrypted", "vol-2"): "pass",
        ("ec2-instance-requires-imdsv2", "i-0a1b2c3d"): "fail",
        ("ecr-repository-policy-not-public", "other"): "unknown",
        ("ecr-repository-policy-not-public", "shop"): "fail",
        ("ecs-container-not-privileged", "3"): "fail",
        ("iam-policy-no-admin", "everything"): "fail",
        ("iam-role-trust-other-account-limited", "deploy"): "fail",
        ("kms-key-rotation-enabled", "1234abcd-12ab-34cd-56ef-1234567890ab"): "pass",
        ("lambda-function-no-plaintext-secrets", "image"): "pass",
        ("lambda-function-no-plaintext-secrets", "orders"): "fail",
        ("lambda-function-policy-not-public", "image"): "unknown",
        ("lambda-function-policy-not-public", "orders"): "fail",
        ("opensearch-domain-in-vpc", "logs"): "fail",
        ("opensearch-domain-in-vpc", "search"): "pass",
        ("rds-instance-encrypted", "orders"): "unknown",
        ("rds-instance-not-public", "orders"): "fail",
        ("rds-snapshot-not-public", "orders-final"): "fail",
        ("rds-snapshot-not-public", "other"): "unknown",
        ("redshift-cluster-audit-logging", "warehouse"): "pass",
        ("s3-bucket-not-public", "closed"): "unknown",
        ("s3-bucket-not-public", "full"): "fail",
        ("s3-bucket-not-public", "plain"): "pass",
        ("s3-bucket-public-access-blocked", "plain"): "fail",
        ("s3-bucket-versioning", "full"): "pass",
        ("sns-topic-policy-not-public", "alerts"): "fail",
        ("sqs-queue-encrypted", "old"): "unknown",
        ("sqs-queue-encrypted", "orders"): "pass",
        ("ssm-instance-patch-compliant", "Patch"): "fail",
        ("ssm-instance-reboot-pending", "patch-state"): "fail",
        ("vpc-has-flow-log", "vpc-1"): "pass",
        ("vpc-network-acl-no-public-ssh", "acl-1"): "fail",
        ("vpc-security-group-no-public-ssh", "sg-1"): "fail",
        ("vpc-security-group-no-public-ssh", "sg-3"): "pass",
    }
    verdicts = {
        (finding.check, finding.resource.rpartition("/")[2].rpartition(":")[2]): finding.verdict
        for finding in judged(snapshot, *sorted({check for check, _ in expected})).findings()
        if finding.resource is not None
    }
    assert {name: verdicts.get(name) for name in expected} == expected


def test_which_tables_config_fills() -> None:
    tells = ConfigSource().tells
    assert tells(table("aws_vpc_security_group_rule"))
    assert tells(table("aws_policy_statement"))
    assert not tells(table("aws_account"))
    assert sum(map(tells, all_tables().values())) > 60


def test_gzip_is_told_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    packed = deliver(tmp_path, [volume("vol-1")])
    packed.write_bytes(gzip.decompress(packed.read_bytes()))
    snapshot = snapshot_of(packed, tables=("aws_ebs_volume",))
    assert len(rows(snapshot, "aws_ebs_volume")) == 1


def test_a_case_is_as_config_writes_it() -> None:
    assert all(isinstance(case, Case) for case in CASES.values())
