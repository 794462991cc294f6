"""patch: one group of verbs for patching, each kept by the file that is named after it."""

from __future__ import annotations

import typer

from demarcate.cli import patch_audit, patch_calendar, patch_images, patch_rings, patch_status


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(
        help="Patching: whose it is, how far it is, what comes first, and when.", no_args_is_help=True
    )
    patch_status.verbs(group)
    patch_calendar.verbs(group)
    patch_rings.verbs(group)
    patch_images.verbs(group)
    patch_audit.verbs(group)
    app.add_typer(group, name="patch")
