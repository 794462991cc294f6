"""Files of waivers, what other tools were told to be silent about, and reports of earlier assessments."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.evidence.waiver_files import append_waivers, entry
from demarcate.evidence.waivers import Known, Waiver, WaiverRules, load_waivers
from demarcate.posture.earlier import earlier
from demarcate.posture.importing import Giving, imported
from fuzz import texts, trees
from fuzz.inputs import Input, put
from fuzz.outcomes import checks, model

CASES = Path(__file__).resolve().parent.parent / "tests" / "posture"
WAIVER = Waiver(finding="0123456789abcdef", reason="a reason", owner="o")
WORDS = (
    *("check", "finding", "responsibility", "scope", "reason", "until", "owner", "*"),
    *("Metadata", "cfn_nag", "skip"),
)
REPORT = (
    b'{"version": 1, "moment": "2026-11-23T00:00:00Z", "origin": "x", "unread": [{"file": "a"}], '
    b'"not_run": [{"check": "a", "reason": "b"}], '
    b'"judged": {"checks": ["a"], "accounts": {"1": ["b"]}, "paths": ["."]}, '
    b'"findings": [{"id": "a", "check": "a", "verdict": "fail", "severity": "low", "reason": "b", "table": "c"}]}'
)


def prepare() -> None:
    """Read what inputs are made from."""
    _files()
    _known()


def make(random: Random) -> Input:
    """One file, of which the tree or the bytes are damaged."""
    name, raw = random.choice(_files())
    if name.endswith(".yaml") and random.random() < 0.6:
        root = trees.parse(raw.decode())
        with suppress(ValueError):
            raw = trees.yaml_of(
                trees.damaged(random, root, [root], trees.Language(WORDS)), flow=random.random() < 0.3
            )
    if raw in [file for _, file in _files()] or random.random() < 0.3:
        raw = texts.damaged(random, raw, [file for _, file in _files()])
    return {name: raw}


def run(given: Input, folder: Path) -> None:
    """Read it as what it is called, and add a waiver to it: what stood there stands there, or nothing is written."""
    put(given, folder)
    (name,) = given
    path, known = folder / name, _known()
    if name.endswith(".json"):
        earlier(path)
        return
    if name != "waivers.yaml":
        for waiver in imported([path], checks(), known, Giving(reason="r", owner="o", until="2027-01-31")).waivers:
            assert entry(waiver)
        return
    before = path.read_bytes()
    load_waivers(path, known)
    try:
        append_waivers(path, [WAIVER], known)
    except DemarcateError:
        assert path.read_bytes() == before, "it was written in part"
        raise
    assert WAIVER.id in {waiver.id for waiver in load_waivers(path, known).waivers}


@cache
def _known() -> Known:
    return Known(checks=checks(), responsibilities=model().owed, rules=WaiverRules(without_end=True))


@cache
def _files() -> list[tuple[str, bytes]]:
    """Waivers of the tests' cases, files of other tools, and a report."""
    cases = read(CASES / "waivers.yaml", list[dict[str, Any]])
    written = yaml.safe_dump(
        [case["waiver"] for case in cases if isinstance(case["waiver"], dict)], sort_keys=False
    )
    others = [(path.name, path.read_bytes()) for path in sorted((CASES / "imports").iterdir())]
    return [
        ("waivers.yaml", written.encode()),
        ("r.json", REPORT),
        *(file for file in others if file[0] != "expected.yaml"),
    ]
