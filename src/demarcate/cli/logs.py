"""logs: what is logged at all, a store of logs, and whether what AWS delivered is whole."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from demarcate.cli import options
from demarcate.cli.detections import Alone, Placeholders, RuleFolders, rules_of, say_problems, waiving
from demarcate.cli.helping import Listing
from demarcate.cli.options import Format
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.estate.sources.interface import Options
    from demarcate.logs.coverage.receiving import Receiving
    from demarcate.logs.detecting.structs import Detection
    from demarcate.logs.sigma.reading import Rules
    from demarcate.logs.store.entries import Days, Source
    from demarcate.logs.store.ingesting import Outcome

    Waiving = Callable[[tuple[Detection, ...]], tuple[tuple[Detection, ...], bool]]


class StreamFormat(StrEnum):
    """Detections as they come, for people, or for programs."""

    TEXT = "text"
    JSON = "json"


PLACES = "A folder or file of logs, or s3://BUCKET/PREFIX; repeatable."

Places = Annotated[list[str], typer.Argument(metavar="SOURCE", help=PLACES)]
Store = Annotated[
    Path, typer.Option("--store", metavar="DIR", help="The log store: a folder, made where it is not.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Only what was delivered from this day on.")
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DATE", help="Only what was delivered up to this day.")
]
Written = Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Logs: what is logged, a store of it, and whether it is whole.", no_args_is_help=True)
    for verb in (coverage, ingest, query, follow, verify, prune, theirs):
        group.command()(verb)
    app.add_typer(group, name="logs", cls=Listing)


def coverage(
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="ID", help="This kind alone: vpc-flow. Repeatable.")
    ] = None,
    ask_aws: Annotated[
        bool,
        typer.Option("--ask-aws", help="Ask AWS when logs last came (logs:DescribeLogStreams, s3:ListBucket)."),
    ] = False,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """Tell what is logged: each kind of log by account and region, on or off, and where it lies.

    Of each place: until when logs came, how long they are kept, what keeps them from being deleted, who may delete
    them, who may both write and read there, and whether it is in another account. What was not read is unknown.
    Exit codes: 0 done; 2 bad input; 3 something could not be read.
    """
    from demarcate.cli.collecting import collected
    from demarcate.logs.coverage.covering import covered
    from demarcate.logs.coverage.kinds import named, selection
    from demarcate.report import coverage as report

    chosen = named(kind or ())
    how = options.options_of(profile, region, endpoint_url, parameters)
    with collected(sources, selection(chosen), how) as snapshot:
        receiving = _receiving(how, snapshot) if ask_aws else None
        report.write(list(covered(snapshot, chosen, receiving)), format.value, data(), options.console())
        if snapshot.unread:
            options.say_unread(snapshot.unread)
            raise typer.Exit(options.UNREAD)


def _receiving(how: Options, snapshot: Snapshot) -> Receiving:
    from demarcate.changes.reach import Reach
    from demarcate.logs.coverage.receiving import READS, Receiving

    return Receiving(Reach(how, reads=READS), snapshot.moment)


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
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT, in DuckDB's SQL.")],
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


def follow(
    store: Store,
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=PLACES)] = None,
    queue: Annotated[
        str | None,
        typer.Option(
            "--queue", metavar="URL", help="An SQS queue that S3 tells of new objects; read by nobody else."
        ),
    ] = None,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=1, help="Seconds between two looks at the sources.")
    ] = 60.0,
    since: Since = None,
    detect: Annotated[
        bool, typer.Option("--detect", help="Run Sigma rules over what comes, as demarcate detect does.")
    ] = False,
    rules: RuleFolders = None,
    only: Alone = False,
    placeholders: Placeholders = None,
    waivers: options.WaiverPlaces = None,
    ledger: options.LedgerPlace = None,
    format: Annotated[
        StreamFormat, typer.Option("--format", help="Detections for people, or a line of JSON each.")
    ] = StreamFormat.TEXT,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
) -> None:
    """Bring in what is new, again and again, until Ctrl-C ends it. The store is whole wherever that is.

    New files are found by listing (SOURCE), or told by a queue (--queue), whose messages are deleted once what they
    name is part of the store. With --detect what was carried over is kept in the store, so that a run goes on where
    another ended; what depends on the order of events is told an hour late, since events may be. Waivers are read anew
    each time.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.logs.store import following

    places = _sources(sources or [], _days(since, None), profile, endpoint_url)
    if queue is not None:
        from demarcate.estate.sources.aws.session import make_session

        places.append(following.Queue(queue, make_session(profile), endpoint_url))
    if not detect and options.asked(rules=rules, only=only, placeholders=placeholders, waivers=waivers):
        raise DemarcateError("--rules, --only, --placeholders and --waivers are for --detect")
    if not places:
        raise DemarcateError("name what is to be followed: a folder, s3://BUCKET/PREFIX, or a queue (--queue URL)")
    # A queue waits by itself.
    wait = following.every(every if sources else 1.0)
    each: Callable[[Outcome], None] = _say
    if detect:
        loaded = rules_of(rules, only, placeholders)
        say_problems(loaded)
        waived = waiving(loaded, waivers, ledger)
        waived(())  # what is wrong with them is told before anything is followed
        each = _detecting(store, loaded, waived, format)
    following.follow(places, store, each, wait)


def _detecting(store: Path, loaded: Rules, waived: Waiving, format: StreamFormat) -> Callable[[Outcome], None]:
    """What tells of one look at sources, and of what rules find in what came."""
    from demarcate.logs.detecting.watching import KEPT, keep, kept, look
    from demarcate.report.detections import write_new

    state = kept(store / KEPT)

    def each(outcome: Outcome) -> None:
        _say(outcome)
        before = state.files
        looked = look(store, loaded.rules.values(), state)
        options.say_unread(looked.unread)
        told, _ = waived(looked.detections) if looked.detections else ((), False)
        write_new(told, format.value, data(), options.console())
        if state.files != before:  # once they are told: what is lost on the way is told again
            keep(store / KEPT, state)

    return each


def verify(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A copy of a trail's bucket, or s3://BUCKET/PREFIX.")
    ],
    keys: Annotated[
        list[Path] | None,
        typer.Option("--keys", metavar="FILE", help="What aws cloudtrail list-public-keys printed; repeatable."),
    ] = None,
    since: Since = None,
    until: Until = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
) -> None:
    """Verify that what CloudTrail delivered is whole: the chains of digests, and each log that they cover.

    A copy is verified offline, with keys that were kept: all but the newest digest of each chain, whose signature the
    bucket alone has. Exit codes: 0 all is valid; 1 something was altered, is missing, or no digest covers a time;
    2 bad input; 3 something is not known.
    """
    from demarcate.logs.integrity import telling
    from demarcate.report import rows

    verified, unread = telling.verified(source, keys or [], _days(since, until), profile, endpoint_url)
    rows.write(*telling.told(verified), str(format), data())
    options.say_unread(unread)
    if telling.is_broken(verified):
        raise typer.Exit(1)
    if unread or telling.is_unknown(verified):
        raise typer.Exit(options.UNREAD)


def prune(
    store: Annotated[Path, typer.Option("--store", metavar="DIR", help="The log store.")],
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            metavar="TABLE=DAYS",
            help="From now on keep a table of this store so long, forever, or as settings say (default); "
            "* is all others; repeatable.",
        ),
    ] = None,
    format: Written = Format.TEXT,
) -> None:
    """Delete rows that are older than their table is kept, by settings or by --keep. Nothing else ever deletes any."""
    from demarcate.base.errors import DemarcateError
    from demarcate.logs.store.pruning import FOREVER
    from demarcate.logs.store.pruning import prune as delete
    from demarcate.report import rows

    wanted: dict[str, int | None] = {}
    for text in keep or ():
        table, _, days = text.partition("=")
        if days not in _WORDS and not (days.isascii() and days.isdigit() and 0 < len(days.lstrip("0")) < 10):
            raise DemarcateError(f"--keep takes TABLE=DAYS, such as aws_cloudtrail_log=365, not {text!r}")
        wanted[table] = _WORDS[days] if days in _WORDS else int(days)
    usual = {
        name: FOREVER if days == "forever" else days for name, days in options.held().settings.keep_logs.items()
    }
    kept, deleted = delete(store, wanted, usual=usual)
    tables = sorted({*kept, *deleted})
    rows.write(
        ["table", "kept_days", "deleted_rows"],
        [(table, kept.get(table, kept.get("*")) or "forever", deleted[table]) for table in tables],
        str(format),
        data(),
    )


_WORDS: Final[Mapping[str, int | None]] = {"forever": 0, "default": None}
"""What may stand for days: `pruning.FOREVER`, or those of the settings."""


def theirs(
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)] = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
) -> None:
    """List the open events of AWS Health, and whose each is: AWS's to mend, or yours to act on.

    Exit codes: 0 done; 2 bad input; 3 something could not be read: AWS tells them only with a support plan that has
    the API.
    """
    from demarcate.cli.collecting import collected, say_missing
    from demarcate.estate.snapshots.telling import rows as rows_of
    from demarcate.logs.theirs import COLUMNS, TABLE, whose
    from demarcate.report import rows

    how = options.options_of(profile, region, endpoint_url)
    with collected(sources, {TABLE: frozenset(COLUMNS)}, how) as snapshot:
        events = rows_of(snapshot, TABLE, COLUMNS) if TABLE in snapshot.manifest.tables else ()
        told = [[*whose(event), *(event[column] for column in COLUMNS)] for event in events]
        rows.write(["whose", "why", *COLUMNS], told, str(format), data())
        if TABLE not in snapshot.asked:
            say(f"{TABLE} was not collected: only a live account tells the events of AWS Health")
            raise typer.Exit(options.UNREAD)
        say_missing(snapshot, {TABLE: COLUMNS})


def _say(outcome: Outcome) -> None:
    """Tell what came of one look at sources, where there was anything."""
    if outcome.files or outcome.unread:
        say(", ".join(f"{what} {count:,}" for what, count in outcome.told()[1]))
        options.say_unread(outcome.unread)


def _sources(places: Sequence[str], days: Days, profile: str | None, endpoint_url: str | None) -> list[Source]:
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
    """A range of days. Raises DemarcateError for what is no date, and for a range that ends before it begins."""
    from datetime import date

    from demarcate.base.errors import DemarcateError
    from demarcate.logs.store.entries import Days

    def day(option: str, text: str | None) -> date | None:
        try:
            return None if text is None else date.fromisoformat(text)
        except ValueError as error:
            raise DemarcateError(f"{option} takes a date such as 2026-11-23, not {text!r}") from error

    first, last = day("--since", since), day("--until", until)
    if first is not None and last is not None and first > last:
        raise DemarcateError(f"--since {first} is after --until {last}: no day lies between them")
    return Days(first, last)


def _tell(outcome: Outcome, format: Format) -> None:
    """Write what came of an ingest, tell what could not be read, and end with the exit code that it has."""
    from demarcate.report import rows

    rows.write(*outcome.told(), str(format), data())
    for table, account, day in sorted(outcome.ahead)[:100]:
        say(f"records from the future: {table} of {account} on {day}")
    options.say_unread(outcome.unread)
    if outcome.untold:
        say(f"{outcome.untold:,} more files could not be read")
    if outcome.unread:
        raise typer.Exit(options.UNREAD)
