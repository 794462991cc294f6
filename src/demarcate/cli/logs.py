"""logs: bring logs into a store, ask it, follow what comes, prune it, and verify that what AWS delivered is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.helping import Listing
from demarcate.cli.options import Format
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demarcate.logs.store.entries import Days, Source
    from demarcate.logs.store.ingesting import Outcome

PLACES = "A folder or file of logs, or s3://BUCKET/PREFIX; repeatable."

Places = Annotated[list[str], typer.Argument(metavar="SOURCE", help=PLACES)]
Store = Annotated[Path, typer.Option("--store", metavar="DIR", help="The log store: a folder, made where it is not.")]
Since = Annotated[str | None, typer.Option("--since", metavar="DATE", help="Only what was delivered from this day on.")]
Until = Annotated[str | None, typer.Option("--until", metavar="DATE", help="Only what was delivered up to this day.")]
Written = Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Logs: a store of them, and whether they are whole.", no_args_is_help=True)
    for verb in (ingest, query):
        group.command()(verb)
    app.add_typer(group, name="logs", cls=Listing)


def ingest(
    sources: Places,
    store: Store,
    since: Since = None,
    until: Until = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
) -> None:
    """Bring what is new in folders and buckets of logs into a store, as Parquet by table, account and day.

    Duplicates are dropped, and a run that was stopped goes on where it was. Exit codes: 0 done; 2 bad input; 3 done,
    but something could not be read.
    """
    from demarcate.logs.store.ingesting import ingest as bring

    outcome = bring(_sources(sources, _days(since, until), profile, endpoint_url), store)
    _tell(outcome, format)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, in DuckDB's SQL.")],
    store: Annotated[Path, typer.Option("--store", metavar="DIR", help="The log store.")],
    format: Annotated[Format, typer.Option("--format", help="How rows are written.")] = Format.TEXT,
    max_rows: options.MaxRows = 1_000_000,
    max_seconds: options.MaxSeconds = 300.0,
    max_memory: options.MaxMemory = 2_000,
) -> None:
    """Run a SELECT over a log store: aws_cloudtrail_log and its other tables."""
    from demarcate.estate.snapshots.querying import QueryLimits, run
    from demarcate.logs.store.reading import tables_of
    from demarcate.report import rows

    limits = QueryLimits(seconds=max_seconds, memory=max_memory * 1_000_000, rows=max_rows)
    columns, answer = run(sql, None, limits, tables_of(store))
    rows.write(columns, answer, str(format), data())


def _sources(
    places: Sequence[str], days: Days, profile: str | None, endpoint_url: str | None
) -> list[Source]:
    """What the places are. Raises DemarcateError for one that is none."""
    from demarcate.logs.store.folders import Folder

    buckets = [place for place in places if place.startswith("s3://")]
    if not buckets:
        return [Folder(Path(place), days) for place in places]
    from demarcate.estate.sources.aws.session import make_session
    from demarcate.logs.store.buckets import Bucket

    session = make_session(profile)
    return [
        Bucket(place, session, endpoint_url, days) if place in buckets else Folder(Path(place), days)
        for place in places
    ]


def _days(since: str | None, until: str | None) -> Days:
    """A range of days. Raises DemarcateError for what is no date."""
    from datetime import date

    from demarcate.base.errors import DemarcateError
    from demarcate.logs.store.entries import Days

    def day(option: str, text: str | None) -> date | None:
        try:
            return None if text is None else date.fromisoformat(text)
        except ValueError as error:
            raise DemarcateError(f"{option} takes a date such as 2026-11-23, not {text!r}") from error

    return Days(day("--since", since), day("--until", until))


def _tell(outcome: Outcome, format: Format) -> None:
    """Write what came of an ingest, tell what could not be read, and end with the exit code that it has."""
    from demarcate.report import rows

    rows.write(*outcome.told(), str(format), data())
    options.say_unread(outcome.unread)
    if outcome.untold:
        say(f"{outcome.untold:,} more files could not be read")
    if outcome.unread:
        raise typer.Exit(options.UNREAD)
