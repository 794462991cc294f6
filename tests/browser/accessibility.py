"""What axe-core finds amiss in what a page shows."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

LOOK = """async () => {
    const {passes, violations} = await axe.run(document, {resultTypes: ["violations"]});
    const told = ({id, impact, nodes}) => `${impact}: ${id}: ${nodes.map(node => node.html).join(" and ")}`;
    return [passes.length, violations.map(told)];
}"""


def amiss(page: Page) -> list[str]:
    """What is wrong, with where that is. Axe is put into a document once, and of what is right says only how much."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    right, wrong = page.evaluate(LOOK)
    assert right > 10, "axe has looked"
    told: list[str] = wrong
    return told
