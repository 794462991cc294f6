"""patch who, status: whose patching is, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data

if TYPE_CHECKING:
    from demarcate.estate.sources.interface import Options

BEHIND = 1
"""The exit code where a resource is in a state that --fail-on names."""

Given = Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)]


def verbs(group: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (who, status):
        group.command()(verb)


def who(
    resource: Annotated[
        str, typer.Argument(metavar="ARN", help="A resource: an ARN, or a template's logical id.")
    ],
    sources: Given = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
    format: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
) -> None:
    """Say who patches one resource by its own settings: what exactly, by when, and what proves it."""
    from demarcate.model import load
    from demarcate.patching.asking import who_patches
    from demarcate.report import patch_status as report

    where = sources or ["aws"]
    options.check_not_kept(where)
    shared, dates = who_patches(
        load(), resource, where, options.options_of(profile, region, endpoint_url, parameters)
    )
    report.write_whose(shared, dates, str(format), data(), options.console())


def status(
    sources: Given = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help='Only this kind, such as "RDS DB cluster"; repeatable.'),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help="Only this state; repeatable."),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY[=VALUE]", help="Only what has this tag; repeatable, all must hold."),
    ] = None,
    scans: Annotated[
        bool, typer.Option("--scans", help="Show who scans each node, where several do, and which wrote last.")
    ] = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="STATE",
            help="Exit with 1 where a resource is in this state: behind, overdue, unknown.",
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How rows are written.")] = Format.TEXT,
) -> None:
    """Say of each resource how far its patching is. What could not be told is unknown, with the reason, never current.

    Exit codes: 0 done; 1 a resource is in the state of --fail-on (behind means overdue, too); 2 bad input; 3 done, but
    something could not be read.
    """
    from demarcate.model import load
    from demarcate.patching.asking import Filter, status_of
    from demarcate.report import patch_status as report
    from demarcate.report.progress import showing

    where = sources or ["aws"]
    options.check_not_kept(where)
    how = options.options_of(
        profile, region, endpoint_url, accounts=options.accounts_of(org, account, role_name, external_id)
    )
    if scans:
        _tell_scans(where, how, format, told=bool(kind or state or tag or fail_on))
        return
    chosen = Filter.of(kind or (), state or (), tag or ())
    failing = Filter.states(fail_on)
    with showing() as progress:
        answer = status_of(
            load(),
            where,
            how,
            chosen,
            progress=progress,
        )
    report.write(answer.statuses, str(format), data(), options.console())
    options.say_unread(answer.unread)
    if any(told.state in failing for told in answer.statuses):
        raise typer.Exit(BEHIND)
    if answer.unread:
        raise typer.Exit(options.UNREAD)


def _tell_scans(where: list[str], how: Options, format: Format, *, told: bool) -> None:
    """Say who scans each node. Raises DemarcateError where an option is for the status alone."""
    from demarcate.base.errors import DemarcateError
    from demarcate.patching.asking import scans_in
    from demarcate.report import patch_scans as report

    if told:
        raise DemarcateError("--scans tells of all nodes: leave --kind, --state, --tag and --fail-on out")
    scans, unread = scans_in(where, how)
    report.write(scans, str(format), data(), options.console())
    options.say_unread(unread)
    if unread:
        raise typer.Exit(options.UNREAD)
