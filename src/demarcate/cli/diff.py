"""diff: what is other in one assessment than in an earlier one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.report.out import Out, data, say

if TYPE_CHECKING:
    from demarcate.posture.news import News, Side

NEW = 1


class NewsFormat(StrEnum):
    """How it is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


_BY_SUFFIX = {
    ".md": NewsFormat.MARKDOWN,
    ".csv": NewsFormat.CSV,
    ".json": NewsFormat.JSON,
    ".html": NewsFormat.HTML,
}


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(diff)


def diff(
    before: Annotated[
        Path,
        typer.Argument(
            metavar="BEFORE", help="The earlier one: what assess --save kept (also s3://…), or a JSON report."
        ),
    ],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The later one, likewise.")],
    fail_on: options.FailOn = None,
    format: Annotated[NewsFormat, typer.Option("--format", help="How it is written.")] = NewsFormat.TEXT,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write a file too, as its name ends: .html, .md, .csv, .json."),
    ] = None,
) -> None:
    """Say what is new, fixed, still open and no longer judged in one assessment since another.

    Exit codes: 0 done; 1 something new, or no longer waived, at or above --fail-on; 2 bad input.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.checks.structs import SEVERITIES
    from demarcate.posture.news import compare
    from demarcate.report import news as words
    from demarcate.report.out import saving

    options.check_severity(fail_on)
    to = options.format_of(out, _BY_SUFFIX) if out is not None else None
    now = options.earlier(after)
    news = compare(options.earlier(before), now)
    if out is not None and to is not None:
        try:
            with saving(out) as file:
                _give(news, now, to, file)
        except OSError as error:
            raise DemarcateError(f"{out}: cannot be written: {error.strerror or error}") from error
    if format is NewsFormat.TEXT:
        words.write(news, options.console())
    else:
        _give(news, now, format, data("utf-8" if format is NewsFormat.HTML else None))
    if out is not None:
        say(f"written: {out}")
    if fail_on is not None and news.fails(SEVERITIES[: SEVERITIES.index(fail_on) + 1]):
        raise typer.Exit(NEW)


def _give(news: News, after: Side, format: NewsFormat, to: Out) -> None:
    """Write it for programs, or as a page."""
    from demarcate.report import news as words
    from demarcate.report import rows
    from demarcate.report.html import news as html

    if format is NewsFormat.JSON:
        words.write_json(news, to)
    elif format is NewsFormat.HTML:
        html.write(news, after, to)
    else:
        rows.write(words.COLUMNS, words.rows(news), str(format), to)
