"""facts list, facts check, facts update: what ages, how old it is, and how to be more current than the release."""

from __future__ import annotations

from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data, say


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Facts that age, such as end-of-support dates.", no_args_is_help=True)
    group.command("list")(list_facts)
    group.command("check")(check)
    group.command("update")(update)
    app.add_typer(group, name="facts")


def list_facts(
    table: Annotated[str | None, typer.Option(help="Only those of this table.")] = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List the facts, and where each comes from."""
    from demarcate.checks.facts import tables_of_facts
    from demarcate.report import rows

    filled = {of.name: facts for of, facts in tables_of_facts()}
    options.known("table", table, filled)
    columns = ["table", "of", "says", "checked", "believed until", "from", "source"]
    told = [
        [
            name,
            " ".join(str(fact.row[column]) for column in facts.key),
            ", ".join(f"{column} {value}" for column, value in fact.row.items() if column not in facts.key),
            fact.checked.isoformat(),
            fact.until.isoformat(),
            "your file" if fact.own else "release",
            fact.source,
        ]
        for name, facts in filled.items()
        if table in (None, name)
        for fact in facts.all()
    ]
    rows.write(columns, told, str(format), data())


def check(
    format: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """Say how old the facts are; exit with 1 where what some say of the days ahead is believed no more."""
    from datetime import UTC, datetime

    from demarcate.checks.facts import tables_of_facts
    from demarcate.report import rows

    today = datetime.now(UTC).date()
    columns = ["table", "facts", "oldest checked", "believed until", "past belief"]
    told = []
    for of, facts in tables_of_facts():
        all_facts = facts.all()
        old = [fact for fact in all_facts if fact.until < today and fact.ahead]
        told.append(
            [
                of.name,
                len(all_facts),
                min(fact.checked for fact in all_facts).isoformat(),
                min(fact.until for fact in all_facts).isoformat(),
                len(old),
            ]
        )
    rows.write(columns, told, str(format), data())
    if any(row[-1] for row in told):
        raise typer.Exit(1)


def update(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="A file, or an https address.")],
) -> None:
    """Put newer facts in your folder; where they were compared later than those of the release, they are believed."""
    from datetime import UTC, datetime
    from pathlib import Path

    from demarcate.base.documents import read_text
    from demarcate.base.fetching import fetch_text, is_url, shown_url
    from demarcate.checks import facts

    text, name = (fetch_text(source), shown_url(source)) if is_url(source) else (read_text(Path(source)), source)
    kept = facts.update(text, name, datetime.now(UTC).date())
    count = sum(len(part.rows) for compared in kept.values() for part in compared)
    say(f"demarcate: {count} facts of {len(kept)} tables are in {facts.own_file()}")
