"""Shows how a live collection goes, beside the data: bars on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from demarcate.base.logs import LOG
from demarcate.base.stopping import ending_with
from demarcate.report.out import Out, is_quiet, notes, through
from demarcate.report.safe import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

QUIET = 3.0
"""Seconds in which nothing is shown: most collections of a few tables are done by then."""

EVERY = 5.0
"""Seconds between two lines."""

REDRAWN = 0.25
"""Seconds between two pictures of the bars."""

BARS = 9
"""Bars at most, beside the one of the whole."""


class Count(msgspec.Struct):
    """How far one service of one account is: parts (tables of a region) that are to be read and that are done."""

    parts: int = 0
    done: int = 0
    calls: int = 0
    rows: int = 0
    since: float = 0.0
    """When it was first called."""


Key = tuple[str, str]
"""An account and a service."""


class Reached(msgspec.Struct, frozen=True):
    """How far a collection is. `accounts` are all that will be read; those not begun have no counts yet."""

    counts: dict[Key, Count]
    accounts: int = 1

    def begun(self) -> set[str]:
        """The accounts of which it is known what will be read."""
        return {account for account, _ in self.counts}

    def whole(self) -> Count:
        """All services of all accounts as one."""
        counts = self.counts.values()
        return Count(
            sum(count.parts for count in counts),
            sum(count.done for count in counts),
            sum(count.calls for count in counts),
            sum(count.rows for count in counts),
        )

    def left(self, seconds: float) -> float | None:
        """How long it may still take after so many seconds, if accounts not begun are like the others."""
        whole, begun = self.whole(), len(self.begun())
        parts = whole.parts * max(1.0, self.accounts / begun) if begun else 0
        return _left(parts, whole.done, seconds)


def _left(parts: float, done: int, seconds: float) -> float | None:
    return seconds * (parts - done) / done if done else None


class Counts:
    """Counts what a collection tells of itself. Told from several threads; costs each a lock and an addition."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[Key, Count] = {}
        self._accounts = 1

    def expected(self, accounts: int) -> None:
        """So many accounts will be read."""
        self._accounts = accounts

    def planned(self, account: str, service: str, parts: int) -> None:
        """So many parts will be read."""
        with self._lock:
            self._of(account, service).parts += parts

    def called(self, account: str, service: str) -> None:
        """AWS answered a request."""
        with self._lock:
            count = self._of(account, service)
            if not count.calls:
                count.since = self._clock()
            count.calls += 1

    def finished(self, account: str, service: str, rows: int) -> None:
        """A part is done."""
        with self._lock:
            count = self._of(account, service)
            count.done += 1
            count.rows += rows

    def standing(self) -> Reached:
        """How far it is now."""
        with self._lock:
            return Reached({key: replace(count) for key, count in self._counts.items()}, self._accounts)

    def _of(self, account: str, service: str) -> Count:
        count = self._counts.get((account, service))
        if count is None:
            count = self._counts[account, service] = Count()
        return count


def duration(seconds: float) -> str:
    """A duration in people's words, rounded up.

    >>> duration(0.2), duration(40), duration(61), duration(7300)
    ('1 s', '40 s', '2 min', '2 h 2 min')
    """
    whole = max(1, math.ceil(seconds))
    if whole <= 60:
        return f"{whole} s"
    minutes = math.ceil(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def line(standing: Reached, seconds: float) -> str:
    """How far a collection is after so many seconds, as one line.

    >>> line(Reached({("123456789012", "ec2"): Count(286, 41, 803, 12345)}), 7)
    '123456789012: 41 of 286 parts, 803 calls, 12,345 rows, about 42 s left'
    """
    whole, begun, left = standing.whole(), standing.begun(), standing.left(seconds)
    who = f"{len(begun):,} of {standing.accounts:,} accounts" if standing.accounts > 1 else " ".join(begun)
    told = f"{who}: {whole.done:,} of {whole.parts:,} parts, {whole.calls:,} calls, {whole.rows:,} rows"
    return f"{told}, about {duration(left)} left" if left else told


class Shown:
    """Shows a tally while it grows; `tick` is called again and again, and shows it when it is time to.

    `stream` is where: a terminal gets bars that are gone in the end, anything else lines. Nothing is shown of
    what takes less than `QUIET` seconds.
    """

    def __init__(self, tally: Counts, stream: IO[str] | Out, clock: Callable[[], float] = time.monotonic) -> None:
        self._tally, self._out, self._clock = tally, through(stream), clock
        self._began = clock()
        self._next = self._began + QUIET
        self._bars = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._live: Live | None = None

    def tick(self) -> None:
        """Show how far it is, if it is time to."""
        now = self._clock()
        if now < self._next:
            return
        standing = self._tally.standing()
        if not any(count.parts for count in standing.counts.values()):
            return
        self._next = now + (REDRAWN if self._bars else EVERY)
        if not self._bars:
            self._out.write(one_line(line(standing, now - self._began)) + "\n")
            self._out.flush()
            return
        if self._live is None:
            self._live = _live(self._out)
        self._live.update(picture(standing, self._began, now), refresh=True)

    def close(self) -> None:
        """Take the bars away."""
        if self._live is not None:
            self._live.stop()


@contextlib.contextmanager
def showing(stream: IO[str] | None = None) -> Iterator[Counts]:
    """A tally that is shown on a stream (stderr by default) until the block ends."""
    tally = Counts()
    if is_quiet() or LOG.isEnabledFor(logging.INFO):  # what is told there would fall among the bars
        yield tally
        return
    shown = Shown(tally, notes() if stream is None else stream)
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(REDRAWN):
            shown.tick()

    thread = threading.Thread(target=run, name="progress", daemon=True)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join(1)  # longer than anything but a terminal that takes nothing any more
        shown.close()

    try:
        with ending_with(end):
            yield tally
    finally:
        end()


def _live(out: Out) -> Live:
    from rich.live import Live

    from demarcate.report.console import Console

    live = Live(
        console=Console(out), auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    live.start()
    return live


def picture(standing: Reached, began: float, now: float) -> RenderableType:
    """A bar for the whole, and below it one for each account and service under way, those with most left first."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    from demarcate.report.console import Text

    under_way = [
        (key, count) for key, count in standing.counts.items() if count.calls and count.done < count.parts
    ]
    under_way.sort(key=lambda entry: (entry[1].done - entry[1].parts, entry[0]))
    only = standing.accounts == 1
    title = "all" if only else f"{len(standing.begun()):,} of {standing.accounts:,} accounts"
    rows = [(title, " ".join(standing.begun()) if only else "", standing.whole(), standing.left(now - began))]
    for (account, service), count in under_way[:BARS]:
        rows.append((service, account, count, _left(count.parts, count.done, now - count.since)))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(max_width=18, no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(width=12)
    for name in ("calls", "rows", "left"):
        table.add_column(name, justify="right", no_wrap=True)
    for service, account, count, left in rows:
        table.add_row(
            Text(service),
            Text(account),
            ProgressBar(total=max(count.parts, 1), completed=count.done, width=12),
            Text(f"{count.calls:,}"),
            Text(f"{count.rows:,}"),
            Text("" if left is None else duration(left)),
        )
    if len(under_way) > BARS:
        table.add_row(Text(f"{len(under_way) - BARS:,} more"))
    return table
