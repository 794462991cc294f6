"""What must differ between a collection and the same one without faults, and nothing else may.

Each difference is one sentence that begins with the operation and the fault it is about, where it is about one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from demarcate.checks.structs import Check
from demarcate.estate.tables import table
from tests.aws.answers.asking import api_name
from tests.aws.faults.kinds import KINDS
from tests.aws.faults.reach import Reach, checks, needing, reaches
from tests.aws.faults.seeing import ACCOUNT, REGION, Place, Row, Seen, Told

PLACES = (REGION, "global")
"""The regions that anything is read in."""


def differences(calm: Seen, seen: Seen, faults: Mapping[str, str]) -> list[str]:
    """What is wrong with a collection in which operations failed, each in one way. Empty where nothing is."""
    failed = [reaches()[operation] for operation in faults]
    return [
        *_unread(seen, failed, faults),
        *(problem for name in sorted(seen.rows) for problem in _rows(name, calm, seen, failed, faults)),
        *_findings(calm, seen, failed, faults),
    ]


def region_of(name: str) -> str:
    """The region that the rows of a table are read in."""
    return REGION if table(name).scope == "region" else "global"


def names(text: str, operation: str, region: str) -> bool:
    """Whether a reason names the account, the region and the operation."""
    return f"{ACCOUNT} {region} {api_name(operation)}:" in text


# --- what could not be read -----------------------------------------------------------------------------


def _unread(seen: Seen, failed: list[Reach], faults: Mapping[str, str]) -> Iterator[str]:
    told = {(gap.table, gap.region, gap.operation): gap for gap in seen.unread}
    for reach in failed:
        operation, kind = reach.operation, faults[reach.operation]
        for name, region in _lost(seen, reach):
            gap = told.pop((name, region, api_name(operation)), None)
            if gap is None:
                yield f"{operation}, {kind}: {name} in {region} is not told among what could not be read"
            elif gap.account != ACCOUNT or not gap.reason.startswith(KINDS[kind][1]):
                yield f"{operation}, {kind}: {name} is told as {gap}"
    for gap in told.values():
        yield f"told among what could not be read, though nothing failed there: {gap.table}: {gap}"


def _lost(seen: Seen, reach: Reach) -> set[tuple[str, str]]:
    """The tables and regions of which something must be told as unread."""
    lost = {(name, region_of(name)) for name in reach.listed & seen.asked}
    lost |= {(name, region_of(name)) for name, columns in reach.columns.items() if columns & _held(seen, name)}
    return lost | {
        (name, region_of(owner))
        for name, owners in reach.derived.items()
        for owner in owners & reach.listed
        if name in seen.asked
    }


def _held(seen: Seen, name: str) -> frozenset[str]:
    return seen.columns.get(name, frozenset())


# --- rows -----------------------------------------------------------------------------------------------


def _rows(name: str, calm: Seen, seen: Seen, failed: list[Reach], faults: Mapping[str, str]) -> Iterator[str]:
    """Rows are as they were, but for those of a listing that failed and the columns of a detail that did."""
    columns = seen.columns[name] - {"_unknown"}
    rows, before = seen.rows[name], calm.rows[name]
    for reach in failed:
        if name in reach.listed and rows:
            yield f"{reach.operation}, {faults[reach.operation]}: {name} has rows although it could not be listed"
            return
    hit = {reach.operation: reach.columns[name] & columns for reach in failed if name in reach.columns}
    hit = {operation: lost for operation, lost in hit.items() if lost}
    derived = [reach for reach in failed if name in reach.derived or name in reach.computed]
    if derived:
        yield from _derived_rows(name, before, rows, derived, faults)
        return
    if any(name in reach.listed for reach in failed):
        return
    lost = frozenset().union(*hit.values())
    pairs = list(zip(_sorted(before, columns - lost), _sorted(rows, columns - lost), strict=False))
    if len(before) != len(rows):
        yield f"{name} had {len(before)} rows, and has {len(rows)} ({', '.join(hit) or 'no operation failed'})"
    for was, now in pairs:
        for column in sorted(columns - lost):
            if was.get(column) != now.get(column):
                yield f"{name}.{column} was {was.get(column)!r}, and is {now.get(column)!r} in {now['resource']}"
        for operation, of_detail in hit.items():
            for column in sorted(of_detail):
                yield from _cell(name, column, was, now, operation, faults[operation])
    for operation, of_detail in hit.items():
        told = [row for row in rows if any(names(_why(row, c), operation, region_of(name)) for c in of_detail)]
        if not told:
            yield f"{operation}, {faults[operation]}: no row of {name} says that {sorted(of_detail)} are not known"


def _cell(name: str, column: str, was: Row, now: Row, operation: str, kind: str) -> Iterator[str]:
    why = _why(now, column)
    if now.get(column) is None and names(why, operation, region_of(name)):
        return
    if now.get(column) == was.get(column) and why == _why(was, column):
        return
    yield (
        f"{operation}, {kind}: {name}.{column} was {was.get(column)!r}, and is {now.get(column)!r} "
        f"({why or 'no reason is told'}) in {now['resource']}"
    )


def _derived_rows(
    name: str, before: list[Row], rows: list[Row], derived: list[Reach], faults: Mapping[str, str]
) -> Iterator[str]:
    """Rows that are made from others are gone with them, or unknown as a whole."""
    unknown = [row for row in rows if row["_unknown"]]
    known = Counter(_text(row) for row in rows if not row["_unknown"])
    for text in known - Counter(map(_text, before)):
        yield f"{name} has a row that it did not have: {text}"
    for row in unknown:
        told = {why for column in row["_unknown"] if (why := _why(row, column))}
        if not any(names(why, reach.operation, place) for why in told for reach in derived for place in PLACES):
            failed = ", ".join(f"{reach.operation} ({faults[reach.operation]})" for reach in derived)
            yield f"{name}: a row of {row['resource']} is unknown because of {sorted(told)}, not of {failed}"


def _why(row: Row, column: str) -> str:
    return str(row["_unknown"].get(column, ""))


def _sorted(rows: list[Row], columns: frozenset[str]) -> list[Row]:
    return sorted(rows, key=lambda row: json.dumps([row.get(name) for name in sorted(columns)], default=str))


def _text(row: Row) -> str:
    return json.dumps(row, default=str, sort_keys=True)


# --- findings -------------------------------------------------------------------------------------------


def _findings(calm: Seen, seen: Seen, failed: list[Reach], faults: Mapping[str, str]) -> Iterator[str]:
    for name, now in sorted(seen.findings.items()):
        was = calm.findings[name]
        lost = [reach for reach in failed if name in needing()[reach.operation]]
        about = "; ".join(f"{reach.operation}, {faults[reach.operation]}" for reach in lost[:3])
        problems = _of_needing(checks()[name], was, now, lost) if lost else _of_innocent(was, now)
        yield from (f"{about or 'nothing that it needs failed'}: {name} {problem}" for problem in problems)


def _of_innocent(was: Mapping[Place, Told], now: Mapping[Place, Told]) -> Iterator[str]:
    for place in sorted(set(was) | set(now), key=str):
        if _but_pass(was.get(place)) != now.get(place):
            yield f"on {place} was {was.get(place)}, and is {now.get(place)}"


def _of_needing(
    check: Check, was: Mapping[Place, Told], now: Mapping[Place, Told], lost: list[Reach]
) -> Iterator[str]:
    """A check that needed what failed: unknown with the reason, or as before where something else decides."""
    sure = gone = False
    for reach in lost:
        if check.table in reach.listed or reach.derived.get(check.table, set()) & reach.listed:
            gone = True
            if not any(_told(finding, [reach]) for place, finding in now.items() if place[2] is None):
                yield f"is not unknown as a whole for {reach.operation}: {sorted(now.items(), key=str)[:2]}"
        sure = sure or any(lookup in reach.listed for lookup in check.lookups)
    for place, finding in sorted(now.items(), key=str):
        if not _told(finding, lost) and (sure or finding != was.get(place)):
            yield f"on {place} was {was.get(place)}, and is {finding}"
    for place in sorted(set(was) - set(now), key=str):
        if not gone and (sure or _but_pass(was[place])):
            yield f"on {place} was {was[place]}, and says nothing"


def _told(finding: Told, lost: list[Reach]) -> bool:
    """Whether a finding is unknown, and says because of which of these operations."""
    return finding.verdict == "unknown" and any(
        names(finding.reason, reach.operation, place) for reach in lost for place in PLACES
    )


def _but_pass(finding: Told | None) -> Told | None:
    """A finding as it is where passes are not told."""
    return None if finding is not None and finding.verdict == "pass" else finding
