"""tls: what an endpoint of one's own negotiates."""

from __future__ import annotations

from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data

WRONG = 1
"""The exit code where something is wrong with an endpoint."""


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(tls)


def tls(
    endpoint: Annotated[str, typer.Argument(metavar="HOST:PORT", help="An endpoint of yours; port 443 if none.")],
    format: Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")] = Format.TEXT,
) -> None:
    """Connect to an endpoint, and say what it negotiates: versions of TLS, ciphers, and its certificates.

    Nothing is sent but handshakes. What this machine's OpenSSL cannot try is told as not known. Exit codes: 0 nothing
    is wrong; 1 something is; 2 bad input, or nothing answers; 3 nothing is wrong of what could be tried.
    """
    from demarcate.keys.handshakes import place_of, probe
    from demarcate.report import tls as report

    told = probe(*place_of(endpoint))
    report.write(told, format.value, data(), options.console())
    if told.wrong:
        raise typer.Exit(WRONG)
    if told.unknown:
        raise typer.Exit(options.UNREAD)
