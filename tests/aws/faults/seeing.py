"""One collection, judged, as plain data that can be compared with another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pyarrow.parquet as pq
from msgspec.structs import replace

from demarcate.checks.engine import judge
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import all_tables
from tests.aws.faults.reach import checks

ACCOUNT = "123456789012"
REGION = "eu-west-1"
MOMENT = datetime(2026, 6, 1, tzinfo=UTC)
"""When all collections are judged as of, so that what they say can be compared."""

Row = dict[str, Any]
Place = tuple[str | None, str | None, str | None]
"""Account, region and resource of a finding."""


@dataclass(frozen=True)
class Told:
    """A verdict with its reason."""

    verdict: str
    reason: str


@dataclass(frozen=True)
class Seen:
    """What one collection has found: the rows of each table, what it could not read, and what checks say."""

    asked: frozenset[str]
    """The tables that it was to read."""
    rows: Mapping[str, list[Row]]
    columns: Mapping[str, frozenset[str]]
    unread: tuple[Unread, ...]
    findings: Mapping[str, Mapping[Place, Told]]


def selection_of(names: Iterable[str], whole: Iterable[str] = ()) -> Selection:
    """The tables and columns that checks use, and some tables with all of their columns."""
    used: dict[str, set[str]] = {}
    for name in names:
        check = checks()[name]
        used.setdefault(check.table, set()).update((*check.columns, *check.shown))
        for table, columns in check.lookups.items():
            used.setdefault(table, set()).update(columns)
    return {name: frozenset(columns) for name, columns in used.items()} | dict.fromkeys(whole)


def look(
    session: boto3.Session,
    url: str,
    selection: Selection | None,
    judged: Iterable[str],
    *,
    regions: Sequence[str] = (REGION,),
    passes: bool = False,
) -> Seen:
    """Collect a selection (everything where there is none) over HTTP, and judge it."""
    snapshot = collect_snapshot(
        ["aws"], Options(session=session, regions=tuple(regions or ()), endpoint_url=url), selection=selection
    )
    return see(snapshot, selection or all_tables(), judged, passes=passes)


def see(snapshot: Snapshot, asked: Iterable[str], judged: Iterable[str], *, passes: bool = False) -> Seen:
    """A snapshot as data, judged by some checks."""
    held = snapshot.manifest.tables
    _ = snapshot.folder  # all files of rows at once: a connection for each takes longer than all that is read
    return Seen(
        frozenset(asked),
        {name: _rows(snapshot.files(name)) for name in held},
        {name: frozenset(table.columns) for name, table in held.items()},
        snapshot.unread,
        _findings(snapshot, {name: checks()[name] for name in judged}, passes),
    )


def _rows(files: list[str]) -> list[Row]:
    rows = []
    for path in files:
        with pq.ParquetFile(path) as file:  # threads and a data set for a few rows take four times as long
            rows += file.read(use_threads=False).to_pylist()
    for row in rows:
        row["_unknown"] = json.loads(row.get("_unknown") or "{}")
        row |= {name: value.replace(microsecond=0) for name, value in row.items() if isinstance(value, datetime)}
    return rows


def _findings(snapshot: Snapshot, judged: Mapping[str, Check], passes: bool) -> dict[str, dict[Place, Told]]:
    names = {check.id: name for name, check in judged.items()}
    then = Snapshot(snapshot.folder, replace(snapshot.manifest, moment=MOMENT), fresh=True)
    findings: dict[str, dict[Place, Told]] = {name: {} for name in judged}
    for finding in judge(then, judged.values(), passes=passes).findings():
        place = (finding.account, finding.region, finding.resource)
        of_check = findings[names[finding.check]]
        before = f"{of_check[place].reason}; " if place in of_check else ""  # of a part, one for each gap
        of_check[place] = Told(finding.verdict, before + finding.reason)
    return findings
