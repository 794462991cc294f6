"""The calendar of patching in a browser: nothing is fetched, no script fails, and it can be used by everybody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: the calendar is not tested in a browser")

from playwright.sync_api import Browser, expect

from demarcate.report.out import saving
from demarcate.report.patching import calendar_page as page
from tests.browser.accessibility import amiss
from tests.browser.test_report import PHONE
from tests.patching.test_calendar import hostile
from tests.processes import PATIENCE

DESK = {"width": 1280, "height": 900}


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESK), ("dark", PHONE)], ids=["desk", "phone"])
def test_the_calendar_of_a_hostile_estate(
    browser: Browser, tmp_path: Path, theme: str, viewport: dict[str, int]
) -> None:
    path = tmp_path / "calendar.html"
    with saving(path) as out:
        page.write(hostile(), out)
    wrong: list[str] = []
    context = browser.new_context(color_scheme=theme, viewport=viewport)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE * 1000)
    shown = context.new_page()
    shown.on("pageerror", lambda error: wrong.append(f"{error}"))
    shown.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    shown.on("request", lambda request: wrong.append(request.url) if request.url != path.as_uri() else None)
    shown.goto(path.as_uri())
    shown.locator("a.day").first.click()
    expect(shown).to_have_url(re.compile("#day-2026-11-"))
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the screen"
    shown.locator("#theme").click()
    assert not wrong, "something went against the policy, or was fetched"
    shown.locator("#theme").click()
    told = amiss(shown)
    context.close()
    assert not told
