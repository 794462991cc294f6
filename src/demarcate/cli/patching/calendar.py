"""patch calendar, patch next: when things are patched, and what comes first."""

from __future__ import annotations

from collections.abc import Container
from contextlib import nullcontext
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data, saving, say

if TYPE_CHECKING:
    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.patching.calendar import Calendar
    from demarcate.patching.schedules import Schedule


class CalendarFormat(StrEnum):
    """How a calendar is written."""

    TEXT = "text"
    HTML = "html"
    ICALENDAR = "icalendar"
    JSON = "json"
    CSV = "csv"


def verbs(group: typer.Typer) -> None:
    """Register the verbs."""
    group.command()(calendar)
    group.command("next")(next_)


def calendar(
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="The first day, or a moment. Default: when it was read."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="The last day, or a moment. Default: 30 days.")
    ] = None,
    zone: Annotated[
        str, typer.Option("--zone", metavar="ZONE", help="The time zone to tell it in, such as Europe/Berlin.")
    ] = "UTC",
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", metavar="TAG", help="What has one value of this tag must not be down at once."),
    ] = None,
    node_minutes: Annotated[
        int, typer.Option("--node-minutes", min=1, max=1440, help="How long patching one node takes.")
    ] = 30,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="NAME=SCHEDULE",
            help='A schedule of your own, such as "lab=Patch Tuesday + 3 days at 22:00"; repeatable.',
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Name all resources.")] = False,
    format: Annotated[CalendarFormat, typer.Option("--format", help="How it is written.")] = CalendarFormat.TEXT,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write a file, in that format or as its name ends: .html, .ics, …"
        ),
    ] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    parameters: options.Parameters = None,
) -> None:
    """Show all maintenance windows and dates in one calendar, and what is in the way of each other.

    Exit codes: 0 done; 2 bad input; 3 done, but something could not be read.
    """
    from datetime import timedelta

    from demarcate.base.moments import local, utc
    from demarcate.estate.sources.collecting import collect_snapshot
    from demarcate.patching.calendar import LATEST, check_span, make_calendar, selection
    from demarcate.patching.schedules import zone_of
    from demarcate.report.progress import showing

    if out is not None and format is CalendarFormat.TEXT:
        format = options.format_of(out, _BY_SUFFIX)
    clocks = zone_of(zone)
    first = None if since is None else _moment("--from", since, zone)
    last = None if until is None else _moment("--until", until, zone, end=True)
    own = _schedules(also, zone)
    where = options.or_live(sources)
    options.check_not_kept(where)
    how = options.options_of(
        profile,
        region,
        endpoint_url,
        parameters,
        accounts=options.accounts_of(org, account, role_name, external_id),
    )
    wanted = selection()
    with showing() as progress:
        snapshot = collect_snapshot(where, how, selection=wanted, progress=progress)
    with snapshot:
        if first is None:
            first = local(snapshot.moment, clocks).replace(hour=0, minute=0, second=0, microsecond=0)
        begins = utc(first)
        ends = last or min(begins, LATEST) + timedelta(days=30)
        check_span(begins, ends)
        made = make_calendar(snapshot, begins, ends, zone=zone, tag=group_by, minutes=node_minutes, also=own)
        _tell(made, format, out, full=full)
        _say_unread(snapshot, wanted)


_BY_SUFFIX = {
    ".html": CalendarFormat.HTML,
    ".ics": CalendarFormat.ICALENDAR,
    ".json": CalendarFormat.JSON,
    ".csv": CalendarFormat.CSV,
}


def _tell(calendar: Calendar, format: CalendarFormat, out: Path | None, *, full: bool) -> None:
    from demarcate.report import rows
    from demarcate.report.patching import calendar as report
    from demarcate.report.patching import calendar_page as page
    from demarcate.report.patching import icalendar

    if format is CalendarFormat.TEXT:
        report.write(calendar, options.console(), full=full)
        return
    printed = data("utf-8" if format in (CalendarFormat.HTML, CalendarFormat.ICALENDAR) else None)
    with nullcontext(printed) if out is None else saving(out) as stream:
        if format is CalendarFormat.HTML:
            page.write(calendar, stream)
        elif format is CalendarFormat.ICALENDAR:
            icalendar.write(calendar, stream)
        elif format is CalendarFormat.JSON:
            report.write_json(calendar, stream)
        else:
            rows.write(*report.rows(calendar), "csv", stream)
    if out is not None:
        say(f"written: {out}")


def _moment(option: str, text: str, zone: str, *, end: bool = False) -> datetime:
    """The moment of a day (its end, for the last one) or of a time, by the clocks of a zone unless it names its own.

    Raises DemarcateError.
    """
    from datetime import timedelta

    from demarcate.base.errors import DemarcateError
    from demarcate.base.moments import utc
    from demarcate.patching.schedules import zone_of

    try:
        moment = datetime.fromisoformat(text)
        if end and len(text) <= len("2026-11-23"):
            moment += timedelta(days=1)
        return utc(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone_of(zone)))
    except (ValueError, OverflowError) as error:
        raise DemarcateError(f"{option} takes a date such as 2026-11-23, not {text!r}") from error


def _schedules(texts: list[str] | None, zone: str) -> dict[str, Schedule]:
    """Schedules of one's own, by name. Raises DemarcateError for what is none."""
    from demarcate.base.errors import DemarcateError
    from demarcate.patching.schedules import parse, zone_of

    schedules: dict[str, Schedule] = {}
    for text in texts or ():
        name, equals, schedule = text.partition("=")
        if not equals or not name:
            raise DemarcateError(f"--also takes NAME=SCHEDULE, not {text!r}")
        schedules[name] = parse(schedule, zone_of(zone))
    return schedules


def next_(
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)] = None,
    number: Annotated[int, typer.Option(min=1, help="How many are shown.")] = 20,
    data_tag: Annotated[
        list[str] | None,
        typer.Option(
            "--data-tag",
            metavar="KEY=VALUE",
            help="A tag of what holds data that matters; repeatable.",
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
) -> None:
    """Say what to patch first: what is exploited, then what is likely to be, then what is severe, and why.

    It goes by the feeds that are kept (demarcate feeds update), as far as they are not too old. Exit codes: 0 done;
    2 bad input; 3 done, but something could not be read.
    """
    from demarcate.estate.sources.collecting import collect_snapshot
    from demarcate.patching.feeds import known
    from demarcate.patching.priority import first_of, selection
    from demarcate.report import rows
    from demarcate.report.patching import priority as report
    from demarcate.report.progress import showing

    tags = _data_tags(data_tag)
    where = options.or_live(sources)
    options.check_not_kept(where)
    how = options.options_of(
        profile, region, endpoint_url, accounts=options.accounts_of(org, account, role_name, external_id)
    )
    wanted = selection()
    with showing() as progress:
        snapshot = collect_snapshot(where, how, selection=wanted, progress=progress)
    with snapshot:
        feeds = known(snapshot.moment)
        firsts = first_of(snapshot, feeds, tags)
        if format is Format.TEXT:
            report.write(firsts, number, feeds.said, options.console())
        else:
            rows.write(*report.rows(firsts[:number]), str(format), data())
            for line in feeds.said:
                say(line)
        _say_unread(snapshot, wanted)


def _data_tags(texts: list[str] | None) -> dict[str, frozenset[str]]:
    """The values of each key. Raises DemarcateError for what is no tag."""
    from demarcate.base.errors import DemarcateError

    tags: dict[str, frozenset[str]] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise DemarcateError(f"--data-tag takes KEY=VALUE, not {text!r}")
        tags[key] = tags.get(key, frozenset()) | {value}
    return tags


def _say_unread(snapshot: Snapshot, wanted: Container[str]) -> None:
    """Say what could not be read of these tables, and end with the exit code for that."""
    unread = [
        gap
        for gap in snapshot.unread
        if gap.file or any(name in wanted for name in (gap.table, *gap.tables) if name)
    ]
    options.say_unread(unread)
    if unread:
        raise typer.Exit(options.UNREAD)
