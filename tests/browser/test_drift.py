"""The page of drift: it asks for nothing, runs nothing, shows what anybody wrote as text, and fits a narrow screen."""

from __future__ import annotations

from tests.browser.conftest import Open
from tests.browser.estates import DRIFT
from tests.report.hostile import TEXTS


def test_the_page_of_drift(visit: Open) -> None:
    page = visit("drift")
    text = page.locator("main").inner_text()
    assert "What is live has drifted from what is declared." in text
    for drift in DRIFT.drifts[:3]:
        assert str(drift.column) in text
    assert not page.locator(
        "main script, main img, main iframe, main [onerror], main a[href^='javascript']"
    ).count()
    assert page.locator("#changed tbody tr").count() == len(TEXTS)
    assert page.locator("#aws li").count() == len(TEXTS)
    narrow = visit("drift", viewport={"width": 390, "height": 800}, color_scheme="dark")
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
