"""Calls that are made for those rows alone that other tables name: which, when, and what of the others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demarcate.assessing import selection_of
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.sources.aws.calls import calls_of, how_often
from demarcate.estate.sources.aws.naming import Names, live_plan, waited_for
from demarcate.estate.sources.aws.permissions import grants_of
from demarcate.estate.sources.aws.source import asked_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Named, Selection, together, unlimited
from demarcate.estate.tables import table
from tests.aws.conftest import REGION, Aws

LOCKED = "cloudtrail-bucket-locked"
LOCK = "s3.get_object_lock_configuration"
BY_TRAILS = ("name", "aws_cloudtrail_trail", "s3_bucket_name")


def wanted(*names: str) -> Selection:
    return selection_of([load_checks()[name] for name in names], live=True)


def limits(selection: Selection) -> dict[tuple[str, str], list[Named]]:
    plans = live_plan(selection)
    return {(plan.table.name, name): sorted(named) for plan in plans for name, named in plan.limits.items()}


def test_what_is_limited_when_all_runs_that_runs_by_itself() -> None:
    checks = [check for check in load_checks().values() if not check.on_request]
    assert limits(selection_of(checks, live=True)).keys() == {
        ("aws_rds_db_parameter_group", "parameters"),
        ("aws_redshift_parameter_group", "parameters"),
        ("aws_s3_bucket", "lifecycle"),
        ("aws_s3_bucket", "object_lock"),
    }


def test_a_call_is_limited_while_nothing_wants_the_same_of_every_row() -> None:
    columns = ("object_lock_default_days", "object_lock_default_mode")
    named = [Named(column, *BY_TRAILS) for column in columns]
    object_lock, versioning = ("aws_s3_bucket", "object_lock"), ("aws_s3_bucket", "versioning")
    assert limits(wanted(LOCKED)) == {object_lock: named, versioning: named}
    assert limits(together(wanted(LOCKED), wanted("s3-bucket-versioning"))) == {object_lock: named}
    for more in (wanted("s3-bucket-object-lock"), {"aws_s3_bucket": None}):
        assert limits(together(more, wanted(LOCKED))) == limits(together(wanted(LOCKED), more)) == {}
    assert limits(unlimited(wanted(LOCKED))) == {}


def test_what_a_detail_rests_on_is_asked_where_it_is() -> None:
    assert limits(wanted("cloudtrail-bucket-not-public")) == {
        ("aws_s3_bucket", "acl"): [Named("acl_is_public", *BY_TRAILS)],
        ("aws_s3_bucket", "policy"): [Named("bucket_policy_is_public", *BY_TRAILS)],
        ("aws_s3_bucket", "policy_status"): [Named("bucket_policy_is_public", *BY_TRAILS)],
    }


LOGGED = Named("is_logging", "s3_bucket_name", "aws_s3_bucket", "name")


@pytest.mark.parametrize(
    ("named", "limited"),
    [
        (Named("website_enabled", *BY_TRAILS), True),
        (Named("website_enabled", "tags", "aws_cloudtrail_trail", "s3_bucket_name"), False),  # a detail tells it
        (Named("website_enabled", "name", "aws_cloudtrail_trail", "sns_topic_arn"), False),  # nobody wants that
        (Named("website_enabled", "name", "aws_s3_bucket", "logging_target_bucket"), False),  # waits for itself
        (Named("website_enabled", "name", "aws_cloudtrail_alarm_event", "event"), False),  # computed at the end
        (Named("website_enabled", "name", "aws_vpc_flow_log", "log_destination"), False),  # not read
    ],
)
def test_a_call_is_one_for_every_row_where_it_cannot_wait(named: Named, limited: bool) -> None:
    selection: Selection = {
        "aws_cloudtrail_trail": frozenset({"s3_bucket_name"}),
        "aws_s3_bucket": frozenset({"name", "logging_target_bucket", named}),
        "aws_cloudtrail_alarm_event": None,
    }
    assert (("aws_s3_bucket", "website") in limits(selection)) is limited


def test_two_tables_do_not_wait_for_each_other() -> None:
    selection: Selection = {
        "aws_cloudtrail_trail": frozenset({"s3_bucket_name", LOGGED}),
        "aws_s3_bucket": frozenset({"name", Named("website_enabled", *BY_TRAILS)}),
    }
    assert limits(selection) == {("aws_cloudtrail_trail", "status"): [LOGGED]}
    assert waited_for(live_plan(selection)) == {"s3.list_buckets": 1}


def test_what_is_told_is_waited_for_where_it_is_looked_for() -> None:
    """Of buckets in every region, of parameter groups in their own."""
    plans = live_plan(wanted(LOCKED, "rds-instance-tls-required"))
    buckets, groups = (
        next(plan for plan in plans if plan.table.name == name)
        for name in ("aws_s3_bucket", "aws_rds_db_parameter_group")
    )
    names = Names(plans)
    for region, bucket, group in (("eu-west-1", "a", "x"), ("us-east-1", "b", "y"), ("us-east-1", None, "z")):
        names.expect("aws_cloudtrail_trail", region)
        names.tell("aws_cloudtrail_trail", region, {"s3_bucket_name": bucket})
        names.tell("aws_rds_db_instance", region, {"db_parameter_group_name": group})
        assert not names._is_told("aws_cloudtrail_trail", "")
        names.ended("aws_cloudtrail_trail", region)
    meant = names.meant(buckets, "global")["object_lock"]
    assert [meant.has({"name": name}) for name in ("a", "b", "c", None)] == [True, True, False, True]
    meant = names.meant(groups, "us-east-1")["parameters"]
    assert [meant.has({"name": name}) for name in "xyz"] == [False, True, True]


def test_it_is_planned_granted_and_part_of_what_was_asked_for() -> None:
    (call,) = [call for call in calls_of(wanted(LOCKED)) if call.operation == LOCK]
    assert how_often(call) == "for some items of ListBuckets"
    assert "s3:GetBucketObjectLockConfiguration" in {grant.action for grant in grants_of([call])}
    told = [asked_of(selection, Options()) for selection in (wanted(LOCKED), unlimited(wanted(LOCKED)))]
    assert told[0] != told[1], "a run that asks for more does not go on with one that asked for less"


class Calls:
    """What a collection asks for, and what comes instead of an answer."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.asked: list[tuple[str, str]] = []
        self.instead: dict[str, BaseException] = {}
        aws.session.events.register("before-parameter-build", self._note)

    def _note(self, params: Any, model: Any, **_: Any) -> None:
        self.asked.append((model.name, params.get("Bucket", "")))
        if model.name in self.instead:
            raise self.instead[model.name]

    def of(self, operation: str) -> list[str]:
        return sorted(bucket for name, bucket in self.asked if name == operation)

    def collect(self, selection: Selection, **how: Any) -> Snapshot:
        self.asked.clear()
        options = Options(
            session=self._aws.session,
            regions=(REGION, "us-east-1"),
            endpoint_url=self._aws.url,
            resume=how.pop("resume", False),
        )
        return collect_snapshot(["aws"], options, selection=selection, **how)


@pytest.fixture
def calls(aws: Aws) -> Calls:
    """An account with two trails, in two regions, and a bucket beside theirs."""
    s3 = aws.client("s3", "us-east-1")
    for name in ("locked", "open", "other"):
        s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    s3.put_object_lock_configuration(
        Bucket="locked",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}},
        },
    )
    for region, name in ((REGION, "locked"), ("us-east-1", "open")):
        aws.client("cloudtrail", region).create_trail(Name=f"to-{name}", S3BucketName=name)
    return Calls(aws)


def verdicts(snapshot: Snapshot) -> dict[str, str]:
    findings = judge(snapshot, [load_checks()[LOCKED]], passes=True).findings()
    return {str(finding.resource).rpartition("/")[2]: finding.verdict for finding in findings}


def locks(snapshot: Snapshot) -> dict[str, Any]:
    rows: Iterable[Any] = rows_of(snapshot, table("aws_s3_bucket"), ("name", "object_lock_default_mode"))
    return {row["name"]: row["object_lock_default_mode"] for row in rows}


def test_the_buckets_of_trails_are_asked_and_judged(calls: Calls) -> None:
    snapshot = calls.collect(wanted(LOCKED))
    assert calls.of("GetObjectLockConfiguration") == ["locked", "open"]
    assert verdicts(snapshot) == {"to-locked": "pass", "to-open": "fail"}
    assert locks(snapshot) == {"locked": "COMPLIANCE", "open": "", "other": None}
    assert not snapshot.unread
    (row,) = (
        row for row in rows_of(snapshot, table("aws_s3_bucket"), ("name", "_unknown")) if row["name"] == "other"
    )
    assert json.loads(row["_unknown"])["object_lock_default_mode"] == {
        "kind": "not-collected",
        "reason": "s3:GetObjectLockConfiguration is asked of those alone that aws_cloudtrail_trail names "
        "(s3_bucket_name)",
    }
    calls.collect(unlimited(wanted(LOCKED)))
    assert calls.of("GetObjectLockConfiguration") == ["locked", "open", "other"]


def test_what_names_them_and_cannot_be_read_names_none(calls: Calls) -> None:
    """No look starts from what was not read: there is no verdict that it would be needed for."""
    calls.instead["DescribeTrails"] = ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeTrails")
    snapshot = calls.collect(wanted(LOCKED))
    assert calls.of("GetObjectLockConfiguration") == []
    assert verdicts(snapshot) == {"None": "unknown"}
    assert {gap.table for gap in snapshot.unread} == {"aws_cloudtrail_trail"}


def test_a_run_that_goes_on_knows_what_was_named_before(calls: Calls, tmp_path: Path) -> None:
    calls.instead["ListBuckets"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        calls.collect(wanted(LOCKED), out=tmp_path / "s")
    calls.instead.clear()
    snapshot = calls.collect(wanted(LOCKED), out=tmp_path / "s", resume=True)
    assert not calls.of("DescribeTrails"), "they were read"
    assert calls.of("GetObjectLockConfiguration") == ["locked", "open"]
    assert verdicts(snapshot) == {"to-locked": "pass", "to-open": "fail"}
