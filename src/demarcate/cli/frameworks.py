"""frameworks list, frameworks show: what others require, what speaks of it here, and how it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demarcate.cli import completing, options
from demarcate.cli.options import Format
from demarcate.report.out import data


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Frameworks: what others require, and what speaks of it here.", no_args_is_help=True)
    group.command("list")(list_frameworks)
    group.command("show")(show)
    app.add_typer(group, name="frameworks")


def list_frameworks(
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List the frameworks, with how many of their requirements checks speak of."""
    from demarcate.checks.catalog import load_checks
    from demarcate.model import load
    from demarcate.model.frameworks import load_frameworks
    from demarcate.report import frameworks as report

    model = load()
    checks = load_checks(responsibilities=model.owed)
    report.write_list(load_frameworks().values(), checks, model, str(format), data())


def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="The framework.", autocompletion=completing.frameworks)],
    assessment: Annotated[
        Path | None,
        typer.Option("--assessment", metavar="DIR", help="Tell how it stands in what assess --save kept there."),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """Show a framework: each requirement, the checks and responsibilities that speak of it, and how it stands."""
    from demarcate.checks.catalog import load_checks
    from demarcate.model import load
    from demarcate.model.frameworks import framework
    from demarcate.posture.frameworks import along
    from demarcate.report import frameworks as report

    of = framework(id)
    if assessment is None:
        model = load()
        report.write_links(of, load_checks(responsibilities=model.owed), model, str(format), data())
        return
    with options.opened(assessment) as kept:
        report.write(along(of, kept), str(format), data(), options.console())
