"""The command where something could not be read: exit code 3, and that comes first."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.aws.answers.server import Fault
from tests.aws.faults.kinds import KINDS
from tests.aws.faults.seeing import ACCOUNT, REGION
from tests.aws.faults.world import World
from tests.processes import demarcate
from tests.surroundings import CREDENTIALS

CHECK = "ebs-volume-encrypted"
UNREAD = f"{ACCOUNT} {REGION} ec2:DescribeVolumes: "


def run(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ("--region", REGION, "--endpoint-url", world.server.url)
    return demarcate(*arguments, *options, environment=CREDENTIALS)


def test_nothing_fails(world: World) -> None:
    done = run(world, "assess", "aws", "--check", CHECK)
    assert done.returncode == 0, done.stderr
    assert "could not be read" not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["denied", "malformed answer", "page token that repeats"])
def test_assess(world: World, kind: str) -> None:
    fault, reasons = KINDS[kind]
    done = failing(world, fault, "assess", "aws", "--check", CHECK)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    told = " ".join(done.stdout.split())
    assert any(UNREAD + reason in told for reason in reasons)
    assert told.index(UNREAD) < told.index("Encryption"), "what could not be read comes first"


def test_collect(world: World, tmp_path: Path) -> None:
    done = failing(
        world, KINDS["denied"][0], "collect", "aws", "--table", "aws_ebs_volume", "--out", str(tmp_path / "out")
    )
    assert done.returncode == 3, done.stderr
    assert UNREAD + "access denied" in " ".join(done.stderr.split())


def test_query(world: World) -> None:
    done = failing(world, KINDS["denied"][0], "query", "SELECT count(*) FROM aws_ebs_volume")
    assert done.returncode == 3, done.stderr
    assert UNREAD + "access denied" in " ".join(done.stderr.split())


def failing(world: World, fault: Fault, *arguments: str) -> subprocess.CompletedProcess[str]:
    with world.with_faults({"ec2.describe_volumes": fault}):
        return run(world, *arguments)
