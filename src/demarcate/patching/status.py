"""How far the patching of each resource is: what its checks find, and what is told of it, in one row.

What is known to be so comes first: a resource whose support has ended is overdue, whatever else could not be read of
it. Then comes what keeps anything from being told (it is not managed, stopped, never scanned), then what is known to
be missing, then what one of its checks could not tell. Only what is left is current.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from demarcate.assessing import selection_of, tags_come_along
from demarcate.base.encoding import from_json
from demarcate.base.moments import utc
from demarcate.checks.database import Database
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import all_tables
from demarcate.model import Model
from demarcate.patching.kinds import Kind, checks_of, judged, narrowed_by, reads, sql_of, sql_of_other
from demarcate.patching.reading import Place, lost
from demarcate.patching.structs import PatchState, PatchStatus
from demarcate.patching.verdicts import (
    ROWS,
    Part,
    Parties,
    Verdicts,
    gap_at,
    lines_of,
    state_of,
    verdicts_of,
)
from demarcate.patching.versions import behind, newest


def selection(model: Model, kinds: Sequence[Kind], *, live: bool, tags: bool = False) -> Selection:
    """What is read to tell the status of these kinds; with `tags`, their tags also where these take more calls."""
    checks = [*checks_of(kinds).values(), *lines_of(model, kinds).values()]
    chosen = {name: set(columns or ()) for name, columns in selection_of(checks, live=live).items()}
    for name, columns in reads(kinds).items():
        chosen.setdefault(name, set()).update(columns)
    for kind in kinds:
        table = all_tables()[kind.table]
        if table.column("tags") is not None and (tags or tags_come_along(table)):
            chosen[kind.table].add("tags")
    return {name: frozenset(columns) for name, columns in chosen.items()}


def patch_status(model: Model, snapshot: Snapshot, kinds: Sequence[Kind]) -> Iterator[PatchStatus]:
    """The status of each resource of these kinds, by kind, account, region and resource.

    What could not be read as a whole is one row without a resource, in the account and region that it is of.
    """
    judged_by = judged(kinds)
    database = Database(snapshot)
    try:
        verdicts = verdicts_of(model, snapshot, kinds, checks_of(kinds), database)
        group = database.group(verdicts.snapshot)
        group.make_whole(reads(kinds))
        cursor = group.cursor()
        for kind in kinds:
            if kind.table not in snapshot.manifest.tables and kind.table not in verdicts.lost:
                continue
            parts = [
                Part(
                    part,
                    verdicts,
                    _joined(cursor.execute(sql_of_other(kind, part.table, part.on))) if part.on else None,
                    lost(snapshot, [part.table]) if part.on and not part.second else {},
                )
                for part in judged_by
                if part.kind == kind.kind
            ]
            decide = {part.table for part in judged_by if part.kind == kind.kind and not part.second}
            beside = lost(snapshot, {*reads([kind])} - decide)
            yield from _unread(kind, verdicts, lost(snapshot, narrowed_by(kind)))
            result = cursor.execute(f"{sql_of(kind)} ORDER BY 1, 2, 3")
            while rows := result.fetchmany(ROWS):
                for row in rows:
                    yield _status(kind, row, parts, beside, verdicts.parties[kind.kind], snapshot.moment)
    finally:
        database.connection.close()


def _joined(result: Any) -> Mapping[str, Sequence[str]]:
    """What the rows of another table that tell of each resource are called, each once."""
    joined: dict[str, tuple[str, ...]] = {}
    while rows := result.fetchmany(ROWS):
        for key, other in rows:
            held = joined.get(key)
            if held is None:
                joined[key] = (other,)
            elif other not in held:
                joined[key] = (*held, other)
    return joined


def _unread(kind: Kind, verdicts: Verdicts, gaps: Mapping[Place, str]) -> Iterator[PatchStatus]:
    reasons = {place: {f"which there are is not known: {gap}": None} for place, gap in gaps.items()}
    for place, reason in verdicts.lost.get(kind.table, ()):
        reasons.setdefault(place, {})[reason] = None
    for (account, region), told in reasons.items():
        yield PatchStatus(
            account_id=account or "",
            region=region or "",
            resource="",
            table=kind.table,
            kind=kind.kind,
            name="",
            tags={},
            party=None,
            state=PatchState.UNKNOWN,
            reasons=tuple(told),
        )


def _status(
    kind: Kind,
    row: Sequence[Any],
    parts: Sequence[Part],
    beside: Mapping[Place, str],
    parties: Parties,
    moment: datetime,
) -> PatchStatus:
    account, region, resource, key, tags = row[:5]
    own_resource, name, version, offered, support_ends, window, next_date, next_action = row[5:]
    latest: str | None = None
    behind_by: int | None = None
    if offered is not None and version is not None:
        offered = [other for other in offered if other is not None]  # of which AWS's answer tells no version
        behind_by = behind(version, offered)
        latest = newest(offered) if behind_by is not None else None
    newer: str | None = ""
    if kind.follows:
        newer = None if behind_by is None else _newer(behind_by, latest)
    state, reasons, findings = state_of(key, (account, region), parts, newer)
    if state is not PatchState.OVERDUE and support_ends is not None and utc(support_ends) < moment:
        state, reasons = PatchState.OVERDUE, (f"its standard support ended on {support_ends:%Y-%m-%d}", *reasons)
    if beside and (gap := gap_at(beside, (account, region))) is not None:
        reasons = (*reasons, f"what is told beside it is not known whole: {gap}")
    return PatchStatus(
        account_id=account or "",
        region=region or "",
        resource=own_resource or resource,
        table=kind.table,
        kind=kind.kind,
        name=name or resource,
        tags=from_json(tags) if tags is not None else {},
        party=parties.of(key),
        state=state,
        reasons=reasons,
        findings=findings,
        version=version,
        newest=latest,
        behind_by=behind_by,
        support_ends=support_ends.date() if support_ends is not None else None,
        window=window,
        next_date=None if next_date is None else utc(next_date),
        next_action=next_action or "",
    )


def _newer(behind_by: int, latest: str | None) -> str:
    """What a resource is behind; empty where it is the newest."""
    return f"it is {behind_by} version{'' if behind_by == 1 else 's'} behind {latest}" if behind_by else ""
