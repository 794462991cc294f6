"""patch images: which images run, what of them is behind, and how they are built anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from demarcate.changes.reach import Reach
    from demarcate.patching.images import RunningImage


def verbs(group: typer.Typer) -> None:
    """Register the verb."""
    group.command()(images)


def images(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="aws (the default), or a snapshot of it.")
    ] = None,
    rebuild: Annotated[
        str | None,
        typer.Option("--rebuild", metavar="REPOSITORY", help="Plan the build of its image anew, as a change."),
    ] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """Say of each image that runs in ECS how far it is behind its repository and its base, and what builds it.

    Exit codes: 0 done; 2 bad input, or nothing is known to build it; 3 done, but something could not be read.
    """
    from demarcate.changes.reach import Reach
    from demarcate.changes.selecting import live_snapshot
    from demarcate.patching import images as patching
    from demarcate.report.patching import images as report
    from demarcate.report.progress import showing

    how = options.options_of(
        profile, region, endpoint_url, accounts=options.accounts_of(org, account, role_name, external_id)
    )
    with showing() as progress:
        snapshot = live_snapshot(sources or ["aws"], how, patching.selection(), progress)
    with snapshot:
        unread = snapshot.unread
        options.say_unread(unread)
        reach = Reach(how, reads={patching.MANIFEST, patching.PROJECTS, patching.BUILDS})
        running = patching.with_origins(patching.running_images(snapshot), snapshot, reach)
    report.write(running, str(format), data(), options.console())
    if rebuild is not None:
        _plan(running, rebuild, reach, ledger, as_)
    reach.close()
    if unread:
        raise typer.Exit(options.UNREAD)


def _plan(running: list[RunningImage], name: str, reach: Reach, ledger: str | None, as_: str | None) -> None:
    """Plan the build of a repository's image. Raises DemarcateError where nothing is known to build it."""
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.deciding import record_plan
    from demarcate.changes.reach import NotDone
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.patching.images import rebuild

    options.known("repository of an image that runs", name, sorted({image.repository for image in running}))
    chosen = [image for image in running if image.repository == name and image.rebuilt_by is not None]
    try:
        change = rebuild(chosen[0], reach) if chosen else None
    except NotDone as error:
        raise DemarcateError(f"{name}: {error}") from error
    if change is None:
        raise DemarcateError(f"{name}: no CodeBuild project is known that builds it: see what it was built of")
    actor = actor_of(as_, reach.caller.arn)
    with Ledger(ledger) as opened:
        record_plan(opened, actor, change)
    say(f"next: demarcate change approve {change.id}; then demarcate change apply {change.id}")
