"""What Demarcate has written, and somebody else may have changed: plans and baselines of a ledger, drift, feeds."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes import status
from demarcate.changes.planning import make_change
from demarcate.changes.status import status_of
from demarcate.drift import baselines
from demarcate.drift.kept import document, read_comparison
from demarcate.ledger.entry import Act, Entry
from demarcate.patching import plans
from demarcate.patching.feed_formats import FeedError, parse_epss, parse_kev, parse_updateinfo
from demarcate.report import drift as drift_report
from demarcate.report.out import saving
from fuzz import texts, trees
from fuzz.inputs import Input, put
from fuzz.outcomes import harmless
from tests.changes.fakes import step
from tests.patching.test_feeds import NOTICES, epss, kev
from tests.report.hostile import DRIFT

FEEDS = {"kev.json": parse_kev, "epss.csv": parse_epss, "updateinfo.xml": parse_updateinfo}
WORDS = (
    "apply",
    "undo",
    "steps",
    "before",
    "after",
    "kind",
    "way",
    "step",
    "rings",
    "ring",
    "name",
    "version",
    "reason",
)


def prepare() -> None:
    """Read what inputs are made from."""
    _drift()


def make(random: Random) -> Input:
    """Entries of a ledger, a comparison or a feed, which is damaged."""
    lot = random.random()
    if lot < 0.5:
        return {"entries.json": _tree(random, list(_entries()))}
    if lot < 0.75:
        return {"drift.json": _tree(random, _drift())}
    name, raw = random.choice((("kev.json", kev()), ("epss.csv", epss()), ("updateinfo.xml", NOTICES)))
    raw = texts.damaged(random, raw, [raw])
    return {name: gzip.compress(raw, 1, mtime=0) if random.random() < 0.2 else raw}


def run(given: Input, folder: Path) -> None:
    """Read it, and tell what it says."""
    put(given, folder)
    ((name, raw),) = given.items()
    assert isinstance(raw, bytes)
    if name in FEEDS:
        try:
            assert FEEDS[name](raw).rows
        except FeedError:
            return
    elif name == "drift.json":
        comparison = read_comparison(folder / name)
        with saving(folder / "told.json") as out:
            drift_report.write_json(comparison, out)
        assert read_comparison(folder / "told.json") == comparison, "it is told as another one"
        harmless((folder / "told.json").read_text(encoding="utf-8"))
    else:
        _read(raw)


def _read(raw: bytes) -> None:
    """What follows from entries, as far as they are entries at all."""
    try:
        entries = msgspec.json.decode(raw, type=list[Entry])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    for entry in entries:
        baselines._told(entry.act.after)
    for read in (status_of, plans._progress):
        of_it = [entry for entry in entries if (entry.act.kind in plans.KINDS) == (read is plans._progress)]
        with contextlib.suppress(DemarcateError):
            read(entry for entry in of_it if entry.act.kind != baselines.SET)


@cache
def _drift() -> Any:
    """A few of the differences of each kind."""
    few = msgspec.structs.replace(DRIFT, drifts=DRIFT.drifts[::7], aws=(DRIFT.aws or ())[:2])
    return json.loads(msgspec.json.encode(document(few)))


def _entries() -> Iterator[dict[str, Any]]:
    """What a ledger has of a change, of a plan of patching and of a baseline."""
    made = make_change("switch on", "hand", "a test", [step("r-1"), step("r-2")])
    change = msgspec.to_builtins(msgspec.structs.replace(made, id="c-00000000"))
    at_step = {"way": "apply", "step": 0}
    ring = {"id": "test"}
    part = {"kind": "ami", "change": "c1", "members": []}
    stage = {"ring": ring, "parts": [part], "at_once": 1}
    plan = {"id": "p1", "source": "aws", "file": "rings.yaml", "artefacts": [], "stages": [stage]}
    baseline = {"name": "b", "version": 1, "digest": "", "origin": "aws", "moment": "2026-11-01T00:00:00+00:00"}
    told = {
        status.PLANNED: change,
        status.APPROVED: {"digest": "", "until": "2026-12-01T00:00:00+00:00", "policy": "p"},
        status.BEGUN: {"way": "apply", "digest": "", "host": "h", "process": 1},
        status.STEP_BEGUN: {**at_step, "operation": {"name": "s3.put_bucket_versioning"}, "state": None},
        status.STEP_ENDED: {**at_step, "outcome": "done"},
        status.ENDED: {"way": "apply", "whole": True, "reason": ""},
        status.VERIFIED: [],
        status.REJECTED: {"reason": "no"},
        plans.PLANNED: plan,
        plans.RING_APPLIED: {"ring": "test", "artefacts": []},
        plans.RING_PASSED: {"ring": "test", "artefacts": [], "reasons": ["r"]},
        baselines.SET: {**baseline, "source": "live"},
    }
    for number, (kind, after) in enumerate(told.items(), 1):
        act = Act(kind=kind, change="c1", after=after)
        at = "2026-11-01T00:00:00.000000+00:00"
        entry = Entry(format=1, ledger="l", number=number, at=at, person="a", caller=None, act=act, previous="")
        yield msgspec.to_builtins(entry)


def _tree(random: Random, value: Any) -> bytes:
    tree = trees.parse(json.dumps(value))
    raw = trees.json_of(trees.damaged(random, tree, [tree], trees.Language(WORDS)))
    return texts.damaged(random, raw, [raw]) if random.random() < 0.1 else raw
