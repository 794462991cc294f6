"""Snapshots that somebody else wrote."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from demarcate.base.errors import DemarcateError
from demarcate.checks.engine import judge
from demarcate.estate.snapshots.querying import QueryLimits
from demarcate.estate.snapshots.querying import run as run_query
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from fuzz import texts, trees
from fuzz.inputs import Input, Link, put
from fuzz.outcomes import EXAMPLES, MOMENT, checks, example, harmless, judged, report

LINKS = (
    "/dev/zero",
    "/dev/null",
    "/proc/self/environ",
    "manifest.json",
    "..",
    "../../manifest.json",
    "nowhere",
    "/etc/passwd",
)
KEYS = (
    "format",
    "demarcate",
    "moment",
    "source",
    "origin",
    "tables",
    "unread",
    "resources",
    "accounts",
    "columns",
    "parts",
    "account",
    "region",
    "rows",
    "file",
    "reason",
    "table",
    "operation",
    "of",
    "line",
    "id",
    "name",
    "units",
    "tags",
    "skipped",
    "not_enabled",
    "live",
    "config",
    "cloudformation",
    "tables/aws_s3_bucket/*.parquet",
    "tables",
    "manifest.json",
    ".",
    "aws_s3_bucket",
    "aws_ebs_volume",
    "aws_iam_role",
    "resource",
    "account_id",
    "_unknown",
    "_conditional",
    "file://x",
)
LIMITS = QueryLimits(seconds=5, memory=400_000_000, rows=10_000)


def prepare() -> None:
    """Collect what inputs are made from, and have judged and reported once."""
    _seed()
    report(*example())


def make(random: Random) -> Input:
    """A snapshot of one to four tables, with its manifest or a part damaged."""
    manifest, parts = _seed()
    chosen = random.sample(sorted(parts), random.choice((1, 1, 2, 4)))
    files: dict[str, bytes | Link] = {}
    held = {}
    for name in chosen:
        (part,) = held[name] = manifest["parts"][name]
        files[part["file"]] = parts[name]
    source = random.choice(("live", "cloudformation", "config"))
    told = {
        **manifest,
        "tables": {name: manifest["tables"][name] for name in chosen},
        "parts": held,
        "source": source,
    }
    of_account = None
    if random.random() < 0.4:
        place = {"account": ACCOUNT, "region": "eu-west-1"}
        held = {name: [{**part, **place} for part in of_table] for name, of_table in held.items()}
        unread = [{**gap, **place} for gap in _ACCOUNTS["unread"] if "file" not in gap]
        of_account, told["parts"] = {"parts": held, "unread": unread}, {}
    elif random.random() < 0.5:  # as the second format has it
        told["format"] = 2
        told["tables"] = {name: {"columns": told["tables"][name], "parts": held[name]} for name in chosen}
    lot = random.random()
    if lot < 0.6:
        file = random.choice(sorted(files))
        files[file] = _part(random, parts[chosen[0]], parts)
        if random.random() < 0.1:
            files[file] = Link(random.choice(LINKS))
    if of_account is not None:
        raw = _manifest(random, of_account, lot > 0.7)
        files[f"accounts/{ACCOUNT}.json"] = raw
        told["held"] = {ACCOUNT: sha256(raw).hexdigest()}
    raw = _manifest(random, told, 0.5 < lot < 0.8)
    files["manifest.json"] = Link(random.choice(LINKS)) if random.random() < 0.005 else raw
    if random.random() < 1 / 20:
        files["whole"] = b""
    return files


def _manifest(random: Random, told: Any, damaged: bool) -> bytes:
    """A file of a manifest."""
    raw = json.dumps(told).encode()
    if damaged:
        tree = trees.damaged(random, trees.node_of(told), [trees.node_of(_ACCOUNTS)], trees.Language(KEYS))
        raw = trees.json_of(tree)
    if random.random() < 0.08:
        raw = texts.damaged(random, raw, [raw])
    return raw


def run(given: Input, folder: Path) -> None:
    """Open it, judge it by the checks of its tables, and query it; of twenty, one is reported as well."""
    put({name: content for name, content in given.items() if name != "whole"}, folder)
    snapshot = Snapshot.open(folder)
    mine = [check for check in checks().values() if check.table in snapshot.manifest.tables]
    judgement = judged(snapshot) if "whole" in given else judge(snapshot, mine[:40])
    with contextlib.closing(judgement):
        judgement.to_arrow()
        if "whole" in given:
            report(snapshot, judgement)
            _print(folder)
    for name in sorted(snapshot.manifest.tables)[:3]:
        with contextlib.suppress(DemarcateError):
            _, rows = run_query(f'SELECT * FROM "{name.replace(chr(34), chr(34) * 2)}"', snapshot, LIMITS)
            for _row in rows:
                pass


def _print(folder: Path) -> None:
    """The same with the command, which says a little more."""
    from typer.testing import CliRunner

    from demarcate.cli import app

    outcome = CliRunner().invoke(app, ["query", "SELECT 1 AS x", str(folder)])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    harmless(outcome.output)


ACCOUNT = "123456789012"

_ACCOUNTS: dict[str, Any] = {
    "unread": [
        {
            "kind": "denied",
            "reason": "access denied",
            "table": "aws_s3_bucket",
            "account": "123456789012",
            "region": "eu-west-1",
        },
        {
            "kind": "throttled",
            "reason": "x",
            "tables": ["aws_ebs_volume"],
            "columns": ["encrypted"],
            "operation": "ec2:DescribeVolumes",
        },
        {"kind": "malformed", "reason": "is not YAML", "file": "a.yaml", "line": 3},
    ],
    "accounts": [
        {"id": "123456789012", "name": "prod", "units": ["a", "b"], "tags": {"env": "prod"}},
        {"id": "210987654321", "skipped": "it is closed", "not_enabled": ["eu-west-1"]},
    ],
    "resources": {"AWS::X::Y": 3},
}


@cache
def _seed() -> tuple[dict[str, Any], Mapping[str, bytes]]:
    """The manifest of the example estate's snapshot, and a part for each table that has rows."""
    snapshot = collect_snapshot([EXAMPLES / "estate"], Options(moment=MOMENT))
    manifest = json.loads((snapshot.folder / "manifest.json").read_bytes()) | _ACCOUNTS
    files = {
        name: (snapshot.folder / part["file"]).read_bytes()
        for name, of_table in manifest["parts"].items()
        for part in of_table
        if part["file"] is not None
    }
    return manifest, files


# --- parts ---------------------------------------------------------------------------------------------------


def _part(random: Random, raw: bytes, parts: Mapping[str, bytes]) -> bytes:
    lot = random.random()
    if lot < 0.25:
        return texts.damaged(random, raw, list(parts.values()))
    if lot < 0.5:  # in what describes it, which is at its end
        length = int.from_bytes(raw[-8:-4], "little")
        footer = texts.damaged(random, raw[-8 - length : -8], [raw])
        size = (
            len(footer) if random.random() < 0.8 else random.choice((0, 1, 2**31 - 1, 2**32 - 1, length, len(raw)))
        )
        return raw[: -8 - length] + footer + size.to_bytes(4, "little") + b"PAR1"
    if lot < 0.55:
        return parts[random.choice(sorted(parts))]
    return _rewritten(random, pq.read_table(io.BytesIO(raw)))


def _rewritten(random: Random, table: pa.Table) -> bytes:
    """A part that is whole, with columns of other names, types and values."""
    columns = dict(zip(table.column_names, table.columns, strict=True))
    for _ in range(random.choice((1, 1, 2, 4))):
        name = random.choice(sorted(columns)) if columns else "x"
        lot = random.random()
        if lot < 0.15:
            columns.pop(name, None)
        elif lot < 0.25:
            columns[random.choice((*KEYS, name.upper(), name + " ", texts.word(random)[:100]))] = columns.get(name)
        else:
            columns[name] = _values(random, table.num_rows)
    names = [name.encode("utf-8", "replace").decode() for name, values in columns.items() if values is not None]
    arrays = [values for values in columns.values() if values is not None]
    buffer = io.BytesIO()
    try:
        pq.write_table(
            pa.Table.from_arrays(arrays, names), buffer, compression=random.choice(("snappy", "none", "zstd"))
        )
    except (pa.ArrowException, ValueError, OverflowError):
        pq.write_table(table, buffer)
    return buffer.getvalue()


def _values(random: Random, rows: int) -> pa.ChunkedArray:
    odd = texts.word(random).encode("utf-8", "replace").decode()
    value, kind = random.choice(
        (
            (odd, pa.string()),
            (odd.encode(), pa.binary()),
            (random.choice((0, -1, 2**63 - 1, -(2**63))), pa.int64()),
            (random.choice((float("nan"), float("inf"), -0.0, 1e308)), pa.float64()),
            (random.choice((True, False)), pa.bool_()),
            (random.choice((0, 2**62, -(2**62))), pa.timestamp(random.choice(("s", "us", "ns")))),
            (0, pa.timestamp("us", tz=random.choice(("UTC", "Europe/Berlin", "+14:00")))),
            (random.choice((0, 2**30, -(2**30))), pa.date32()),
            ([odd, None], pa.list_(pa.string())),
            ([[odd]], pa.list_(pa.list_(pa.string()))),
            ({"a": odd}, pa.struct([("a", pa.string())])),
            (None, pa.string()),
            (None, pa.null()),
            ("{" * 500, pa.string()),
            ('{"a": ' + "[" * 2000 + "]" * 2000 + "}", pa.string()),
            (odd * 50, pa.large_string()),
            ([(odd, 1)], pa.map_(pa.string(), pa.int64())),
        )
    )
    try:
        return pa.chunked_array([pa.array([value] * rows, kind)])
    except (pa.ArrowException, ValueError, OverflowError):
        return pa.chunked_array([pa.nulls(rows, pa.string())])
