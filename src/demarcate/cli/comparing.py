"""compare: what other tools found, beside an assessment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import complain, data


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(compare)


def compare(
    findings: Annotated[
        list[Path],
        typer.Argument(
            metavar="FINDINGS...",
            help="What others found, as JSON: Prowler, Security Hub, AWS Config, Inspector, Checkov.",
        ),
    ],
    assessment: Annotated[
        Path, typer.Argument(metavar="ASSESSMENT", help="What assess --passes --save kept, of the same estate.")
    ],
    full: options.Full = False,
    format: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """Say where other tools and an assessment disagree, resource by resource, with the reasons of both.

    Theirs never changes ours. Exit codes: 0 done; 2 bad input; 3 done, but some of their findings could not be read.
    """
    from demarcate.posture.beside import compare_theirs
    from demarcate.posture.theirs import read_theirs
    from demarcate.report import comparing as report

    theirs = read_theirs(findings)
    with options.opened(assessment) as kept:
        comparison = compare_theirs(theirs, kept)
    report.write(comparison, str(format), data(), options.console(), full=full)
    for problem in comparison.problems:
        complain(problem)
    if comparison.problems:
        raise typer.Exit(options.UNREAD)
