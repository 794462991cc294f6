"""query, tables: the rows of an estate, and what tables there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demarcate.cli import options
from demarcate.cli.estate import tell_skipped, tell_unread
from demarcate.cli.options import Format
from demarcate.report.out import data

if TYPE_CHECKING:
    from demarcate.estate.snapshots.querying import Beside


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (query, tables):
        app.command()(verb)


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT, in DuckDB's SQL.")],
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    parameters: options.Parameters = None,
    format: Annotated[Format, typer.Option("--format", help="How rows are written.")] = Format.TEXT,
    logs: Annotated[
        Path | None,
        typer.Option("--logs", metavar="DIR", help="A log store that it reaches, too: logs.aws_cloudtrail_log."),
    ] = None,
    max_rows: options.MaxRows = 1_000_000,
    max_seconds: options.MaxSeconds = 300.0,
    max_memory: options.MaxMemory = 2_000,
) -> None:
    """Run a SELECT over any source; without one, over live AWS. Only the tables that it names are read.

    aws_access, who may do what, is worked out for the action, and the resource or principal, that it is held to;
    aws_policy_guardrail, what guardrails make of each policy, for the owner, or for all.
    """
    from demarcate.estate.snapshots.querying import QueryLimits, run, tables_of
    from demarcate.estate.sources.collecting import collect_snapshot
    from demarcate.permitted import guarding
    from demarcate.permitted import table as access
    from demarcate.report import rows
    from demarcate.report.progress import showing

    limits = QueryLimits(seconds=max_seconds, memory=max_memory * 1_000_000, rows=max_rows)
    where = options.or_live(sources)
    options.check_not_kept(where)
    beside = _logs(logs, sql)
    named, questions, owners = tables_of(sql), access.questions_of(sql), guarding.owners_in(sql)
    with showing() as progress:
        snapshot = collect_snapshot(
            where,
            options.reading_of(profile, region, endpoint_url, org, account, role_name, external_id, parameters),
            selection={**guarding.needed_by(owners), **access.needed_by(questions), **dict.fromkeys(named)},
            progress=progress,
        )
    made = {**access.made(snapshot, questions), **guarding.made(snapshot, owners)}
    columns, answer = run(sql, snapshot, limits, beside, made)
    rows.write(columns, answer, str(format), data())
    tell_skipped(snapshot)
    tell_unread(snapshot.unread)


def _logs(store: Path | None, sql: str) -> Beside | None:
    """The tables of a log store; None where none is named. Raises DemarcateError for what is no store, and for a query
    of one where none is named.
    """
    if store is None and "log" not in sql.lower():
        return None
    from demarcate.base.errors import DemarcateError
    from demarcate.logs.store.reading import asks_logs, tables_of

    if store is not None:
        return tables_of(store)
    if asks_logs(sql):
        raise DemarcateError("the query reads tables of a log store: name the store with --logs DIR")
    return None


def tables(
    name: Annotated[str | None, typer.Argument(help="One table: its columns, and where they come from.")] = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List the tables, or the columns of one."""
    from demarcate.permitted import guarding
    from demarcate.permitted import table as access
    from demarcate.report import rows

    worked_out = {access.NAME: access.described, guarding.NAME: guarding.described}
    columns, listed = worked_out[name]() if name in worked_out else _listed(name)
    rows.write(columns, listed, str(format), data())


def _listed(name: str | None) -> tuple[list[str], list[list[Any]]]:
    from demarcate.estate.sources.describing import describe_table, list_tables
    from demarcate.permitted import guarding
    from demarcate.permitted import table as access

    if name is not None:
        return describe_table(name)
    columns, listed = list_tables()
    return columns, [*listed, *([of.NAME, of.ABOUT, ["query"]] for of in (access, guarding))]
