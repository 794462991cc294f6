"""The calendar as one self-contained page: months at a glance, each day, all windows, and what is wrong with them."""

from __future__ import annotations

import calendar as months
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from demarcate.base.moments import local
from demarcate.patching.calendar import Calendar
from demarcate.patching.dates import Entry, EntryKind
from demarcate.patching.schedules import zone_of
from demarcate.report.html.page import page
from demarcate.report.out import Out
from demarcate.report.patching import calendar as words
from demarcate.version import __version__

_ROLES: Final = {
    EntryKind.WINDOW: "is-customer",
    EntryKind.FORCED: "is-gap",
    EntryKind.RETIREMENT: "is-gap",
}
_WEEKDAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def write(calendar: Calendar, out: Out) -> None:
    """Write the page."""
    by_day = {day.date(): entries for day, entries in words.days(calendar)}
    zone = zone_of(calendar.zone)
    out.write(
        page(
            "demarcate.report",
            "patching/calendar.html.j2",
            styles=["html/look.css", "patching/calendar.css"],
            head=["html/theme.js"],
            context={
                "version": __version__,
                "title": words.title(calendar),
                "headline": words.headline(calendar),
                "moment": f"{calendar.moment:%Y-%m-%d %H:%M} UTC",
                "wrong": list(_wrong(calendar)),
                "weekdays": _WEEKDAYS,
                "months": list(_months(calendar, by_day)),
                "days": [
                    {
                        "id": f"day-{day}",
                        "name": f"{day:%A %d %B %Y}",
                        "entries": [
                            {
                                "when": words.when(entry, zone),
                                "kind": words.KINDS[entry.kind],
                                "role": _ROLES.get(entry.kind, "is-unproven"),
                                "told": words.told(entry),
                            }
                            for entry in entries
                        ],
                    }
                    for day, entries in by_day.items()
                ],
                "windows": [
                    {
                        "name": window.name,
                        "kind": window.kind,
                        "schedule": words.schedule(window),
                        "members": f"{len(window.members):,}",
                    }
                    for window in calendar.windows
                ],
            },
        )
    )


def _wrong(calendar: Calendar) -> Iterator[dict[str, Any]]:
    zone = zone_of(calendar.zone)
    past = [f"{entry.start.date()} {words.KINDS[entry.kind]} {words.told(entry)}" for entry in calendar.past]
    sections = [
        ("is-gap", "At once", [words.collision_line(collision, zone) for collision in calendar.collisions]),
        ("is-gap", "Past already", past),
        *(
            ("is-unproven", heading, words.grouped(getattr(calendar, name)))
            for name, heading in words.NOTES.items()
        ),
        ("is-muted", "Clocks change", list(words.clock_changes(calendar))),
    ]
    for role, title, lines in sections:
        if lines:
            yield {"role": role, "title": title, "lines": lines}


def _months(calendar: Calendar, by_day: dict[date, list[Entry]]) -> Iterator[dict[str, Any]]:
    """Each month of the span, with a cell for each of its days, and empty ones before the first."""
    zone = zone_of(calendar.zone)
    collided = {local(collision.first, zone).date() for collision in calendar.collisions}
    first = local(calendar.since, zone).date().replace(day=1)
    last = local(calendar.until - timedelta(microseconds=1), zone).date()
    while first <= last:
        blank, count = months.monthrange(first.year, first.month)
        cells: list[dict[str, Any]] = [{"day": "", "href": ""}] * blank
        for number in range(1, count + 1):
            day = first.replace(day=number)
            entries = by_day.get(day, [])
            kinds = {entry.kind for entry in entries}
            role = (
                "is-gap"
                if kinds & {EntryKind.FORCED, EntryKind.RETIREMENT} or day in collided
                else "is-unproven"
                if kinds - {EntryKind.WINDOW}
                else "is-customer"
            )
            cells.append(
                {
                    "day": number,
                    "href": f"day-{day}" if entries else "",
                    "role": role,
                    "label": f"{day:%d %B}: {len(entries)} entries"
                    if len(entries) != 1
                    else f"{day:%d %B}: 1 entry",
                }
            )
        yield {"name": f"{first:%B %Y}", "cells": cells}
        first = (first + timedelta(days=31)).replace(day=1)
