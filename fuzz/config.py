"""What AWS Config delivered: its files, compressed and not."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.config.source import ConfigSource
from fuzz import texts, trees
from fuzz.inputs import Input, put
from fuzz.outcomes import example, judged, report
from tests.estate.config.estate import cases, document, item, named, recorder

KEYS = (
    "configurationItems",
    "configuration",
    "supplementaryConfiguration",
    "resourceType",
    "resourceId",
    "awsAccountId",
    "awsRegion",
    "configurationItemStatus",
    "configurationItemCaptureTime",
    "tags",
    "ARN",
    "relationships",
    "fileVersion",
    "ResourceDeleted",
    "ResourceNotRecorded",
    "OK",
    "AWS::EC2::Volume",
    "AWS::IAM::Role",
    "global",
    "us-east-1",
    "1.0",
)


def prepare() -> None:
    """Read what inputs are made from, and have judged and reported once."""
    report(*example())
    _items()


def make(random: Random) -> Input:
    """One or two deliveries with a few items."""
    files: dict[str, bytes] = {}
    for number in range(random.choice((1, 1, 1, 2))):
        kind = random.choice(("ConfigSnapshot", "ConfigHistory"))
        raw = _document(random, snapshot=kind == "ConfigSnapshot")
        if random.random() < 0.2:
            raw = texts.damaged(random, raw, [raw])
        files[_name(random, kind, number)] = _packed(random, raw)
    if random.random() < 1 / 60:
        files["whole"] = b""
    return files


def run(given: Input, folder: Path) -> None:
    """Collect it; of sixty, one is judged and reported as well."""
    put({name: content for name, content in given.items() if name != "whole"}, folder)
    # A file of another name is a template, which is not what is attacked here.
    paths = [folder / name for name in given if ConfigSource().recognises(str(folder / name))]
    if not paths:
        return
    snapshot = collect_snapshot(paths, selection=None if "whole" in given else dict.fromkeys(_tables(given)))
    if "whole" in given:
        report(snapshot, judged(snapshot))


@cache
def _items() -> list[dict[str, Any]]:
    return [item(case) for case in cases().values()] + [recorder()]


@cache
def _rows() -> dict[str, list[str]]:
    """The tables that each type of resource fills."""
    return {case.type: sorted(case.rows) for case in cases().values()}


def _tables(given: Input) -> list[str]:
    """Those that the types in it fill: to write all others costs most of a run."""
    text = b"".join(_unpacked(content) for content in given.values() if isinstance(content, bytes))
    filled = {table for kind, tables in _rows().items() if kind.encode() in text for table in tables}
    return sorted(filled) or ["aws_ebs_volume"]


def _unpacked(raw: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(raw)) as file:
            return file.read(1_000_000)
    except (OSError, EOFError, ValueError, zlib.error):
        return raw


def _document(random: Random, *, snapshot: bool) -> bytes:
    chosen = [random.choice(_items()) for _ in range(random.choice((1, 1, 2, 4)))]
    if random.random() < 0.02:
        chosen *= 300
    raw = document(chosen, snapshot=snapshot)
    if random.random() < 0.05:
        return raw
    tree = trees.parse(json.dumps(json.loads(raw)))
    other = trees.node_of(random.choice(_items()))
    damaged = trees.damaged(random, tree, [other], trees.Language(KEYS, (_text, _text, _listed)))
    return trees.json_of(damaged)


def _text(random: Random, around: yaml.Node) -> yaml.Node:
    """The same as JSON in a text, as Config writes some of what it delivers."""
    text = trees.json_of(around).decode(errors="replace")
    return trees.node_of(text if random.random() < 0.7 else text[: random.randrange(len(text) + 1)])


def _listed(random: Random, around: yaml.Node) -> yaml.Node:
    return trees.node_of(
        random.choice(([around, around], {"item": around}, {"key": "a", "value": around}, [{"a": around}]))
    )


def _name(random: Random, kind: str, number: int) -> str:
    name = named(kind, number=number + 1)
    lot = random.random()
    if lot < 0.15:
        name = name.removesuffix(".gz")
    if lot < 0.1:
        word = texts.word(random)[:40].replace("/", "_").replace("\0", "_") or "_"
        at = random.choice(("123456789012", "eu-west-1", "20260110T120000Z", "EC2"))
        name = name.replace(at, word.encode("utf-8", "replace").decode())
    return name


def _packed(random: Random, raw: bytes) -> bytes:
    lot = random.random()
    if lot < 0.1:
        return raw
    if lot < 0.13:
        raw = raw + b" " * int(2 ** random.uniform(10, 24))
    packed = gzip.compress(raw, 1, mtime=0)
    if lot < 0.2:
        packed = texts.damaged(random, packed, [packed])
    return packed * 2 if lot > 0.98 else packed
