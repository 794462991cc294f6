"""What people decide, as files: policies of changes, steps that somebody wrote, and an exported ledger."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random

import msgspec
import yaml

from demarcate.changes.files import read_steps
from demarcate.changes.planning import HandStep
from demarcate.changes.policies import Freeze, Most, Policy, Window, opens, read_policies
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.exporting import import_entries, lines, read_export
from demarcate.ledger.ledger import Ledger
from fuzz import texts, trees
from fuzz.inputs import Input, put
from fuzz.outcomes import MOMENT

POLICIES = """
- name: production
  accounts: ["111122223333"]
  tags: {environment: [production]}
  approvals: {default: 1, interrupts: 2, loses-data: 2, locks-out: 2}
  by: [platform@example.com]
  windows: [{days: [sat, sun], from: "22:00", to: "04:00", zone: Europe/Berlin}]
  freezes: [{from: 2026-12-18, to: 2027-01-04, why: end of the year}]
  at-most: {resources: 20, percent: 10}
- {name: rest, own: true, expires: 24, alarms: [errors]}
"""
STEPS = """
- account: "111122223333"
  region: eu-west-1
  resource: arn:aws:s3:::logs
  risk: [costs]
  do: {s3.put_bucket_versioning: {Bucket: logs, VersioningConfiguration: {Status: Enabled}}}
  reads: {s3.get_bucket_versioning: {Bucket: logs}}
  done: Status == 'Enabled'
  undo: {s3.put_bucket_versioning: {Bucket: logs, VersioningConfiguration: {Status: Suspended}}}
"""
WORDS = tuple(
    dict.fromkeys(
        field.encode_name
        for kind in (Policy, Window, Freeze, Most, HandStep)
        for field in msgspec.structs.fields(kind)
    )
)


def prepare() -> None:
    """Have a ledger to be exported, and the zones of the world."""
    _exported()


def make(random: Random) -> Input:
    """One such file, which is damaged."""
    name, text = random.choice((("policies.yaml", POLICIES), ("steps.yaml", STEPS), ("ledger.jsonl", "")))
    if not text:
        return {name: _lines(random)}
    other = trees.parse(random.choice((POLICIES, STEPS)))
    try:
        tree = trees.damaged(random, trees.parse(text), [other], trees.Language(WORDS))
        raw = trees.yaml_of(tree, flow=random.random() < 0.3)
    except (yaml.YAMLError, ValueError):
        raw = text.encode()
    return {name: texts.damaged(random, raw, [text.encode()]) if random.random() < 0.2 else raw}


def run(given: Input, folder: Path) -> None:
    """Read it, and do with it what follows: ask when a policy lets changes be applied, import the entries."""
    put(given, folder)
    if "policies.yaml" in given:
        for policy in read_policies(folder / "policies.yaml")[:3]:
            for days in (0, 5, 40):
                moment = MOMENT + timedelta(days=days)
                assert all(window.holds(moment) in (True, False) for window in policy.windows)
                opens(policy, moment)
    elif "steps.yaml" in given:
        read_steps(folder / "steps.yaml")
    else:
        export = read_export(folder / "ledger.jsonl")
        with Ledger(str(folder / "into.sqlite")) as ledger:
            assert import_entries(export, ledger) == len(export.hashes)
            assert "".join(lines(ledger.stored())).encode() == given["ledger.jsonl"], "it is another ledger"


@cache
def _exported() -> bytes:
    """A ledger of a few entries, as it is exported."""
    with tempfile.TemporaryDirectory() as folder, Ledger(str(Path(folder) / "ledger.sqlite")) as ledger:
        for number in range(4):
            act = Act(kind="tested", change="c1", authority="é\x1b\u202e", before=[number], after={"n": number})
            ledger.append(Actor(person="anna"), act)
        return "".join(lines(ledger.stored())).encode()


def _lines(random: Random) -> bytes:
    """An export, of which lines are damaged, moved, left out or repeated."""
    rows = _exported().splitlines(keepends=True)
    for _ in range(random.choice((0, 1, 1, 2))):
        at = random.randrange(len(rows)) if rows else 0
        lot = random.random()
        if lot < 0.5 and rows:
            rows[at] = texts.damaged(random, rows[at], rows)
        elif lot < 0.7 and rows:
            rows.pop(at)
        elif lot < 0.9 and rows:
            rows.insert(at, random.choice(rows))
        else:
            random.shuffle(rows)
    return b"".join(rows)
