"""Whether an alarm reaches somebody: a case of `alarm_chains.yaml` each."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.logs.alarms.events import events
from demarcate.logs.alarms.links import Link, Name, Proof, Verdict, best, verdict_of
from demarcate.logs.alarms.proving import check_names, prove
from tests.checks.test_engine import snapshot
from tests.each import each

ACCOUNT = "111122223333"
TARGET = "arn:aws:lambda:us-east-1:111122223333:function:tell"
PATTERN = {"source": ["aws.kms"], "detail": {"eventName": ["DisableKey", "ScheduleKeyDeletion"]}}


class Case(msgspec.Struct, forbid_unknown_fields=True):
    it: str
    verdict: Verdict
    change: dict[str, dict[str, Any] | None] = {}
    rules: list[dict[str, Any]] = []
    denied: list[str] = []
    at: str = ""
    why: str = ""
    alarm: str = "key-deletion"


class File(msgspec.Struct, forbid_unknown_fields=True):
    estate: dict[str, list[dict[str, Any]]]
    cases: list[Case]


FILE = read(Path(__file__).with_name("alarm_chains.yaml"), File)


def value_of(value: Any) -> Any:
    """What a case writes, as a row has it."""
    if isinstance(value, dict) and "unknown" in value:
        return Unknown(Kind.DENIED, value["unknown"])
    if isinstance(value, str) and value.startswith("2026-") and value.endswith("Z"):
        return datetime.fromisoformat(value)
    return value


def estate(*cases: Case) -> Snapshot:
    """The estates of some cases, each of which is an account of its own."""
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in FILE.estate}
    gaps = []
    for place, case in enumerate(cases):
        for name, rows in rows_of(case, account_of(place)).items():
            tables[name] += rows
        gaps += [
            Unread(table=name, account=account_of(place), kind=Kind.DENIED, reason="access denied")
            for name in case.denied
        ]
    return snapshot(tables, *gaps)


def account_of(place: int) -> str:
    return f"{int(ACCOUNT) + place}"


def rows_of(case: Case, account: str) -> dict[str, list[dict[str, Any]]]:
    """What a case has, in an account that is named wherever the one that is written is."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for name, rows in FILE.estate.items():
        change = case.change.get(name, {})
        tables[name] = [] if change is None or name in case.denied else [{**row, **change} for row in rows]
    for number, rule in enumerate(case.rules):
        tables["aws_eventbridge_rule"].append(
            {"resource": f"rule-{number}", "name": f"rule-{number}", "state": "ENABLED"}
            | {"arn": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{number}", "event_bus_name": "default"}
            | {"event_pattern": PATTERN, "target_arns": [TARGET]}
            | rule
        )
    moved = json.loads(msgspec.json.encode(tables).decode().replace(ACCOUNT, account))
    return {
        name: [
            {"account_id": account} | {column: value_of(value) for column, value in row.items()} for row in rows
        ]
        for name, rows in moved.items()
    }


def proof_of(case: Case) -> Proof:
    with estate(case) as of:
        return next(proof for proof in prove(of, [case.alarm]) if proof.account == ACCOUNT)


@pytest.fixture(scope="module")
def proofs() -> dict[tuple[str, str], Proof]:
    """Of each account and alarm, where all cases are in one estate."""
    with estate(*FILE.cases) as of:
        told = prove(of, sorted({case.alarm for case in FILE.cases}))
        return {(proof.account, proof.alarm): proof for proof in told}


@each("place, case", [*enumerate(FILE.cases)], ids=[case.it for case in FILE.cases])
def test_a_chain_is_as_strong_as_its_weakest_link(
    place: int, case: Case, proofs: dict[tuple[str, str], Proof]
) -> None:
    proof = proofs[account_of(place), case.alarm]
    assert proof.verdict == case.verdict
    weak = [link for link in proof.chains[0].links if link.holds is not True]
    assert bool(weak) == (case.verdict != "proven")
    if case.at:
        decisive = next(link for link in weak if (link.holds is False) == (case.verdict == "broken"))
        assert (decisive.name, case.why in decisive.why) == (case.at, True), decisive


def test_events_that_take_one_way_are_told_together() -> None:
    (chain,) = proof_of(FILE.cases[0]).chains
    assert chain.events == ("kms:DisableKey", "kms:ScheduleKeyDeletion")


def test_all_alarms_are_proven_or_not_in_every_account() -> None:
    with estate(FILE.cases[0]) as of:
        proofs = [proof for proof in prove(of, check_names(())) if proof.account == ACCOUNT]
    assert [proof.alarm for proof in proofs] == list(events()) and len(proofs) == 15 + 3
    assert {proof.alarm for proof in proofs if proof.verdict == "proven"} == {"key-deletion"}


def test_the_name_of_no_alarm_is_refused_with_the_nearest() -> None:
    with pytest.raises(DemarcateError, match="did you mean root-use"):
        check_names(["root-us"])


def test_of_several_ways_the_surest_is_told() -> None:
    def chain(*held: bool | None) -> tuple[Link, ...]:
        return tuple(Link(name, "", holds) for name, holds in zip(Name, held, strict=False))

    assert best([chain(False), chain(True, False), chain(True, None)]) == chain(True, None)
    assert best([chain(False), chain(True, False)]) == chain(True, False)
    assert best([]) == () and verdict_of(chain(None, False)) == "broken"


def test_the_command_tells_the_same_in_each_format() -> None:
    case = next(case for case in FILE.cases if case.it == "nobody has confirmed")
    with estate(case) as of:

        def run(*words: str) -> str:
            outcome = CliRunner().invoke(
                app, ["alarms", "prove", str(of.folder), "--alarm", "key-deletion", *words]
            )
            assert outcome.exit_code == 1, outcome.output
            return outcome.stdout

        told = json.loads(run("--format", "json"))[-1]
        links = told["chains"][0]["links"]
        assert (told["verdict"], links[-1]["link"], links[-1]["holds"]) == ("broken", "subscriber", False)
        rows = list(csv.DictReader(io.StringIO(run("--format", "csv"))))
        assert [row["link"] for row in rows if row["account_id"] == ACCOUNT] == [link["link"] for link in links]
        text = run()
        assert "key-deletion: broken" in text and "has not confirmed" in text
        assert max(map(len, text.splitlines())) <= 80


def test_a_template_is_followed_by_what_refers_to_what(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    outcome = CliRunner().invoke(
        app, ["alarms", "prove", str(tmp_path / "t.yaml"), "--alarm", "key-deletion", "--format", "json"]
    )
    (told,) = json.loads(outcome.stdout)
    links = {link["link"]: link["holds"] for link in told["chains"][0]["links"]}
    assert told["verdict"] == "unknown" and links.pop("subscriber") is None
    assert set(links.values()) == {True}, links
    assert {"topic encryption", "topic policy", "metric filter"} <= set(links)


TEMPLATE = """
Resources:
  Trail:
    Type: AWS::CloudTrail::Trail
    Properties:
      {IsLogging: true, IsMultiRegionTrail: true, S3BucketName: logs, CloudWatchLogsLogGroupArn: !GetAtt Group.Arn}
  Group: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 365}}
  Filter:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: '{ $.eventName = DisableKey || $.eventName = ScheduleKeyDeletion }'
      MetricTransformations: [{MetricName: keys, MetricNamespace: CloudTrail, MetricValue: "1"}]
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: keys
      Namespace: CloudTrail
      Statistic: Sum
      Period: 300
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      AlarmActions: [!Ref Topic]
  Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: !Ref Key}}
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: cloudwatch.amazonaws.com}
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*']
            Resource: '*'
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - {Effect: Allow, Principal: {Service: cloudwatch.amazonaws.com}, Action: 'sns:Publish', Resource: !Ref Topic}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: team@example.com}
"""
