"""The calendar of patching: for people on a terminal, as JSON, and as rows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import msgspec

from demarcate.base.moments import local
from demarcate.patching.calendar import Calendar
from demarcate.patching.collisions import Collision
from demarcate.patching.dates import Entry, EntryKind
from demarcate.patching.schedules import zone_of
from demarcate.patching.windows import MaintenanceWindow, Note
from demarcate.report.console import Console, Text
from demarcate.report.out import Out
from demarcate.report.safe import counted, json_text, one_line

KINDS: Final = {
    EntryKind.WINDOW: "window",
    EntryKind.PENDING: "applied",
    EntryKind.FORCED: "forced",
    EntryKind.DUE: "due",
    EntryKind.EVENT: "event",
    EntryKind.RETIREMENT: "retirement",
    EntryKind.SUPPORT_ENDS: "support ends",
}
"""What people call the kinds of entries."""

SHOWN: Final = 10
"""How many resources are named for one reason, unless all are asked for."""

NOTES: Final = {
    "too_short": "Too short for what they hold",
    "uncovered": "Without a window",
    "undated": "Waiting without a date",
    "unknown": "Not known",
}
"""The titles of what is said beside the entries."""


def write(calendar: Calendar, console: Console, *, full: bool = False) -> None:
    """The calendar, day by day, and what is wrong with it."""
    zone = zone_of(calendar.zone)
    console.print_line(title(calendar), bold=True)
    console.print_line(headline(calendar))
    for day, entries in days(calendar):
        console.print()
        console.print_line(f"{day:%a %d %b %Y}", bold=True)
        console.print_lines(
            Text("\n".join(line for entry in entries for line in _lines(entry, zone, console.width)))
        )
    _section("At once", [collision_line(collision, zone) for collision in calendar.collisions], console)
    _section(
        "Past already",
        [f"{entry.start.date()} {KINDS[entry.kind]} {told(entry)}" for entry in calendar.past],
        console,
    )
    for name, heading in NOTES.items():
        _section(heading, grouped(getattr(calendar, name), full=full), console)
    _section("Clocks change", list(clock_changes(calendar)), console)


def _lines(entry: Entry, zone: tzinfo, width: int) -> list[str]:
    """The lines of an entry: when, of which kind, and behind these what it is."""
    lead = f"  {when(entry, zone):<13} {KINDS[entry.kind]:<12} "
    return textwrap.wrap(
        one_line(told(entry)),
        max(width, 2 * len(lead)),
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_on_hyphens=False,
    ) or [lead.rstrip()]


def _section(heading: str, lines: Sequence[str], console: Console) -> None:
    if lines:
        console.print()
        console.print_line(heading, bold=True)
        for line in lines:
            console.print_line(line, indent=2)


def title(calendar: Calendar) -> str:
    """What the calendar is of."""
    zone = zone_of(calendar.zone)
    since, until = (local(moment, zone) for moment in (calendar.since, calendar.until))
    last = until - timedelta(microseconds=1)
    return f"Patching from {since:%Y-%m-%d} to {last:%Y-%m-%d}, by the clocks of {calendar.zone}"


def headline(calendar: Calendar) -> str:
    """How much there is in it."""
    dates = sum(entry.kind is not EntryKind.WINDOW for entry in calendar.entries)
    parts = [
        counted(len(calendar.windows), "window"),
        counted(len(calendar.entries) - dates, "time"),
        counted(dates, "date"),
        counted(len(calendar.collisions), "collision"),
        f"{len(calendar.uncovered):,} without a window",
        f"{len(calendar.unknown):,} not known",
    ]
    return ", ".join(parts)


def days(calendar: Calendar) -> Iterator[tuple[datetime, list[Entry]]]:
    """The entries of each day by the clocks of the calendar's zone. What began before it is on the first one."""
    zone = zone_of(calendar.zone)
    by_day: dict[datetime, list[Entry]] = {}
    for entry in calendar.entries:
        begins = local(max(entry.start, calendar.since), zone)
        by_day.setdefault(begins.replace(hour=0, minute=0, second=0, microsecond=0, fold=0), []).append(entry)
    yield from by_day.items()


def when(entry: Entry, zone: tzinfo) -> str:
    """From when to when, by the clocks of a zone; how many days later it ends, where that is another day."""
    if entry.kind is EntryKind.SUPPORT_ENDS:
        return ""
    start = local(entry.start, zone)
    if entry.end is None:
        return f"{start:%H:%M}"
    end = local(entry.end, zone)
    later = (end.date() - start.date()).days
    return f"{start:%H:%M}-{end:%H:%M}{f'+{later}' if later else ''}"


def told(entry: Entry) -> str:
    """What it is, of which resource, and where."""
    place = ", ".join(part for part in (entry.account_id, entry.region) if part)
    return f"{entry.of} {entry.name}{f' ({place})' if place else ''}{f': {entry.what}' if entry.what else ''}"


def collision_line(collision: Collision, zone: tzinfo) -> str:
    """A collision in one line."""
    first, until = (local(moment, zone) for moment in (collision.first, collision.until))
    whom = ", ".join(collision.resources[:SHOWN])
    more = collision.number - len(collision.resources[:SHOWN])
    of = f"{collision.group}: " if collision.group else ""
    return (
        f"{of}{whom}{f' and {more:,} more' if more > 0 else ''}: {' and '.join(collision.windows)}, "
        f"{counted(collision.times, 'time')}, first {first:%Y-%m-%d %H:%M}-{until:%H:%M}"
    )


def grouped(notes: Iterable[Note], *, full: bool = False) -> list[str]:
    """A line for each reason, with the resources that it is said of."""
    by_reason: dict[tuple[str, str], list[Note]] = {}
    for note in notes:
        by_reason.setdefault((note.kind, note.reason), []).append(note)
    lines = []
    for (kind, reason), alike in by_reason.items():
        shown = alike if full else alike[:SHOWN]
        named = ", ".join(note.name for note in shown)
        more = f" and {len(alike) - len(shown):,} more" if len(shown) < len(alike) else ""
        lines.append(f"{kind} {named}{more}: {reason}")
    return lines


def clock_changes(calendar: Calendar) -> Iterator[str]:
    """When clocks are changed, by zone: windows of other zones are then at another time of the day."""
    for change in calendar.clock_changes:
        day = local(change.at, zone_of(change.zone))
        yield f"{change.zone} on {day:%Y-%m-%d}: from UTC{change.before} to UTC{change.after}"


def write_json(calendar: Calendar, out: Out) -> None:
    """The calendar as one JSON document. All moments are in UTC."""
    out.write(json_text(msgspec.to_builtins(calendar)) + "\n")


COLUMNS: Final = ("kind", "start", "end", "of", "name", "resource", "account_id", "region", "what")


def rows(calendar: Calendar) -> tuple[list[str], list[list[Any]]]:
    """The entries as columns and rows. All moments are in UTC."""
    return list(COLUMNS), [
        [value.isoformat() if isinstance(value := getattr(entry, name), datetime) else value for name in COLUMNS]
        for entry in calendar.entries
    ]


def schedule(window: MaintenanceWindow) -> str:
    """When a window is, as its service spells it, and how long it lasts."""
    lasts = "" if window.duration is None else f", {window.duration:g} h"
    return f"{window.schedule} ({window.zone}){lasts}"
