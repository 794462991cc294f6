"""Calls side by side: fewer where AWS throttles, more again where it does not."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from demarcate.estate.sources.aws.limits import MOST, RECOVERY, Limit
from tests.processes import PATIENCE


def test_throttling_halves_it_and_quiet_grows_it_back() -> None:
    limit = Limit()
    limit.answered(throttled=True)
    assert limit.allowed == MOST // 2
    for _ in range(RECOVERY):
        limit.answered(throttled=False)
    assert limit.allowed == MOST // 2 + 1


def test_what_was_under_way_halves_it_once() -> None:
    limit = Limit()
    with limit, limit, limit:
        for _ in range(3):
            limit.answered(throttled=True)
    assert limit.allowed == MOST // 2


@given(st.lists(st.booleans(), max_size=400))
def test_it_stays_within_its_bounds(answers: list[bool]) -> None:
    limit = Limit()
    for throttled in answers:
        limit.answered(throttled=throttled)
        assert 1 <= limit.allowed <= MOST


def test_no_more_than_allowed_run_side_by_side() -> None:
    limit = Limit(3)
    running, most = 0, 0
    lock, step = threading.Lock(), threading.Barrier(3, timeout=PATIENCE)

    def work() -> None:
        nonlocal running, most
        with limit:
            with lock:
                running += 1
                most = max(most, running)
            step.wait()
            with lock:
                running -= 1

    threads = [threading.Thread(target=work) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert most == 3
