"""Detecting over a log store, part by part, or over files as a trail delivers them, while they are decoded."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from demarcate.base import duckdb
from demarcate.base.connection import Limits, connect, short
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_file
from demarcate.base.memory import keep_freed
from demarcate.base.moments import milliseconds
from demarcate.base.sql import identifier, literal, pattern
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.logs.detecting.findings import together
from demarcate.logs.detecting.running import Detector
from demarcate.logs.detecting.sifting import Sieve, Sifted, begin, sift
from demarcate.logs.detecting.stored import MEMORY, RELATION, Run, groups_of, match_here, settled_by
from demarcate.logs.detecting.structs import Detection, Outcome, State
from demarcate.logs.sigma.structs import Rule
from demarcate.logs.store.catalog import NAME
from demarcate.logs.store.entries import Entry, Source
from demarcate.logs.store.forms.cloudtrail import CLOUDTRAIL

BATCH: Final = 12 << 20
"""Bytes, as they lie there, of the files that are read at once."""

BATCH_FILES: Final = 4_000

JUDGED: Final = 32 << 20
"""Bytes of events that rules may match which are judged at once: to plan it takes as long for a few as for many."""

ALONE: Final = 3
"""So many batches are read by this process itself: to start others takes longer."""


@dataclass(slots=True)
class Findings:
    """What was found in a place, and what could not be read of it."""

    detections: tuple[Detection, ...] = ()
    state: State = field(default_factory=State)
    unread: list[Unread] = field(default_factory=list)


def is_store(path: Path) -> bool:
    """Whether a folder is a log store."""
    return is_file(path / NAME)


def detect_stored(
    store: Path, rules: Iterable[Rule], state: State | None = None, run: Run = match_here
) -> Findings:
    """What rules find in a log store. Raises DemarcateError for what is no store, and as `run` does.

    `run` matches parts of it, in this process or elsewhere, which makes no difference to what is found.
    """
    detector = Detector(rules)
    result = Findings(state=state if state is not None else State())
    outcomes: list[Outcome] = []
    groups = groups_of(store)
    for matched, settled in zip(run(store, detector, groups), settled_by(groups), strict=True):
        result.unread += matched.unread
        outcomes += [detector.take(matches, result.state) for matches in matched.matches]
        if settled is not None:
            outcomes.append(detector.settle(result.state, settled))
    return _finished(detector, result, outcomes)


def _finished(detector: Detector, result: Findings, outcomes: list[Outcome]) -> Findings:
    outcomes.append(detector.finish(result.state))
    result.detections = together(outcomes)
    return result


def detect_files(sources: Sequence[Source], rules: Iterable[Rule], *, workers: int | None = None) -> Findings:
    """What rules find in files of CloudTrail. What cannot be read is told; the rest goes on.

    Raises DemarcateError where a source is none.
    """
    detector = Detector(rules)
    result = Findings()
    outcomes: list[Outcome] = []
    lines: list[bytes] = []
    keep_freed()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demarcate-")))
        connection = stack.enter_context(connect(work, limits=Limits(memory=MEMORY, temp=work)))
        for sifted in _sifted(sources, detector.rules, result, workers or min(4, os.cpu_count() or 1), stack):
            for name, damage in sifted.refused:
                result.unread.append(Unread(kind=damage.kind, reason=str(damage), file=name))
            result.state.events += sifted.events
            detector.note_span(result.state, _moment(sifted.first), _moment(sifted.last))
            lines += sifted.lines
            if sum(map(len, lines)) >= JUDGED:
                outcomes += _lines(detector, connection, work, lines, result)
                lines = []
        if lines:
            outcomes += _lines(detector, connection, work, lines, result)
    return _finished(detector, result, outcomes)


def _moment(text: str) -> int | None:
    try:
        return milliseconds(datetime.fromisoformat(text)) * 1_000
    except (ValueError, OverflowError):
        return None


def _sifted(
    sources: Sequence[Source], rules: Sequence[Rule], result: Findings, workers: int, stack: ExitStack
) -> Iterator[Sifted]:
    """What is left of batches of files, in order: by other processes where there is much to read."""
    batches = _batches(entry for source in sources for entry in source.entries(result.unread.append))
    sieve = Sieve(rules)
    first = list(itertools.islice(batches, ALONE))
    if len(first) < ALONE or workers == 1 or any(source.far for source in sources):
        for batch in (*first, *batches):
            yield sieve.sift(batch)
        return
    pool: Executor = stack.enter_context(
        ProcessPoolExecutor(workers, get_context("spawn"), initializer=begin, initargs=(tuple(rules),))
    )
    waiting: list[Future[Sifted]] = [pool.submit(sift, batch) for batch in first]
    for batch in batches:
        waiting.append(pool.submit(sift, batch))
        if len(waiting) > 2 * workers:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += entry.size
        if size >= BATCH or len(batch) >= BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lines(
    detector: Detector, connection: duckdb.DuckDBPyConnection, work: Path, lines: list[bytes], result: Findings
) -> list[Outcome]:
    """What is found in events as lines of JSON, some at a time; where the database takes not all of them, in halves,
    until it is known which it does not.
    """
    spool = work / "events.json"
    with spool.open("wb") as file:
        file.writelines(lines)
    header = "some left out" if any(b'"omitted"' in some for some in lines) else ""
    try:
        columns = ", ".join(map(identifier, sorted(detector.columns)))
        rows = CLOUDTRAIL.select(literal(pattern(spool)), header)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {RELATION} AS SELECT {columns} FROM ({rows})")
    except duckdb.Error as error:
        if len(lines) == 1:
            lines = [line + b"\n" for line in lines[0].split(b"\n") if line]
        if len(lines) == 1:
            result.unread.append(Unread(kind=Kind.UNREADABLE, reason=f"an event is damaged: {short(error)}"))
            return []
        half = len(lines) // 2
        told = _lines(detector, connection, work, lines[:half], result)
        return told + _lines(detector, connection, work, lines[half:], result)
    finally:
        spool.unlink(missing_ok=True)
    counted = result.state.events
    try:
        outcome = detector.detect(connection, RELATION, result.state)
    except duckdb.Error as error:
        raise DemarcateError(f"events cannot be judged: {short(error)}") from error
    result.state.events = counted  # those that were left out count as well
    return [outcome]
