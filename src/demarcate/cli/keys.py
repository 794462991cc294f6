"""keys: which there are, who may use one, what somebody may use, and what depends on one."""

from __future__ import annotations

from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.cli.access import say_unread, taken
from demarcate.cli.helping import Listing
from demarcate.cli.options import Format
from demarcate.report.out import data

Given = Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)]
KeyName = Annotated[
    str, typer.Argument(metavar="KEY", help="A key: its ARN, id or alias, or a template's logical id.")
]
Written = Annotated[Format, typer.Option("--format", help="Output for people, or for programs.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(
        help="KMS keys: how each stands, who may use it, what depends on it.", no_args_is_help=True
    )
    group.command("list")(list_)
    for verb in (who, what, dependants):
        group.command()(verb)
    app.add_typer(group, name="keys", cls=Listing)


def list_(
    sources: Given = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """List all keys: whose each is, its origin, rotation, state and last use, and how many resources use it.

    Exit codes: 0 done; 2 bad input; 3 something could not be read.
    """
    from demarcate.keys.listing import listed
    from demarcate.keys.reading import of_keys
    from demarcate.report import keys as report

    how = options.options_of(profile, region, endpoint_url, parameters)
    with taken(sources, of_keys(), how) as snapshot:
        report.write_list(listed(snapshot), format.value, data(), options.console())
        say_unread(snapshot, of_keys())


def who(
    key: KeyName,
    sources: Given = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """Say who may use a key for which operation, surely or perhaps, and by which statements.

    Its own policy, the IAM policies that it lets decide and its grants are joined, and Denies taken off. Control
    policies of the organization count where they could be read. Exit codes: 0 done; 2 bad input; 3 something could not
    be read.
    """
    from demarcate.keys.access import who_may_use
    from demarcate.keys.reading import of_access
    from demarcate.report import keys as report

    how = options.options_of(profile, region, endpoint_url, parameters)
    with taken(sources, of_access(), how) as snapshot:
        chosen, uses = who_may_use(snapshot, key)
        report.write_uses(chosen.resource, uses, "principal", format.value, data(), options.console())
        say_unread(snapshot, of_access())


def what(
    principal: Annotated[
        str, typer.Argument(metavar="PRINCIPAL", help="A user or role by its ARN, an account, or a service.")
    ],
    sources: Given = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """Say which keys somebody may use, for which operations, surely or perhaps, and by which statements.

    Control policies of the organization count where they could be read. Exit codes: 0 done; 2 bad input; 3 something
    could not be read.
    """
    from demarcate.keys.access import what_may_be_used
    from demarcate.keys.reading import of_access
    from demarcate.report import keys as report

    how = options.options_of(profile, region, endpoint_url, parameters)
    with taken(sources, of_access(), how) as snapshot:
        uses = what_may_be_used(snapshot, principal)
        report.write_uses(principal, uses, "key", format.value, data(), options.console())
        say_unread(snapshot, of_access())


def dependants(
    key: KeyName,
    sources: Given = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """List what depends on a key: all resources that name it. Ask before it is disabled or deleted.

    Exit codes: 0 done; 2 bad input; 3 something could not be read.
    """
    from demarcate.keys import listing
    from demarcate.keys.reading import of_keys
    from demarcate.report import keys as report

    how = options.options_of(profile, region, endpoint_url, parameters)
    with taken(sources, of_keys(), how) as snapshot:
        told = listing.dependants(snapshot, key)
        report.write_dependants(key, *told, format.value, data(), options.console())
        say_unread(snapshot, of_keys())
