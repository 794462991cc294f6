"""Answers that look good and are not: none of them is taken for "there is nothing"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.aws.answers import hold
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import all_tables
from tests.aws.answers.answering import Answer, answer, error, read
from tests.aws.answers.asking import Asked, api_name, calls_of, model_of
from tests.aws.answers.paging import paging_of
from tests.aws.faults.kinds import denied, in_region, say_more
from tests.aws.faults.seeing import ACCOUNT, REGION, Told, see, selection_of
from tests.aws.faults.world import World

OTHER = "us-east-1"

OF_EACH_PROTOCOL = {
    "ec2.describe_volumes": "aws_ebs_volume",
    "sns.list_topics": "aws_sns_topic",
    "secretsmanager.list_secrets": "aws_secretsmanager_secret",
    "lambda.list_functions": "aws_lambda_function",
    "s3.list_buckets": "aws_s3_bucket",
}

BODIES = {
    "nothing at all": b"",
    "the page of a proxy": b"<html><body>Please sign in to the network.</body></html>",
    "JSON of another form": b"[]",
    "no text": b"\xff\xfe\x00",
}


def collect(world: World, *tables: str, regions: Iterable[str] = (REGION,)) -> Snapshot:
    return collect_snapshot(
        ["aws"],
        Options(session=world.session, regions=tuple(regions), endpoint_url=world.server.url),
        selection=dict.fromkeys(tables),
    )


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("operation", OF_EACH_PROTOCOL)
def test_a_good_status_with_another_body(world: World, operation: str, body: str) -> None:
    with world.with_faults({operation: lambda _, true: true().but(status=200, body=BODIES[body])}):
        snapshot = collect(world, OF_EACH_PROTOCOL[operation], "aws_vpc")
    assert {(gap.table, gap.operation) for gap in snapshot.unread if gap.table != "aws_policy_statement"} == {
        (OF_EACH_PROTOCOL[operation], api_name(operation))
    }
    assert snapshot.files("aws_vpc"), "the rest goes on"


@pytest.mark.parametrize("operation", [*OF_EACH_PROTOCOL, "wafv2.list_web_acls"])
def test_tokens_that_go_round_in_a_circle(world: World, operation: str) -> None:
    """One, two, one, two, …: botocore sees only a token that comes twice in a row."""
    calls = count(1)

    def circle(asked: Asked, true: Callable[[], Answer]) -> Answer:
        number = next(calls)
        if number > 30:
            return error(asked, 400, "ValidationException", "nobody stopped asking")
        paging = paging_of(operation)
        assert paging is not None
        first = asked.params().get(paging.input) is None
        return answer(asked, say_more(read(asked, true()) if first else {}, paging, f"token-{number % 2}"))

    table = OF_EACH_PROTOCOL.get(operation, "aws_wafv2_web_acl")
    with world.with_faults({operation: circle}):
        snapshot = collect(world, table)
    assert next(calls) < 30, "this goes on for ever"
    assert table in {gap.table for gap in snapshot.unread}


FAILURES = {
    "inspector2.batch_get_account_status": (
        "aws_inspector2_status",
        {
            "accounts": [],
            "failedAccounts": [{"accountId": ACCOUNT, "errorCode": "ACCESS_DENIED", "errorMessage": "no"}],
        },
    ),
    "ecs.describe_clusters": ("aws_ecs_cluster", {"failures": [{"arn": "a", "reason": "ACCESS_DENIED"}]}),
    "ecs.describe_services": ("aws_ecs_service", {"failures": [{"arn": "a", "reason": "ACCESS_DENIED"}]}),
}


@pytest.mark.parametrize("operation", FAILURES)
def test_a_failure_inside_of_a_good_answer(world: World, operation: str) -> None:
    table, told = FAILURES[operation]
    with world.with_faults({operation: lambda asked, _: answer(asked, told)}):
        snapshot = collect(world, table)
    assert any(gap.table == table and "ACCESS_DENIED" in gap.reason for gap in snapshot.unread)


def test_what_is_gone_since_it_was_listed_is_no_failure(world: World) -> None:
    told = {"clusters": [], "failures": [{"arn": "a", "reason": "MISSING"}]}
    with world.with_faults({"ecs.describe_clusters": lambda asked, _: answer(asked, told)}):
        snapshot = collect(world, "aws_ecs_cluster")
    assert not snapshot.unread


def test_what_means_nothing_there_is_no_denial() -> None:
    """By botocore's own words on each error that a table takes for an answer."""
    ambiguous = {
        (call.operation, code)
        for table in all_tables().values()
        for call in calls_of(table)
        for code in call.absent
        for shape in model_of(call.operation).error_shapes
        if shape.name == code and re.search(r"permission|not authorized|access denied", shape.documentation)
    }
    assert not ambiguous, "a scan that was denied these looks like one that found nothing"


# --- where a check looks into another table -------------------------------------------------------------


def judged(world: World, name: str, faults: dict[str, Any], regions: Iterable[str] = (REGION,)) -> list[Told]:
    with world.with_faults(faults):
        snapshot = collect(world, *selection_of([name]), regions=regions)
    return list(see(snapshot, (), [name], passes=True).findings[name].values())


def test_a_check_whose_condition_looks_into_an_unread_table(world: World) -> None:
    """It is not known whether the check is about the row: it must not say nothing."""
    (told,) = judged(world, "ssm-association-defined", {"ssm.describe_instance_information": denied})
    assert told.verdict == "unknown"
    assert f"{ACCOUNT} {REGION} ssm:DescribeInstanceInformation: access denied" in told.reason


def test_a_check_that_looks_into_an_unknown_column(world: World) -> None:
    (told,) = judged(world, "cloudtrail-insights", {"cloudtrail.get_insight_selectors": denied})
    assert told.verdict == "unknown"
    assert f"{ACCOUNT} {REGION} cloudtrail:GetInsightSelectors: access denied" in told.reason


def test_each_region_has_its_own_reason(world: World) -> None:
    def here(asked: Asked, _: Any) -> Answer:
        return answer(asked, {"Regions": [{"RegionName": asked.region, "OptInStatus": "opt-in-not-required"}]})

    faults = {
        "ec2.describe_regions": here,
        "ssm.describe_instance_information": denied,
        "ssm.list_associations": denied,
    }
    told = judged(world, "ssm-association-defined", faults, regions=[REGION, OTHER])
    for region in (REGION, OTHER):
        assert [f"{ACCOUNT} {region} ssm:" in reason.reason for reason in told].count(True) == 1


def test_a_region_that_is_listed_twice_is_read_once(world: World) -> None:
    """What is read of it is written to one file."""
    twice = {"Regions": [{"RegionName": REGION, "OptInStatus": "opt-in-not-required"}] * 2}
    with world.with_faults({"ec2.describe_regions": lambda asked, _: answer(asked, twice)}):
        snapshot = collect(world, "aws_ebs_volume", "aws_region", regions=())
    assert [part.region for part in snapshot.manifest.tables["aws_ebs_volume"].parts] == [REGION]


def test_what_botocore_stumbles_over_is_one_error(world: World) -> None:
    """It takes for granted that each object that is listed has a key."""
    nameless = (
        b"<ListBucketResult><EncodingType>url</EncodingType><Contents><Size>1</Size></Contents></ListBucketResult>"
    )
    given = Answer(200, (("Content-Type", "application/xml"),), nameless)
    options = Options(session=world.session, endpoint_url=world.server.url)
    with (
        world.with_faults({"s3.list_objects_v2": lambda *_: given}),
        pytest.raises(DemarcateError, match="KeyError"),
    ):
        collect_snapshot(["s3://deliveries"], options)


def test_what_is_made_of_another_table_is_not_needed(world: World) -> None:
    """Statements of key policies are no concern of a bucket."""
    calm = world.calm.findings["s3-bucket-tls-required"]
    with world.with_faults({"kms.list_keys": in_region(REGION, denied)}):
        snapshot = collect(world, *selection_of(["s3-bucket-tls-required"]))
    assert see(snapshot, (), ["s3-bucket-tls-required"], passes=True).findings["s3-bucket-tls-required"] == calm


# --- answers of another form -----------------------------------------------------------------------------

FORMS = {
    "no UTF-8": (200, b'{"Accounts": [{"Name": "\xe9"}]}'),
    "an error that is no UTF-8": (400, b'{"__type": "X\xe9"}'),
    "a list for a structure": (200, b'{"Accounts": [[1]], "Regions": [[]], "Results": {"a": 1}}'),
    "a number for a list": (200, b'{"Accounts": 1, "Results": 1}'),
    "a text for a time": (200, b'{"Accounts": [{"JoinedTimestamp": "x"}], "Credentials": {"Expiration": []}}'),
    "an error that is a list": (400, b"[1]"),
    "another length": (200, b"{}"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("asked", ["organizations.list_accounts", "config.select_aggregate_resource_config"])
def test_an_answer_of_another_form_is_one_error(world: World, asked: str, form: str) -> None:
    """Also where it is asked before any table: nothing that botocore stumbles over gets out."""
    status, body = FORMS[form]
    headers = (("Content-Type", "application/x-amz-json-1.1"),)
    given = Answer(status, headers, body, cut=form == "another length")
    source = "aws" if asked.startswith("organizations") else "config:mine"
    accounts = Accounts(organization=True) if source == "aws" else None
    with world.with_faults({asked: lambda *_: given}), pytest.raises(DemarcateError):
        collect_snapshot(
            [source],
            Options(session=world.session, regions=(REGION,), endpoint_url=world.server.url, accounts=accounts),
            selection=dict.fromkeys(["aws_ebs_volume"]),
        )


@pytest.mark.parametrize("length", ["x", "-1", "", "٣"])
def test_a_length_that_is_none(length: str) -> None:
    told = {"status_code": 200, "headers": {"Content-Length": length}, "body": b"{}"}
    with pytest.raises(ResponseParserError):
        hold(model_of("organizations.list_accounts"), told)


LESS: dict[str, dict[str, Any]] = {
    "ec2.describe_regions": {},
    "sts.assume_role": {"Credentials": {"AccessKeyId": "AKIA"}},
    "organizations.list_parents": {"Parents": [{"Type": "ROOT"}]},
    "organizations.list_tags_for_resource": {"Tags": [{"Value": "test"}]},
    "iam.get_credential_report": {},
}


@pytest.mark.parametrize("operation", LESS)
def test_a_member_that_is_always_there_is_not(world: World, operation: str) -> None:
    """Also where it is asked for accounts and regions: it is told, and the rest is read."""
    with world.with_faults({operation: lambda asked, _: answer(asked, LESS[operation])}):
        snapshot = collect_snapshot(
            ["aws"],
            Options(
                session=world.session,
                regions=() if operation == "ec2.describe_regions" else (REGION,),
                endpoint_url=world.server.url,
                accounts=Accounts(organization=True),
            ),
            selection=dict.fromkeys(["aws_ebs_volume", "aws_iam_user"]),
        )
    assert api_name(operation) in {gap.operation for gap in snapshot.unread}
    assert snapshot.files("aws_ebs_volume")
