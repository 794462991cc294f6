"""When support of what runs ends, and what else is next, as the kinds of resource tell it (`kinds.yaml`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from demarcate.base import duckdb
from demarcate.base.connection import short
from demarcate.base.errors import DemarcateError
from demarcate.base.moments import utc
from demarcate.checks.database import Database
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.patching.dates import Entry, EntryKind
from demarcate.patching.kinds import TOLD, Kind, load_kinds, reads, sql_of
from demarcate.patching.schedules import YEARS

_ELSEWHERE: Final = frozenset(
    {
        *("aws_ec2_instance", "aws_ecs_container_instance", "aws_rds_db_cluster", "aws_rds_db_instance"),
        *("aws_elasticache_cluster", "aws_elasticache_replication_group", "aws_opensearch_domain"),
        "aws_redshift_cluster",
    }
)
"""Tables whose next dates come from the rows that have all of them (`dates.py`), or are their windows."""

_RETIREMENT: Final = "task retirement"


def columns() -> Mapping[str, tuple[str, ...]]:
    """What is read to know them."""
    return {name: tuple(sorted(used)) for name, used in reads(load_kinds()).items()}


def ends_of(snapshot: Snapshot) -> Iterator[Entry]:
    """The ends of support and other dates of each resource. Raises DemarcateError where a file cannot be read."""
    kinds = [kind for kind in load_kinds() if kind.table in snapshot.manifest.tables]
    database = Database(snapshot)
    try:
        group = database.group(snapshot)
        group.make_whole(reads(kinds))
        cursor = group.cursor()
        for kind in kinds:
            for row in cursor.execute(f"{sql_of(kind)} ORDER BY 1, 2, 3").fetchall():
                yield from _entries(kind, row)
    except duckdb.Error as error:
        reason = f"{snapshot.folder}: cannot be read: {short(error)}; collect the snapshot again"
        raise DemarcateError(reason) from error
    finally:
        database.connection.close()


def _entries(kind: Kind, row: Sequence[Any]) -> Iterator[Entry]:
    account, region, resource = row[:3]
    told = dict(zip(TOLD, row[-len(TOLD) :], strict=True))
    ends: datetime | None = told["support_ends"]
    following: datetime | None = told["next_date"]
    dates: list[tuple[EntryKind, datetime, str]] = []
    if ends is not None and ends.year < YEARS[-1]:  # a year at the end of time is none that is known
        day = utc(ends).replace(hour=0, minute=0, second=0, microsecond=0)
        dates.append((EntryKind.SUPPORT_ENDS, day, f"support of {told['version'] or 'its version'} ends"))
    if following is not None and kind.table not in _ELSEWHERE:
        action = told["next_action"] or ""
        is_retired = action == _RETIREMENT
        dates.append((EntryKind.RETIREMENT if is_retired else EntryKind.EVENT, utc(following), action))
    for entry_kind, start, what in dates:
        yield Entry(
            kind=entry_kind,
            start=start,
            of=kind.kind,
            name=told["name"] or resource or "",
            resource=told["resource"] or resource or "",
            account_id=account,
            region=region,
            what=what,
        )
