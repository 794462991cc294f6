"""Windows: when each service works on a resource, as the rows tell it, and what has no window at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from demarcate.patching.reading import Row
from demarcate.patching.schedules import ScheduleError, Window, daily, weekly, weekly_start, zone_of


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that a window is for. `group` is what it is one of several of: a DB cluster, an Auto Scaling group."""

    resource: str
    name: str
    group: str = ""
    tags: dict[str, str] = {}


class MaintenanceWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A window as its service has it. `duration` is in hours, and None for what only begins."""

    id: str
    kind: str
    name: str
    account_id: str | None
    region: str | None
    schedule: str
    zone: str = "UTC"
    duration: float | None = None
    cutoff: float = 0
    """Hours before its end from which nothing is begun."""
    installs: bool = True
    """Whether patches are installed in it, as far as it is known."""
    at_once: str = ""
    """How many of its members are worked on at once: a number, or a percentage."""
    next_told: str = ""
    """When AWS says that it is next."""
    members: tuple[Member, ...] = ()


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is said of a resource or window, in its account and region."""

    kind: str
    resource: str
    name: str
    account_id: str | None
    region: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A window and its times."""

    about: MaintenanceWindow
    times: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Windows:
    """All windows, resources without any, and what could not be told."""

    planned: tuple[Planned, ...]
    uncovered: tuple[Note, ...]
    unknown: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class _Own:
    """Resources of one table that each have a window of their own.

    `window` reads it from a row, and gives why there is none where it is known that there is none.
    """

    table: str
    columns: tuple[str, ...]
    name: str
    kind: Callable[[Row], str]
    spelled: tuple[str, ...]
    """The columns that tell the window."""
    window: Callable[[Row], Window | str]
    group: Callable[[Row], str] = lambda _: ""
    of: Callable[[Row], bool] = lambda _: True
    zone: Callable[[Row], str] = lambda _: "UTC"


_OF_RDS: Final = {"docdb": "DocumentDB", "neptune": "Neptune"}


def _rds(what: str) -> Callable[[Row], str]:
    return lambda row: f"{_OF_RDS.get(row['engine'], 'RDS')} {what}"


def _weekly(row: Row) -> Window | str:
    text = row["preferred_maintenance_window"]
    return "AWS picks its window, which is not told yet" if text == "" else weekly(text)


def _beanstalk(row: Row) -> Window | str:
    if row["managed_actions_enabled"] is False:
        return "its managed updates are off: no platform update is installed by itself"
    if row["preferred_start_time"] == "":
        return "its managed updates are on, and no time is chosen for them"
    return weekly_start(row["preferred_start_time"], 2)


def _opensearch(row: Row) -> Window | str:
    if row["off_peak_window_enabled"] is False:
        return "its off-peak window is off: updates are made at any time"
    hour, _, minute = row["off_peak_window_start"].partition(":")
    return daily(int(hour), int(minute), 10)


def _mq(row: Row) -> Window:
    start = f"{row['maintenance_window_day_of_week']}:{row['maintenance_window_time_of_day']}"
    return weekly_start(start, 2, zone_of(row["maintenance_window_time_zone"] or ""))


def _constant(text: str) -> Callable[[Row], str]:
    return lambda _: text


_OWN: Final = (
    _Own(
        "aws_rds_db_instance",
        ("db_instance_identifier", "engine", "db_cluster_identifier", "preferred_maintenance_window"),
        "db_instance_identifier",
        _rds("DB instance"),
        ("preferred_maintenance_window",),
        _weekly,
        group=lambda row: f"DB cluster {row['db_cluster_identifier']}" if row["db_cluster_identifier"] else "",
    ),
    _Own(
        "aws_rds_db_cluster",
        ("db_cluster_identifier", "engine", "preferred_maintenance_window"),
        "db_cluster_identifier",
        _rds("DB cluster"),
        ("preferred_maintenance_window",),
        _weekly,
    ),
    _Own(
        "aws_elasticache_cluster",
        ("cache_cluster_id", "replication_group_id", "preferred_maintenance_window"),
        "cache_cluster_id",
        _constant("ElastiCache cluster"),
        ("preferred_maintenance_window",),
        _weekly,
        of=lambda row: row["replication_group_id"] == "",  # a group's members have the window of the group
    ),
    _Own(
        "aws_elasticache_replication_group",
        ("replication_group_id", "preferred_maintenance_window"),
        "replication_group_id",
        _constant("ElastiCache replication group"),
        ("preferred_maintenance_window",),
        _weekly,
    ),
    _Own(
        "aws_redshift_cluster",
        ("cluster_identifier", "preferred_maintenance_window"),
        "cluster_identifier",
        _constant("Redshift cluster"),
        ("preferred_maintenance_window",),
        _weekly,
    ),
    _Own(
        "aws_dms_replication_instance",
        ("replication_instance_identifier", "preferred_maintenance_window"),
        "replication_instance_identifier",
        _constant("DMS replication instance"),
        ("preferred_maintenance_window",),
        _weekly,
    ),
    _Own(
        "aws_memorydb_cluster",
        ("name", "maintenance_window"),
        "name",
        _constant("MemoryDB cluster"),
        ("maintenance_window",),
        lambda row: weekly(row["maintenance_window"]),
    ),
    _Own(
        "aws_opensearch_domain",
        ("domain_name", "off_peak_window_enabled", "off_peak_window_start"),
        "domain_name",
        _constant("OpenSearch domain"),
        ("off_peak_window_start",),
        _opensearch,
    ),
    _Own(
        "aws_elastic_beanstalk_environment",
        ("environment_name", "managed_actions_enabled", "preferred_start_time"),
        "environment_name",
        _constant("Elastic Beanstalk environment"),
        ("managed_actions_enabled", "preferred_start_time"),
        _beanstalk,
    ),
    _Own(
        "aws_mq_broker",
        (
            "broker_name",
            "maintenance_window_day_of_week",
            "maintenance_window_time_of_day",
            "maintenance_window_time_zone",
        ),
        "broker_name",
        _constant("Amazon MQ broker"),
        ("maintenance_window_day_of_week", "maintenance_window_time_of_day"),
        _mq,
        zone=lambda row: row["maintenance_window_time_zone"] or "UTC",
    ),
)

COLUMNS: Final = {own.table: (*own.columns, "tags") for own in _OWN}
"""What is read to know the windows of these."""


def own_windows(rows: Mapping[str, list[Row]]) -> Windows:
    """The windows of databases, caches, domains, environments and brokers by their rows: `COLUMNS` of each table."""
    planned: list[Planned] = []
    uncovered: list[Note] = []
    unknown: list[Note] = []
    for own in _OWN:
        for row in filter(own.of, rows[own.table]):
            name = row[own.name] or row.resource
            window: Window | str | None = None
            why = row.why(*own.spelled)
            try:
                window = own.window(row)
            except ScheduleError as error:
                why = why or str(error)
            except (TypeError, AttributeError, ValueError):  # of a column that is not known
                why = why or "it is not told"
            if isinstance(window, Window):
                planned.append(_planned(own, row, name, window))
            else:
                note = note_of(own.kind(row), row, name, window or why)
                (unknown if window is None else uncovered).append(note)
    return Windows(tuple(planned), tuple(uncovered), tuple(unknown))


def _planned(own: _Own, row: Row, name: str, window: Window) -> Planned:
    about = MaintenanceWindow(
        id=row.resource,
        kind=own.kind(row),
        name=name,
        account_id=row["account_id"],
        region=row["region"],
        schedule=" ".join(str(row[column]) for column in own.spelled if isinstance(row[column], str)),
        zone=own.zone(row),
        duration=window.duration / timedelta(hours=1),
        members=(Member(resource=row.resource, name=name, group=own.group(row), tags=row.tags),),
    )
    return Planned(about, (window,))


def note_of(kind: str, row: Row, name: str, reason: str) -> Note:
    """What is said of the resource of a row."""
    return Note(
        kind=kind,
        resource=row.resource,
        name=name,
        account_id=row["account_id"],
        region=row["region"],
        reason=reason,
    )
