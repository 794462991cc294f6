"""patch who, status, history: whose patching is, how far it is, and how far it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data, saving, say

if TYPE_CHECKING:
    from demarcate.estate.sources.interface import Options

BEHIND = 1
"""The exit code where a resource is in a state that --fail-on names."""

ServiceLevels = Annotated[
    list[str] | None,
    typer.Option(
        "--service-level",
        metavar="SEVERITY=DAYS",
        help="What is missing for longer, by the history, is overdue; repeatable.",
    ),
]
Given = Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=options.SOURCES)]


def verbs(group: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (who, status, history):
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
    from demarcate.report.patching import status as report

    where = options.or_live(sources)
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
    record: Annotated[
        bool, typer.Option("--record", help="Keep it in the history, with each patch that nodes lack.")
    ] = False,
    service_level: ServiceLevels = None,
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
    from demarcate.patching.history import history_folder, levels_of
    from demarcate.report.patching import status as report
    from demarcate.report.progress import showing

    where = options.or_live(sources)
    options.check_not_kept(where)
    how = options.options_of(
        profile, region, endpoint_url, accounts=options.accounts_of(org, account, role_name, external_id)
    )
    if scans:
        chosen_too = options.asked(kind=kind, state=state, tag=tag, record=record, fail_on=fail_on)
        _tell_scans(where, how, format, told=chosen_too)
        return
    chosen = Filter.of(kind or (), state or (), tag or ())
    failing = Filter.states(fail_on)
    with showing() as progress:
        answer = status_of(
            load(),
            where,
            how,
            chosen,
            levels=levels_of(service_level or ()),
            into=history_folder() if record else None,
            progress=progress,
        )
    report.write(answer.statuses, str(format), data(), options.console())
    if answer.recorded is not None:
        say(f"recorded: {answer.recorded}")
    for note in answer.notes:
        say(f"passed over in the history: {note}")
    options.say_unread(answer.unread)
    if any(told.state in failing for told in answer.statuses):
        raise typer.Exit(BEHIND)
    if answer.unread:
        raise typer.Exit(options.UNREAD)


def history(
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="ID", help="Only of this account; repeatable.")
    ] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="Only of this region; repeatable.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="Only of this kind; repeatable.")
    ] = None,
    resource: Annotated[
        list[str] | None, typer.Option("--resource", metavar="ARN", help="Only of this resource; repeatable.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="From this day on. Default: all that was recorded."),
    ] = None,
    mended: Annotated[bool, typer.Option("--mended", help="Show what was mended, too.")] = False,
    service_level: ServiceLevels = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw the days in this file: .svg.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How what is missing is written.")] = Format.TEXT,
) -> None:
    """Show what patch status --record kept: how patching went from day to day, and since when what is missing."""
    from datetime import date

    from demarcate.base.errors import DemarcateError
    from demarcate.patching.history import history_folder, history_of, levels_of
    from demarcate.patching.kinds import load_kinds
    from demarcate.report.patching import history as report

    if picture is not None and picture.suffix != ".svg":
        raise DemarcateError(f"--picture writes SVG: name a file that ends in .svg, and not {picture}")
    try:
        day = None if since is None else date.fromisoformat(since)
    except ValueError as error:
        raise DemarcateError(f"--since takes a day such as 2026-11-23, not {since!r}") from error
    named = [each.kind for each in load_kinds(kind)] if kind else []
    only = {"account_id": account, "region": region, "kind": named, "resource": resource}
    folder = history_folder()
    kept = history_of(
        folder,
        levels_of(service_level or ()),
        since=day,
        only={name: values for name, values in only.items() if values},
    )
    for note in kept.broken:
        say(f"passed over in the history: {note}")
    if not kept.days:
        say(f"{folder}: nothing of it is recorded; demarcate patch status --record does so")
    report.write(kept, str(format), data(), options.console(), mended=mended)
    if picture is not None:
        with saving(picture) as out:
            out.write(report.svg_of(kept))
        say(f"written: {picture}")
    if kept.broken:
        raise typer.Exit(options.UNREAD)


def _tell_scans(where: list[str], how: Options, format: Format, *, told: bool) -> None:
    """Say who scans each node. Raises DemarcateError where an option is for the status alone."""
    from demarcate.base.errors import DemarcateError
    from demarcate.patching.asking import scans_in
    from demarcate.report.patching import scans as report

    if told:
        raise DemarcateError(
            "--scans tells of all nodes: leave --kind, --state, --tag, --record and --fail-on out"
        )
    scans, unread = scans_in(where, how)
    report.write(scans, str(format), data(), options.console())
    options.say_unread(unread)
    if unread:
        raise typer.Exit(options.UNREAD)
