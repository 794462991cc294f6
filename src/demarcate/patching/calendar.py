"""One calendar of an estate: all windows and dates of a span of time, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.moments import local
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.patching import dates, ends, node_windows, windows
from demarcate.patching.collisions import Collision, collisions, too_short
from demarcate.patching.dates import Entry, EntryKind
from demarcate.patching.node_windows import EVENT_WINDOW
from demarcate.patching.reading import lost, read
from demarcate.patching.schedules import YEARS, Schedule, ScheduleError, Span, Window, moment_of, zone_of
from demarcate.patching.targets import groups_of
from demarcate.patching.windows import MaintenanceWindow, Note, Planned

MOST: Final = 1_000
"""How many times of one window are shown."""

LONGEST: Final = timedelta(days=10 * 366)
"""How long a calendar may be."""

LATEST: Final = datetime(YEARS[-1], 12, 1, tzinfo=UTC)
"""The last moment for which a month is shown."""

OWN: Final = "schedule of your own"

MINUTES: Final = 30
"""How many minutes the patching of one node is taken to last, where nothing else is said."""


class ClockChange(msgspec.Struct, frozen=True, kw_only=True):
    """The day on which the clocks of a zone are put forward or back: from `before` to `after`, as of UTC."""

    zone: str
    at: datetime
    before: str
    after: str


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar, with its entries in order. All moments are in UTC; `zone` is that of who reads it.

    `past` are dates before `since` of what still waits. `moment` is that of the snapshot.
    """

    moment: datetime
    since: datetime
    until: datetime
    zone: str
    entries: tuple[Entry, ...]
    windows: tuple[MaintenanceWindow, ...]
    past: tuple[Entry, ...]
    undated: tuple[Note, ...]
    collisions: tuple[Collision, ...]
    too_short: tuple[Note, ...]
    uncovered: tuple[Note, ...]
    unknown: tuple[Note, ...]
    clock_changes: tuple[ClockChange, ...]


def selection() -> dict[str, frozenset[str]]:
    """The tables and columns that a calendar is made of."""
    return {name: frozenset(columns) for name, columns in _wanted(ends.columns()).items()}


def _wanted(*more: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    wanted: dict[str, tuple[str, ...]] = {}
    for columns in (windows.COLUMNS, node_windows.COLUMNS, dates.COLUMNS, *more):
        for name, of in columns.items():
            wanted[name] = tuple(dict.fromkeys((*wanted.get(name, ()), *of)))
    return wanted


def make_calendar(
    snapshot: Snapshot,
    since: datetime,
    until: datetime,
    *,
    zone: str = "UTC",
    tag: str | None = None,
    minutes: int = MINUTES,
    also: Mapping[str, Schedule] | None = None,
) -> Calendar:
    """The calendar of a snapshot between two moments.

    What has one value of `tag` is a group. One node takes so many `minutes`. `also` are schedules of one's own, by
    name. Raises DemarcateError for a span that is none, and for what cannot be read.
    """
    check_span(since, until)
    rows = read(snapshot, _wanted())
    own = windows.own_windows(rows)
    groups = groups_of(snapshot, rows)
    of_nodes = node_windows.node_windows(rows, groups, lost(snapshot, node_windows.COVERING))
    dated, undated, unknown_dates = dates.dates_of(rows)
    planned = [*own.planned, *of_nodes.planned, *_also(also or {})]
    unknown = [*own.unknown, *of_nodes.unknown, *unknown_dates]
    entries: list[Entry] = []
    spans: dict[str, list[Span]] = {}
    for window in planned:
        times = sorted(
            (span for part in window.times for span in islice(part.spans(since, until), MOST + 1)),
            key=lambda span: span.start,
        )
        if len(times) > MOST:
            unknown.append(_of(window.about, f"it is more than {MOST:,} times: the first ones are shown"))
        if note := _otherwise(window, snapshot.moment):
            unknown.append(note)
        spans[window.about.id] = times[:MOST]
        entries += [_entry(window.about, span) for span in times[:MOST]]
    dated += ends.ends_of(snapshot)
    past = [entry for entry in dated if entry.start < since]
    entries += [entry for entry in dated if since <= entry.start < until]
    about = [window.about for window in planned]
    working = [window for window in about if window.kind != EVENT_WINDOW]
    return Calendar(
        moment=snapshot.moment,
        since=since,
        until=until,
        zone=zone,
        entries=tuple(sorted(entries, key=_order)),
        windows=tuple(sorted(about, key=lambda window: (window.kind, window.name, window.id))),
        past=tuple(sorted(past, key=_order)),
        undated=tuple(undated),
        collisions=tuple(collisions(working, spans, tag)),
        too_short=(*too_short(working, minutes), *node_windows.ran_over(rows)),
        uncovered=(*own.uncovered, *of_nodes.uncovered),
        unknown=tuple(unknown),
        clock_changes=tuple(_clock_changes({zone, *(window.zone for window in about)}, since, until)),
    )


def check_span(since: datetime, until: datetime) -> None:
    """Raise DemarcateError for a span that is none, or too long."""
    if not since < until:
        raise DemarcateError("a calendar ends after it begins: give --until a later moment than --from")
    if until - since > LONGEST or since.year not in YEARS or until.year not in YEARS:
        raise DemarcateError(f"a calendar is of up to ten years, between {YEARS[0]} and {YEARS[-1]}")


def _clock_changes(zones: Iterable[str], since: datetime, until: datetime) -> Iterator[ClockChange]:
    """The days of a span on which clocks of some zones are changed, by zone."""
    for name in sorted(zones):
        zone = zone_of(name)
        moment = since
        while moment < until:
            later = min(moment + timedelta(days=1), until)
            before, after = (local(at, zone).strftime("%z") for at in (moment, later))
            if before != after:
                yield ClockChange(zone=name, at=_change(zone, moment, later), before=before, after=after)
            moment = later


def _change(zone: tzinfo, moment: datetime, later: datetime) -> datetime:
    """The moment between two at which the clocks of a zone are changed, to the minute."""
    before = local(moment, zone).utcoffset()
    while later - moment > timedelta(minutes=1):
        middle = moment + (later - moment) / 2
        moment, later = (middle, later) if local(middle, zone).utcoffset() == before else (moment, middle)
    return later.replace(second=0, microsecond=0)


def _also(schedules: Mapping[str, Schedule]) -> list[Planned]:
    return [
        Planned(
            MaintenanceWindow(
                id=f"own:{name}",
                kind=OWN,
                name=name,
                account_id=None,
                region=None,
                schedule="",
                installs=False,
            ),
            (Window(schedule, timedelta(minutes=1)),),
        )
        for name, schedule in schedules.items()
    ]


def _otherwise(window: Planned, now: datetime) -> Note | None:
    """What is to be said where AWS has another next time than its schedule gives here."""
    told = window.about.next_told
    if not told:
        return None
    try:
        next_told = moment_of(told)
    except ScheduleError as error:
        return _of(window.about, f"when it is next: {error}")
    if now.year not in YEARS:
        return None
    begins = (span.start for part in window.times for span in part.spans(now, now + LONGEST) if span.start >= now)
    ours = next(begins, None)
    if next_told < now or (ours is not None and abs(ours - next_told) < timedelta(minutes=1)):
        return None
    first = "never again" if ours is None else f"at {ours.isoformat(timespec='minutes')}"
    return _of(
        window.about,
        f"AWS says that it is next at {next_told.isoformat(timespec='minutes')}; by its schedule it is {first}",
    )


def _of(window: MaintenanceWindow, reason: str) -> Note:
    return Note(
        kind=window.kind,
        resource=window.id,
        name=window.name,
        account_id=window.account_id,
        region=window.region,
        reason=reason,
    )


def _entry(window: MaintenanceWindow, span: Span) -> Entry:
    count = len(window.members)
    return Entry(
        kind=EntryKind.WINDOW,
        start=span.start,
        end=span.end if window.duration is not None else None,
        of=window.kind,
        name=window.name,
        resource=window.id,
        account_id=window.account_id,
        region=window.region,
        what="" if count == 1 and window.members[0].resource == window.id else _nodes(window, count),
    )


def _nodes(window: MaintenanceWindow, count: int) -> str:
    if window.kind == OWN:
        return window.schedule
    return f"{count} node" if count == 1 else f"{count:,} nodes"


def _order(entry: Entry) -> tuple[datetime, str, str, str, str, str]:
    return (entry.start, entry.kind, entry.account_id or "", entry.region or "", entry.name, entry.resource)
