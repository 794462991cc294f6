"""Text of others is shown as text, whatever it holds."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from demarcate.report.safe import printable
from tests.browser import estates
from tests.browser.conftest import Open, follow, go

NAMES = [printable(name) for name in (*estates.HOSTILE, estates.SEPARATORS, estates.TURNED)]


def shown(text: str) -> str:
    """Text as a browser shows it: white space is one space."""
    return " ".join(text.split())


PLACES = {
    "#summary": ("origin", "unread", "refused"),
    "#not-read": ("unread", "refused", "type"),
    "#evidence": ("title", "by", "detail"),
    "#roll-ups": ("account", "region"),
    "#findings": ("reason", "account", "region"),
}
"""Where hostile text stands, and the word that each text has before it."""


def test_hostile_text_is_text(visit: Open) -> None:
    page = visit("hostile")
    for place, words in PLACES.items():
        go(page, place)
        text = shown(page.locator("main").inner_text())
        few = 5 if place == "#summary" else len(NAMES)
        for word in words:
            names = [printable("".join(estates.HOSTILE[:3]))] if word == "origin" else NAMES[:few]
            for name in names:
                assert f"{word} {shown(name)}" in text, place
    assert page.evaluate("window.__hacked") is None


def test_hostile_checks_are_text(visit: Open) -> None:
    page = visit("hostile", "#summary")
    told = printable("".join((*estates.HOSTILE, estates.SEPARATORS, estates.TURNED)))
    text = shown(page.locator("#summary").inner_text())
    assert shown(f"title {told}") in text
    assert shown(f"remedy {told}") in text
    assert shown(f"not run {told}") in shown(page.locator("#not-read").text_content() or "")
    go(page, "#findings")
    follow(page.locator("#made td.of-resource a").first)
    follow(page.get_by_role("link", name=shown(f"title {told}")).first)
    view = shown(page.locator("#made").inner_text())
    assert all(shown(text) in view for text in (f"title {told}", f"remedy {told}", f"{told}: {told}"))
    assert page.evaluate("window.__hacked") is None


def test_hostile_resources_have_a_view(visit: Open) -> None:
    page = visit("hostile", "#findings")
    links = page.locator("#made td.of-resource a")
    expect(links).to_have_count(len(NAMES))
    places = dict(links.evaluate_all("links => links.map(link => [link.innerText, link.getAttribute('href')])"))
    assert sorted(places) == sorted(shown(name) for name in NAMES)
    for name, place in places.items():
        go(page, place)
        assert page.locator("#made [data-heading]").inner_text() == name
        assert shown(f"{name}.yaml") in shown(page.locator("#made").inner_text())
    assert page.evaluate("window.__hacked") is None


def test_hostile_filters_and_tags(visit: Open) -> None:
    page = visit("hostile", "#roll-ups")
    expect(page.locator("#roll-ups")).to_be_visible()
    told = "elements => elements.map(element => [element.innerText, element.getAttribute('href')])"
    titles = [shown(text) for text, _ in page.locator("#roll-ups h3").evaluate_all(told)]
    places = {shown(text): place for text, place in page.locator("#roll-ups a").evaluate_all(told)}
    for name in NAMES:
        assert any(shown(f"By tag {name}") in title for title in titles), name
    for name in NAMES:
        go(page, places[f"account {shown(name)}"])
        expect(page.locator("#made .counted")).to_have_text(re.compile("^1 of "))


def test_no_link_runs_anything(visit: Open) -> None:
    page = visit("hostile", "#evidence")
    go(page, "#findings")
    links = page.eval_on_selector_all("a", "links => links.map(a => a.getAttribute('href'))")
    assert {link[:1] for link in links if not link.startswith("https://")} == {"#"}
    for name in NAMES:
        go(page, "#search?q=" + name.replace("#", "%23"))
    assert page.evaluate("window.__hacked") is None


def test_hostile_text_without_scripts_and_on_paper(visit: Open) -> None:
    page = visit("hostile", java_script_enabled=False)
    text = shown(page.locator("main").inner_text())
    assert all(f"reason {shown(name)}" in text for name in NAMES[:5])
    assert visit("hostile").pdf().startswith(b"%PDF")


def test_data_cannot_end_its_element() -> None:
    page = estates.written(estates.hostile())
    data = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert len(data) == 1
    assert not re.search("[<>&\u2028\u2029]", data[0])
    reasons = json.loads(data[0])["findings"]["reason"]["values"]
    assert sorted(reasons) == sorted(f"reason {name}" for name in NAMES)
    assert len(re.findall("<script", page)) == 3, "two scripts of ours and the data"
    assert "\u202e" not in page
