"""dashboard: a dashboard of CloudWatch made of an assessment, as JSON or as a change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.cli.planning import in_one_region, record_if_any
from demarcate.report.out import data

Kept = Annotated[Path, typer.Argument(metavar="ASSESSMENT", help="What assess --save kept.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(
        help="A CloudWatch dashboard of each area: what is on, what fails, what rang.", no_args_is_help=True
    )
    group.command()(show)
    group.command()(deploy)
    app.add_typer(group, name="dashboard")


def show(folder: Kept) -> None:
    """Write the dashboard's body as JSON, as CloudWatch and AWS::CloudWatch::Dashboard take it.

    Exit codes: 0 done; 2 bad input.
    """
    from demarcate.logs.dashboards import body_of
    from demarcate.report.safe import json_text

    with options.opened(folder) as assessment:
        data().write(json_text(body_of(assessment)) + "\n")


def deploy(
    folder: Kept,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What the dashboard is called.")
    ] = "demarcate",
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan the change that writes the dashboard into the account of your credentials. Nothing is written to AWS.

    Exit codes: 0 done, or it is so already; 2 bad input.
    """
    from demarcate.logs import dashboards

    with options.opened(folder) as assessment:
        body = dashboards.body_of(assessment)
    reach = in_one_region(profile, region, endpoint_url, dashboards.READS, "a dashboard")
    change = dashboards.deploy(name, body, reach.caller.account, reach.caller.start, reach)
    record_if_any(change, f"dashboard {name}", reach, ledger, as_)
