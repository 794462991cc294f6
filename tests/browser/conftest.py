"""Reports to open in a browser that reaches no network."""

from __future__ import annotations

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


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The file of a report, by the name of its estate; each is written once."""

    @cache
    def write(name: str) -> Path:
        makers: dict[str, Callable[[], Assessment]] = {
            "example": assessed,
            "evidence": lambda: estates.with_evidence(assessed()),
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


@pytest.fixture
def visit(browser: Browser, report: Callable[[str], Path]) -> Iterator[Open]:
    """Opens a report: `visit("example", "#findings", color_scheme="dark")`.

    When the test is over: nothing but the file was asked for, no script failed, and the policy held.
    """
    contexts, asked, wrong = [], [], []

    def opened(name: str, place: str = "", **options: Any) -> Page:
        address = report(name).as_uri()

        def answer(route: Route) -> None:
            if route.request.url.partition("#")[0] == address:
                route.continue_()
            else:
                asked.append(route.request.url)
                route.abort()

        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        context.route("**/*", answer)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{error}"))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(address + place)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not asked, "the report asked for something outside of itself"
    assert not wrong, "a script failed, or something went against the policy"
