"""What is measured and how: a whole process or a call, the best of several runs, as a line of a table."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from demarcate.estate.snapshots.snapshot import Snapshot

RUNS = 5
DEMARCATE = [sys.executable, "-m", "demarcate"]
CORES = 2
"""What figures that are those of the processor are told for."""

GUNZIP = """
import gzip, sys
from pathlib import Path
for path in Path(sys.argv[1]).rglob("*.gz"):
    gzip.decompress(path.read_bytes())
"""


@dataclass(frozen=True)
class Measured:
    """One figure: seconds and peak memory (MB) of the best run."""

    seconds: float
    megabytes: float = 0.0


@dataclass(frozen=True)
class Line:
    """One line of the result."""

    what: str
    ours: Measured
    reference: str
    theirs: Measured
    limit: str
    within: bool

    def __str__(self) -> str:
        ratio = self.ours.seconds / self.theirs.seconds
        memory = f", {self.ours.megabytes:,.0f} MB" if self.ours.megabytes else ""
        verdict = "within" if self.within else "OVER"
        return (
            f"| {self.what} | {self.ours.seconds:.2f} s{memory} | {self.limit} | {verdict} | {self.reference}: "
            f"{self.theirs.seconds:.2f} s | {ratio:.1f} |"
        )


def process(command: list[str], runs: int = RUNS) -> Measured:
    """Wall seconds and peak memory of a command: the best of some runs, after one that is not counted."""
    best = Measured(float("inf"))
    for run in range(runs + 1):
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        if child.returncode not in (0, 3):
            sys.exit(f"{command} exited with {child.returncode}")
        if run and seconds < best.seconds:
            best = Measured(seconds, usage.ru_maxrss / 1024)
    return best


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of the processor and of the clock, and megabytes."""

    seconds: float
    megabytes: float


def cost(*command: str, codes: Collection[int] = (0, 3)) -> Cost:
    """What a command takes that ends with one of some exit codes."""
    child = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in codes:
        sys.exit(f"{command} exited with {child.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def call(function: Callable[[], Any], runs: int = RUNS) -> Measured:
    """Seconds of a call: the best of some runs, after one that is not counted."""
    best = float("inf")
    for run in range(runs + 1):
        started = time.perf_counter()
        function()
        if run:
            best = min(best, time.perf_counter() - started)
    return Measured(best)


def snapshot_of(folder: Path, source: str, rows: int, tables: dict[str, dict[str, str]]) -> Snapshot:
    """A snapshot whose tables have so many rows, each with expressions of `i` by column; the others are NULL."""
    import duckdb

    from demarcate.estate.snapshots.manifest import FORMAT, Manifest, Part, TableParts
    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.estate.tables import table

    held = {}
    for name, filled in tables.items():
        part = folder / "tables" / name / "00000.parquet"
        part.parent.mkdir(parents=True)
        of = table(name)
        columns = ", ".join(f'({filled.get(c.name, "NULL")})::{c.type} AS "{c.name}"' for c in of.all_columns)
        with duckdb.connect() as connection:
            connection.execute(f"COPY (SELECT {columns} FROM range({rows}) r(i)) TO '{part}' (FORMAT parquet)")
        file = Part(account=None, region=None, rows=rows, file=str(part.relative_to(folder)))
        held[name] = TableParts(columns=tuple(c.name for c in of.all_columns), parts=(file,))
    manifest = Manifest(
        format=FORMAT,
        demarcate="bench",
        moment=datetime(2026, 1, 1, tzinfo=UTC),
        source=source,
        origin="bench",
        tables=held,
        unread=(),
    )
    return Snapshot(folder, manifest)
