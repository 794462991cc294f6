"""The command where something could not be read: exit code 3, and that comes first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws.answers.server import Fault
from tests.aws.faults.kinds import KINDS
from tests.aws.faults.seeing import ACCOUNT, REGION
from tests.aws.faults.world import World

CHECK = "ebs-volume-encrypted"
UNREAD = f"{ACCOUNT} {REGION} ec2:DescribeVolumes: "


def run(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "COLUMNS": "80",
    }
    command = [sys.executable, "-m", "demarcate", *arguments, "--region", REGION]
    return subprocess.run(
        [*command, "--endpoint-url", world.server.url],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


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
