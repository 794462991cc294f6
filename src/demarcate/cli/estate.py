"""assess, collect, query, tables: what there is, and how it stands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format, ReportFormat

UNREAD = 3
FOUND = 1


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (assess, collect, query, tables):
        app.command()(verb)


def assess(
    sources: options.Sources,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
    checks: options.CheckFolders = None,
    check: Annotated[list[str] | None, typer.Option("--check", help="Only this check; repeatable.")] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(metavar="SEVERITY", help="Exit with 1 where something this severe or worse fails."),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="A folder with what people did and what AWS attests.")
    ] = None,
    by_tag: Annotated[
        list[str] | None,
        typer.Option(
            "--by-tag", metavar="KEY", help="Tell the posture by the values of this tag, too; repeatable."
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Assess templates as of this date instead of now."),
    ] = None,
    format: Annotated[
        ReportFormat, typer.Option("--format", help="What is printed: for people, or for programs.")
    ] = ReportFormat.TEXT,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", metavar="FILE", help="Write a report there, too: .html, .json or .csv; repeatable."),
    ] = None,
) -> None:
    """Say for every responsibility whose it is and whether it is met.

    Exit codes: 0 done; 1 findings at or above --fail-on; 2 bad input; 3 done, but something could not be read.
    """
    from demarcate.assessing import assess_sources
    from demarcate.base.errors import DemarcateError
    from demarcate.checks.structs import SEVERITIES
    from demarcate.report import reports

    if fail_on is not None and fail_on not in SEVERITIES:
        raise DemarcateError(f"--fail-on takes one of {', '.join(SEVERITIES)}, not {fail_on!r}")
    files = [(path, reports.format_of(path)) for path in out or ()]
    assessment = assess_sources(
        sources,
        session=options.session_of(profile, sources),
        regions=region,
        endpoint_url=endpoint_url,
        parameters=options.parameters_of(parameters),
        checks=check,
        check_folders=checks or (),
        evidence=evidence,
        tags=by_tag or (),
        moment=options.moment_of(as_of),
    )
    for path, form in files:
        reports.save(assessment, form, path)
    if format is ReportFormat.TEXT:
        from demarcate.report import terminal

        terminal.write(assessment, options.console())
    else:
        reports.write(assessment, format.value, sys.stdout)
    for path, _ in files:
        options.say(f"written: {path}")
    if fail_on is not None:
        counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        if any(f.verdict == "fail" and f.severity in counted for f in assessment.judgement.findings()):
            raise typer.Exit(FOUND)
    if assessment.posture.unread or assessment.posture.refused:
        raise typer.Exit(UNREAD)


def collect(
    sources: options.Sources,
    out: Annotated[Path, typer.Option("--out", help="The folder to write; it must not exist yet.")],
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
    table: Annotated[list[str] | None, typer.Option("--table", help="Only this table; repeatable.")] = None,
) -> None:
    """Write a snapshot: all rows of an estate as Parquet, with a record of what could not be read."""
    from demarcate.estate.collecting import collect_snapshot, everything

    snapshot = collect_snapshot(
        sources,
        session=options.session_of(profile, sources),
        regions=region,
        endpoint_url=endpoint_url,
        selection=everything(table),
        parameters=options.parameters_of(parameters),
        out=out,
    )
    rows = sum(part.rows for held in snapshot.manifest.tables.values() for part in held.parts)
    options.say(f"{out}: {rows:,} rows in {len(snapshot.manifest.tables)} tables")
    _tell_unread(snapshot.unread)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, in DuckDB's SQL.")],
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
    format: Annotated[Format, typer.Option("--format", help="How rows are written.")] = Format.TABLE,
) -> None:
    """Run a SELECT over any source; without one, over live AWS. Only the tables that it names are read."""
    from demarcate.estate.collecting import collect_snapshot
    from demarcate.estate.querying import run, tables_of
    from demarcate.report import rows

    where = sources or ["aws"]
    snapshot = collect_snapshot(
        where,
        session=options.session_of(profile, where),
        regions=region,
        endpoint_url=endpoint_url,
        selection=dict.fromkeys(tables_of(sql)),
        parameters=options.parameters_of(parameters),
    )
    columns, found = run(sql, snapshot)
    rows.write(columns, found, str(format), sys.stdout)
    _tell_unread(snapshot.unread)


def tables(
    name: Annotated[str | None, typer.Argument(help="One table: its columns, and where they come from.")] = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TABLE,
) -> None:
    """List the tables, or the columns of one."""
    from demarcate.estate.describing import describe_table, list_tables
    from demarcate.report import rows

    columns, found = list_tables() if name is None else describe_table(name)
    rows.write(columns, found, str(format), sys.stdout)


def _tell_unread(unread: tuple[object, ...]) -> None:
    for one in unread:
        from demarcate.report.safe import one_line

        options.say(f"could not be read: {one_line(str(one))}")
    if unread:
        raise typer.Exit(UNREAD)
