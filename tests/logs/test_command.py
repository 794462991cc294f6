"""The verbs of logs, as they are typed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from tests.aws.answers.answering import Answer, answer, error
from tests.aws.answers.asking import Asked
from tests.aws.answers.server import serving
from tests.aws.conftest import Aws
from tests.logs.chains import BUCKET, Trail, fingerprint, public, trail, write_keys
from tests.logs.test_store import event, packed, put, source, store

__all__ = ["source", "store"]


def run(*arguments: object) -> tuple[int, str, str]:
    """The exit code of a command, and what it says on standard output and error."""
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if isinstance(result.exception, DemarcateError):
        return 2, result.stdout, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_logs_are_brought_in_asked_and_pruned(source: Path, store: Path) -> None:
    put(source, "a.json.gz", packed([event("e-1", userIdentity={"type": "IAMUser", "userName": "=1+1"})]))
    put(source, "b.json.gz", b"<html>")
    code, out, err = run("logs", "ingest", source, "--store", store, "--format", "json")
    assert code == 3
    assert {row["what"]: row["count"] for row in json.loads(out)} == {
        "files read": 2,
        "files that could not be read": 1,
        "rows of aws_cloudtrail_log": 1,
    }
    assert "b.json.gz: is of no form of logs" in err
    sql = "SELECT event_id, user_identity_user_name FROM aws_cloudtrail_log"
    code, out, _ = run("logs", "query", sql, "--store", store, "--format", "csv")
    assert (code, list(csv.reader(io.StringIO(out)))[1]) == (0, ["e-1", "'=1+1"])
    code, out, _ = run("logs", "prune", "--store", store, "--keep", "aws_cloudtrail_log=365", "--format", "json")
    assert (code, json.loads(out)[0]["kept_days"]) == (0, 365)


def test_retention_and_placeholders_are_settings(source: Path, store: Path, tmp_path: Path) -> None:
    put(source, "a.json.gz", packed([event("e-1", eventName="GetObject")]))
    assert run("logs", "ingest", source, "--store", store)[0] == 0
    rule = (
        "title: Objects\nid: 4f2ad1a5-0c5b-4c3c-9d0a-5a3d1b0f0c11\nlogsource: {product: aws, service: cloudtrail}\n"
        "detection: {a: {eventName|expand: '%names%'}, condition: a}\nlevel: low\n"
    )
    (tmp_path / "rule.yml").write_text(rule)
    (tmp_path / "file.yaml").write_text("names: [PutObject]\n")
    (tmp_path / "own.toml").write_text(
        '[keep-logs]\naws_cloudtrail_log = "forever"\n"*" = 1\n[rule-placeholders]\nnames = ["GetObject"]\n'
    )
    set_ = ("--config", tmp_path / "own.toml")
    code, out, _ = run(*set_, "logs", "prune", "--store", store, "--format", "json")
    assert (code, {row["table"]: row["kept_days"] for row in json.loads(out)}) == (
        *(0, {"*": 1, "aws_cloudtrail_log": "forever"}),
    )
    detect = ("detect", store, "--rules", tmp_path, "--only", "--format", "json")
    assert [row["name"] for row in json.loads(run(*set_, *detect)[1])] == ["rule"]
    assert json.loads(run(*set_, *detect, "--placeholders", tmp_path / "file.yaml")[1]) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["query", "SELECT * FROM read_text('/etc/passwd')"], "the query failed"),
        (["query", "DELETE FROM aws_cloudtrail_log"], "expected one SELECT"),
        (["query", "SELECT * FROM nothing"], "nothing"),
        (["query", "SELECT count(*) FROM range(10000000000)", "--max-seconds", "0.1"], "--max-seconds"),
        (["prune", "--keep", "x"], "TABLE=DAYS"),
        (["prune", "--keep", "nothing=5"], "there is no table"),
        (["ingest", "nowhere"], "no such file"),
        (["ingest", "x", "--since", "yesterday"], "--since takes a date"),
        (["ingest", "x", "--since", "2026-11-02", "--until", "2026-11-01"], "is after --until 2026-11-01"),
        (["follow"], "name what is to be followed"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(arguments: list[str], says: str, source: Path, store: Path) -> None:
    put(source, "a.json.gz", packed([event()]))
    run("logs", "ingest", source, "--store", store)
    code, out, err = run("logs", *arguments, "--store", store)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_a_source_that_is_none_leaves_no_store(tmp_path: Path) -> None:
    for verb in ("ingest", "follow"):
        assert run("logs", verb, tmp_path / "nowhere", "--store", tmp_path / "store")[0] == 2
    assert not (tmp_path / "store").exists()


def test_who_changed_a_resource_is_asked_beside_the_estate(source: Path, store: Path, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {T: {Type: AWS::SNS::Topic, Properties: {TopicName: mine}}}")
    put(source, "a.json.gz", packed([event("e-1", eventName="SetTopicAttributes", requestParameters={"t": "T"})]))
    run("logs", "ingest", source, "--store", store)
    sql = (
        "SELECT l.event_name, f.flow_log_id FROM aws_sns_topic t JOIN aws_cloudtrail_log l "
        "ON l.request_parameters->>'$.t' = t.resource LEFT JOIN aws_vpc_flow_log f ON true LEFT JOIN "
        "logs.aws_vpc_flow_log v ON true"
    )
    code, out, err = run("query", sql, tmp_path / "t.yaml", "--logs", store, "--format", "json")
    assert code in (0, 3), err
    assert json.loads(out) == [{"event_name": "SetTopicAttributes", "flow_log_id": None}]
    for asked in ("aws_cloudtrail_log", "logs.aws_vpc_flow_log", 'aws_sns_topic JOIN "logs" . nothing ON true'):
        code, out, err = run("query", f"SELECT 1 FROM {asked}", tmp_path / "t.yaml")
        assert (code, "name the store with --logs DIR" in err) == (2, True)


def test_a_copy_is_verified_offline(tmp_path: Path) -> None:
    made = trail(4)
    folder, keys = made.write(tmp_path / "copy"), write_keys(tmp_path / "keys.json")
    code, out, _ = run("logs", "verify", folder, "--keys", keys, "--format", "json")
    assert code == 3
    rows = json.loads(out)
    assert [(row["state"], row["what"], row["count"]) for row in rows[:2]] == [
        ("valid", "digest", 3),
        ("valid", "log", 6),
    ]
    assert "its signature is neither" in rows[2]["why"]
    (folder / made.logs[0]).unlink()
    code, out, _ = run("logs", "verify", folder, "--keys", keys)
    assert code == 1
    assert made.logs[0] in out
    code, _, err = run("logs", "verify", folder)
    assert (code, "there is no key" in err) == (2, True)


def in_bucket(aws: Aws, made: Trail) -> None:
    s3 = aws.client("s3", "us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    for key, data in made.objects.items():
        signature = made.signatures.get(key)
        metadata = {"signature": signature, "signature-algorithm": "SHA256withRSA"} if signature else {}
        s3.put_object(Bucket=BUCKET, Key=key, Body=data, Metadata=metadata)


def test_a_bucket_is_verified_to_its_newest_digest(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    made = trail(26, per_hour=1)
    keys = write_keys(tmp_path / "keys.json")
    in_bucket(aws, made)
    asked = ("logs", "verify", f"s3://{BUCKET}", "--endpoint-url", aws.url, "--format", "json")
    code, out, err = run(*asked, "--keys", keys)
    assert (code, err) == (0, "")
    assert [(row["state"], row["what"], row["count"]) for row in json.loads(out)] == [
        ("valid", "digest", 26),
        ("valid", "log", 26),
    ]
    # A day is covered to its end by the first digest of the next.
    code, out, _ = run(*asked, "--keys", keys, "--since", "2026-11-01", "--until", "2026-11-01")
    assert (code, [row["count"] for row in json.loads(out)]) == (0, [25, 25])
    # Without --keys AWS is asked for them, in the region of the trail and around the time of the chain.
    times: list[tuple[str, Any, Any]] = []

    def listed(what: Asked, _: Any) -> Answer:
        told = what.params()
        times.append((what.region, told["StartTime"], told["EndTime"]))
        if "NextToken" not in told:
            return answer(what, {"PublicKeyList": [], "NextToken": "more"})
        return answer(what, {"PublicKeyList": [{"Value": public(), "Fingerprint": fingerprint()}]})

    with serving() as server:
        online = ("logs", "verify", f"s3://{BUCKET}", "--endpoint-url", server.url, "--format", "json")
        server.faults = {"cloudtrail.list_public_keys": listed}
        code, out, err = run(*online)
        assert (code, err, [row["count"] for row in json.loads(out)]) == (0, "", [26, 26])
        (region, start, end), *again = times
        assert (region, again) == ("eu-west-1", [("eu-west-1", start, end)])
        assert start.isoformat() <= "2026-11-01T00:00:00" and end.isoformat() >= "2026-11-02T02:00:00"
        # The newest digest is signed in the bucket alone: there somebody may have put another one.
        newest = made.digests[-1]
        aws.client("s3", "us-east-1").put_object(
            **{"Bucket": BUCKET, "Key": newest, "Body": made.objects[newest]}, Metadata={"signature": "00"}
        )
        code, out, _ = run(*online)
        assert (code, [row["name"] for row in json.loads(out) if row["state"] == "altered"]) == (1, [newest])
        server.faults = {"cloudtrail.list_public_keys": lambda what, _: error(what, 400, "AccessDeniedException")}
        code, out, err = run(*online)
        assert (code, "cloudtrail:ListPublicKeys" in err) == (3, True)
        assert {row["state"] for row in json.loads(out)} == {"unknown"}
