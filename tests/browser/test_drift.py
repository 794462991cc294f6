"""Drift as a page and in the report: it asks for nothing, shows what others wrote as text, and fits a phone."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.accessibility import amiss
from tests.browser.conftest import Open, follow
from tests.browser.estates import SOME_DRIFT
from tests.browser.test_access import PARK, UNPARK
from tests.report.hostile import DRIFT, TEXTS


def test_the_page_of_drift(visit: Open) -> None:
    page = visit("drift")
    expect(page.locator("#changed tbody tr")).to_have_count(len(TEXTS))
    expect(page.locator("#aws li")).to_have_count(len(TEXTS))
    text = page.locator("main").inner_text()
    assert "What is live has drifted from what is declared." in text
    for drift in DRIFT.drifts[:3]:
        assert str(drift.column) in text
    strange = "main script, main img, main iframe, main [onerror], main a[href^='javascript']"
    expect(page.locator(strange)).to_have_count(0)
    narrow = visit("drift", viewport={"width": 390, "height": 800}, color_scheme="dark")
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_view_of_drift(visit: Open) -> None:
    page = visit("drifted", bypass_csp=True)
    tab = page.locator(".top nav").get_by_role("link", name="Drift")
    tab.focus()
    page.keyboard.press("Enter")
    view = page.locator("#drift")
    expect(view.locator("h2")).to_be_focused()
    expect(tab).to_have_attribute("aria-current", "page")
    expect(page.locator(".view.current")).to_have_count(1)
    expect(view.locator("tbody tr")).to_have_count(len(SOME_DRIFT.drifts))
    expect(view.locator("script, img, iframe, [onerror], a:not([href^='#drift/'])")).to_have_count(0)
    page.evaluate(PARK)
    assert not amiss(page)
    page.evaluate(UNPARK)
    follow(view.get_by_role("link", name="undeclared"))
    expect(view.get_by_role("heading", name="Undeclared")).to_be_focused()
    expect(view.get_by_role("heading", name="Undeclared")).to_be_in_viewport()
    page.go_back()
    page.wait_for_function("scrollY === 0")
    expect(tab).to_have_attribute("aria-current", "page")


def test_a_part_of_the_view_has_an_address(visit: Open) -> None:
    page = visit("drifted", "#drift/missing", viewport={"width": 390, "height": 800})
    expect(page.locator("#drift").get_by_role("heading", name="Missing")).to_be_in_viewport()
    expect(page).to_have_title(re.compile("^Missing – .*examples/estate"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("location.hash = '#drift/nothing'")
    expect(page.locator(".view.current h2")).to_have_text("Nothing has this address")
