"""checks list, checks show: what is judged, and how."""

from __future__ import annotations

from typing import Annotated

import typer

from demarcate.cli import completing, options
from demarcate.cli.options import Format
from demarcate.report.out import data


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="The catalog of checks.", no_args_is_help=True)
    group.command("list")(list_checks)
    group.command("show")(show)
    app.add_typer(group, name="checks")


def list_checks(
    area: Annotated[str | None, typer.Option(help="Only this area.", autocompletion=completing.areas)] = None,
    service: Annotated[
        str | None,
        typer.Option(help="Only checks over tables of this service.", autocompletion=completing.services),
    ] = None,
    checks: options.CheckFolders = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List the checks."""
    from demarcate.checks.catalog import encode, load_checks
    from demarcate.model import load
    from demarcate.report import rows

    model = load()
    options.known("area", area, model.area)
    options.known("service", service, model.service)
    listed = [
        encode(check)
        for check in load_checks(checks or (), responsibilities=model.owed).values()
        if area in (None, check.area)
        and (service is None or any(service == of.id for of in model.services_of_table.get(check.table, ())))
    ]
    if format is Format.JSON:
        columns = ["id", "title", "area", "responsibility", "table", "tables", "severity", "refs", "related"]
    else:
        columns = (
            ["id", "severity", "title"]
            if format is Format.TEXT
            else ["id", "severity", "title", "responsibility", "table"]
        )
    rows.write(columns, [[check[name] for name in columns] for check in listed], str(format), data())


def show(
    check_id: Annotated[str, typer.Argument(metavar="ID", help="The check.", autocompletion=completing.checks)],
    checks: options.CheckFolders = None,
    format: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """Show one check: its predicate, what it proves, and what to do where it fails."""
    from demarcate.checks.catalog import encode, load_checks, select, shown_path
    from demarcate.model import load
    from demarcate.report import rows
    from demarcate.report.safe import json_text

    model = load()
    check = select(load_checks(checks or (), responsibilities=model.owed), [check_id])[check_id]
    told = encode(check) | {"where": check.condition, "pass": check.predicate, "remedy": check.remedy.text}
    told |= {"file": shown_path(check.file), "line": check.line}
    if format is Format.JSON:
        data().write(json_text(told, indent=True) + "\n")
        return
    told["refs"] = [f"{name} {ref}" for name, refs in check.refs.items() for ref in refs]
    told["related"] = [f"{name} {ref}: {why}" for name, whys in check.related.items() for ref, why in whys.items()]
    rows.write(["key", "value"], [[key, value] for key, value in told.items() if value], str(format), data())
