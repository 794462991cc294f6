"""Encryption in the client: attested, seen, or not known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from demarcate.cli import app
from tests.aws.conftest import REGION, Aws
from tests.keys.test_changing import aws, endless, images, say, server
from tests.keys.test_narrowing import event

__all__ = ["aws", "endless", "images", "say", "server"]

ATTESTED = """\
- responsibility: encryption.encrypt-client-side
  statement: Card numbers are encrypted by the payment service
  by: security@example.com
  on: 2026-01-02
  valid-until: 2099-01-01
"""


def told(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["keys", "client-side", *words], env={"COLUMNS": "80"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def test_what_was_attested_and_seen(tmp_path: Path) -> None:
    context = {"encryptionContext": {"aws-crypto-public-key": "A"}}
    events = tmp_path / "events.json"
    events.write_text(json.dumps({"Records": [event("Decrypt", requestParameters=context)]}))
    folder = tmp_path / "evidence"
    (folder / "attestations").mkdir(parents=True)
    (folder / "attestations" / "encryption.yaml").write_text(ATTESTED)
    code, out = told("--events", str(events), "--evidence", str(folder))
    assert code == 0, out
    assert "Card numbers" in out and "seen: the AWS Encryption SDK, last on 2026-10-01" in out
    code, out = told("--events", str(events), "--evidence", str(folder), "--format", "json")
    assert [row["how"] for row in json.loads(out)] == ["attested", "seen"]


def test_what_is_neither_is_not_known(tmp_path: Path) -> None:
    events = tmp_path / "events.json"
    events.write_text(json.dumps({"Records": [event("Decrypt")]}))
    code, out = told("--events", str(events))
    assert code == 3 and "not known: nothing was attested" in out


def test_objects_that_a_client_encrypted(aws: Aws, say: Callable[..., Any], tmp_path: Path) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="data", Key="a", Body=b"", Metadata={"x-amz-key-v2": "AQEDA"})
    s3.put_object(Bucket="data", Key="b", Body=b"", Metadata={"owner": "pay"})
    events = tmp_path / "events.json"
    events.write_text(json.dumps({"Records": [event("Decrypt")]}))
    words = ("--events", str(events), "--region", REGION, "--object", "s3://data/a", "--object", "s3://data/b")
    code, out = told(*words)
    assert code == 0 and "the metadata of s3://data/a" in out and "s3://data/b" not in out
    assert told(*words, "--object", "s3://data/c")[0] == 3
