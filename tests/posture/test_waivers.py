"""Waivers: what each is about, how it stands, and what is refused."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from demarcate.assessing import assess_sources
from demarcate.base.documents import DocumentError, read
from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks
from demarcate.checks.judgement import Waived, finding_id
from demarcate.cli import app
from demarcate.estate.sources.interface import Options
from demarcate.evidence.waivers import Known, WaiverRules, file_waivers, parse_waivers
from demarcate.ledger.entry import Actor
from demarcate.ledger.ledger import Ledger
from demarcate.ledger.waivers import act_of, ledger_waivers
from demarcate.model import load
from demarcate.posture.assessment import Assessment
from demarcate.posture.kept import open_assessment, save
from demarcate.posture.waivers import ending

CHECKS = ["ebs-volume-encrypted", "s3-bucket-versioning"]
MOMENT = datetime(2026, 11, 23, 12, tzinfo=UTC)
ESTATE = """
Resources:
  Data:
    Type: AWS::EC2::Volume
    Properties: {Encrypted: false, Tags: [{Key: env, Value: sandbox}]}METADATA
  Logs:
    Type: AWS::EC2::Volume
    Properties: {Encrypted: false}
  Files:
    Type: AWS::S3::Bucket
    Properties: {VersioningConfiguration: {Status: Suspended}}
"""
CASES: list[dict[str, Any]] = read(Path(__file__).with_name("waivers.yaml"), list[dict[str, Any]])


def estate(folder: Path, metadata: str = "") -> Path:
    (folder / "t.yaml").write_text(ESTATE.replace("METADATA", f"\n    Metadata: {metadata}" if metadata else ""))
    return folder / "t.yaml"


def assess(source: Path, waivers: str | None = None, **rules: bool) -> Assessment:
    file = source.parent / "waivers.yaml"
    if waivers is not None:
        file.write_text(waivers)
    return assess_sources(
        [source],
        Options(moment=MOMENT),
        checks=CHECKS,
        waivers=[file_waivers(file)] if waivers is not None else (),
        rules=WaiverRules(**rules),
    )


def waived(assessment: Assessment) -> list[str]:
    return [f"{f.check} {f.resource}" for f in assessment.findings() if f.waived is not None]


@cache
def known() -> Known:
    return Known(checks=load_checks(), responsibilities=load().owed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_waiver(case: dict[str, Any], tmp_path: Path) -> None:
    source = estate(tmp_path)
    text = json.dumps([case["waiver"]])
    if "{id of" in text:
        with assess(source) as plain:
            ids = {f"{f.check} {f.resource}": f.id for f in plain.findings()}
        text = re.sub(r"\{id of ([^}]*)\}", lambda match: ids[match[1]], text)
    with assess(source, f"# ours\n{text}", **case.get("rules", {})) as assessment:
        posture = assessment.posture
        if "refused" in case:
            (problem,) = posture.refused_waivers
            assert case["refused"] in problem.message
            assert (problem.file, problem.line) == (str(tmp_path / "waivers.yaml"), 2)
            assert waived(assessment) == [] == list(posture.waivers)
            return
        assert waived(assessment) == case["waived"]
        (result,) = posture.waivers
        assert result.standing == case["standing"]
        expected = 2 if case["standing"] == "expired" else len(case["waived"])
        assert result.findings == expected
        assert posture.refused_waivers == ()


WAIVED = "- {check: ebs-*, reason: a move, owner: o@example.com, until: 2027-01-31}\n"


def test_what_is_waived_is_told_and_not_counted(tmp_path: Path) -> None:
    with assess(estate(tmp_path), WAIVED) as assessment:
        states = {r.id: r for r in assessment.posture.responsibilities}
        encryption = states["encryption.enable-at-rest"]
        assert (encryption.state, encryption.severity, encryption.failed) == ("waived", None, 0)
        assert encryption.because == ("EBS volumes are encrypted: 2 of 2 waived",)
        assert (encryption.checks[0].failed, encryption.checks[0].waived) == (2, 2)
        assert states["configuration-management.protect-from-loss"].state == "gap"
        summary = assessment.posture.summary
        assert (summary.owed, summary.waived, summary.gaps) == (2, 1, 1)
        assert assessment.posture.waived_findings == 2
        assert "1 waived" in str(summary)
        assert assessment.judgement.fails(["high"]) == 0
        finding = next(f for f in assessment.findings() if f.waived is not None)
        assert (finding.verdict, finding.is_open) == ("fail", False)
        (waiver,) = assessment.posture.waivers
        assert finding.waived == Waived(id=waiver.id, reason="a move", owner="o@example.com", until="2027-01-31")


def test_what_is_waived_in_part_is_a_gap(tmp_path: Path) -> None:
    part = WAIVED.replace("reason", "scope: {resources: [Data]}, reason")
    with assess(estate(tmp_path), part) as assessment:
        encryption = next(r for r in assessment.posture.responsibilities if r.id == "encryption.enable-at-rest")
        assert (encryption.state, encryption.failed) == ("gap", 1)
        assert encryption.because[0] == "EBS volumes are encrypted: 1 of 2 (1 more waived)"
        assert assessment.judgement.fails(["high"]) == 1


def test_of_two_waivers_that_which_ends_last_has_a_finding(tmp_path: Path) -> None:
    longer = "- {check: ebs-volume-encrypted, reason: longer, owner: o, until: 2028-01-31}\n"
    with assess(estate(tmp_path), WAIVED + longer) as assessment:
        assert {f.waived.reason for f in assessment.findings() if f.waived} == {"longer"}
        assert {waiver.findings for waiver in assessment.posture.waivers} == {2}


def test_two_that_waive_the_same_are_one_too_many(tmp_path: Path) -> None:
    with assess(estate(tmp_path), WAIVED + WAIVED.replace("a move", "again")) as assessment:
        (problem,) = assessment.posture.refused_waivers
        assert (problem.line, problem.message) == (2, "waives the same as the one on line 1; keep one of them")
        assert {f.waived.reason for f in assessment.findings() if f.waived} == {"a move"}


@pytest.mark.parametrize(
    ("text", "says"), [("a: 1", "is no list of waivers"), ("[", "is not YAML"), ("- {a: 1, a: 1}\n", "")]
)
def test_a_file_that_is_none(text: str, says: str) -> None:
    if says:
        with pytest.raises(DocumentError, match=says):
            parse_waivers(text, "w.yaml", known())
    else:
        assert parse_waivers(text, "w.yaml", known()).problems


def test_a_file_without_waivers() -> None:
    assert parse_waivers("# none yet\n", "w.yaml", known()).waivers == ()


def test_tags_that_a_waiver_asks_for_are_read() -> None:
    (waiver,) = parse_waivers(WAIVED.replace("reason", "scope: {tags: {a: 1}}, reason"), "w", known()).waivers
    assert waiver.scope.tags == {"a": "1"}


@pytest.mark.parametrize(
    ("waivers", "days", "meant"),
    [
        (WAIVED, 0, []),
        (WAIVED, 68, []),
        (WAIVED, 69, ["Data", "Logs"]),
        (WAIVED.replace("2027-01-31", "2026-11-01"), 0, ["Data", "Logs"]),
        (
            WAIVED + "- {check: ebs-*, scope: {resources: [Data]}, reason: r, owner: o, until: 2028-01-31}\n",
            69,
            ["Logs"],
        ),
    ],
)
def test_what_is_accepted_no_more(waivers: str, days: int, meant: list[str], tmp_path: Path) -> None:
    given = parse_waivers(waivers, "w.yaml", known())
    with assess(estate(tmp_path)) as assessment:
        ids = ending(assessment.judgement, given, assessment.checks, days)
        assert [f.resource for f in assessment.findings() if f.id in ids] == meant


def test_an_id_is_the_same_in_the_database_and_beside_it(tmp_path: Path) -> None:
    with assess(estate(tmp_path)) as assessment:
        for f in assessment.findings():
            assert finding_id(f.check, f.account, f.region, f.file, f.resource) == f.id


# --- in a template -------------------------------------------------------------------------------------------

STATED = "{Demarcate: {waive: [{check: ebs-*, reason: a move, owner: o, until: 2027-01-31}]}}"


def test_a_template_waives_of_its_own_resource(tmp_path: Path) -> None:
    with assess(estate(tmp_path, STATED)) as assessment:
        assert waived(assessment) == ["ebs-volume-encrypted Data"]
        (result,) = assessment.posture.waivers
        assert (result.file, result.line) == (str(tmp_path / "t.yaml"), 3)
        assert result.what == f"ebs-* (Data in {tmp_path / 't.yaml'})"


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ("{Demarcate: 1}", "has to be {waive: [a list of waivers]}"),
        ("{Demarcate: {waive: {}}}", "has to be {waive: [a list of waivers]}"),
        ("{Demarcate: {waived: []}}", "has to be {waive: [a list of waivers]}"),
        (STATED.replace("ebs-*", "ebz-*"), "there is no check 'ebz-*'"),
        (STATED.replace("until: 2027-01-31", "until: !Ref X"), "Expected `str"),
        (STATED.replace("owner: o, ", ""), "has no owner"),
        (STATED.replace("check: ebs-*", "check: ebs-*, scope: {regions: [a]}"), "has the key 'scope'"),
    ],
)
def test_what_a_template_may_not_say(metadata: str, says: str, tmp_path: Path) -> None:
    with assess(estate(tmp_path, metadata)) as assessment:
        (problem,) = assessment.posture.refused_waivers
        assert problem.message.startswith("Data: Metadata.Demarcate")
        assert says in problem.message
        assert (problem.file, problem.line) == (str(tmp_path / "t.yaml"), 3)
        assert waived(assessment) == []


def test_a_template_may_waive_all_of_one_resource(tmp_path: Path) -> None:
    with assess(estate(tmp_path, STATED.replace("ebs-*", "'*'"))) as assessment:
        assert waived(assessment) == ["ebs-volume-encrypted Data"]


def test_too_much_of_it_is_not_read(tmp_path: Path) -> None:
    with assess(estate(tmp_path, f"{{Demarcate: {{waive: [{'a' * 30_000}]}}}}")) as assessment:
        assert [gap.reason for gap in assessment.posture.unread] == [
            "Metadata.Demarcate of Data has more than 20,000 bytes; none of it is read"
        ]


# --- kept, and in the ledger ---------------------------------------------------------------------------------


def test_what_is_kept_is_waived_when_it_is_opened_again(tmp_path: Path) -> None:
    with assess(estate(tmp_path), WAIVED) as assessment:
        save(assessment, tmp_path / "kept")
        with open_assessment(tmp_path / "kept") as opened:
            assert list(opened.findings()) == list(assessment.findings())
            assert opened.posture == assessment.posture
            assert sorted(opened.judgement.tallies, key=str) == sorted(assessment.judgement.tallies, key=str)
            assert opened.judgement.fails(["high"]) == 0


def test_the_last_decision_of_the_ledger_holds(tmp_path: Path) -> None:
    place = str(tmp_path / "ledger.sqlite")
    (waiver,) = parse_waivers(WAIVED, "w.yaml", known()).waivers
    later = msgspec.structs.replace(waiver, reason="another")
    gone = msgspec.structs.replace(waiver, check="was-a-check-once")
    with Ledger(place) as ledger:
        ledger.append(Actor(person="a@example.com"), act_of(waiver), act_of(later), act_of(gone))
    with Ledger(place, reading=True) as ledger:
        told = ledger_waivers(ledger, known())
    assert [(w.reason, w.line) for w in told.waivers] == [("another", 2)]
    assert told.waivers[0].id == waiver.id
    assert ["there is no check 'was-a-check-once'" in p.message for p in told.problems] == [True]


# --- the verbs -----------------------------------------------------------------------------------------------


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_a_finding_is_waived_by_the_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    estate(tmp_path)
    only = ["--check", CHECKS[0], "--check", CHECKS[1]]
    assert run("assess", "t.yaml", *only, "--save", "kept", "--fail-on", "high").exit_code == 1
    with open_assessment(Path("kept")) as opened:
        ids = [f.id for f in opened.findings() if f.severity == "high"]
    how = ["--reason", "a move", "--until", "9999-12-31", "--as", "a@example.com"]
    with pytest.raises(DemarcateError, match="has no finding"):
        run("waive", "0" * 16, *how, "--assessment", "kept")
    with pytest.raises(DemarcateError, match="which is past"):
        run("waive", ids[0], "--reason", "r", "--until", "2020-01-01", "--owner", "o")
    with pytest.raises(DemarcateError, match="has no end"):
        run("waive", ids[0], "--reason", "r", "--owner", "o")
    assert not Path("waivers.yaml").exists()
    assert run("waive", ids[0], *how, "--assessment", "kept").exit_code == 0
    for id_ in ids[1:]:
        assert run("waive", id_, *how, "--ledger", "ledger.sqlite").exit_code == 0
    assert "# ebs-volume-encrypted: Data (t.yaml)" in Path("waivers.yaml").read_text()
    waivers = ["--waivers", "waivers.yaml", "--ledger", "ledger.sqlite"]
    done = run("assess", "t.yaml", *only, *waivers, "--fail-on", "high", "--out", "r.html", "--out", "r.csv")
    assert done.exit_code == 0
    assert "~ hold (2)" in done.stdout
    assert "waived until 9999-12-31" in " ".join(Path("r.html").read_text().split())
    assert "9999-12-31,a@example.com,a move,w-" in Path("r.csv").read_text()
    listed = json.loads(run("waivers", "list", *waivers, "--format", "json").stdout)
    assert [row["standing"] for row in listed] == ["active", "active"]
    assert run("waivers", "list", "kept").stdout.strip().endswith("no rows")


def test_a_refused_waiver_is_told_and_ends_with_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("waivers.yaml").write_text(WAIVED.replace("ebs-*", "ebz-*"))
    done = run(
        "assess", str(estate(tmp_path)), "--check", CHECKS[0], "--waivers", "waivers.yaml", "--fail-on", "critical"
    )
    assert done.exit_code == 3
    assert "waivers.yaml:1: there is no check 'ebz-*'" in " ".join(done.stdout.split())
    with pytest.raises(DemarcateError, match=r"no[.]yaml: cannot be read"):
        run("assess", "t.yaml", "--waivers", "no.yaml")


def test_planning_from_the_end_of_waivers_asks_for_waivers() -> None:
    with pytest.raises(DemarcateError, match="there are no waivers"):
        run("change", "plan", "aws", "--waivers-ending", "30")
    with pytest.raises(DemarcateError, match="say in how many days"):
        run("change", "plan", "aws", "--check", "s3-*", "--waivers", "w.yaml")
