"""Detecting over files and over a store: the same, and what is broken is told while the rest goes on."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.checks.judgement import Waived
from demarcate.cli import app
from demarcate.evidence.waivers import WaiverRules, parse_waivers
from demarcate.logs.detecting.places import Findings, detect_files, detect_stored
from demarcate.logs.detecting.running import Detector
from demarcate.logs.detecting.structs import Detection
from demarcate.logs.detecting.waiving import known_of, waive
from demarcate.logs.detecting.watching import keep, kept, look
from demarcate.logs.sigma.reading import Rules, load_rules
from demarcate.logs.sigma.structs import LEVELS
from demarcate.logs.store.folders import Folder
from demarcate.logs.store.ingesting import ingest
from demarcate.model import load
from demarcate.report.detections import event as as_ocsf
from tests.report.standards import of_ocsf

pytest.importorskip("sigma")

BEGINNING = datetime(2026, 4, 1, 22, tzinfo=UTC)
EVE = "arn:aws:iam::111122223333:user/eve"


def event(number: int, name: str, source: str, **more: Any) -> dict[str, Any]:
    moment = BEGINNING + timedelta(minutes=more.pop("minute", 0), seconds=number)
    return {
        "eventID": f"e-{number}",
        "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "recipientAccountId": "111122223333",
        "sourceIPAddress": "203.0.113.9",
        "userIdentity": {"type": "IAMUser", "arn": EVE, "userName": "eve"},
        "requestParameters": None,
        **more,
    }


EVENTS = [
    event(
        1, "StopLogging", "cloudtrail", resources=[{"ARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org"}]
    ),
    event(2, "StopLogging", "cloudtrail", errorCode="AccessDenied"),
    event(3, "PutKeyPolicy", "kms", requestParameters={"omitted": True, "originalSize": 200_000}),
    *(
        event(10 + each, "ConsoleLogin", "signin", responseElements={"ConsoleLogin": "Failure"})
        for each in range(12)
    ),
    *(event(100 + each, "DescribeInstances", "ec2") for each in range(40)),
    event(200, "DeleteTrail", "cloudtrail", minute=300),  # the next day
]


def write(folder: Path, name: str, events: list[dict[str, Any]], *, indented: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"Records": events}, indent=2 if indented else None)
    (folder / name).write_bytes(gzip.compress(text.encode(), mtime=0))


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules()


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    write(folder, "a.json.gz", EVENTS[:20])
    write(folder, "b.json.gz", EVENTS[20:], indented=True)
    write(folder, "copies.json.gz", EVENTS[5:30])  # an overlapping trail
    return folder


@pytest.fixture(scope="module")
def store(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    ingest([Folder(logs)], folder)
    return folder


@pytest.fixture(scope="module")
def findings(logs: Path, rules: Rules) -> Findings:
    return detect_files([Folder(logs)], rules.rules.values(), workers=1)


def test_what_is_found_in_files(findings: Findings) -> None:
    told = [(each.level, each.name, each.entity, each.count, each.first[:10]) for each in findings.detections]
    assert told == [
        ("critical", "trail-stopped", EVE, 1, "2026-04-01"),
        ("critical", "trail-stopped", EVE, 1, "2026-04-02"),
        ("medium", "password-guessed-at", "203.0.113.9", 12, "2026-04-01"),
    ]
    stopped = findings.detections[0]
    assert stopped.resources == ("arn:aws:cloudtrail:eu-west-1:111122223333:trail/org",)
    assert stopped.responsibility == "logging-and-monitoring.enable-cloudtrail"
    assert (stopped.author, stopped.techniques) == ("Demarcate", ("T1685.002",))
    assert findings.unread == []


def test_what_was_left_out_is_counted_and_does_not_fire(findings: Findings, rules: Rules) -> None:
    assert findings.state.undecided == {rules.named("key-policy-for-everybody").id: 1}


def test_a_store_says_the_same(store: Path, findings: Findings, rules: Rules) -> None:
    stored = detect_stored(store, rules.rules.values())
    assert stored.detections == findings.detections
    assert stored.state.undecided == findings.state.undecided
    assert (stored.state.events, findings.state.events) == (len(EVENTS), len(EVENTS) + 25)


def test_several_processes_say_the_same(
    logs: Path, findings: Findings, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demarcate.logs.detecting.places.ALONE", 1)
    monkeypatch.setattr("demarcate.logs.detecting.places.BATCH_FILES", 1)
    again = detect_files([Folder(logs)], [*rules.rules.values()], workers=2)
    assert again.detections == findings.detections


def test_broken_files_are_told_and_the_rest_goes_on(logs: Path, rules: Rules, tmp_path: Path) -> None:
    whole = (logs / "a.json.gz").read_bytes()
    (tmp_path / "cut.json.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "none.json").write_text('{"Records": [{"a": 1}]}')
    (tmp_path / "text.json").write_text("not JSON")
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b'{"Records": [' + b" " * 200_000_000 + b"]}"))
    odd: list[Any] = [
        event(1, "DeleteTrail", "cloudtrail"),
        {"eventName": 5, "eventSource": "iam.amazonaws.com"},
        7,
    ]
    write(tmp_path, "odd.json.gz", odd)
    again = detect_files([Folder(tmp_path)], rules.rules.values(), workers=1)
    assert [each.name for each in again.detections] == ["trail-stopped"]
    told = {Path(each.file or "").name for each in again.unread}
    assert told == {"cut.json.gz", "none.json", "text.json", "bomb.json.gz"}


def test_waivers_accept_detections_until_a_day(findings: Findings, rules: Rules) -> None:
    text = f"""
- {{check: trail-stopped, scope: {{resources: ['*user/eve']}}, reason: A drill, owner: a@example, until: 2026-05-01}}
- {{check: password-*, scope: {{accounts: ['999988887777']}}, reason: Elsewhere, owner: a@example, until: 2026-05-01}}
- {{finding: {findings.detections[2].id}, reason: Known, owner: a@example.com, until: 2026-04-15}}
- {{check: no-such-rule, reason: None, owner: a@example.com, until: 2026-05-01}}
"""
    waivers = parse_waivers(text, "waivers.yaml", known_of(rules.rules, load().owed, WaiverRules()))
    assert [problem.line for problem in waivers.problems] == [5]

    def waived(day: date) -> list[str | None]:
        accepted = waive(findings.detections, waivers.waivers, day)
        return [each.waived.reason if each.waived else None for each in accepted]

    assert waived(date(2026, 4, 15)) == ["A drill", "A drill", "Known"]
    assert waived(date(2026, 4, 16)) == ["A drill", "A drill", None]
    assert waived(date(2026, 5, 2)) == [None, None, None]


def test_a_store_that_grows_says_the_same(findings: Findings, rules: Rules, tmp_path: Path) -> None:
    store, state, told = tmp_path / "store", tmp_path / "state.json", {}
    for number in range(0, len(EVENTS), 11):
        write(tmp_path / "logs", f"{number:03}.json.gz", EVENTS[max(0, number - 3) : number + 11])
        ingest([Folder(tmp_path / "logs")], store)
        looked = look(store, rules.rules.values(), kept(state))
        keep(state, looked.state)
        told.update({each.id: each for each in looked.detections})
    assert look(store, rules.rules.values(), kept(state)).detections == ()
    ended = Detector(rules.rules.values()).finish(kept(state))
    told.update({each.id: each for each in ended.detections})
    assert sorted(told) == sorted(each.id for each in findings.detections)
    assert {each.id: each for each in findings.detections} == told
    for broken in (b"{", b"[]", b'{"version": 2}', b'{"since": "x"}', b"\xff"):
        state.write_bytes(broken)
        with pytest.raises(DemarcateError, match=r"state\.json: is "):
            kept(state)


def run(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [*map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_the_verb_tells_people_and_programs(logs: Path, store: Path, findings: Findings) -> None:
    waivers = logs.parent / "waivers.yaml"
    kept_for = "reason: Known, owner: a@example.com, until: 2100-01-01}\n"
    waivers.write_text(f"- {{check: s3-*, {kept_for}- {{check: trail-stopped, {kept_for}")
    code, _, told = run("detect", logs, "--waivers", waivers)
    assert (code, "waives nothing" in told) == (0, False)
    waivers.write_text(f"- {{check: no-such-rule, {kept_for}")
    code, _, told = run("detect", logs, "--waivers", waivers)
    assert (code, "waives nothing" in told) == (3, True)
    code, text, told = run("detect", logs, "--fail-on", "high")
    assert code == 1
    assert "critical: A trail is stopped or deleted" in text
    assert "key-policy-for-everybody: 1 event could not be decided" in " ".join(told.split())
    assert max(map(len, text.splitlines())) <= 80
    code, text, _ = run(
        "detect", store, "--format", "json", "--rule", "trail-stopped", "--rule", "password-guessed-at"
    )
    listed = json.loads(text)
    assert [each["id"] for each in listed] == [each.id for each in findings.detections]
    assert code == 0
    _, text, _ = run("detect", store, "--format", "csv")
    assert [row["id"] for row in csv.DictReader(io.StringIO(text))] == [each.id for each in findings.detections]
    _, text, _ = run("detect", store, "--timeline")
    assert [line.split()[-2] for line in text.splitlines()[1:]] == [
        "trail-stopped",
        "password-guessed-at",
        "trail-stopped",
    ]


def test_ocsf_is_a_detection_finding(store: Path) -> None:
    code, text, _ = run("detect", store, "--format", "ocsf")
    assert code == 0
    for each in json.loads(text):
        assert (each["class_uid"], each["type_uid"]) == (2004, 200401)
        assert each["start_time"] <= each["end_time"] == each["time"]
        assert of_ocsf(each) == []


def test_a_detection_is_a_struct_that_survives_json(findings: Findings) -> None:
    for each in findings.detections:
        assert msgspec.json.decode(msgspec.json.encode(each), type=Detection) == each
        assert as_ocsf(each)["finding_info"]["uid"] == each.id


def test_ocsf_holds_whatever_a_detection_lacks(findings: Findings) -> None:
    waived = Waived(id="w", reason="Ours", owner="", until=None)
    for each in findings.detections:
        bare = msgspec.structs.replace(
            each, account="", regions=(), entity="", resources=(), techniques=(), remedy=""
        )
        for other in (bare, msgspec.structs.replace(each, waived=waived, resources=("arn:aws:s3:::b",))):
            assert of_ocsf(as_ocsf(other)) == []


def test_rules_have_verbs(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(
        "title: Mine\nname: mine\nlogsource: {product: aws, service: cloudtrail}\n"
        "detection: {a: {eventSource: iam.amazonaws.com, eventName: CreateUsr}, condition: a}\n"
        "demarcate: {examples: {fires: [{eventName: CreateUser, eventSource: iam.amazonaws.com}]}}\n"
    )
    mine = ("--rules", tmp_path, "--only")
    code, text, _ = run("detections", "list", *mine)
    assert (code, text.splitlines()[1].split()) == (0, ["medium", "mine", "Mine"])
    assert run("detections", "lint", *mine)[0] == 1
    assert run("detections", "test", *mine)[0] == 1
    code, text, _ = run("detections", "show", "mine", *mine, "--format", "json")
    assert json.loads(text)["event_names"] == ["createusr"]
    code, text, _ = run("detections", "show", "mine", *mine)
    assert text.splitlines()[0] == "medium: Mine"
    assert f"in:{tmp_path / 'mine.yml'}:1" in "".join(text.split())  # a long path goes on in the next line
    code, text, _ = run("detections", "list", "--format", "json")
    levels = [LEVELS.index(each["level"]) for each in json.loads(text)]
    assert levels == sorted(levels)
    with pytest.raises(Exception, match="did you mean mine"):
        run("detections", "show", "mone", *mine)
    code, text, _ = run("detections", "coverage", "--format", "json")
    assert code == 0
    assert {
        "technique": "T1685.002",
        "title": "Disable or Modify Cloud Log",
        "rule": "trail-stopped",
        "level": "critical",
        "needs": "management events that write",
    } in json.loads(text)


def test_every_verb_says_which_rule_it_did_not_take(logs: Path, tmp_path: Path) -> None:
    """Whoever has a rule that is not taken is not told that nothing was detected, and no more."""
    rule = "title: Mine\nlogsource: {product: aws, service: cloudtrail}\ndetection: {a: {eventName|re: '(?=a)'}"
    (tmp_path / "mine.yml").write_text(f"{rule}, condition: a}}\n")
    verbs = [("detect", logs), *(("detections", verb) for verb in ("list", "lint", "test", "coverage"))]
    for verb in verbs:
        code, _, told = run(*verb, "--rules", tmp_path, "--only")
        assert (code, f"not taken: {tmp_path / 'mine.yml'}" in told) == (3, True), verb
