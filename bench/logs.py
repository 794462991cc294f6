"""Measures bringing logs in, and verifying them: python bench/logs.py [EVENTS]. A million events by default.

Seconds are those of the processor, of all threads together: two cores do twice as much in a second of the clock, and
other work on the machine changes them less. Memory is the largest that the process had.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from events import write_events
from measuring import CORES, GUNZIP, cost

from tests.logs import chains

MEMORY = 500
DIGESTS, LOGS = 720, 100_000

DUCKDB = """
import duckdb, sys
records = "SELECT unnest(Records) AS e FROM read_json($files, maximum_object_size = 200000000)"
sql = f"SELECT count(e.eventID) FROM ({records})"
duckdb.execute(sql, {"files": sys.argv[1] + "/**/*.gz"}).fetchall()
"""


def ingest(folder: Path, events: int, per_file: int, least: int) -> bool:
    """Bring so many events in, of so many a file; at least so many a second on two cores."""
    size = write_events(folder / "files", events, per_file)
    ours = cost("-m", "demarcate", "logs", "ingest", str(folder / "files"), "--store", str(folder / "store"))
    gunzip = cost("-c", GUNZIP, str(folder / "files"))
    few = folder / "few"
    write_events(few, min(events, 50_000), per_file)
    bare = cost("-c", DUCKDB, str(few))
    rate = CORES * events / ours.seconds
    within = rate >= least and ours.megabytes <= MEMORY
    micro = ours.seconds / events * 1e6
    print(
        f"| bring in {events:,} events of {size / events:,.0f} B, {per_file:,} a file | {micro:.1f} µs an event: "
        f"{rate:,.0f} a second on two cores, {ours.megabytes:,.0f} MB | {least:,} a second, {MEMORY} MB | "
        f"{'within' if within else 'OVER'} | gunzip {gunzip.seconds / events * 1e6:.1f} µs, DuckDB's own JSON reader "
        f"{bare.seconds / min(events, 50_000) * 1e6:.1f} µs | {ours.seconds / gunzip.seconds:.1f} |",
        flush=True,
    )
    return within


def verify(folder: Path) -> bool:
    """Verify a month's chain, and the files that it covers, offline."""
    made = chains.Trail()
    folder.mkdir()
    for _ in chains.grow(made, DIGESTS, -(-LOGS // DIGESTS), events=8):
        made.write(folder / "copy")  # an hour at a time, so that this process stays small
        made.objects.clear()
    keys = chains.write_keys(folder / "keys.json")
    ours = cost("-m", "demarcate", "logs", "verify", str(folder / "copy"), "--keys", str(keys))
    gunzip = cost("-c", GUNZIP, str(folder / "copy"))
    within = ours.seconds <= 60 and ours.megabytes <= MEMORY
    print(
        f"| verify {DIGESTS} digests and {len(made.logs):,} files offline | {ours.seconds:.1f} s, "
        f"{ours.megabytes:,.0f} MB | 60 s, {MEMORY} MB | {'within' if within else 'OVER'} | "
        f"gunzip {gunzip.seconds:.1f} s | "
        f"{ours.seconds / gunzip.seconds:.1f} |",
        flush=True,
    )
    return within


def main(events: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="demarcate-bench-"))
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    print("| what | measured, of the processor | limit | | reference, same run | ratio to gunzip |")
    print("|---|---|---|---|---|---|", flush=True)
    try:
        within = [
            ingest(folder / "large", events, 1_000, 300_000),
            ingest(folder / "small", events, 8, 200_000),
            verify(folder / "chain"),
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not all(within):
        sys.exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
