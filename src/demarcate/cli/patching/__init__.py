"""patch: one group of verbs for patching, each kept by the file that is named after it."""

from __future__ import annotations

import typer

from demarcate.cli.patching import audit, calendar, defining, images, rings, status


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(
        help="Patching: whose it is, how far it is, what comes first, and when.", no_args_is_help=True
    )
    status.verbs(group)
    calendar.verbs(group)
    defining.verbs(group)
    rings.verbs(group)
    images.verbs(group)
    audit.verbs(group)
    app.add_typer(group, name="patch")
