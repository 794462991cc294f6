"""The verbs of `guardrails`: what they print, how they end, and what they say of what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.guardrails import events
from demarcate.guardrails.conformance import packs
from demarcate.guardrails.filling import Choices
from demarcate.guardrails.load import load_guardrails
from demarcate.guardrails.proposing import Proposal, propose
from demarcate.posture.structs import CheckResult, Counts, Posture, ResponsibilityPosture
from demarcate.report import guardrails as report
from demarcate.report.console import Console
from demarcate.report.out import data
from tests.guardrails.recorded import deliver, event


def run(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["guardrails", *map(str, words)])
    if isinstance(done.exception, DemarcateError):
        return 2, done.stdout, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


# --- proposing --------------------------------------------------------------------------------------------


KEPT = {check: of.keeps[0] for of in load_guardrails().values() for check in of.checks}
"""A responsibility for each check that is kept."""

RULES: Any = {
    name: SimpleNamespace(id=name, refs={"config-rule": (rule,)})
    for name, rule in (
        ("ebs-volume-encrypted", "encrypted-volumes"),
        ("rds-instance-encrypted", "rds-storage-encrypted"),
    )
}


def posture(state: str, **results: tuple[int, int, int]) -> Posture:
    """A posture whose responsibilities have that state. Of each check: how many passed, failed and are unknown."""
    checks = {name.replace("_", "-"): counts for name, counts in results.items()}
    return Posture(
        origin="o",
        source="cloudformation",
        moment="2026-11-28T00:00:00+00:00",
        summary=Counts(),
        responsibilities=tuple(
            ResponsibilityPosture(
                id=KEPT[name],
                title="",
                area="",
                party="customer",
                services=(),
                state=state,  # type: ignore[arg-type]
                severity=None,
                because=(),
                checks=(
                    CheckResult(
                        check=name,
                        title="",
                        severity="low",
                        remedy="",
                        passed=told[0],
                        failed=told[1],
                        unknown=told[2],
                    ),
                ),
            )
            for name, told in checks.items()
        ),
        areas={},
        parties={},
        accounts={},
        regions={},
        not_run=(),
        unread=(),
    )


def of(told: Posture, name: str) -> Proposal:
    return next(proposal for proposal in propose(told) if proposal.guardrail.id == name)


@pytest.mark.parametrize(
    ("state", "counts", "proposed"),
    [
        ("met", (3, 0, 0), True),
        ("unproven", (3, 0, 0), True),
        ("met", (0, 0, 0), True),
        ("unproven", (0, 0, 0), False),
        ("gap", (3, 1, 0), False),
        ("met", (3, 0, 1), False),
    ],
)
def test_only_what_is_so_everywhere_is_kept(state: str, counts: tuple[int, int, int], proposed: bool) -> None:
    proposal = of(posture(state, cloudtrail_trail_logging=counts), "trails-kept")
    assert proposal.proposed is proposed
    assert bool(proposal.why_not) is not proposed


def test_all_guardrails_are_written_within_the_width(capsys: pytest.CaptureFixture[str]) -> None:
    checks = {name for guardrail in load_guardrails().values() for name in guardrail.checks}
    told = posture("met", **{name.replace("-", "_"): (1, 0, 0) for name in checks})
    proposals = propose(told)
    assert all(proposal.proposed for proposal in proposals)
    report.write(proposals, Choices(), Console(data(), 80), full=True)
    shown = capsys.readouterr().out
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "needs --set regions=" in shown
    assert "not proposed (0)" in shown
    report.write_json(proposals, Choices(), data())
    document = json.loads(capsys.readouterr().out)
    assert len(document["guardrails"]) == len(load_guardrails())
    assert {"regions-chosen"} & {name for policy in document["policies"] for name in policy["guardrails"]} == set()


def test_what_fails_has_no_rule() -> None:
    told = posture("gap", ebs_volume_encrypted=(1, 1, 0), rds_instance_encrypted=(1, 0, 0))
    made = packs(told, RULES)
    assert (made.rules, made.left_out) == (1, {})
    assert list(json.loads(made.templates[0])["Resources"]) == ["RdsStorageEncrypted"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "trail-kept"], "there is no guardrail 'trail-kept'; did you mean trails-kept?"),
        (["show", "regions-chosen", "--json"], "needs the regions that are used: say it with --set regions="),
        (["show", "regions-chosen", "--set", "region=eu-west-1"], "did you mean regions?"),
        (["show", "regions-chosen", "--set", "regions="], "--set takes NAME=VALUE"),
        (["show", "trails-kept", "--exempt", "Admin"], "--exempt takes the ARN of a principal"),
        (["show", "trails-kept", "--exempt", "arn:aws:sts::1:assumed-role/a/b"], "is a session: name its role"),
        (["test", "trails-kept", "--events", "gone"], "gone: there is no such file or folder"),
        (["show", "control-tower-versioning", "--json"], "is a control of Control Tower, and no policy"),
        (
            ["test", "security-hub-everywhere", "--events", "."],
            "cannot be tested against calls",
        ),
        (["test", "trails-kept", "--events", "aws", "--events", "."], "takes files, or aws"),
        (["test", "trails-kept", "--events", ".", "--region", "eu-west-1"], "leave the options about AWS out"),
        (["test", "trails-kept", "--events", ".", "--account", "12"], "'12' is no account"),
        (["test", "gone.json", "--events", "."], "gone.json: cannot be read"),
        (["test", "trails-kept", "--events", "."], "there is no file of CloudTrail in it"),
    ],
)
def test_bad_usage_says_what_to_do(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert told in err


def test_one_guardrail_is_shown_with_its_policy() -> None:
    code, out, _ = run("show", "kms-rotation-kept", "--exempt", "arn:aws:iam::*:role/Keys")
    assert code == 0
    policy = json.loads(out.splitlines()[-1])
    assert policy["Statement"][0]["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Keys"}}
    assert run("show", "kms-rotation-kept", "--json")[1].startswith('{"Version":"2012-10-17"')


# --- testing ----------------------------------------------------------------------------------------------


def test_a_test_is_told_as_data_and_by_its_exit_code(tmp_path: Path) -> None:
    deliver(tmp_path / "logs" / "a.json", [event("cloudtrail:StopLogging"), event("kms:DisableKeyRotation")])
    code, out, _ = run(
        "test", "trails-kept", "kms-rotation-kept", "--events", tmp_path / "logs", "--format", "json"
    )
    document = json.loads(out)
    assert (code, document["denied"]) == (1, 2)
    assert {who["statement"] for who in document["who"]} == {
        "statement 1 (TrailsKept1) of trails-kept",
        "statement 1 (KmsRotationKept1) of kms-rotation-kept",
    }
    (tmp_path / "logs" / "b.json").write_text("[")
    policy = tmp_path / "p.json"
    allows = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [allows]}))
    code, out, err = run("test", policy, "--events", tmp_path / "logs")
    assert (code, "1 statements allow" in out, "b.json" in err) == (3, True, True)
    assert all(len(line) <= 80 for line in out.splitlines())


class History:
    """CloudTrail's event history: two pages in one region, and a denial in another."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.meta = SimpleNamespace(events=SimpleNamespace(register=lambda *_: None))

    def get_paginator(self, name: str) -> History:
        assert name == "lookup_events"
        return self

    def paginate(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        assert "StartTime" in parameters
        if self.region == "us-east-1":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "LookupEvents")
        yield {"Events": [{"CloudTrailEvent": json.dumps(event("cloudtrail:StopLogging", eventID="1"))}]}
        yield {"Events": [{"CloudTrailEvent": "[]"}, {}]}


def test_the_event_history_is_read_region_by_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "session_of", lambda _: None)
    monkeypatch.setattr(events, "Clients", lambda *_: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(events, "identify", lambda *_: SimpleNamespace(account="111122223333", start="eu-west-1"))
    monkeypatch.setattr(events, "client_of", lambda *_, region, may: History(region))
    code, out, err = run(
        "test", "trails-kept", "--events", "aws", "--region", "eu-central-1", "--region", "us-east-1"
    )
    assert (code, "1 denied" in out) == (1, True)
    assert "cloudtrail.lookup_events in 111122223333, us-east-1" in err
