"""What is new: what becomes of findings between two assessments."""

from __future__ import annotations

import json
import shutil
from contextlib import chdir
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from demarcate import collect, evaluate
from demarcate.assessing import assess_sources
from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.checks.judgement import Waived
from demarcate.cli import app
from demarcate.posture import earlier as reading
from demarcate.posture.earlier import earlier, with_news
from demarcate.posture.kept import open_assessment, save
from demarcate.posture.news import News, NewsKind, Seen, Side, compare, files_of
from demarcate.posture.structs import Judged
from demarcate.report.reports import FORMATS, Destination
from demarcate.report.reports import save as save_report

CASES: list[dict[str, Any]] = read(Path(__file__).with_name("news.yaml"), list[dict[str, Any]])
CHECK = "ebs-volume-encrypted"


def side(moment: str, told: dict[str, Any], at: dict[str, Any]) -> Side:
    findings = {}
    for text in told.get("findings", ()):
        id_, verdict, *waived = text.split() if text != "all" else ("all", "unknown")
        findings[id_] = Seen(
            id=id_,
            check=CHECK,
            verdict=verdict,
            severity="high",
            reason="a reason",
            table=at.get("table", "aws_ebs_volume"),
            resource=None if text == "all" else id_,
            account=at.get("account"),
            region=at.get("region"),
            file=at.get("file"),
            waived=Waived(id="w", reason="r", until="2026-11-01") if waived else None,
        )
    account, region, file = at.get("account"), at.get("region"), at.get("file")
    judged = Judged(
        checks=tuple(told.get("checks", [CHECK])),
        accounts=told.get("accounts", {account: [region]} if account else {}),
        paths=tuple(told.get("paths", [file or "templates"])),
    )
    return Side(
        moment=moment,
        origin="an estate",
        judged=judged,
        left_out=told.get("left_out", {}),
        torn=files_of(told.get("torn", ())),
        findings=findings,
        has=(lambda _: True) if told.get("has") else None,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_becomes_of_findings(case: dict[str, Any]) -> None:
    at = case.get("at", {})
    before = side("2026-11-22T00:00:00Z", case.get("before", {}), at)
    news = compare(before, side("2026-11-23T00:00:00Z", case.get("after", {}), at))
    assert became(news) == case["is"]
    assert all(case.get("why", "") in item.why for item in news.items)
    assert news.fails(["high"]) == sum(kind in ("new", "woken") for kind in case["is"].values())
    assert news.fails(["low"]) == 0


def became(news: News) -> dict[str, str]:
    told = {item.finding.id: item.kind.value for item in news.items}
    return told | dict.fromkeys(news.still_open, "still-open")


def test_every_kind_has_a_case() -> None:
    assert {kind.value for kind in NewsKind} <= {kind for case in CASES for kind in case["is"].values()}


# --- kept and opened again -----------------------------------------------------------------------------------

VOLUME = "  {name}: {{Type: 'AWS::EC2::Volume', Properties: {{Encrypted: {encrypted}}}}}\n"


def template(folder: Path, **volumes: str) -> Path:
    folder.mkdir(exist_ok=True)
    lines = "".join(VOLUME.format(name=name, encrypted=encrypted) for name, encrypted in volumes.items())
    (folder / "t.yaml").write_text("Resources:\n" + lines)
    return folder / "t.yaml"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an assessment that is kept (`kept`) and its JSON report (`r.json`)."""
    folder = tmp_path_factory.mktemp("first")
    with chdir(folder):
        template(Path("in"), Fixed="false", Open="false")
        with assess_sources(["in"], checks=[CHECK]) as assessment:
            save(assessment, Path("kept"))
            save_report(assessment, Destination(FORMATS["json"], Path("r.json")))
    return folder


@pytest.fixture
def before(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, in a folder of the test's own in which it runs."""
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_kept_assessment_and_its_json_report_say_the_same(before: Path) -> None:
    template(Path("in"), New="false", Open="false")
    with assess_sources(["in"], checks=[CHECK]) as assessment:
        told = []
        for place in ("kept", "r.json"):
            news = with_news(assessment, earlier(before / place)).news
            assert news is not None
            told.append(news)
        assert told[0] == told[1]
        assert {(item.kind.value, item.finding.resource) for item in told[0].items} == {
            ("new", "New"),
            ("fixed", "Fixed"),
        }
        assert len(told[0].still_open) == 1


def test_what_is_compared_needs_no_snapshot(before: Path) -> None:
    shutil.rmtree(before / "kept" / "snapshot")
    assert len(earlier(before / "kept").findings) == 2
    with pytest.raises(DemarcateError, match="snapshot"):
        open_assessment(before / "kept")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"version": 2}', "written by a newer version"),
        ('{"version": 1}', "is no JSON report of an assessment"),
        ('{"version": "1"}', "is no JSON report of an assessment"),
        ("[", "is no JSON report of an assessment"),
        ("\0", "is no JSON report of an assessment"),
        (None, "does not say what was judged"),
        ("", "cannot be read"),
    ],
)
def test_what_cannot_be_compared_with(text: str | None, says: str, before: Path) -> None:
    file = before / "other.json"
    if text is None:
        told = json.loads((before / "r.json").read_bytes())
        del told["judged"]
        text = json.dumps(told)
    if text:
        file.write_text(text)
    with pytest.raises(DemarcateError, match=says):
        earlier(file)


def test_a_report_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 10)
    (tmp_path / "report.json").write_text("{" + " " * 10)
    with pytest.raises(
        DemarcateError, match=r"report\.json: has more than 10 bytes; keep .* with assess --save DIR"
    ):
        earlier(tmp_path / "report.json")


def test_a_kept_assessment_of_a_newer_format_is_refused(before: Path) -> None:
    file = before / "kept" / "assessment.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"format": 99}))
    with pytest.raises(DemarcateError, match="written by a newer version"):
        earlier(before / "kept")
    with pytest.raises(DemarcateError, match="not an assessment"):
        earlier(before / "in")


# --- the verbs -----------------------------------------------------------------------------------------------

ASSESS = ["assess", "in", "--check", CHECK, "--since", "kept", "--fail-on", "high"]


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_a_build_fails_on_what_is_new_alone(before: Path) -> None:
    assert run(*ASSESS, "--new").exit_code == 0
    template(Path("in"), New="false", Open="false")
    done = run(*ASSESS, "--new", "--save", "later", "--out", "r.html")
    assert done.exit_code == 1
    assert "1 new, 1 fixed, 1 still open" in done.stdout
    assert 'id="changed"' in (before / "r.html").read_text()
    assert run("diff", "kept", "later", "--fail-on", "high").exit_code == 1
    assert run("diff", "later", "later", "--fail-on", "low").exit_code == 0
    told = json.loads(run("diff", "r.json", "later", "--format", "json").stdout)
    assert {item["kind"] for item in told["items"]} == {"new", "fixed"}
    for format, begins in (("csv", "what,severity,check"), ("markdown", "| what |")):
        assert run("diff", "kept", "later", "--format", format).stdout.startswith(begins)
    assert run("diff", "kept", "later", "--out", "d.html").exit_code == 0
    page = (before / "d.html").read_text()
    assert run("diff", "kept", "later", "--format", "html").stdout == page
    assert "1 new, 1 fixed, 1 still open." in page
    assert page.count("<tr>") == 2 + 2
    with pytest.raises(DemarcateError, match=r"end it with \.md, \.csv, \.json, \.html"):
        CliRunner().invoke(app, ["diff", "kept", "later", "--out", "d.pdf"], catch_exceptions=False)


def test_new_asks_since_when() -> None:
    with pytest.raises(DemarcateError, match="--since"):
        CliRunner().invoke(app, ["assess", "in", "--new"], catch_exceptions=False)


# --- a finding that moves ------------------------------------------------------------------------------------

PARTS = ["Fixed", "Open", "Third"]


@cache
def identities(order: tuple[str, ...], comments: tuple[int, ...]) -> dict[str, str]:
    """The ids of the findings of a template, by resource; and that each stands on a line of its own."""
    text = "".join(
        "# moved\n" * number + VOLUME.format(name=name, encrypted="false")
        for name, number in zip(order, comments, strict=True)
    )
    with TemporaryDirectory() as folder, chdir(folder):
        Path("t.yaml").write_text("Resources:\n" + text)
        with collect("t.yaml", tables=["aws_ebs_volume"]) as snapshot:
            rows = evaluate(snapshot, checks=[CHECK]).to_pylist()
    assert len({row["line"] for row in rows}) == len(order)
    return {row["resource"]: row["id"] for row in rows}


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(PARTS), comments=st.tuples(*[st.integers(0, 5)] * 3))
def test_a_finding_that_moved_in_its_file_is_the_same(order: list[str], comments: tuple[int, ...]) -> None:
    assert identities(tuple(order), comments) == identities(tuple(PARTS), (0, 0, 0))
