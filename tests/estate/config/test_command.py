"""The verbs take what AWS Config recorded as they take any source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from demarcate.cli import app
from demarcate.estate.snapshots.snapshot import Snapshot
from tests.aws.conftest import Aws
from tests.estate.config.aggregator import Aggregator
from tests.estate.config.estate import deliver, named, queried, recorder
from tests.estate.config.test_collecting import damage
from tests.estate.config.volumes import volume

SELECT = "SELECT volume_id, encrypted FROM aws_ebs_volume ORDER BY volume_id"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", "testing"), ("SECRET_ACCESS_KEY", "testing"), ("REGION", "eu-west-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_query(tmp_path: Path) -> None:
    deliver(tmp_path, [volume("vol-1"), volume("vol-2", encrypted=True)])
    done = run("query", SELECT, tmp_path, "--format", "json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [tuple(row.values()) for row in json.loads(done.stdout)] == [("vol-1", False), ("vol-2", True)]


def test_assess(tmp_path: Path) -> None:
    deliver(tmp_path, [volume("vol-1"), recorder()])
    done = run("assess", tmp_path, "--check", "ebs-volume-encrypted", "--format", "json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["source"] == "config"
    assert [finding["verdict"] for finding in told["findings"]] == ["fail"]
    assert run("assess", tmp_path, "--check", "ebs-volume-encrypted", "--fail-on", "low").exit_code == 1
    assert run("assess", tmp_path).exit_code == 0


def test_collect_and_read_the_snapshot_again(tmp_path: Path) -> None:
    deliver(tmp_path / "given", [volume("vol-1")])
    done = run("collect", tmp_path / "given", "--out", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    assert "1 rows in 1 tables" in done.stderr
    assert Snapshot.open(tmp_path / "out").manifest.source == "config"
    assert "vol-1" in run("query", SELECT, tmp_path / "out").stdout


def test_what_could_not_be_read_ends_with_three(tmp_path: Path) -> None:
    path = damage(deliver(tmp_path, [volume(f"vol-{number}") for number in range(2000)]))
    deliver(tmp_path, [volume("vol-1", awsRegion="us-east-1")], named(region="us-east-1"))
    done = run("query", SELECT, tmp_path)
    assert done.exit_code == 3
    assert f"123456789012 eu-west-1: {path}: truncated" in done.stderr


def test_a_bucket(aws: Aws) -> None:
    from tests.estate.config.test_buckets import packed, put

    put(aws, named(), packed(volume("vol-1")))
    done = run("query", SELECT, "s3://config", "--endpoint-url", aws.url, "--format", "csv")
    assert (done.exit_code, done.stdout.split()) == (0, ["volume_id,encrypted", "vol-1,false"]), done.output


def test_an_aggregator(aggregator: Aggregator) -> None:
    aggregator.items = [queried(volume("vol-1"))]
    done = run("query", SELECT, "config:all", "--endpoint-url", aggregator.url, "--format", "csv")
    assert (done.exit_code, done.stdout.split()) == (0, ["volume_id,encrypted", "vol-1,false"]), done.output
