"""The command: one file a group of verbs, each thin. Heavy imports wait until a verb runs."""

from __future__ import annotations

import typer

from demarcate.cli import catalog, estate, exam, model, permissions, pictures
from demarcate.report.out import data
from demarcate.version import __version__

app = typer.Typer(
    name="demarcate",
    help="Draws the line between what AWS secures and what you must, and shows whether your half is done.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        data().write(f"demarcate {__version__}\n")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    pass


estate.add_to(app)
model.add_to(app)
catalog.add_to(app)
permissions.add_to(app)
pictures.add_to(app)
exam.add_to(app)
