"""The page's own policy: what a page may do, and that ours holds where something gets in."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable
from html import unescape
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from demarcate.report.html.page import embedded
from tests.browser import estates
from tests.example import assessed


def policy(page: str) -> dict[str, list[str]]:
    match = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert match
    directives = (directive.split() for directive in unescape(match.group(1)).split(";"))
    return {name: values for name, *values in directives}


def test_only_these_scripts_and_styles_may_run() -> None:
    page = estates.written(assessed())
    said = policy(page)
    assert said["default-src"] == ["'none'"]
    assert said["base-uri"] == said["form-action"] == ["'none'"]
    for directive, element in (("script-src", "script"), ("style-src", "style")):
        texts = re.findall(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
        hashes = [f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts]
        assert said[directive] == hashes
    assert not re.search(r"<[^>]+\son\w+=|<[^>]+\sstyle=", page), "no handler or style stands in an attribute"
    assert not re.search(r"<(link|img|iframe|object|embed|base)\b|\bsrc=|@import|url\(", page), (
        "nothing is fetched"
    )


INTRUDERS = {
    "a script": "const s = document.createElement('script'); s.text = 'window.__hacked = 1'; document.body.append(s)",
    "markup": "document.body.innerHTML = '<img src=x onerror=\"window.__hacked = 1\">'",
    "a request": "await fetch('https://example.com/')",
    "an image": "const i = new Image(); i.src = 'https://example.com/x'; await new Promise((_, no) => i.onerror = no)",
}


def test_the_policy_stops(browser: Browser, report: Callable[[str], Path]) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        for name, intruder in INTRUDERS.items():
            page.goto(report("example").as_uri())
            code = f"async () => {{ try {{ {intruder}; return 'done' }} catch (e) {{ return 'stopped' }} }}"
            assert page.evaluate(code) == "stopped", name
            assert page.evaluate("window.__hacked") is None, name


@given(st.recursive(st.text() | st.none() | st.integers(-(2**53), 2**53), lambda of: st.lists(of)))
def test_embedded_data_is_what_it_was(value: object) -> None:
    import json

    text = embedded(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)
