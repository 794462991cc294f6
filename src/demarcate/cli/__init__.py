"""The command: one file a group of verbs, each thin. Heavy imports wait until a verb runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.models import CommandInfo

from demarcate.base.errors import DemarcateError
from demarcate.cli import settings
from demarcate.cli.helping import App
from demarcate.report.out import data, hush
from demarcate.version import __version__


class LogFormat(StrEnum):
    """Entries of the log for people, or for programs."""

    TEXT = "text"
    JSON = "json"


MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "estate": ("assess", "report", "collect"),
    "querying": ("query", "tables"),
    "diff": ("diff",),
    "comparing": ("compare",),
    "model": ("matrix", "who", "explain"),
    "catalog": ("checks",),
    "facts": ("facts",),
    "feeds": ("feeds",),
    "frameworks": ("frameworks",),
    "permissions": ("iam-policy",),
    "pictures": ("diagram", "summary"),
    "exam": ("quiz",),
    "ledger": ("attest", "ledger", "evidence"),
    "waivers": ("waive", "waivers"),
    "changes": ("change",),
    "deploy": ("deploy",),
    "push": ("push",),
    "send": ("send",),
    "drift": ("drift", "baseline"),
    "patching": ("patch",),
    "guardrails": ("guardrails",),
    "policies": ("policy",),
    "access": ("access",),
    "keys": ("keys",),
    "alarms": ("alarms",),
    "dashboards": ("dashboard",),
    "tls": ("tls",),
    "logs": ("logs",),
    "detections": ("detect", "detections"),
    "settings": ("config",),
}
"""The modules here that have verbs, with the names of these, in the order of the reference."""

if TYPE_CHECKING:
    app: App


def __getattr__(name: str) -> Any:
    """`app`, the command with all its verbs, is made when somebody asks for it."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()["app"] = _with(MODULES)
    return made


def _with(modules: Iterable[str]) -> App:
    """The command with the verbs of some modules."""
    made = App(
        name="demarcate",
        help="Draws the line between what AWS secures and what you must, shows whether your half is done, and helps "
        "you do it.",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_main)
    for module in modules:
        import_module(f"{__name__}.{module}").add_to(made)
    return made


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
        for module, verbs in MODULES.items():
            if argument in verbs:
                made = _with([module])
                made.registered_commands = [
                    verb for verb in made.registered_commands if _name_of(verb) == argument
                ]
                made.registered_groups = [verb for verb in made.registered_groups if verb.name == argument]
                return made
        if not argument.startswith("-"):
            break  # the value of an option, or nothing that there is
    whole: typer.Typer = getattr(sys.modules[__name__], "app")  # noqa: B009 - which is made when it is asked for
    return whole


def _name_of(command: CommandInfo) -> str:
    """What Typer calls a command."""
    return command.name or (command.callback.__name__.replace("_", "-") if command.callback else "")


def _version(value: bool) -> None:
    if value:
        data().write(f"demarcate {__version__}\n")
        raise typer.Exit


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
