"""The HTML report's data: how much of it the page holds."""

from __future__ import annotations

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
