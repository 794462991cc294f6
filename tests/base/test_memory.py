"""Memory that is asked of the system once, and not again and again."""

from __future__ import annotations

import pytest

from demarcate.base.memory import with_room

TIMES = 2_000


def test_no_depth_of_a_recursion_asks_the_system_for_each_frame() -> None:
    """Somewhere a chunk of frames ends: what goes to and fro there would have a page made for it each time."""
    resource = pytest.importorskip("resource", reason="nothing counts pages here")

    def leaf() -> None:
        pass

    def at(depth: int) -> int:
        if depth:
            return at(depth - 1)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(TIMES):
            leaf()
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

    assert with_room(lambda: max(map(at, range(200)))) < TIMES
