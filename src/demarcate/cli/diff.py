"""diff: what is other in one assessment than in an earlier one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data

NEW = 1


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(diff)


def diff(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="The earlier one: what assess --save kept, or a JSON report.")
    ],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The later one, likewise.")],
    fail_on: options.FailOn = None,
    format: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """Say what is new, fixed, still open and no longer judged in one assessment since another.

    Exit codes: 0 done; 1 something new, or no longer waived, at or above --fail-on; 2 bad input.
    """
    from demarcate.checks.structs import SEVERITIES
    from demarcate.posture.earlier import earlier
    from demarcate.posture.news import compare
    from demarcate.report import news as words
    from demarcate.report import rows

    options.check_severity(fail_on)
    news = compare(earlier(before), earlier(after))
    if format is Format.TEXT:
        words.write(news, options.console())
    elif format is Format.JSON:
        words.write_json(news, data())
    else:
        rows.write(words.COLUMNS, words.rows(news), str(format), data())
    if fail_on is not None and news.fails(SEVERITIES[: SEVERITIES.index(fail_on) + 1]):
        raise typer.Exit(NEW)
