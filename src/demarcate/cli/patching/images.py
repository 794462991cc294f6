"""patch images: which images run and which pipelines build some, what is behind, and how it is built anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data, saving, say

if TYPE_CHECKING:
    from demarcate.changes.reach import Reach
    from demarcate.changes.structs import Change
    from demarcate.patching.bases import Bases
    from demarcate.patching.images import RunningImage
    from demarcate.patching.rebuilding import Place


def verbs(group: typer.Typer) -> None:
    """Register the verb."""
    group.command()(images)


def images(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="aws (the default), or a snapshot of it.")
    ] = None,
    rebuild: Annotated[
        str | None,
        typer.Option(
            "--rebuild",
            metavar="NAME",
            help="Plan the build of a repository's image, or by a pipeline, as a change.",
        ),
    ] = None,
    pull_request: Annotated[
        bool,
        typer.Option(
            "--pull-request",
            help="Plan a pull request of GitHub that names the base as it is now, instead of a build.",
        ),
    ] = False,
    dockerfile: Annotated[
        str, typer.Option("--dockerfile", metavar="PATH", help="Where the Dockerfile is in that repository.")
    ] = "Dockerfile",
    base: Annotated[
        str | None,
        typer.Option(
            "--base", metavar="NAME@DIGEST", help="The base and its digest, where no repository of ECR tells it."
        ),
    ] = None,
    workflow: Annotated[
        Path | None,
        typer.Option(
            "--workflow", metavar="FILE", help="Write a workflow of GitHub Actions that rebuilds images."
        ),
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

    Below them stand the pipelines of EC2 Image Builder; for programs, `patch status --kind` has these. Exit codes:
    0 done; 2 bad input, or nothing is known to build it; 3 done, but something could not be read.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.github import GitHub
    from demarcate.changes.reach import Reach
    from demarcate.changes.selecting import live_snapshot
    from demarcate.model import load
    from demarcate.patching import bases as of_bases
    from demarcate.patching import images as patching
    from demarcate.patching import rebuilding
    from demarcate.patching import status as states
    from demarcate.patching.kinds import load_kinds
    from demarcate.report.patching import images as report
    from demarcate.report.patching.status import write as write_states
    from demarcate.report.progress import showing

    if pull_request and rebuild is None:
        raise DemarcateError("--pull-request goes with --rebuild: name the repository of the image")
    if base is not None and not pull_request:
        raise DemarcateError("--base goes with --pull-request: a build takes the base as it is")
    if workflow is not None:
        _write_workflow(workflow)
        return
    settings = options.held().settings
    github = GitHub(settings.github_url, settings.github_token_variable) if pull_request else None
    how = options.options_of(
        profile, region, endpoint_url, accounts=options.accounts_of(org, account, role_name, external_id)
    )
    model, kinds = load(), load_kinds([rebuilding.KIND])
    wanted = {**states.selection(model, kinds, live=True), **patching.selection()}
    with showing() as progress:
        snapshot = live_snapshot(options.or_live(sources), how, wanted, progress)
    with snapshot:
        unread = snapshot.unread
        options.say_unread(unread)
        reads = {patching.MANIFEST, patching.PROJECTS, of_bases.RULES, *rebuilding.READS}
        reach = Reach(how, reads=reads, github=github)
        bases = patching.bases_of(snapshot, reach)
        running = patching.with_origins(patching.running_images(snapshot), snapshot, reach, bases)
        built = list(states.patch_status(model, snapshot, kinds))
        pipelines = rebuilding.pipelines(snapshot)
    report.write(running, str(format), data(), options.console())
    if built and format is Format.TEXT:
        options.console().print()
        write_states(built, "text", data(), options.console())
    if rebuild is not None and github is not None:
        change = _asked_for(running, rebuild, dockerfile, github.url, reach, bases, base)
        _record(change, reach, ledger, as_)
    elif rebuild is not None:
        _record(_built(running, pipelines, rebuild, reach), reach, ledger, as_)
    reach.close()
    if unread:
        raise typer.Exit(options.UNREAD)


def _write_workflow(path: Path) -> None:
    """Write the workflow that is shipped. Raises OSError."""
    from demarcate.base.documents import read_text
    from demarcate.patching.rebuilding import WORKFLOW

    text = read_text(WORKFLOW)
    with saving(path) as stream:
        stream.write(text)
    say(f"written: {path}; it goes into .github/workflows of what it is to build, and says what it needs there")


def _built(running: list[RunningImage], pipelines: Mapping[str, Place], name: str, reach: Reach) -> Change:
    """Plan the build of a repository's image, or by a pipeline. Raises DemarcateError where nothing builds it."""
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.reach import NotDone
    from demarcate.patching.images import by_hand, rebuild
    from demarcate.patching.rebuilding import build

    known = {*pipelines, *(image.repository for image in running)}
    options.known("repository of an image that runs, or pipeline of Image Builder", name, sorted(known))
    chosen = [image for image in running if image.repository == name]
    try:
        if name in pipelines:
            account, region, arn = pipelines[name]
            return build(account, region, "Image Builder", arn, name, reach)
        change = next(filter(None, (rebuild(image, reach) for image in chosen)), None)
    except NotDone as error:
        raise DemarcateError(f"{name}: {error}") from error
    if change is None:
        ways = sorted(filter(None, map(by_hand, chosen)))
        hint = f"with the workflow that --workflow writes, run: {ways[0]}" if ways else "see what it was built of"
        raise DemarcateError(f"{name}: no CodeBuild project and no CodePipeline is known that builds it; {hint}")
    return change


def _asked_for(
    running: list[RunningImage],
    name: str,
    dockerfile: str,
    api: str,
    reach: Reach,
    bases: Bases,
    base: str | None,
) -> Change:
    """Plan the pull request for a repository's image. Raises DemarcateError where none can be opened."""
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.reach import NotDone
    from demarcate.patching.pull_requests import pull_request

    options.known("repository of an image that runs", name, sorted({image.repository for image in running}))
    chosen = [image for image in running if image.repository == name]
    image = next((image for image in chosen if image.base_now), chosen[0])
    try:
        return pull_request(image, dockerfile, api, reach, bases, base)
    except NotDone as error:
        raise DemarcateError(f"{name}: {error}") from error


def _record(change: Change, reach: Reach, ledger: str | None, as_: str | None) -> None:
    from demarcate.changes.deciding import record_plan
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger

    actor = actor_of(as_, reach.caller.arn)
    with Ledger(ledger) as opened:
        record_plan(opened, actor, change)
    say(f"next: demarcate change approve {change.id}; then demarcate change apply {change.id}")
