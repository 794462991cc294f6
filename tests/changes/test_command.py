"""The verbs of `change`, from a plan to its undoing, and what they say of what is wrong."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.changes.commands import command
from demarcate.changes.deciding import approve, record_plan
from demarcate.changes.planning import make_change
from demarcate.cli import app
from demarcate.ledger.ledger import Ledger
from tests.aws.conftest import REGION, Aws
from tests.changes.cases import ANYBODY, APPROVER, PLANNER
from tests.changes.fakes import step
from tests.surroundings import CREDENTIALS

PLANNED_BY, APPROVED_BY = ("--as", "planner@example.com"), ("--as", "approver@example.com")


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Change = Callable[..., Said]


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Change:
    """Runs `demarcate change VERB …` with a ledger of its own."""
    for name, value in {**CREDENTIALS, "XDG_DATA_HOME": str(tmp_path), "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)

    def run(*words: str | Path) -> Said:
        done = CliRunner().invoke(app, ["change", *map(str, words)])
        if isinstance(done.exception, DemarcateError):
            return Said(2, done.stdout, str(done.exception))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        if words[0] in ("plan", "show", "apply", "verify") and not {"--json", "--commands"} & set(words):
            assert all(len(line) <= 80 for line in done.stdout.splitlines())
        return Said(done.exit_code, done.stdout, done.stderr)

    return run


def bucket(aws: Aws, name: str, **tags: str) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if tags:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})


def plan(change: Change, aws: Aws, *words: str) -> str:
    """The id of a plan for buckets without versioning."""
    where = ("--region", REGION, "--endpoint-url", aws.url)
    said = change("plan", "--check", "s3-bucket-versioning", *where, *PLANNED_BY, *words)
    assert said.code == 0, said.err
    return said.out.split()[0]


def versioning(aws: Aws, name: str) -> Any:
    return aws.client("s3").get_bucket_versioning(Bucket=name).get("Status")


def test_from_a_plan_to_its_undoing(change: Change, aws: Aws) -> None:
    bucket(aws, "logs")
    bucket(aws, "data", env="prod")
    id = plan(change, aws)
    at = ("--endpoint-url", aws.url)
    shown = change("show", id).out
    assert "planned; plan " in shown and "planned by planner@example.com" in shown
    assert "risk: costs money" in shown
    told = json.loads(change("show", id, "--json").out)
    assert (told["state"], [each["resource"] for each in told["steps"]]) == (
        "planned",
        ["arn:aws:s3:::data", "arn:aws:s3:::logs"],
    )
    assert told["steps"][0]["tags"] == {"env": "prod"}
    assert told["judged"] == {"s3-bucket-versioning": 2}

    assert "1 to approve it other than planner@example.com" in change("apply", id, *at, *PLANNED_BY).err
    assert "planner@example.com planned it" in change("approve", id, *PLANNED_BY).err
    assert "the plan was edited" in change("approve", id, "--plan", "0" * 12, *APPROVED_BY).err
    assert change("approve", id, "--plan", told["digest"][:12], *APPROVED_BY).code == 0

    tried = change("apply", id, "--dry-run", *at, *PLANNED_BY)
    assert (tried.code, tried.out.count("it is as it was planned against")) == (0, 2)
    assert versioning(aws, "logs") is None
    applied = change("apply", id, *at, *PLANNED_BY)
    assert (applied.code, applied.out.count("pass: s3-bucket-versioning")) == (0, 2)
    assert "2 of 2: done: s3.put_bucket_versioning" in applied.err
    assert versioning(aws, "logs") == "Enabled"
    assert "it is applied" in change("apply", id, *at, *PLANNED_BY).err

    assert change("verify", id, *at, *PLANNED_BY).code == 0
    assert change("undo", id, *at, *PLANNED_BY).code == 0
    assert versioning(aws, "logs") == "Suspended"
    failing = change("verify", id, *at, *PLANNED_BY)
    assert (failing.code, failing.out.count("fail: s3-bucket-versioning")) == (1, 2)
    listed = json.loads(change("list", "--format", "json").out)
    assert [(row["change"], row["state"]) for row in listed] == [(id, "undone")]
    assert "undone" in change("list").out
    assert CliRunner().invoke(app, ["ledger", "verify"]).exit_code == 0


def test_what_stands_still(change: Change, aws: Aws) -> None:
    bucket(aws, "logs")
    bucket(aws, "data")
    id = plan(change, aws)
    change("approve", id, *APPROVED_BY)
    aws.client("s3").put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Suspended"})
    at = ("--endpoint-url", aws.url)
    assert change("apply", id, "--dry-run", *at, *PLANNED_BY).code == 1
    stopped = change("apply", id, *at, *PLANNED_BY)
    text = " ".join(stopped.out.split())
    assert stopped.code == 1
    assert "stopped: step 2: arn:aws:s3:::logs was changed since: nothing was done to it" in text
    assert "1. done: s3.put_bucket_versioning" in text and "2. failed: s3.put_bucket_versioning" in text
    assert "there is nothing to go on with" in change("resume", id, *at, *PLANNED_BY).err
    assert change("undo", id, *at, *PLANNED_BY).code == 0
    assert [versioning(aws, name) for name in ("data", "logs")] == ["Suspended", "Suspended"]


def test_a_run_that_was_killed(change: Change, aws: Aws, tmp_path: Path) -> None:
    """The command says who began, goes on only where policies allow it, and then ends it."""
    from demarcate.changes.applying import Run

    bucket(aws, "logs")
    id = plan(change, aws)
    change("approve", id, *APPROVED_BY)

    class Killed(BaseException):
        pass

    def die(_: object) -> None:
        raise Killed

    with Ledger() as ledger, pytest.raises(Killed):
        Run(ledger, PLANNER, None, check=die).carry_out(id, "apply")  # type: ignore[arg-type]
    at = ("--endpoint-url", aws.url)
    assert f"change resume {id} goes on" in change("apply", id, *at, *PLANNED_BY).err
    freeze = tmp_path / "policies.yaml"
    freeze.write_text("- name: p\n  freezes: [{from: 2000-01-01, to: 2999-12-31, why: the test}]\n")
    frozen = change("resume", id, "--policies", freeze, *at, *PLANNED_BY)
    assert "nothing is applied until 2999-12-31 (the test)" in frozen.err
    assert versioning(aws, "logs") is None
    assert change("resume", id, *at, *PLANNED_BY).code == 0
    assert versioning(aws, "logs") == "Enabled"


def test_a_plan_in_the_place_of_another(change: Change, aws: Aws) -> None:
    bucket(aws, "logs")
    id = plan(change, aws)
    change("approve", id, *APPROVED_BY)
    bucket(aws, "data")
    assert plan(change, aws, "--replace", id, "--title", "both") == id
    assert "1 to approve it" in change("apply", id, "--endpoint-url", aws.url, *PLANNED_BY).err
    assert change("reject", id, "--reason", "later", *APPROVED_BY).code == 0
    assert "rejected: later" in change("show", id).out
    where = ("--region", REGION, "--endpoint-url", aws.url)
    again = change("plan", "--check", "s3-bucket-versioning", "--replace", id, *where, *PLANNED_BY)
    assert "it is rejected, and cannot be planned anew" in again.err


def test_from_a_snapshot(change: Change, aws: Aws, tmp_path: Path) -> None:
    bucket(aws, "logs")
    aws.snapshot("aws_s3_bucket").close()
    where = ("--region", REGION, "--endpoint-url", aws.url)
    kept = str(tmp_path / "kept")
    made = CliRunner().invoke(app, ["collect", "aws", "--table", "aws_s3_bucket", "--out", kept, *where])
    assert made.exit_code == 0, made.output
    said = change("plan", kept, "--check", "s3-bucket-versioning", "--endpoint-url", aws.url, *PLANNED_BY)
    assert said.code == 0, said.err
    assert "arn:aws:s3:::logs" in said.out


TEMPLATE = "Resources: {B: {Type: AWS::S3::Bucket}}"


def test_what_is_wrong_with_a_plan(change: Change, aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    check = ("--check", "s3-bucket-versioning")
    where = ("--region", REGION, "--endpoint-url", aws.url, *PLANNED_BY)
    wrong = {
        (): "say what is to be mended",
        (*check, "--file", "x.yaml"): "say what is to be mended",
        ("--file", str(tmp_path / "none.yaml")): "none.yaml: cannot be read",
        ("--check", "s3-bucket-version"): "did you mean s3-bucket-versioning?",
        (*check, "--finding", "0" * 16): "there is no finding '0000000000000000' that fails now",
        (*check, "--set", "days"): "--set takes NAME=VALUE, not 'days'",
        (*check, "--set", "days=3"): "there is no value that is asked for 'days'",
        check: "there is nothing to plan",
    }
    for words, told in wrong.items():
        said = change("plan", *words, *where)
        assert (said.code, told in said.err) == (2, True), said
    said = change("plan", tmp_path / "t.yaml", *check, *PLANNED_BY)
    assert said.code == 2
    assert "only what is live can be changed" in said.err and "mended in the template" in said.err


def test_what_there_is_not(change: Change) -> None:
    for verb in ("show", "iam-policy"):
        assert "there is no ledger yet" in change(verb, "c-1").err
    with Ledger():
        pass
    verbs: dict[str, tuple[str, ...]] = {
        "show": (),
        "iam-policy": (),
        "approve": APPROVED_BY,
        "reject": ("--reason", "no", *APPROVED_BY),
        "apply": PLANNED_BY,
        "resume": PLANNED_BY,
        "undo": PLANNED_BY,
        "verify": PLANNED_BY,
    }
    for verb, words in verbs.items():
        said = change(verb, "c-1", *words)
        assert (said.code, said.err) == (2, "there is no change 'c-1' (see: demarcate change list)")


HAND = """
- account: "123456789012"
  region: eu-west-1
  resource: arn:aws:s3:::logs
  do: {{s3.put_bucket_policy: {{Bucket: logs, Policy: '{policy}'}}}}
  reads: {{s3.get_bucket_policy: {{Bucket: logs}}}}
  state: Policy
  absent: [NoSuchBucketPolicy]
  done: "@ != `null`"
  undo: {{s3.put_bucket_policy: {{Bucket: logs, Policy: {{$before: "@"}}}}}}
  undo-absent: {{s3.delete_bucket_policy: {{Bucket: logs}}}}
  risk: [locks-out]
"""
POLICY = '{"Version": "2012-10-17", "Statement": []}'


def test_steps_by_hand(change: Change, aws: Aws, tmp_path: Path) -> None:
    """Braces are no columns there, and what may lock somebody out is accepted by name."""
    bucket(aws, "logs")
    (tmp_path / "steps.yaml").write_text(HAND.format(policy=POLICY))
    at = ("--endpoint-url", aws.url)
    said = change("plan", "--file", tmp_path / "steps.yaml", "--region", REGION, *at, *PLANNED_BY)
    assert said.code == 0, said.err
    id = said.out.split()[0]
    change("approve", id, *APPROVED_BY)
    assert "it may lock somebody out" in change("apply", id, *at, *PLANNED_BY).err
    assert change("apply", id, "--accept-lockout", *at, *PLANNED_BY).code == 0
    assert json.loads(aws.client("s3").get_bucket_policy(Bucket="logs")["Policy"]) == json.loads(POLICY)
    allowed = json.loads(change("iam-policy", id).out)
    actions = {action for statement in allowed["Statement"] for action in statement["Action"]}
    assert actions >= {"s3:PutBucketPolicy", "s3:GetBucketPolicy", "s3:DeleteBucketPolicy"}
    assert change("undo", id, *at, *PLANNED_BY).code == 0
    with pytest.raises(aws.client("s3").exceptions.ClientError, match="NoSuchBucketPolicy"):
        aws.client("s3").get_bucket_policy(Bucket="logs")
    assert "it is undone, and so there is nothing to apply" in change("apply", id, *at, *PLANNED_BY).err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("s3.put_bucket_policy: {Bucket", "s3.put_bucket_polcy: {Bucket", "do: AWS has no operation"),
        ("do: {s3.put", "do: {put", "do is one operation"),
        ('"123456789012"', "12345", "Expected `str`"),
        ('"123456789012"', '"1234"', "'1234' is no account"),
        ("region: eu-west-1", "region: ../x", "'../x' is no region"),
        ("state: Policy", "state: 'Policy['", "is no JMESPath"),
        ("reads: {s3.get_bucket_policy: {Bucket: logs}}", "reads: {}", "reads is one operation"),
        ("reads: {s3.get_bucket_policy: {Bucket: logs}}", "reads: {s3.delete_bucket: {}}", "does not only read"),
        (
            "reads: {s3.get_bucket_policy: {Bucket: logs}}",
            "reads: {secretsmanager.get_secret_value: {SecretId: s}}",
            "or what it reads is secret",
        ),
        ("risk: [locks-out]", "risk: [fun]", "Invalid enum value 'fun'"),
        ("  risk: [locks-out]", "  whim: 1\n  risk: []", "whim"),
    ],
)
def test_steps_that_are_wrong(old: str, new: str, told: str, change: Change, tmp_path: Path) -> None:
    text = HAND.format(policy=POLICY).lstrip()
    assert old in text
    file = tmp_path / "steps.yaml"
    file.write_text(text.replace(old, new))
    said = change("plan", "--file", file, "--region", REGION, "--endpoint-url", "http://127.0.0.1:9", *PLANNED_BY)
    assert said.code == 2
    assert said.err.startswith(f"{file}:") and told in said.err


HOSTILE = 'a\x1b[31m\'; rm -rf "$HOME" #\u202e{name}\n\u0085x'


def test_hostile_names(change: Change) -> None:
    """Nothing of them reaches the terminal, and a command that is printed is what the plan says and nothing more."""
    hostile = step(HOSTILE, declared=HOSTILE, tags={HOSTILE: HOSTILE}, before=HOSTILE)
    with Ledger() as ledger:
        made = make_change(HOSTILE, "hand", HOSTILE, [hostile])
        record_plan(ledger, PLANNER, made)
        approve(ledger, APPROVER, made.id, ANYBODY)
    for words in (("show", made.id), ("show", made.id, "--commands"), ("show", made.id, "--json"), ("list",)):
        out = change(*words).out
        assert "declared by" in out or words[0] == "list" or "--json" in words
        assert not {"\x1b", "\u202e", "\u0085"} & set(out), words
    printed = shlex.split(command(hostile))
    assert printed[:-1] == ["aws", "fake", "set", "--region", REGION, "--cli-input-json"]
    assert json.loads(printed[-1]) == hostile.do.parameters


CHECK = """
- id: own-{id}
  title: Own
  responsibility: configuration-management.set-resource-settings
  table: aws_s3_bucket
  pass: versioning_enabled
  fail: no
  severity: low
  remedy:
    text: Do something.
    do: {{{do}: {{Bucket: "{{name}}"}}}}
    reads: {{{reads}: {{{key}: "{{name}}"}}}}
    done: "@"
    undo: nothing does
    risk: []
  examples:
    pass: [{{versioning_enabled: true}}]
    fail: [{{versioning_enabled: false, name: b}}]
    unknown: [{{name: b}}]
"""


@pytest.mark.parametrize(
    ("do", "reads", "key", "told"),
    [
        ("s3.delete_bucket", "secretsmanager.get_secret_value", "SecretId", "get_secret_value is refused"),
        ("s3.delete_bucket", "s3.delete_bucket", "Bucket", "s3.delete_bucket is refused"),
        ("s3.delete_bucket", "s3.get_everything", "Bucket", "AWS has no operation s3.get_everything"),
        ("s3.delete_bucket", "s3.get_bucket_versioning", "Bucket", ""),
    ],
)
def test_a_check_of_ones_own(
    do: str, reads: str, key: str, told: str, change: Change, aws: Aws, tmp_path: Path
) -> None:
    """What it reads is read, and nothing secret; what it does is its owner's, and shown before anybody approves it."""
    bucket(aws, "logs")
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "own.yaml").write_text(CHECK.format(id="check", do=do, reads=reads, key=key))
    where = ("--region", REGION, "--endpoint-url", aws.url, *PLANNED_BY)
    said = change("plan", "--check", "own-check", "--checks", tmp_path / "checks", *where)
    text = " ".join(said.out.split())
    if told:
        assert said.code == 2 and told in text, said
        return
    assert said.code == 0, said
    assert "1. s3.delete_bucket" in text and "undo nothing: nothing does" in text
    id = said.out.split()[0]
    change("approve", id, *APPROVED_BY)
    applied = change("apply", id, "--endpoint-url", aws.url, *PLANNED_BY)
    assert "there is no check 'own-check': name the folder that has it (--checks)" in applied.err
