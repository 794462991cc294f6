"""The command: one file a group of verbs, each thin. Heavy imports wait until a verb runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.models import CommandInfo

from demarcate.base.errors import DemarcateError
from demarcate.cli import (
    access,
    alarms,
    catalog,
    changes,
    comparing,
    dashboards,
    deploy,
    detections,
    diff,
    drift,
    estate,
    exam,
    facts,
    feeds,
    frameworks,
    guardrails,
    keys,
    ledger,
    logs,
    model,
    patching,
    permissions,
    pictures,
    policies,
    push,
    querying,
    send,
    settings,
    tls,
    waivers,
)
from demarcate.cli.helping import App
from demarcate.report.out import data, hush
from demarcate.version import __version__


class LogFormat(StrEnum):
    """Entries of the log for people, or for programs."""

    TEXT = "text"
    JSON = "json"


app = App(
    name="demarcate",
    help="Draws the line between what AWS secures and what you must, shows whether your half is done, and helps you "
    "do it.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_OF_ALL_VERBS = re.compile(r"-v+|--verbose|-q|--quiet|(--log-format|--config)(=.*)?", re.DOTALL)


def options_first(arguments: Sequence[str]) -> list[str]:
    """Arguments of the command, those that hold for all verbs first: people write them where they think of them.

    >>> options_first(["assess", "t.yaml", "-v", "--config", "mine.toml"])
    ['-v', '--config', 'mine.toml', 'assess', 't.yaml']
    """
    first: list[str] = []
    others: list[str] = []
    given = iter(arguments)
    for argument in given:
        option = _OF_ALL_VERBS.fullmatch(argument)
        value = next(given, None) if option and option[1] and not option[2] else ""
        if option and value is not None:
            first += [argument, value] if value else [argument]
        else:
            others.append(argument)
        if argument == "--":
            others += given
    return first + others


def for_verb(arguments: Sequence[str]) -> typer.Typer:
    """The command with the one verb, or group of verbs, that arguments name; with all of them where they name none.

    To make all of them takes a tenth of a short run.
    """
    for argument in arguments:
        commands = [made for made in app.registered_commands if _name_of(made) == argument]
        groups = [made for made in app.registered_groups if made.name == argument]
        if commands or groups:
            app.registered_commands, app.registered_groups = commands, groups
            break
        if not argument.startswith("-"):
            break  # the value of an option, or nothing that there is
    return app


def _name_of(command: CommandInfo) -> str:
    """What Typer calls a command."""
    return command.name or (command.callback.__name__.replace("_", "-") if command.callback else "")


def _version(value: bool) -> None:
    if value:
        data().write(f"demarcate {__version__}\n")
        raise typer.Exit


@app.callback()
def _main(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback ends the command
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="Read settings here, and not in the project's demarcate.toml."
        ),
    ] = None,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            help="Tell of each phase of a run on standard error; -vv: of each call of AWS, too.",
        ),
    ] = 0,
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="How that is told.")] = LogFormat.TEXT,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Tell nothing on standard error but errors.")
    ] = False,
) -> None:
    if context.resilient_parsing:
        return
    if verbose and quiet:
        raise DemarcateError("--quiet and --verbose are opposites: give one of them")
    if quiet:
        hush()
    if verbose:
        from demarcate.report import logs

        logs.begin(verbose, log_format)
    settings.begin(context, config)


estate.add_to(app)
querying.add_to(app)
diff.add_to(app)
comparing.add_to(app)
model.add_to(app)
catalog.add_to(app)
facts.add_to(app)
feeds.add_to(app)
frameworks.add_to(app)
permissions.add_to(app)
pictures.add_to(app)
exam.add_to(app)
ledger.add_to(app)
waivers.add_to(app)
changes.add_to(app)
deploy.add_to(app)
push.add_to(app)
send.add_to(app)
drift.add_to(app)
patching.add_to(app)
guardrails.add_to(app)
policies.add_to(app)
access.add_to(app)
keys.add_to(app)
alarms.add_to(app)
dashboards.add_to(app)
tls.add_to(app)
logs.add_to(app)
detections.add_to(app)
settings.add_to(app)
