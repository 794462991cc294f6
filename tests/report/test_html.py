"""What the HTML report holds, and how it says what it does not; and what the text report tells of the same."""

from __future__ import annotations

import io
import re
from collections import Counter

import pytest
from msgspec.structs import replace

from demarcate.posture.comparing import Compared, Comparison, Counted, Match
from demarcate.posture.structs import Counts
from demarcate.posture.told import Told
from demarcate.report import brief, html
from demarcate.report.html import content, data
from demarcate.report.out import Out
from tests.browser import estates
from tests.example import assessed


def test_what_passes_is_listed_up_to_what_a_browser_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "SHOWN_PASSES", 3)
    check = next(iter(assessed().checks.values()))
    findings = [estates.finding(check, f"r{i}", "", verdict="pass" if i % 2 else "fail") for i in range(20)]
    held = data.told(lambda: findings)
    assert (Counter(finding.verdict for finding in held.findings), held.passes) == ({"fail": 10, "pass": 3}, 7)
    assert held.more == {}
    assert data.told(lambda: findings[:6]).passes == 0


def test_what_fails_is_listed_up_to_so_many_of_each_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The few of one check are all there; of the many of another those that fail come before what is unknown."""
    monkeypatch.setattr(data, "SHOWN_FINDINGS", 10)
    few, many = list(assessed().checks.values())[:2]
    findings = [estates.finding(few, f"a{i}", "") for i in range(3)]
    findings += [
        estates.finding(many, f"b{i}", "", verdict="fail" if i % 4 == 3 else "unknown") for i in range(20)
    ]
    held = data.told(lambda: findings)
    kept = Counter((finding.check, finding.verdict) for finding in held.findings)
    assert kept == {(few.id, "fail"): 3, (many.id, "fail"): 5, (many.id, "unknown"): 2}
    assert (held.most, held.more) == (7, {many.id: 13})
    assert data.told(lambda: findings[:10]).more == {}


def test_the_page_says_what_it_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    total = len(list(assessed().findings()))
    monkeypatch.setattr(data, "SHOWN_FINDINGS", total - 5)
    held = data.told(assessed().findings)
    out = io.StringIO()
    (told,) = html.write(assessed(), Out(out))
    more = total - len(held.findings)
    assert 0 < held.most < more == sum(held.more.values())
    assert told.startswith(f"{more:,} findings: it holds {held.most:,} of each check; --format csv lists all")
    assert f'Findings <span class="count">{total:,}</span>' in out.getvalue()


def test_what_other_tools_found_is_a_view_with_each_disagreement() -> None:
    theirs = Told(tool="prowler", check="their_check", verdict="fail", resource="r-1", reason="<b>open</b>")
    agreed = Told(tool="prowler", check="their_check", verdict="pass", resource="r-2")
    comparison = Comparison(
        moment="2026-11-29T00:00:00Z",
        origin="estate",
        tools={"prowler": ("2026-11-28T00:00:00+00:00", "2026-11-28T00:00:00+00:00")},
        checks=(
            Counted(
                tool="prowler", check="their_check", ours=("ours",), counts={Match.FAILED_THERE: 1, Match.AGREE: 1}
            ),
        ),
        items=(
            Compared(match=Match.FAILED_THERE, theirs=theirs, verdict="pass"),
            Compared(match=Match.AGREE, theirs=agreed, verdict="pass"),
        ),
        passed_over=0,
        problems=(),
    )
    page = estates.written(replace(assessed(), theirs=comparison))
    view = page[page.index('<section class="view" id="others"') :].partition("</section>")[0]
    assert "2 verdicts of theirs: 2 beside one of ours, 1 agree, 1 do not; 0 beside none." in view
    assert "Prowler: of 2026-11-28" in view
    assert "They fail what we pass" in view
    assert "&lt;b&gt;open&lt;/b&gt;" in view
    assert "r-2" not in view
    assert 'Others <span class="count">1</span>' in page
    assert 'id="others"' not in estates.written(assessed())


def test_figures_of_named_checks_lead_to_what_they_count() -> None:
    everything = len(assessed().posture.responsibilities)
    assert len(content.asked_for(assessed())) == everything
    assert "asked=yes" not in estates.written(assessed())
    named = replace(estates.changed(assessed(), summary=Counts(owed=1, gaps=1)), checks={})
    assert {
        name for name in content.asked_for(named) if named.model.responsibility[name].party == "customer"
    } == set()
    assert 'href="#responsibilities?state=gap&amp;asked=yes"' in estates.written(named)


def test_the_text_report_tells_tags_worst_first() -> None:
    bad, good = Counts(owed=1, gaps=1, gaps_by_severity={"high": 1}), Counts(owed=1, met=1)
    out = io.StringIO()
    brief.write(estates.changed(assessed(), tags={"team": {"a": good, "z\u202e": bad, "": good}}), Out(out))
    lines = out.getvalue().split("By tag team\n")[1].split("\n")
    assert [line.split()[0] for line in lines[:3]] == ["z\ufffd", "no", "a"]
    assert "× 1 gap (1 high)" in lines[0]


def test_the_logging_area_shows_which_alarms_rang_and_since_when() -> None:
    text = estates.written(estates.ringing())
    rang = text[text.index("What rang") : text.index("</table>", text.index("What rang"))]
    assert re.findall(r'<span class="path">([^<]+)</span>', rang) == ["newer", "older", "quiet", "well", "unread"]
    assert '<time datetime="2026-10-31T11:00:00+00:00">2026-10-31 11:00 UTC</time>' in rang
    assert "access denied" in rang and "of 5 alarms of CloudWatch" in rang
    week = re.search(r'aria-label="Alarms that went off by day: ([^"]+)"', rang)
    assert week is not None
    assert week[1].split(", ") == [
        f"2026-{day}" for day in ("10-26 0", "10-27 0", "10-28 0", "10-29 0", "10-30 1", "10-31 1", "11-01 0")
    ]


def test_a_template_shows_no_alarms() -> None:
    assert "What rang" not in estates.written(assessed())
