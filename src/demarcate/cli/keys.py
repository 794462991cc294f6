"""keys: which there are, who may use one, what somebody may use, and what depends on one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import key_changes, options, providers
from demarcate.cli.collecting import collected, say_missing
from demarcate.cli.helping import Listing
from demarcate.cli.options import Format
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from demarcate.base.errors import Problem

WRONG = 1
"""The exit code where something is under no key of one's own that must be."""

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
    for verb in (who, what, dependants, grants, defaults):
        group.command()(verb)
    group.command("client-side")(client_side)
    key_changes.verbs(group)
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
    with collected(sources, of_keys(), how) as snapshot:
        report.write_list(listed(snapshot), format.value, data(), options.console())
        say_missing(snapshot, of_keys())


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
    with collected(sources, of_access(), how) as snapshot:
        chosen, uses = who_may_use(snapshot, key)
        report.write_uses(chosen.resource, uses, "principal", format.value, data(), options.console())
        say_missing(snapshot, of_access())


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
    with collected(sources, of_access(), how) as snapshot:
        uses = what_may_be_used(snapshot, principal)
        report.write_uses(principal, uses, "key", format.value, data(), options.console())
        say_missing(snapshot, of_access())


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
    with collected(sources, of_keys(), how) as snapshot:
        told = listing.dependants(snapshot, key)
        report.write_dependants(key, *told, format.value, data(), options.console())
        say_missing(snapshot, of_keys())


def grants(
    key: KeyName,
    sources: Given = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """List the grants of a key: whom each lets, for what, held to what, and whether it was certainly never used.

    Exit codes: 0 done; 2 bad input; 3 something could not be read.
    """
    from demarcate.estate.schema.unknown import Unknown
    from demarcate.keys.access import grants_of
    from demarcate.keys.listing import grants_listed
    from demarcate.keys.reading import of_grants
    from demarcate.report import keys as report

    how = options.options_of(profile, region, endpoint_url, parameters)
    with collected(sources, of_grants(), how) as snapshot:
        whose, told = grants_listed(snapshot, key)
        report.write_grants(whose, told, format.value, data(), options.console())
        say_missing(snapshot, of_grants())
        if isinstance(held := grants_of(whose), Unknown):
            say(f"{whose.resource}: not known: {held.reason}")
            raise typer.Exit(options.UNREAD)


def defaults(
    sources: Given = None,
    own_keys: Annotated[
        list[str] | None,
        typer.Option("--own-keys", metavar="SERVICE", help="Where a key of your own is required; repeatable."),
    ] = None,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
) -> None:
    """List what is under a key that AWS manages, or names none, and where a key of your own is required instead.

    Exit codes: 0 done; 1 something is, where a key of your own is required; 2 bad input; 3 something could not be read.
    """
    from demarcate.keys import defaults as of
    from demarcate.keys.reading import of_keys
    from demarcate.report import keys as report

    how = options.options_of(profile, region, endpoint_url, parameters)
    with collected(sources, of_keys(), how) as snapshot:
        told = list(of.defaults(snapshot, own_keys or ()))
        report.write_defaults(told, own_keys or (), format.value, data(), options.console())
        if any(each.required and not each.why for each in told):
            raise typer.Exit(WRONG)
        say_missing(snapshot, of_keys())


def client_side(
    events: Annotated[
        list[Path] | None,
        typer.Option(
            "--events", metavar="FILE", help="What CloudTrail delivered, and not its history; repeatable."
        ),
    ] = None,
    object: Annotated[
        list[str] | None,
        typer.Option("--object", metavar="s3://BUCKET/KEY", help="An object whose metadata is read; repeatable."),
    ] = None,
    evidence: options.EvidencePlaces = None,
    days: Annotated[
        int, typer.Option("--days", min=1, max=90, help="How far back CloudTrail's history is read.")
    ] = 7,
    format: Written = Format.TEXT,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    ledger: options.LedgerPlace = None,
) -> None:
    """Say what is known of encryption in the client: what was attested, and which libraries of AWS were seen to do it.

    Where neither is so it is not known: other libraries leave nothing. Exit codes: 0 something is known; 2 bad input; 3
    nothing is, or something could not be read.
    """
    from datetime import UTC, datetime

    from demarcate.guardrails.events import in_files, in_history
    from demarcate.keys import client_side as of
    from demarcate.keys.recorded import seen
    from demarcate.model import load
    from demarcate.report import keys as report

    how = options.options_of(profile, region, endpoint_url)
    problems: list[Problem] = []
    today = datetime.now(UTC).date()
    read = [give(load(), today) for give in providers.evidence_of(evidence, ledger)]
    attested = list(of.attested(read, today))
    recorded = in_files(events, problems.append) if events else in_history(how, days, problems.append)
    shown = [*seen(recorded), *(of.at_objects(object, how, problems.append) if object else ())]
    report.write_client_side(attested, shown, format.value, data(), options.console())
    for problem in problems:
        say(f"could not be read: {problem}")
    if problems or not (attested or shown):
        raise typer.Exit(options.UNREAD)
