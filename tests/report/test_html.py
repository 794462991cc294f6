"""The HTML report's data: how much of it the page holds."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from demarcate.report import html
from demarcate.report.html import data
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
