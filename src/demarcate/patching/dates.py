"""Dates that services name: pending and forced maintenance, updates, retirements, scheduled events, ends of support."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from demarcate.base.moments import utc
from demarcate.patching.reading import Row
from demarcate.patching.schedules import ScheduleError, moment_of
from demarcate.patching.windows import Note, note_of


class EntryKind(StrEnum):
    """What an entry of the calendar is."""

    WINDOW = "window"
    PENDING = "pending"
    """From then on it is applied, in the next window."""
    FORCED = "forced"
    """It is applied then, whatever the window."""
    DUE = "due"
    """AWS asks to have it applied by then."""
    EVENT = "event"
    """AWS has scheduled it."""
    RETIREMENT = "retirement"
    """AWS replaces the tasks that are running."""
    SUPPORT_ENDS = "support-ends"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the calendar, in UTC. `end` is None for a date that has none."""

    kind: EntryKind
    start: datetime
    end: datetime | None = None
    of: str
    """The kind of resource, as its service calls it."""
    name: str
    resource: str
    account_id: str | None
    region: str | None
    what: str


Said = tuple[EntryKind, Any, str]
"""A date, as a row has it (a moment, its text, or None: none is set), and what is then."""


@dataclass(frozen=True, slots=True)
class _Dated:
    table: str
    columns: tuple[str, ...]
    needs: tuple[str, ...]
    """The columns without which it is not known whether there is a date."""
    of: Callable[[Row], str]
    name: Callable[[Row], str]
    says: Callable[[Row], Iterable[Said]]


_OF_RDS: Final = {"docdb": "DocumentDB", "neptune": "Neptune"}


def _pending(row: Row) -> Iterator[Said]:
    for action in row.records("pending_maintenance_actions"):
        what = f"{action.get('Action', 'maintenance')}: {action.get('Description', '')}".rstrip(": ")
        dates = [
            (kind, action.get(member))
            for kind, member in (
                (EntryKind.FORCED, "ForcedApplyDate"),
                (EntryKind.PENDING, "CurrentApplyDate"),
                (EntryKind.PENDING, "AutoAppliedAfterDate"),
            )
            if action.get(member)
        ]
        told: set[tuple[EntryKind, Any]] = set()
        for kind, date in dates or [(EntryKind.PENDING, None)]:
            if (kind, date) not in told:
                told.add((kind, date))
                yield kind, date, what


def _software(row: Row) -> Iterator[Said]:
    if row["service_software_update_available"] and row["automated_update_date"] is not None:
        yield EntryKind.PENDING, row["automated_update_date"], "service software update"


def _service_update(row: Row) -> Iterator[Said]:
    severity = row["service_update_severity"] or "unrated"
    what = f"{row['service_update_name']} ({severity} {row['service_update_type'] or 'update'})"
    yield EntryKind.DUE, row["service_update_recommended_apply_by_date"], what


def _scheduled(row: Row) -> Iterator[Said]:
    if not row["is_over"]:
        yield EntryKind.EVENT, row["not_before"], row["code"]


def _health(row: Row) -> Iterator[Said]:
    code = row["event_type_code"] or ""
    if row["event_type_category"] == "scheduledChange":
        kind = EntryKind.RETIREMENT if row["service"] == "ECS" and "RETIREMENT" in code else EntryKind.EVENT
        yield kind, row["start_time"], ""


_DATED: Final = (
    *(
        _Dated(
            f"aws_rds_db_{what}",
            (f"db_{what}_identifier", "engine", "pending_maintenance_actions"),
            ("pending_maintenance_actions",),
            lambda row, what=what: f"{_OF_RDS.get(row['engine'], 'RDS')} DB {what}",  # type: ignore[misc]
            lambda row, what=what: row[f"db_{what}_identifier"],  # type: ignore[misc]
            _pending,
        )
        for what in ("instance", "cluster")
    ),
    _Dated(
        "aws_opensearch_domain",
        ("domain_name", "service_software_update_available", "automated_update_date"),
        ("service_software_update_available",),
        lambda _: "OpenSearch domain",
        lambda row: row["domain_name"],
        _software,
    ),
    _Dated(
        "aws_elasticache_update_action",
        (
            *("service_update_name", "replication_group_id", "cache_cluster_id", "service_update_type"),
            *("service_update_severity", "service_update_recommended_apply_by_date"),
        ),
        ("service_update_name",),
        lambda row: "ElastiCache replication group" if row["replication_group_id"] else "ElastiCache cluster",
        lambda row: row["replication_group_id"] or row["cache_cluster_id"],
        _service_update,
    ),
    _Dated(
        "aws_ec2_scheduled_event",
        ("instance_id", "code", "description", "not_before", "is_over"),
        ("code", "is_over"),
        lambda _: "EC2 instance",
        lambda row: row["instance_id"],
        _scheduled,
    ),
    _Dated(
        "aws_health_event",
        ("service", "event_type_code", "event_type_category", "start_time"),
        ("event_type_category", "event_type_code"),
        lambda row: f"AWS Health event of {row['service'] or 'a service'}",
        lambda row: row["event_type_code"],
        _health,
    ),
)


def _columns() -> dict[str, tuple[str, ...]]:
    return {dated.table: dated.columns for dated in _DATED}


COLUMNS: Final[Mapping[str, tuple[str, ...]]] = _columns()
"""What is read to know the dates."""


def dates_of(rows: Mapping[str, list[Row]]) -> tuple[list[Entry], list[Note], list[Note]]:
    """All dates by the rows that tell them, what waits without a date, and what is not known."""
    entries: list[Entry] = []
    undated: list[Note] = []
    unknown: list[Note] = []
    for dated in _DATED:
        for row in rows[dated.table]:
            if row["file"] is not None:  # nothing waits for what is only declared
                continue
            name = dated.name(row) or row.resource
            if why := row.why(*dated.needs):
                unknown.append(note_of(dated.of(row), row, name, why))
                continue
            for kind, date, what in dated.says(row):
                if date is None:
                    undated.append(
                        note_of(dated.of(row), row, name, f"{what}: no date is set" if what else "no date is set")
                    )
                    continue
                try:
                    start = utc(date) if isinstance(date, datetime) else moment_of(str(date))
                except (ScheduleError, ValueError) as error:
                    unknown.append(note_of(dated.of(row), row, name, f"{what}: {error}"))
                    continue
                entries.append(
                    Entry(
                        kind=kind,
                        start=start,
                        of=dated.of(row),
                        name=name,
                        resource=row.resource,
                        account_id=row["account_id"],
                        region=row["region"],
                        what=what,
                    )
                )
    return entries, undated, unknown
