"""A collection that is stopped at any moment goes on from there, and ends as one that was not stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from demarcate.estate.snapshots.journal import NAME, partial_folder
from demarcate.estate.snapshots.snapshot import Snapshot
from tests.aws.resuming import Counting, Runner, counting, running
from tests.processes import PATIENCE, demarcate

REGIONS = ("eu-west-1", "us-east-1")

READS = {
    "DescribeVolumes": {"aws_ebs_volume"},
    "DescribeSecurityGroups": {"aws_vpc_security_group"},
    "ListClusters": {"aws_ecs_cluster", "aws_ecs_service"},
    "DescribeClusters": {"aws_ecs_cluster"},
    "ListServices": {"aws_ecs_service"},
    "DescribeServices": {"aws_ecs_service"},
    "ListTopics": {"aws_sns_topic"},
    "GetTopicAttributes": {"aws_sns_topic"},
    "ListTagsForResource": {"aws_sns_topic"},
}
"""The calls of these tests, and the tables that need them."""

TABLES = ("aws_ebs_volume", "aws_vpc_security_group_rule", "aws_ecs_cluster", "aws_ecs_service", "aws_sns_topic")


@dataclass
class Estate:
    """An account with a little of everything, who reads it, and what a run reads that is not stopped."""

    runner: Runner
    aws: Counting
    whole: Snapshot
    calls: Counter[tuple[str, str]]

    def collect(self, out: Path, *more: str, tables: tuple[str, ...] = TABLES, **how: Any) -> int:
        arguments = ["collect", "aws", "--endpoint-url", self.aws.url, "--out", str(out)]
        for region in REGIONS:
            arguments += ["--region", region]
        for table in tables:
            arguments += ["--table", table]
        return self.runner.run(*arguments, *more, folder=out.parent, **how)

    def killed(self, out: Path, at: int) -> None:
        """A collection that is killed at its n-th call."""
        self.aws.expect(at, self.runner.kill)
        assert self.collect(out) == -signal.SIGKILL
        self.aws.expect()

    def ended_once_something_is_held(self, out: Path, at: int, how: int) -> None:
        """End a collection at its n-th call, and not before it holds something: however slowly that is written."""

        def end() -> None:
            until = time.monotonic() + PATIENCE
            while not held(out) and time.monotonic() < until:
                time.sleep(0.01)
            self.runner.kill(how)

        self.aws.expect(at, end)


@pytest.fixture(scope="module")
def estate(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset", method="POST")).close()
    fill(server)
    folder = tmp_path_factory.mktemp("whole")
    with running(folder) as runner, counting(server) as aws:
        made = Estate(runner, aws, None, Counter())  # type: ignore[arg-type]  # read below
        assert made.collect(folder / "s") == 0, runner.said()
        made.calls = Counter(aws.calls)
        aws.expect()
        made.whole = Snapshot.open(folder / "s")
        yield made


def fill(url: str) -> None:
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing")

    def client(service: str, region: str) -> Any:
        return session.client(service, region_name=region, endpoint_url=url)  # type: ignore[call-overload]

    for region in REGIONS:
        ec2, ecs, sns = client("ec2", region), client("ecs", region), client("sns", region)
        for number in range(6):
            ec2.create_volume(AvailabilityZone=f"{region}a", Size=number + 1)
            sns.create_topic(Name=f"topic-{number}")
        ecs.register_task_definition(
            family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 128}]
        )
        for name in ("one", "two"):
            ecs.create_cluster(clusterName=name)
            ecs.create_service(cluster=name, serviceName="web", taskDefinition="web", desiredCount=0)
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "a"}, "Action": "sts:AssumeRole"}],
    }
    iam = client("iam", "us-east-1")
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps(trust))
    own = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="role", PolicyName="own", PolicyDocument=json.dumps(own))


def rows(snapshot: Snapshot, table: str) -> list[tuple[Any, ...]]:
    """In their order, as they lie in their files: a database for a few rows takes longer than all else."""
    there: list[tuple[Any, ...]] = []
    for path in snapshot.files(table):
        with pq.ParquetFile(path) as file:
            read = file.read(use_threads=False)
            there += [(*read.column_names, *row.values()) for row in read.to_pylist()]
    return there


def assert_same(snapshot: Snapshot, whole: Snapshot) -> None:
    """All of the manifest but its moment, every row of every part in its order, and no other file."""
    assert snapshot.manifest.tables == whole.manifest.tables
    assert (snapshot.manifest.unread, snapshot.manifest.accounts) == (
        whole.manifest.unread,
        whole.manifest.accounts,
    )
    for table in whole.manifest.tables:
        assert rows(snapshot, table) == rows(whole, table), table
    assert files(snapshot.folder) == files(whole.folder)


def files(folder: Path) -> list[str]:
    """The files of a snapshot. Where a run was killed at the very end, its journal may still be there."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return sorted(str(path.relative_to(folder)) for path in paths)


def journal(out: Path) -> list[dict[str, Any]]:
    text = (partial_folder(out) / NAME).read_bytes()
    return [json.loads(line) for line in text.splitlines() if line.endswith(b"}")]


def held(out: Path) -> set[tuple[str, str]]:
    """The tables and regions that a stopped run has read."""
    return {(line["table"], line["region"]) for line in journal(out) if line["type"] == "sealed"}


def missing(estate: Estate, units: set[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """The calls of a whole run that are needed for what is not held, and the one that tells the account."""
    return Counter(
        {
            (call, region): number
            for (call, region), number in estate.calls.items()
            if call == "GetCallerIdentity" or any((table, region) not in units for table in READS[call])
        }
    )


def test_what_is_compared_is_there(estate: Estate) -> None:
    assert {call for call, _ in estate.calls} == {*READS, "GetCallerIdentity"}
    assert {name: len(rows(estate.whole, name)) for name in TABLES}.items() >= {
        "aws_ebs_volume": 12,
        "aws_ecs_service": 4,
        "aws_sns_topic": 12,
    }.items()
    assert rows(estate.whole, "aws_vpc_security_group_rule")
    assert not (estate.whole.folder / NAME).exists()
    assert not partial_folder(estate.whole.folder).exists()


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 1.0])
def test_killed_at_a_call_it_makes_only_those_that_are_missing(
    estate: Estate, share: float, tmp_path: Path
) -> None:
    out = tmp_path / "s"
    estate.killed(out, max(2, round(estate.calls.total() * share)))
    assert not out.exists()
    began, units = journal(out)[0], held(out)
    assert estate.collect(out, "--resume") == 0, estate.runner.said()
    assert estate.aws.calls == missing(estate, units)
    opened = Snapshot.open(out)
    assert_same(opened, estate.whole)
    assert opened.moment.isoformat().replace("+00:00", "Z") == began["moment"]
    assert list(tmp_path.iterdir()) == [out]


def test_killed_again_and_again(estate: Estate, tmp_path: Path) -> None:
    """Each time in the middle of the calls that are still missing, and then at the last: all others are answered."""
    out, units = tmp_path / "s", set[tuple[str, str]]()
    for number in range(6):
        left = missing(estate, units).total()
        if number < 5:
            estate.aws.expect(left // 2 + 1, estate.runner.kill)
        else:
            estate.ended_once_something_is_held(out, left, signal.SIGKILL)
        assert estate.collect(out, "--resume") == -signal.SIGKILL
        estate.aws.expect()
        assert not out.exists()
        assert units <= held(out), "what was read is not lost"
        units = held(out)
    assert units
    assert estate.collect(out, "--resume") == 0, estate.runner.said()
    assert_same(Snapshot.open(out), estate.whole)


def test_killed_at_any_file(estate: Estate, tmp_path: Path) -> None:
    """Before the first and the last time that it does anything to files of a kind."""
    tables = ("aws_ebs_volume", "aws_ecs_cluster")
    assert estate.collect(tmp_path / "whole" / "s", tables=tables) == 0, estate.runner.said()
    whole, done = Snapshot.open(tmp_path / "whole" / "s"), estate.runner.done()
    assert len(done) > 5
    for number, (what, times) in enumerate(done.items()):
        for nth in sorted({1, times}):
            out = tmp_path / f"{number}-{nth}" / "s"
            code = estate.collect(out, tables=tables, dies_at=(what, nth))
            assert code == -signal.SIGKILL, f"{what}, {nth} of {times}"
            if not out.exists():
                assert estate.collect(out, "--resume", tables=tables) == 0, estate.runner.said()
            assert_same(Snapshot.open(out), whole)


def test_parts_of_one_table_from_several_parents_and_in_two_ways(estate: Estate, tmp_path: Path) -> None:
    out, tables = tmp_path / "s", ("aws_policy_statement",)
    estate.aws.expect(12, estate.runner.kill)
    assert estate.collect(out, tables=tables) == -signal.SIGKILL
    estate.aws.expect()
    assert estate.collect(out, "--resume", tables=tables) in (0, 3)
    opened = Snapshot.open(out)
    (held,) = opened.manifest.tables.values()
    of_role = [part for part in held.parts if "aws_iam_role" in (part.file or "")]
    assert [part.rows for part in of_role] == [1, 1], "who may assume it, and what it may do"
    assert sum(part.rows for part in held.parts) == len(rows(opened, "aws_policy_statement"))


# --- What is said -------------------------------------------------------------------------------------------


def test_what_is_left_is_told(estate: Estate, tmp_path: Path) -> None:
    out = tmp_path / "s"
    estate.killed(out, 12)
    before = held(out)
    assert estate.collect(out) == 2
    assert f"left what it had read in {partial_folder(out)}" in estate.runner.said()
    assert estate.collect(out, "--resume", "--region", "eu-west-2") == 2
    assert "with other regions (eu-west-1, us-east-1; now" in estate.runner.said()
    assert held(out) == before


def test_nothing_to_go_on_with_is_said(estate: Estate, tmp_path: Path) -> None:
    assert estate.collect(tmp_path / "s", "--resume") == 0
    assert "nothing to go on with" in estate.runner.said()
    assert_same(Snapshot.open(tmp_path / "s"), estate.whole)


def test_a_second_run_at_the_same_time(estate: Estate, tmp_path: Path) -> None:
    out = tmp_path / "s"
    second: list[subprocess.CompletedProcess[str]] = []

    def meanwhile() -> None:
        arguments = ["collect", "aws", "--endpoint-url", estate.aws.url, "--out", str(out), "--resume"]
        second.append(demarcate(*arguments, "--table", "aws_vpc", "--region", "eu-west-1"))

    estate.aws.expect(6, meanwhile)
    assert estate.collect(out) == 0, estate.runner.said()
    assert (second[0].returncode, second[0].stdout) == (2, "")
    assert "another run is writing it" in second[0].stderr
    assert_same(Snapshot.open(out), estate.whole)


def test_interrupted_it_keeps_what_it_has_and_says_how_to_go_on(estate: Estate, tmp_path: Path) -> None:
    out = tmp_path / "s"
    # At the last call: what needs other calls alone is soon read.
    estate.ended_once_something_is_held(out, estate.calls.total(), signal.SIGINT)
    assert estate.collect(out) == 130
    said = estate.runner.said()
    assert "go on with --resume" in said and "Traceback" not in said
    units = held(out)
    assert units
    estate.aws.expect()
    assert estate.collect(out, "--resume") == 0, estate.runner.said()
    assert estate.aws.calls == missing(estate, units)
    assert_same(Snapshot.open(out), estate.whole)


def test_a_run_that_cannot_begin_leaves_nothing(estate: Estate, tmp_path: Path) -> None:
    assert estate.collect(tmp_path / "s", "--region", "eu-west-11") == 2
    assert list(tmp_path.iterdir()) == []
