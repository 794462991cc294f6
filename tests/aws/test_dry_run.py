"""A dry run tells the calls that a collection makes, and makes none of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from demarcate.assessing import narrowed
from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.estate.tables import all_tables
from tests.aws.conftest import REGION, Aws
from tests.aws.resuming import Counting, counting
from tests.surroundings import CREDENTIALS

CHECK = ("--check", "ebs-volume-encrypted")


@pytest.fixture
def called(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with counting(aws.url) as counted:
        yield counted


def dry_run(*arguments: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(app, ["collect", "aws", "--dry-run", "--format", "csv", *arguments])
    assert done.exit_code == 0, done.output
    return list(csv.DictReader(io.StringIO(done.stdout)))


def places(rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(row["account"], row["region"], row["operation"]) for row in rows]


def test_one_check_on_volumes(called: Counting) -> None:
    calls = dry_run(*CHECK, "--region", REGION, "--endpoint-url", called.url)
    assert places(calls) == [
        ("123456789012", "global", "GetCallerIdentity"),
        ("123456789012", REGION, "DescribeVolumes"),
    ]
    assert [call for call, _ in called.calls] == ["GetCallerIdentity"]


def test_what_it_tells_is_what_is_called(called: Counting, tmp_path: Path) -> None:
    options = (
        *CHECK,
        "--service",
        "sqs",
        "--region",
        REGION,
        "--region",
        "us-east-1",
        "--endpoint-url",
        called.url,
    )
    told = {(row["operation"], row["region"]) for row in dry_run(*options) if row["how often"].startswith("once")}
    called.expect()
    done = CliRunner().invoke(app, ["collect", "aws", *options, "--out", str(tmp_path / "s")])
    assert done.exit_code == 0, done.output
    assert {(call, "global" if call == "GetCallerIdentity" else region) for call, region in called.calls} == told


def test_regions_and_accounts_that_aws_would_list_are_not_listed(called: Counting) -> None:
    assert places(dry_run(*CHECK, "--endpoint-url", called.url))[-1] == (
        "123456789012",
        "each enabled region",
        "DescribeVolumes",
    )
    member = places(dry_run(*CHECK, "--account", "111111111111", "--endpoint-url", called.url))
    assert member == [
        ("123456789012", "global", "GetCallerIdentity"),
        ("123456789012", "global", "AssumeRole"),
        ("111111111111", "global", "DescribeRegions"),
        ("111111111111", "each enabled region", "DescribeVolumes"),
    ]
    organization = places(dry_run(*CHECK, "--org", "--endpoint-url", called.url))
    assert ("123456789012", "global", "ListAccounts") in organization
    assert organization[-1] == ("each account of the organization", "each enabled region", "DescribeVolumes")
    assert {call for call, _ in called.calls} == {"GetCallerIdentity"}


def test_people_read_it_at_80_columns(called: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    where = ["--region", REGION, "--endpoint-url", called.url]
    done = CliRunner().invoke(app, ["collect", "aws", "--dry-run", "--service", "s3", *where])
    lines = done.stdout.splitlines()
    assert lines[0] == "123456789012 global"
    (line,) = (line for line in lines if "GetBucketVersioning" in line)
    assert line.split() == ["s3", "GetBucketVersioning", "for", "each", "item", "of", "ListBuckets"]
    assert max(map(len, lines)) <= 80


def test_without_credentials_nothing_is_called(called: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any, **__: Any) -> None:
        return None

    monkeypatch.setattr(boto3.Session, "get_credentials", none)
    calls = dry_run(*CHECK, "--region", REGION, "--endpoint-url", called.url)
    assert {row["account"] for row in calls} == {"the account of the credentials"}
    assert not called.calls


def test_what_is_asked_for_is_narrowed() -> None:
    assert narrowed() == dict.fromkeys(all_tables())
    assert narrowed(["aws_vpc"]) == {"aws_vpc": None}
    assert narrowed(services=["sqs"]) == {"aws_sqs_queue": None}
    assert narrowed(checks=["ebs-volume-encrypted"])["aws_ebs_volume"] is not None
    assert narrowed(["aws_ebs_volume"], checks=["ebs-volume-encrypted"]) == {"aws_ebs_volume": None}


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"tables": ["aws_vpcs"]}, "aws_vpc"),
        ({"services": ["sqss"]}, "did you mean sqs"),
        ({"checks": ["ebs-volume-encripted"]}, "did you mean ebs-volume-encrypted"),
    ],
)
def test_a_name_that_does_not_exist(named: dict[str, Any], says: str, tmp_path: Path) -> None:
    from demarcate.estate.sources.collecting import collect_snapshot

    with pytest.raises(DemarcateError, match=says):
        collect_snapshot(["aws"], selection=narrowed(**named), out=tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["collect", "aws"], "--out"), (["collect", "t.yaml", "--dry-run"], "only live AWS is called")],
)
def test_bad_usage(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, DemarcateError)
    assert says in str(done.exception)
