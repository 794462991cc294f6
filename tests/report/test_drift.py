"""Drift in the report of an assessment: what the page of drift shows, where it was given and nowhere else."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.drift.structs import Comparison
from demarcate.report import drift as report_of_drift
from demarcate.report import html
from demarcate.report.html import drift as page
from demarcate.report.out import Out
from tests.example import assessed
from tests.report import hostile
from tests.report.standards import STANDARDS

NONE = Comparison(declared="templates", live="aws", moment="2026-11-01T00:00", drifts=(), resources=3, values=1)


def report(drift: Comparison | None = None) -> str:
    out = io.StringIO()
    html.write(assessed(), Out(out), drift)
    return out.getvalue()


def sections(text: str) -> str:
    """What is told of drift, without what tells a page from a view: ids, levels of headings, white space."""
    begins = text.index('<section class="of-drift"')
    told = text[begins : text.index("</main>", begins)].replace("drift/", "").replace("h3", "h2")
    return re.sub(r"\s+", " ", told).strip()


@pytest.mark.parametrize("drift", [hostile.DRIFT, NONE], ids=["hostile", "none"])
def test_sarif_of_drift_is_as_the_standard_has_it(drift: Comparison) -> None:
    out = io.StringIO()
    report_of_drift.write_sarif(drift, Out(out))
    assert STANDARDS["sarif"](out.getvalue()) == []
    with_file = sum(each.file is not None for each in drift.drifts)
    assert len(json.loads(out.getvalue())["runs"][0]["results"]) == with_file


@pytest.mark.parametrize("drift", [hostile.DRIFT, NONE], ids=["hostile", "none"])
def test_the_view_has_what_the_page_has(drift: Comparison) -> None:
    out = io.StringIO()
    page.write(drift, Out(out))
    alone, whole = sections(out.getvalue()), report(drift)
    assert sections(whole) == f"{alone} </section>".replace("  ", " ")
    drifted = 3 * len(hostile.TEXTS) if drift is hostile.DRIFT else 0
    assert f'<a href="#drift">Drift <span class="count">{drifted}</span></a>' in whole
    assert ("No drift in what could be compared." in alone) == (not drifted)
    linked = set(re.findall(r'href="#(drift/[^"]*)"', whole))
    assert linked == (
        {"drift/changed", "drift/missing", "drift/undeclared", "drift/not-compared"} if drifted else set()
    )
    assert linked <= set(re.findall(r'id="([^"]*)"', whole))


def test_without_drift_there_is_no_view() -> None:
    without, policy = report(), re.compile(r'Content-Security-Policy" content="([^"]*)"')
    assert "of-drift" not in without
    assert '"#drift"' not in without
    rules = [
        [rule for rule in match[1].split("; ") if not rule.startswith("style-src")]
        for text in (without, report(NONE))
        for match in policy.finditer(text)
    ]
    assert rules[0] == rules[1]


@pytest.mark.parametrize("verb", ["report", "assess"])
@pytest.mark.parametrize("more", [[], ["--out", "r.json"], ["--format", "csv"]])
def test_drift_that_no_report_would_show_is_refused(verb: str, more: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [verb, str(tmp_path / "none"), "--drift", str(tmp_path / "none"), *more])
    assert isinstance(done.exception, DemarcateError)
    assert str(done.exception) == (
        "--drift is shown in the HTML report alone: add --out FILE.html, or --format html"
    )
