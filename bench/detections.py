"""Measures detecting: `python bench/detections.py [EVENTS [MIX]]`: microseconds of the processor for an event.

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
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import yaml
from events import events

from demarcate.logs.detecting.places import detect_files, detect_stored
from demarcate.logs.sigma.models import events_of, is_source
from demarcate.logs.sigma.reading import load_rules
from demarcate.logs.sigma.structs import Rule
from demarcate.logs.store.folders import Folder
from demarcate.logs.store.ingesting import ingest

PER_FILE = 1_000
MIXES = {"quiet": 0.01, "usual": 0.25, "busy": 1.0}
CORES = 2
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


def measured(what: str, count: int, run: Callable[[], object]) -> None:
    """Run something three times, and print the best."""
    best = float("inf")
    for _ in range(3):
        before = _processor()
        run()
        best = min(best, _processor() - before)
    each = best / count * 1e6
    print(f"| {what} | {each:.2f} µs | {CORES / each * 1e6:,.0f} events/s |", flush=True)


def _processor() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    """Print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    ours = [*load_rules().rules.values()]
    names = frozenset(name for rule in ours for name in rule.event_names or ())
    with tempfile.TemporaryDirectory(prefix="demarcate-bench-") as temporary:
        folder = Path(temporary)
        began = time.process_time()
        hundreds = many(folder / "rules", 850)
        print(f"850 rules compiled in {time.process_time() - began:.1f} s of the processor\n")
        print(f"| {count:,} events | processor an event | two cores |\n|---|---|---|")
        for mix in sys.argv[2:] or MIXES:
            write(folder / mix, count, kept=MIXES[mix], names=names)
            ingest([Folder(folder / mix)], folder / f"{mix}-store")
            for told, rules in (("one rule", hundreds[:1]), (f"{len(ours)} of ours", ours), ("850", hundreds)):
                stored = partial(detect_stored, folder / f"{mix}-store", rules)
                measured(f"{mix}, stored, {told}", count, stored)
                decoding = partial(detect_files, [Folder(folder / mix)], rules, workers=CORES)
                measured(f"{mix}, while decoding, {told}", count, decoding)


if __name__ == "__main__":
    main()
