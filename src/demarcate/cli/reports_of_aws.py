"""evidence report: a report of AWS Artifact, as evidence of AWS's half."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data

if TYPE_CHECKING:
    from demarcate.evidence.adding_reports import Told

TABLE = "aws_artifact_report"
COLUMNS = ("id", "arn", "name", "version", "period_start", "period_end")


def report(
    document: Annotated[
        Path, typer.Argument(metavar="FILE", help="The report, as it was downloaded from AWS Artifact.")
    ],
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)] = None,
    evidence: Annotated[
        Path, typer.Option("--evidence", metavar="DIR", help="The evidence folder that it is copied into.")
    ] = Path("evidence"),
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="ID", help="Which it is in AWS Artifact: its id, its ARN or its name."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="What it is called by what it proves: SOC 2 Type II."),
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="When its period begins, without --report.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="When its period ends, without --report.")
    ] = None,
    valid_until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="Until when it proves. Default: a year after its period."),
    ] = None,
    covers: Annotated[
        list[str] | None,
        typer.Option(
            "--covers",
            metavar="ID",
            help="A responsibility of AWS's that it proves; repeatable. Default: by name.",
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How what it proves is written.")] = Format.TEXT,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
) -> None:
    """Put a report of AWS's auditors into an evidence folder: its document, SHA-256, period, and what it attests.

    With --report its period and version are those that AWS Artifact lists (of SOURCE: a live account or a snapshot).
    The document itself is downloaded by a person, who accepts its terms; it is never downloaded here.
    """
    from datetime import UTC, datetime

    from demarcate.base.errors import DemarcateError
    from demarcate.evidence.adding_reports import add_report
    from demarcate.model import load
    from demarcate.report import rows

    if report is not None:
        if begin or end:
            raise DemarcateError("--from and --to are for a report that is not named by --report")
        told = _listed(report, name, sources, profile, endpoint_url)
    else:
        told = _said(name, begin, end, sources)
    told = _with(told, valid_until, covers)
    record = add_report(evidence, document, told, load(), datetime.now(UTC).date())
    columns = ["responsibility", "report", "from", "until", "detail"]
    lines = [
        [each, record.title, record.on, record.valid_until, record.detail] for each in record.responsibilities
    ]
    rows.write(columns, lines, str(format), data())


def _said(name: str | None, begin: str | None, end: str | None, sources: list[str] | None) -> Told:
    from demarcate.base.errors import DemarcateError
    from demarcate.evidence.adding_reports import Told

    if sources or name is None or begin is None or end is None:
        raise DemarcateError(
            "name the report: --report ID, which AWS Artifact lists, or --name NAME with --from DATE and --to DATE"
        )
    return Told(name=name, begin=begin, end=end)


def _with(told: Told, valid_until: str | None, covers: list[str] | None) -> Told:
    from msgspec.structs import replace

    return replace(told, valid_until=valid_until, covers=tuple(covers or ()))


def _listed(
    report: str, name: str | None, sources: list[str] | None, profile: str | None, endpoint_url: str | None
) -> Told:
    """What AWS Artifact lists of a report: of several versions, the newest. Raises DemarcateError."""
    from demarcate.base.errors import DemarcateError
    from demarcate.base.names import nearest
    from demarcate.cli.collecting import collected, say_missing
    from demarcate.estate.snapshots.telling import rows as rows_of
    from demarcate.evidence.adding_reports import Told
    from demarcate.evidence.problems import shown

    with collected(
        sources, {TABLE: frozenset(COLUMNS)}, options.options_of(profile, None, endpoint_url)
    ) as snapshot:
        listed = list(rows_of(snapshot, TABLE, COLUMNS)) if TABLE in snapshot.manifest.tables else []
        meant = [row for row in listed if report in (row["id"], row["arn"], row["name"])]
        if not meant:
            say_missing(snapshot, {TABLE: COLUMNS})
            names = [str(row[column]) for row in listed for column in ("id", "name")]
            hint = nearest(report, names) or f"; it lists {len(listed)}, which the table {TABLE} has"
            raise DemarcateError(f"AWS Artifact lists no report {shown(report)}{hint}")
    row = max(meant, key=lambda each: each["version"] if type(each["version"]) is int else 0)
    lacking = [column for column in ("id", "name", "period_start", "period_end") if not _is_told(row[column])]
    if lacking:
        raise DemarcateError(
            f"AWS Artifact does not tell {', '.join(lacking)} of {shown(report)}: say it yourself"
        )
    return Told(
        name=name or row["name"],
        begin=row["period_start"].date().isoformat(),
        end=row["period_end"].date().isoformat(),
        report=row["id"],
        version=row["version"] if type(row["version"]) is int else None,
    )


def _is_told(value: Any) -> bool:
    from datetime import datetime

    return isinstance(value, datetime) or (type(value) is str and bool(value))
