"""Ten thousand findings: the file stays small, opens at once, and answers each key."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.browser.conftest import Open

MOST_BYTES = 10_000_000
OPENS_WITHIN, ANSWERS_WITHIN = 2.0, 0.2
SLOWER = 20
"""How many times as long it may take here, where other work runs beside it; the figures are printed."""

ANSWER = """async word => {
    const field = document.querySelector('#made input[name=q]');
    const began = performance.now();
    field.value = word;
    field.dispatchEvent(new Event('input', {bubbles: true}));
    document.body.getBoundingClientRect();
    return (performance.now() - began) / 1000;
}"""


def test_the_file_is_small(report: Callable[[str], Path]) -> None:
    size = report("large").stat().st_size
    print(f"10,000 findings: {size / 1e6:.1f} MB")  # noqa: T201
    assert size <= MOST_BYTES


def test_it_opens_at_once(visit: Open) -> None:
    began = time.perf_counter()
    page = visit("large", "#findings")
    page.locator("#made tbody tr").first.wait_for()
    took = time.perf_counter() - began
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime / 1000"
    loaded = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd / 1000"
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    print(f"opened after {took:.2f} s, loaded {page.evaluate(loaded):.2f} s, painted {page.evaluate(paint):.2f} s")  # noqa: T201
    assert max(page.evaluate(loaded), page.evaluate(paint)) < OPENS_WITHIN * SLOWER


def test_it_answers_each_key(visit: Open) -> None:
    page = visit("large", "#findings")
    times = [page.evaluate(ANSWER, "setting is off bucket"[:length]) for length in range(1, 22)]
    print(f"slowest key {max(times) * 1000:.0f} ms, first {times[0] * 1000:.0f} ms")  # noqa: T201
    assert max(times) < ANSWERS_WITHIN * SLOWER
