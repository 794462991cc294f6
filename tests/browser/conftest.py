"""Reports to open in a browser that reaches no network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: the report is not tested in a browser")

from playwright.sync_api import Browser, Locator, Page, Route

from demarcate.posture.assessment import Assessment
from tests.browser import estates
from tests.example import assessed
from tests.processes import PATIENCE

Open = Callable[..., Page]


def follow(link: Locator) -> None:
    """Click on a link within a report, and wait until its view is there.

    The page hears of a new address in a task of its own, after the click.
    """
    page = link.page
    page.evaluate(
        "heard = new Promise(done => addEventListener('hashchange', () => setTimeout(done), {once: true})); null"
    )
    link.click()
    page.evaluate("heard")


GO = """place => new Promise(done => {
    const before = location.hash;
    addEventListener('hashchange', () => setTimeout(done), {once: true});
    location.hash = place;
    if (location.hash === before) done();
})"""


def go(page: Page, place: str) -> None:
    """Follow an address within the report, and wait until its view is there, as `follow` does."""
    page.evaluate(GO, place)


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The file of a report, by the name of its estate; each is written once."""

    @cache
    def write(name: str) -> Path:
        makers: dict[str, Callable[[], Assessment]] = {
            "example": assessed,
            "evidence": lambda: estates.with_evidence(estates.with_few(assessed())),
            "hostile": estates.hostile,
            "waived": lambda: estates.with_waivers(assessed()),
            "large": lambda: estates.large(10_000),
        }
        path = tmp_path_factory.mktemp(name) / "report.html"
        texts: dict[str, Callable[[], str]] = {
            "drift": estates.drift,
            "drifted": lambda: estates.written(assessed(), estates.SOME_DRIFT),
        }
        text = texts[name]() if name in texts else estates.written(makers[name]())
        path.write_text(text, encoding="utf-8")
        return path

    return write


class Shown:
    """A page in a context of its own, which one test after the other may use: to make both takes as long as four
    reports. It notes what it asks for, and what goes wrong.
    """

    def __init__(self, browser: Browser, options: dict[str, Any]) -> None:
        self.address = ""
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        self.context.set_default_timeout(PATIENCE * 1000)
        self.context.route("**/*", self._answer)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(f"{error}"))
        self.page.on(
            "console", lambda message: self.wrong.append(message.text) if message.type == "error" else None
        )
        self._stores = options.get("java_script_enabled", True)

    def _answer(self, route: Route) -> None:
        if route.request.url.partition("#")[0] == self.address:
            route.continue_()
        else:
            self.asked.append(route.request.url)
            route.abort()

    def leave(self) -> tuple[list[str], list[str]]:
        """Let the next test find it as the first one did: what it has asked for, and what went wrong."""
        if self._stores:
            self.page.evaluate("localStorage.clear()")
        self.page.emulate_media(media="null")
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")
        told = self.asked, self.wrong
        self.asked, self.wrong = [], []
        return told


@pytest.fixture(scope="session")
def kept_pages() -> dict[str, list[Shown]]:
    """Pages that no test uses at the moment, by their options."""
    return defaultdict(list)


@pytest.fixture
def visit(browser: Browser, report: Callable[[str], Path], kept_pages: dict[str, list[Shown]]) -> Iterator[Open]:
    """Opens a report: `visit("example", "#findings", color_scheme="dark")`; `anew` in a page that nobody had before.

    When the test is over: nothing but the file was asked for, no script failed, and the policy held.
    """
    used: list[tuple[str, Shown]] = []

    def opened(name: str, place: str = "", anew: bool = False, **options: Any) -> Page:
        key = "" if anew else repr(sorted(options.items()))
        shown = kept_pages[key].pop() if kept_pages[key] else Shown(browser, options)
        used.append((key, shown))
        shown.address = report(name).as_uri()
        shown.page.goto(shown.address + place)
        return shown.page

    yield opened
    told = []
    for key, shown in used:
        if key:
            told.append(shown.leave())
            kept_pages[key].append(shown)
        else:
            shown.context.close()
            told.append((shown.asked, shown.wrong))
    assert not [url for asked, _ in told for url in asked], "the report asked for something outside of itself"
    assert not [text for _, wrong in told for text in wrong], "a script failed, or something broke the policy"
