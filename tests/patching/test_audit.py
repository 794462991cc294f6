"""The report of a period of patching: what the ledger and the history say, and nothing beyond it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.changes import status as records
from demarcate.changes.planning import make_change
from demarcate.changes.status import Outcome, StepEnded
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.checks.catalog import load_checks
from demarcate.checks.judgement import finding_id
from demarcate.cli import app
from demarcate.evidence.waivers import Waiver, WaiverScope
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger
from demarcate.patching import plans
from demarcate.patching.artefacts import Artefact
from demarcate.patching.audit import Audit, _accepted, audit, proof
from demarcate.patching.history import Exposure, history_folder, record
from demarcate.patching.plans import LeftOut, Member, Part, PatchPlan, RingResult, Stage
from demarcate.patching.rings import Ring
from demarcate.patching.rollback import possible
from demarcate.patching.structs import PatchState
from demarcate.report.out import Out
from demarcate.report.patching import audit as words
from demarcate.report.patching import audit_oscal as oscal
from demarcate.report.patching import audit_page as pages
from tests.patching.test_history import DAY, kept, status
from tests.patching.test_how_to import follow
from tests.patching.test_priority import DATA, estate
from tests.report.standards import STANDARDS

ACTOR = Actor(person="ann@example.com", caller="arn:aws:iam::123456789012:role/Patch")
ARN = "arn:aws:ec2:eu-west-1:123456789012:instance/web"
LEVELS = {"high": 1}
READ = Read(operation=Operation(name="ssm.list_commands", parameters={}), state="@")
SINCE, UNTIL = date(2026, 11, 2), date(2026, 11, 5)


def change() -> Change:
    step = Step(
        account="123456789012",
        region="eu-west-1",
        resource=ARN,
        do=Operation(name="ssm.send_command", parameters={}),
        reads=READ,
        before=None,
        done="@",
        undo=Undo(why_not="a patch is not taken off"),
    )
    return make_change("ring test", "patch", "aws", [step])


def plan(of: Change, left_out: Sequence[LeftOut] = ()) -> PatchPlan:
    member = Member(account="123456789012", region="eu-west-1", resource=ARN, name="web", proof=possible("x"))
    stage = Stage(
        ring=Ring(name="test"), parts=(Part(kind="patches", change=of.id, members=(member,)),), at_once=1
    )
    return PatchPlan(
        id="p-1",
        source="aws",
        file="rings.yaml",
        artefacts=(Artefact(kind="patches", value="pb-1", read=READ, content=None, digest="d", places=()),),
        stages=(stage,),
        left_out=tuple(left_out),
    )


def ledger_of(folder: Path, *acts: tuple[int, Act]) -> Ledger:
    """A ledger whose entries are of days after the first."""
    moments = iter([DAY + timedelta(days=day) for day, _ in acts])
    ledger = Ledger(str(folder / "ledger.sqlite"), now=lambda: next(moments))
    for _, act in acts:
        ledger.append(ACTOR, act)
    return ledger


def ended(of: Change, outcome: Outcome = Outcome.DONE) -> Act:
    told = StepEnded(step=1, way="apply", outcome=outcome)
    return Act(kind=records.STEP_ENDED, change=of.id, account="123456789012", after=to_builtins(told))


def planned(of: Change) -> Act:
    return Act(kind=records.PLANNED, change=of.id, after=to_builtins(of))


def audited(folder: Path, days: str, *acts: tuple[int, Act], levels: dict[str, int] | None = None) -> Audit:
    history = kept(folder / "history", days)
    with ledger_of(folder, *acts) as ledger:
        return audit(ledger, history, LEVELS if levels is None else levels, SINCE, UNTIL)


def test_the_period_has_what_happened_in_it_and_no_more(tmp_path: Path) -> None:
    of = change()
    made = audited(
        tmp_path,
        "mmm?c--mm",
        (0, planned(of)),
        (0, plans.act_of(plans.PLANNED, plan(of), plan(of))),
        (0, ended(of, Outcome.FAILED)),
        (3, ended(of)),
        (3, plans.act_of(plans.RING_PASSED, plan(of), RingResult(ring="test", artefacts=(), judged_by=("calm",)))),
        (6, ended(of)),
    )
    assert [(act.operation, act.outcome, act.person, act.plan) for act in made.acts] == [
        ("ssm.send_command", "done", "ann@example.com", "p-1")
    ]
    assert [(event.ring, event.what, event.told) for event in made.rings] == [("test", "passed", ("calm",))]
    assert [(each.finding, each.days, each.late) for each in made.mended] == [("kernel", 4, 3)]
    assert [day.outstanding for day in made.days] == [1, 1, 0, 0]
    assert (made.waiting, made.holes, len(made.late)) == ((), 0, 1)
    results = StringIO()
    oscal.write(made, datetime(2026, 11, 6, tzinfo=UTC), Out(results))
    assert STANDARDS["oscal-assessment-results"](results.getvalue()) == []
    (result,) = json.loads(results.getvalue())["assessment-results"]["results"]
    assert [risk["status"] for risk in result["risks"]] == ["closed"]
    assert result["findings"][0]["target"]["status"] == {"state": "not-satisfied", "reason": "fail"}
    evidence = proof(made, ACTOR, "report.pdf", UNTIL)
    assert (evidence.responsibilities, evidence.file) == (("patch-management.keep-patch-reports",), "report.pdf")


@pytest.mark.parametrize(
    ("acts", "why"),
    [
        ([], "no patch plan has it"),
        ([(0, "plan")], "plan p-1, ring test: it was not begun"),
        ([(0, "left")], "plan p-1 leaves it out: it is stopped"),
        ([(0, "plan"), (1, "stopped")], "plan p-1, ring test: stopped: the alarm rang"),
    ],
)
def test_what_waits_says_why(tmp_path: Path, acts: list[tuple[int, str]], why: str) -> None:
    of = change()
    out = (LeftOut(resource=ARN, ring="", why="it is stopped"),)
    left = PatchPlan(id="p-1", source="", file="", artefacts=(), stages=(), left_out=out)
    stopped = RingResult(ring="test", artefacts=(), reasons=("the alarm rang",))
    known = {
        "plan": plans.act_of(plans.PLANNED, plan(of), plan(of)),
        "left": plans.act_of(plans.PLANNED, left, left),
        "stopped": plans.act_of(plans.RING_STOPPED, plan(of), stopped),
    }
    made = audited(tmp_path, "mmm-m", *((day, known[name]) for day, name in acts))
    assert [item.why for item in made.waiting] == [(why,)]
    assert made.holes == 1
    assert [each.late for each in made.late] == [3]


def test_without_a_ledger_and_levels_it_says_so(tmp_path: Path) -> None:
    made = audit(None, tmp_path / "none", {}, SINCE, UNTIL)
    assert (made.acts, made.waiting, made.holes, made.last) == ((), (), 4, None)
    assert words.notes(made)[0] == "Nothing was recorded on 4 of 4 days."
    with pytest.raises(DemarcateError, match="before it begins"):
        audit(None, tmp_path, {}, UNTIL, SINCE)
    with pytest.raises(DemarcateError, match="more than 3,660 days"):
        audit(None, tmp_path, {}, date.min, date.max)


def test_it_is_written_in_every_form_whatever_its_names_are(tmp_path: Path) -> None:
    hostile = '<script>alert("x")</script>\x1b[31m=1+1 \u202e' + "long" * 80
    history = tmp_path / "history"
    record([status(PatchState.BEHIND, (hostile,), hostile)], DAY + timedelta(days=2), history)
    made = audit(None, history, LEVELS, SINCE, UNTIL)
    page, text = StringIO(), StringIO()
    pages.write(made, Out(page))
    words.write_json(made, Out(text))
    assert "<script>alert" not in page.getvalue()
    assert "\x1b" not in page.getvalue() + text.getvalue()
    results = StringIO()
    oscal.write(made, datetime(2026, 11, 6, tzinfo=UTC), Out(results))
    assert STANDARDS["oscal-assessment-results"](results.getvalue()) == []
    told: dict[str, Any] = json.loads(text.getvalue())
    assert len(told["waiting"]) == 1
    assert pages.pdf(made, datetime(2026, 11, 6, tzinfo=UTC)).startswith(b"%PDF-")
    assert {len(row) for row in words.rows(made)} == {len(words.COLUMNS)}


def test_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with estate(DATA["cases"][0]) as taken:
        shutil.copytree(taken.folder, tmp_path / "estate")
    follow("report-patching.md", tmp_path, monkeypatch)
    told = json.loads((tmp_path / "november.json").read_text())
    assert [day["day"] for day in told["days"] if day["unknown"] is not None] == [taken.moment.date().isoformat()]


WAITS = Exposure(
    account_id="123456789012",
    region="eu-west-1",
    kind="ec2",
    resource=ARN,
    name="web",
    finding="ssm-instance-critical-patches",
    severity="high",
    reason="r",
    first_seen=DAY,
    last_seen=DAY,
    mended=None,
    days=1,
)
UNTIL_THEN: dict[str, Any] = {"reason": "a move", "owner": "o", "until": date(2027, 1, 31)}


@pytest.mark.parametrize(
    ("waiver", "waived"),
    [
        (Waiver(check="ssm-*", **UNTIL_THEN), True),
        (Waiver(check="rds-*", **UNTIL_THEN), False),
        (Waiver(check="ssm-*", **{**UNTIL_THEN, "until": UNTIL}), True),
        (Waiver(check="ssm-*", **{**UNTIL_THEN, "until": UNTIL - timedelta(days=1)}), False),
        (Waiver(check="ssm-*", scope=WaiverScope(accounts=("210987654321",)), **UNTIL_THEN), False),
        (Waiver(check="ssm-*", scope=WaiverScope(resources=("we?",)), **UNTIL_THEN), True),
        (Waiver(check="ssm-*", scope=WaiverScope(tags={"a": "b"}), **UNTIL_THEN), False),
        (Waiver(responsibility=load_checks()[WAITS.finding].responsibility, **UNTIL_THEN), True),
        (
            Waiver(
                finding=finding_id("ssm-instance-critical-patches", "123456789012", "eu-west-1", None, ARN),
                **UNTIL_THEN,
            ),
            True,
        ),
    ],
)
def test_what_waits_and_is_waived_says_so(waiver: Waiver, waived: bool) -> None:
    told = list(_accepted(WAITS, [waiver], load_checks(), UNTIL))
    assert told == ([f"waived until {waiver.until} by o: a move"] if waived else [])


def test_rules_of_config_are_proposed_for_what_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    kept(history_folder(), "mm")
    pack, page = tmp_path / "pack.json", tmp_path / "report.html"
    words = ["patch", "report", "--from", "2026-11-01", "--until", "2026-11-02"]
    told = CliRunner().invoke(app, [*words, "--config-rules", str(pack), "--out", str(page)])
    assert told.exit_code == 0, (told.output, told.exception)
    rules = {each["Properties"]["ConfigRuleName"] for each in json.loads(pack.read_text())["Resources"].values()}
    assert {"ec2-instance-managed-by-ssm", "ec2-managedinstance-patch-compliance"} <= rules
    assert "rds-automatic-minor-version-upgrade-enabled" not in rules, "no database was recorded"
    assert "ec2-instance-managed-by-ssm" in told.stdout and "ec2-instance-managed-by-ssm" in page.read_text()
    shutil.rmtree(history_folder())
    refused = CliRunner().invoke(app, [*words, "--config-rules", str(tmp_path / "none.json")])
    assert "no rule of AWS Config" in str(refused.exception) and not (tmp_path / "none.json").exists()
