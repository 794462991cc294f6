"""access: who may do what, and who can read which data, by all policies together."""

from __future__ import annotations

from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.cli.collecting import collected, say_missing
from demarcate.cli.options import Format
from demarcate.report.out import data

Written = Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")]
Given = Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=f"{options.SOURCES} Default: aws.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Who may do what, by all policies together.", no_args_is_help=True)
    group.command("who-can")(who_can)
    group.command("what-can")(what_can)
    group.command("data")(readers)
    app.add_typer(group, name="access")


def who_can(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="What is asked for: s3:GetObject.")],
    resource: Annotated[
        str, typer.Argument(metavar="RESOURCE", help="The ARN of a resource, or a template's logical id.")
    ],
    sources: Given = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """Say which users and roles may do something, surely or perhaps, and whom the resource's own policy lets in.

    Requests are taken to use TLS. Control policies of the organization count where they could be read. Exit codes: 0
    done; 2 bad input; 3 something could not be read.
    """
    from demarcate.permitted.asking import Policies, needed
    from demarcate.report import access as report

    selection = needed(resource)
    how = options.options_of(profile, region, endpoint_url, parameters)
    with collected(sources, selection, how) as snapshot, Policies(snapshot) as policies:
        may, outside = policies.who_can(action, resource)
        report.write_permitted(action, resource, may, outside, format.value, data(), options.console())
        say_missing(snapshot, selection)


def what_can(
    principal: Annotated[
        str,
        typer.Argument(
            metavar="PRINCIPAL",
            help="A user or role by its ARN or a template's logical id, an account, a service.",
        ),
    ],
    sources: Given = None,
    action: Annotated[
        str, typer.Option("--action", metavar="PATTERN", help="Only these actions: s3:*, kms:Decrypt.")
    ] = "*",
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """Say what somebody may do, surely or perhaps, on which resources, and by which statements.

    By service and access level. Requests are taken to use TLS. Control policies of the organization count where they
    could be read. Exit codes: 0 done; 2 bad input; 3 something could not be read.
    """
    from demarcate.permitted.asking import Policies
    from demarcate.permitted.listing import needed_for, what_can
    from demarcate.report import access as report

    selection = needed_for(principal, action)
    how = options.options_of(profile, region, endpoint_url, parameters)
    with collected(sources, selection, how) as snapshot, Policies(snapshot) as policies:
        told = what_can(policies, principal, action)
        report.write_allowed(principal, told, format.value, data(), options.console())
        say_missing(snapshot, selection)


def readers(
    resource: Annotated[
        str,
        typer.Argument(
            metavar="RESOURCE", help="The ARN of a bucket, an object, a secret, …, or a template's logical id."
        ),
    ],
    sources: Given = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """Say who can read the data of a resource: who may ask for it, and decrypt with the key that it is under.

    Who has one half only is told, too. Control policies of the organization count where they could be read.
    Exit codes: 0 done; 2 bad input; 3 something could not be read.
    """
    from demarcate.keys import data as of
    from demarcate.report import keys as report

    selection = of.of_data(resource)
    how = options.options_of(profile, region, endpoint_url, parameters)
    with collected(sources, selection, how) as snapshot:
        under, told = of.readers(snapshot, resource)
        report.write_readers(resource, under, told, format.value, data(), options.console())
        say_missing(snapshot, selection)
