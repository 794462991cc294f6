"""The help of each command, as it is shown at one width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import typer

WIDTH = 100
"""The width of the help texts."""


def helps(app: typer.Typer) -> Iterator[tuple[str, str]]:
    """Each command, as it is typed, with its help."""
    return _helps(typer.main.get_command(app), "demarcate", None)


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    make: Callable[..., Any] = command.context_class
    context = make(
        command, parent=parent, info_name=name.split()[-1], terminal_width=WIDTH, **command.context_settings
    )
    yield name, command.get_help(context)
    for verb, sub in getattr(command, "commands", {}).items():
        yield from _helps(sub, f"{name} {verb}", context)
