"""How many calls run side by side: fewer where AWS throttles, more again where it does not."""

from __future__ import annotations

import threading
from types import TracebackType

MOST = 16
"""Calls side by side to one service of one account and region, at most."""

RECOVERY = 20
"""After so many answers without a throttled one, one more call may run."""


class Limit:
    """A number of places that halves when AWS throttles, and grows back one by one.

    Each throttled call halves it once however many answers come back throttled at the same time: those that
    were under way already say nothing of the new limit.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = self._allowed = most
        self._running = 0
        self._answers = 0
        self._ignored = 0
        self._condition = threading.Condition()

    @property
    def allowed(self) -> int:
        """How many may run now."""
        return self._allowed

    def __enter__(self) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._running < self._allowed)
            self._running += 1

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with self._condition:
            self._running -= 1
            self._condition.notify()

    def answered(self, *, throttled: bool) -> None:
        """Take note of one answer, retried or not."""
        with self._condition:
            if self._ignored:
                self._ignored -= 1
            elif throttled:
                self._allowed = max(1, self._allowed // 2)
                self._ignored, self._answers = self._running, 0
            if throttled:
                return
            self._answers += 1
            if self._answers >= RECOVERY and self._allowed < self._most:
                self._allowed, self._answers = self._allowed + 1, 0
                self._condition.notify()
