"""Settings as the defaults of options, and config: which hold here, and where each comes from."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from demarcate.base import settings
from demarcate.base.settings import Configuration
from demarcate.cli.options import Format, held, hold
from demarcate.report.out import data, say

ONLY: Final = {
    "sources": ("assess", "collect", "query"),
    "check": ("assess",),
    "evidence": ("assess", "diagram"),
    "fail_on": ("assess", "report"),
    "format": ("assess",),
    "out": ("assess",),
    "record": ("status",),
    "waivers": ("assess", "plan"),
    "role_name": ("assess", "collect", "query"),
}
"""Settings for some verbs alone: with others an option of that name means something else, or is for one time."""


def begin(context: typer.Context, named: Path | None) -> None:
    """Load the settings, as defaults of the options of all verbs. Raises DemarcateError as `settings.load` does."""
    try:
        folder = Path.cwd()
    except FileNotFoundError:  # it was removed under our feet
        folder = Path("/")
    configuration = settings.load(folder, os.environ, named)
    hold(configuration)
    for line in configuration.ignored:
        say(f"demarcate: {line}")
    if configuration.origins:
        context.default_map = _defaults(context.command, configuration)


def _defaults(command: Any, configuration: Configuration) -> dict[str, Any]:
    """The values of settings by verb and option, as Click takes them: a group of verbs has them one level down."""
    fields = {name: settings.FIELDS[name].name for name in configuration.origins}
    values = {field: getattr(configuration.settings, field) for field in fields.values()}
    defaults: dict[str, Any] = {}
    for verb, below in command.commands.items():
        if hasattr(below, "commands"):
            defaults[verb] = _defaults(below, configuration)
            continue
        options = {parameter.name for parameter in below.params}
        defaults[verb] = {
            field: _plain(value)
            for field, value in values.items()
            if field in options and verb in ONLY.get(field, (verb,))
        }
    return defaults


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(config)


def config(
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """Show each setting, its value, and where it comes from."""
    from demarcate.report import rows

    configuration = held()
    told = [
        [name, _shown(getattr(configuration.settings, field.name)), configuration.origins.get(name, "not set")]
        for name, field in settings.FIELDS.items()
    ]
    rows.write(["setting", "value", "from"], told, str(format), data())


def _shown(value: Any) -> Any:
    """A value as it is shown: of a URL, no password, which may be among its options as well; of tables, the names."""
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, str) and "://" in value:
        return _PASSWORD.sub(r"\1:…@", value.partition("?")[0])
    return _plain(value)


_PASSWORD: Final = re.compile(r"^([^/]*://[^/:@]*):[^/]*@")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
