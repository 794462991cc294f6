"""Brings what a source has into a store: what is new of it, in batches side by side, and what was odd is told."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from demarcate.base import duckdb
from demarcate.base.connection import Limits, connect
from demarcate.base.memory import keep_freed, share_arenas
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.logs.store.catalog import Catalog, owned
from demarcate.logs.store.entries import Entry, Source, place_of
from demarcate.logs.store.forms.tables import TABLES
from demarcate.logs.store.loading import LASTING, MOST_PLACES, Loaded, Loader
from demarcate.logs.store.merging import merge

WORKERS: Final = 4
"""Batches that are made side by side at most: each takes some 100 MB."""

BATCH: Final = 24 << 20
"""Bytes, as they lie there, of the files of one batch."""

BATCH_FILES: Final = 16_000

BATCH_PLACES: Final = MOST_PLACES // 3
"""Accounts and days of the files of one batch: events of the day before, or after, are among theirs."""

LEAST: Final = 2 << 20
"""Bytes that a batch has at least before the account or day of its files changes."""

COMMITTED: Final = 1_000_000
"""Rows after which what was loaded becomes part of the store, so that a run that is killed loses no more."""

SECONDS: Final = 60.0
"""Seconds after which it does so anyhow."""

LISTED: Final = 20_000
"""Files of which it is asked at once whether they were read before."""

AHEAD: Final = 900.0
"""Seconds that an event may be ahead of this machine's clock before it counts as one from the future."""

MEMORY: Final = 150_000_000
"""Bytes that looking for duplicates may take; beyond them it goes to disk."""


@dataclass(slots=True)
class Outcome:
    """What came of an ingest: counts, and what could not be read."""

    files: int = 0
    held: int = 0
    """Files that were read before."""
    rows: int = 0
    duplicates: int = 0
    without_identity: int = 0
    ahead: set[tuple[str, str, str]] = field(default_factory=set)
    """The tables, accounts and days with records from the future: somebody's clock is wrong, or somebody lies."""
    odd: int = 0
    """What stood among records and is none."""
    tables: Counter[str] = field(default_factory=Counter)
    unread: list[Unread] = field(default_factory=list)
    refused: int = 0
    """Files that could not be read; the first of them are told in `unread`."""
    untold: int = 0
    """How many are not."""
    again: list[str] = field(default_factory=list)
    """Files that could not be read this time, and will be tried again."""

    def told(self) -> tuple[list[str], list[tuple[str, int]]]:
        """What was brought in, as columns and rows: counts that are none are left out, but for the first."""
        counts = {
            "files read": self.files,
            "files read before": self.held,
            "files that could not be read": self.refused,
            **{f"rows of {name}": count for name, count in sorted(self.tables.items())},
            "duplicates dropped": self.duplicates,
            "rows without an id": self.without_identity,
            "accounts and days with records from the future": len(self.ahead),
            "things that are no records": self.odd,
        }
        rows = [(what, count) for number, (what, count) in enumerate(counts.items()) if count or not number]
        return ["what", "count"], rows


MOST_TOLD: Final = 1_000
"""Files that are told one by one; the others are counted."""


def ingest(
    sources: Sequence[Source],
    folder: Path,
    progress: Callable[[Outcome], object] = lambda _: None,
    *,
    workers: int | None = None,
) -> Outcome:
    """Read what is new in some sources into the store in a folder. What cannot be read is told; the rest goes on.

    Raises DemarcateError where the store cannot be written, and where a source is none; OSError for a full disk.
    """
    share_arenas()
    keep_freed()
    with owned(folder) as (catalog, work):
        return Ingest(catalog, work, workers or min(WORKERS, _processors())).run(sources, progress)


class Ingest:
    """One run that writes a store."""

    def __init__(self, catalog: Catalog, work: Path, workers: int) -> None:
        self._catalog, self._work, self._workers = catalog, work, workers
        self.outcome = Outcome()
        self._loaded: list[Loaded] = []
        self._waiting_rows = 0
        self._since = time.monotonic()

    def run(self, sources: Sequence[Source], progress: Callable[[Outcome], object] = lambda _: None) -> Outcome:
        """Read what is new."""
        idle: SimpleQueue[Loader] = SimpleQueue()
        loaders = [Loader(self._catalog.folder, self._work / f"{number}") for number in range(self._workers)]
        for loader in loaders:
            idle.put(loader)

        def load(batch: list[Entry], far: bool) -> Loaded:
            loader = idle.get()
            try:
                return loader.load(batch, far=far)
            finally:
                idle.put(loader)

        try:
            with ThreadPoolExecutor(self._workers, thread_name_prefix="ingest") as pool:
                running: set[Future[Loaded]] = set()
                try:
                    for source in sources:
                        source.is_over = self._catalog.is_over
                        for batch in batches(self._new(source)):
                            running.add(pool.submit(load, batch, source.far))
                            if len(running) >= 2 * self._workers:
                                running = self._gather(running, FIRST_COMPLETED)
                                self._maybe_commit()
                                progress(self.outcome)
                    self._gather(running, "ALL_COMPLETED")
                    self._commit()
                    self._set_over(sources)
                    for source in sources:
                        source.done(self.outcome)
                    progress(self.outcome)
                finally:
                    pool.shutdown(cancel_futures=True)
        finally:
            for loader in loaders:
                loader.close()
            if "_connection" in vars(self):
                self._connection.close()
        return self.outcome

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """A database, where there is anything to commit."""
        return connect(self._catalog.folder, limits=Limits(memory=MEMORY, threads=1, temp=self._work))

    def _set_over(self, sources: Sequence[Source]) -> None:
        """Days of which all was read need not be listed again."""
        again = self.outcome.again
        days = [day for source in sources for day in source.over]
        self._catalog.set_over(day for day in days if not any(name.startswith(day) for name in again))

    def _new(self, source: Source) -> Iterator[Placed]:
        """The files of a source that were not read yet, those of one account and day beside each other."""
        listed: list[Entry] = []
        for entry in source.entries(self.outcome.unread.append):
            listed.append(entry)
            if len(listed) >= LISTED:
                yield from self._unheld(listed)
                listed = []
        yield from self._unheld(listed)

    def _unheld(self, listed: list[Entry]) -> list[Placed]:
        unheld = self._catalog.unheld(listed)
        self.outcome.held += len(listed) - len(unheld)
        return sorted(
            ((place_of(entry.name), entry) for entry in unheld), key=lambda placed: (placed[0], placed[1].name)
        )

    def _gather(self, running: set[Future[Loaded]], how: str) -> set[Future[Loaded]]:
        done, left = wait(running, return_when=how)
        for future in done:
            loaded = future.result()
            self._loaded.append(loaded)
            self._waiting_rows += sum(part.rows for _, part in loaded.parts)
        return left

    def _maybe_commit(self) -> None:
        if self._waiting_rows >= COMMITTED or time.monotonic() - self._since > SECONDS:
            self._commit()

    def _commit(self) -> None:
        """Have all that was loaded so far be part of the store."""
        outcome = self.outcome
        told = {name: each for loaded in self._loaded for name, each in loaded.told.items()}
        parts = [part for loaded in self._loaded for part in loaded.parts]
        if not self._loaded:
            return
        added, dropped = merge(self._catalog, self._connection, self._work, parts, told.values(), TABLES)
        now = time.time()
        for loaded in self._loaded:
            outcome.without_identity += loaded.without_identity
            outcome.odd += sum(loaded.odd.values())
            for entry, damage in loaded.refused:
                if damage.kind not in LASTING:
                    outcome.again.append(entry.name)
                self._refuse(entry.name, str(damage), damage.kind)
            for name, count in loaded.odd.items():
                what = (
                    "what stands among its records is none" if count == 1 else "things among its records are none"
                )
                self._refuse(name, f"{count:,} {what}", Kind.MALFORMED, counted=False)
        for _, part in parts:
            if part.high is not None and part.high > now + AHEAD:
                outcome.ahead.add(part.place)
        outcome.files += len(told) + sum(
            entry.name not in told for loaded in self._loaded for entry, _ in loaded.refused
        )
        outcome.rows += added.total()
        outcome.tables += added
        outcome.duplicates += dropped
        self._loaded, self._waiting_rows, self._since = [], 0, time.monotonic()

    def _refuse(self, name: str, why: str, kind: Kind, *, counted: bool = True) -> None:
        self.outcome.refused += counted
        if len(self.outcome.unread) < MOST_TOLD:
            self.outcome.unread.append(Unread(kind=kind, reason=why, file=name))
        else:
            self.outcome.untold += 1


Placed = tuple[tuple[str, str], Entry]
"""A file, with the account and day that its name says."""


def batches(entries: Iterable[Placed]) -> Iterator[list[Entry]]:
    """Files in groups that are made rows together: of one account and day, where these have enough of them."""
    batch: list[Entry] = []
    size, place, places = 0, ("", ""), 0
    for here, entry in entries:
        if batch and (
            size >= BATCH
            or len(batch) >= BATCH_FILES
            or (here != place and (size >= LEAST or places >= BATCH_PLACES))
        ):
            yield batch
            batch, size, places = [], 0, 0
        places += here != place or not batch
        batch.append(entry)
        size, place = size + entry.size, here
    if batch:
        yield batch


def _processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # Windows and macOS have none
        return os.cpu_count() or 1
