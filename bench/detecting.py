"""What `bench/detections.py` measures, and how.

Seconds are those of the processor, of all threads and processes together: two cores do twice as much in a second of the
clock.

Of the events of `bench/events.py` a fifth have a name that one of our rules asks for, and a quarter match one: that is
the mix `busy`. In `usual` a quarter of these are kept, so that they are one of twenty events, and in `quiet` one of a
hundred of them. Beside our rules there are one, and 850 over operations of the services that botocore has.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import yaml
from events import events
from measuring import CORES, GUNZIP, cost

from demarcate.logs.detecting.places import detect_files, detect_stored
from demarcate.logs.sigma.models import events_of, is_source
from demarcate.logs.sigma.reading import load_rules
from demarcate.logs.sigma.structs import Rule
from demarcate.logs.store.folders import Folder
from demarcate.logs.store.ingesting import ingest

PER_FILE = 1_000
MIXES = {"quiet": 0.01, "usual": 0.25, "busy": 1.0}
DECODED, STORED = 600_000, 2_000_000
"""Events a second, at least: of files while they are decoded, and of a store."""

SERVICES = (
    "ec2",
    "iam",
    "s3",
    "rds",
    "lambda",
    "kms",
    "ecs",
    "eks",
    "logs",
    "sns",
    "sqs",
    "ssm",
    "glue",
    "athena",
)


def write(folder: Path, count: int, *, kept: float, names: frozenset[str]) -> None:
    """Files of a thousand events."""
    folder.mkdir()
    lot = random.Random(3)  # noqa: S311

    def chosen() -> Iterator[str]:
        for event in events(2 * count):
            if lot.random() >= kept:
                told = json.loads(event)
                if told["eventName"].lower() in names or told.get("errorCode"):
                    continue
            yield event

    made = chosen()
    for number in range(count // PER_FILE):
        records = [next(made) for _ in range(PER_FILE)]
        text = '{"Records":[' + ",".join(records) + "]}"
        (folder / f"{number:06}.json.gz").write_bytes(gzip.compress(text.encode(), 6, mtime=0))


def many(folder: Path, count: int) -> list[Rule]:
    """So many rules, each over an operation of its own."""
    folder.mkdir()
    sources = [f"{name}.amazonaws.com" for name in SERVICES if is_source(f"{name}.amazonaws.com")]
    operations = sorted((source, name) for source in sources for name in dict.fromkeys(events_of(source)))
    lot = random.Random(5)  # noqa: S311
    written = [
        {
            "title": f"{name} of {source}",
            "name": f"rule-{number}",
            "logsource": {"product": "aws", "service": "cloudtrail"},
            "detection": {
                "call": {"eventSource": source, "eventName": name},
                "what": {"requestParameters.name|contains": ["secret", "admin"], "userAgent|contains": "curl"},
                "failed": {"errorCode|exists": True},
                "condition": "call and what and not failed",
            },
        }
        for number, (source, name) in enumerate(lot.sample(operations, count))
    ]
    (folder / "rules.yml").write_text(yaml.safe_dump_all(written))
    return [*load_rules([folder], shipped=False).rules.values()]


def measured(what: str, count: int, least: int, gunzip: float, run: Callable[[], object]) -> bool:
    """Run something three times, and print the best: whether that is at least so many events a second."""
    best = float("inf")
    for _ in range(3):
        before = _processor()
        run()
        best = min(best, _processor() - before)
    rate = CORES * count / best
    print(
        f"| {what} | {best / count * 1e6:.2f} µs an event: {rate:,.0f} a second on two cores | {least:,} a second | "
        f"{'within' if rate >= least else 'OVER'} | gunzip {gunzip / count * 1e6:.2f} µs | {best / gunzip:.1f} |",
        flush=True,
    )
    return rate >= least


def _processor() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main(count: int, mixes: Sequence[str]) -> None:
    """Print a table; exit with 1 where a figure is over its limit."""
    ours = [*load_rules().rules.values()]
    names = frozenset(name for rule in ours for name in rule.event_names or ())
    within: list[bool] = []
    with tempfile.TemporaryDirectory(prefix="demarcate-bench-") as temporary:
        folder = Path(temporary)
        began = time.process_time()
        hundreds = many(folder / "rules", 850)
        print(f"\n850 rules compiled in {time.process_time() - began:.1f} s of the processor\n")
        print(
            f"| {count:,} events | measured, of the processor | limit | | reference, same run | ratio to gunzip |"
        )
        print("|---|---|---|---|---|---|", flush=True)
        for mix in mixes:
            write(folder / mix, count, kept=MIXES[mix], names=names)
            store = folder / f"{mix}-store"
            ingest([Folder(folder / mix)], store)
            gunzip = cost("-c", GUNZIP, str(folder / mix)).seconds
            for told, rules in (("one rule", hundreds[:1]), (f"{len(ours)} of ours", ours), ("850", hundreds)):
                stored = partial(detect_stored, store, rules)
                within.append(measured(f"{mix}, stored, {told}", count, STORED, gunzip, stored))
                decoding = partial(detect_files, [Folder(folder / mix)], rules, workers=CORES)
                within.append(measured(f"{mix}, while decoding, {told}", count, DECODED, gunzip, decoding))
    if not all(within):
        sys.exit(1)
