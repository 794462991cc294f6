"""The HTML report's data: how much of it the page holds."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from demarcate.report.html import data
from tests.browser import estates
from tests.example import assessed


def test_what_passes_is_listed_up_to_what_a_browser_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "SHOWN_PASSES", 3)
    check = next(iter(assessed().checks.values()))
    findings = [estates.finding(check, f"r{i}", "", verdict="pass" if i % 2 else "fail") for i in range(20)]
    kept, left_out = data.told(findings)
    assert (Counter(finding.verdict for finding in kept), left_out) == ({"fail": 10, "pass": 3}, 7)
    assert data.told(findings[:6])[1] == 0


def test_the_logging_area_shows_which_alarms_rang_and_since_when() -> None:
    text = estates.written(estates.ringing())
    rang = text[text.index("What rang") : text.index("</table>", text.index("What rang"))]
    assert re.findall(r'<span class="path">([^<]+)</span>', rang) == ["newer", "older", "quiet", "well", "unread"]
    assert '<time datetime="2026-10-31T11:00:00+00:00">2026-10-31 11:00 UTC</time>' in rang
    assert "access denied" in rang and "of 5 alarms of CloudWatch" in rang


def test_a_template_shows_no_alarms() -> None:
    assert "What rang" not in estates.written(assessed())
