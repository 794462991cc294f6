"""Accessibility, as axe-core sees it: nothing amiss on any kind of view, on a desk by day and on a phone by night."""

from __future__ import annotations

import pytest

from tests.browser.accessibility import amiss
from tests.browser.conftest import Open, go
from tests.browser.test_report import PHONE, PLACES

PARK = """() => {
    window.parked = [...document.querySelectorAll('.view:not(.current)')].map(view => [view, new Comment()]);
    for (const [view, place] of parked) view.replaceWith(place);
}"""
UNPARK = "() => { for (const [view, place] of parked) place.replaceWith(view); }"
"""Axe passes over views that are hidden, but takes long for it: while it looks they are not there."""

DESK = {"width": 1280, "height": 900}


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESK), ("dark", PHONE)], ids=["desk", "phone"])
def test_axe_finds_nothing(visit: Open, theme: str, viewport: dict[str, int]) -> None:
    page = visit("evidence", color_scheme=theme, viewport=viewport, bypass_csp=True)
    told = []
    for kind, place in PLACES.items():
        go(page, place)
        page.evaluate(PARK)
        told += [f"{kind}: {wrong}" for wrong in amiss(page)]
        page.evaluate(UNPARK)
    assert not told
