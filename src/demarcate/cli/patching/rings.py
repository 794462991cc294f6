"""patch plan, run, rollback: one artefact through rings, and back again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.reaching import How
from demarcate.report.out import say

if TYPE_CHECKING:
    from demarcate.changes.reach import Reach
    from demarcate.changes.structs import Change
    from demarcate.ledger.ledger import Ledger
    from demarcate.patching.mechanisms.mechanism import Mechanism
    from demarcate.patching.running import Ended, Means

STOPPED = 1
"""The exit code of a plan that stands still, of which something failed."""

PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="The id of a patch plan.")]


def verbs(group: typer.Typer) -> None:
    """Register the verbs."""
    group.command("plan")(plan)
    group.command("run")(run)
    group.command("rollback")(rollback)


def plan(
    rings: Annotated[Path, typer.Option("--rings", metavar="FILE", help="The rings, in order.")],
    artefact: Annotated[
        list[str],
        typer.Option("--artefact", metavar="KIND=VALUE", help="What is promoted; one of each kind, repeatable."),
    ],
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="aws (the default), or a snapshot of it.")
    ] = None,
    accept_irreversible: Annotated[
        bool, typer.Option("--accept-irreversible", help="Also what has no way back that is proven.")
    ] = False,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    checks: options.CheckFolders = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Plan which resources receive an artefact, ring by ring, and record it. Nothing is written to AWS.

    The artefact is frozen as it is now, and a way back is proven for each resource. Exit codes: 0 done; 2 bad input,
    nothing to plan, or no way back; 3 planned, but something of a ring is left out or could not be read.
    """
    from demarcate.changes.deciding import record_plan
    from demarcate.changes.reach import Reach
    from demarcate.changes.selecting import live_snapshot
    from demarcate.checks.catalog import load_checks
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.model import load
    from demarcate.patching import planning, plans
    from demarcate.patching.rings import read_rings
    from demarcate.report.patching import rings as report
    from demarcate.report.progress import showing

    how = options.options_of(
        profile, region, endpoint_url, accounts=options.accounts_of(org, account, role_name, external_id)
    )
    wanted = _artefacts(artefact)
    read = read_rings(rings, load_checks(checks or (), responsibilities=load().owed))
    mechanisms = [mechanism for mechanism, _ in wanted]
    with showing() as progress:
        snapshot = live_snapshot(options.or_live(sources), how, planning.selection(mechanisms, read), progress)
    with snapshot:
        unread = snapshot.unread
        options.say_unread(unread)
        reach = Reach(how, reads={name for mechanism in mechanisms for name in mechanism.reads})
        planned, changes = planning.plan_rings(
            read, wanted, snapshot, reach, file=str(rings), accept=accept_irreversible
        )
    actor = actor_of(as_, reach.caller.arn)
    reach.close()
    with Ledger(ledger) as opened:
        for change in changes:
            record_plan(opened, actor, change)
        opened.append(actor, plans.act_of(plans.PLANNED, planned, planned))
        report.write(plans.progress_of(opened, planned.id), options.console())
    say(f"next: demarcate patch run {planned.id}; it says what it waits for")
    if unread or planned.left_out:
        raise typer.Exit(options.UNREAD)


def _artefacts(texts: list[str]) -> list[tuple[Mechanism, str]]:
    """What is to be promoted, and what installs it. Raises DemarcateError for what is no artefact."""
    from demarcate.base.errors import DemarcateError
    from demarcate.patching.mechanisms import MECHANISMS

    wanted: dict[str, tuple[Mechanism, str]] = {}
    for text in texts:
        kind, equals, value = text.partition("=")
        if not equals or not value:
            kinds = ", ".join(f"{known.kind}={known.takes}" for known in MECHANISMS.values())
            raise DemarcateError(f"--artefact takes KIND=VALUE, not {text!r}; there are {kinds}")
        options.known("kind of artefact", kind, MECHANISMS)
        if kind in wanted:
            raise DemarcateError(f"there are two artefacts of the kind {kind}: each is a plan of its own")
        try:
            MECHANISMS[kind].artefact(value)
        except ValueError as error:
            raise DemarcateError(f"--artefact {kind}: {error}") from error
        wanted[kind] = (MECHANISMS[kind], value)
    return list(wanted.values())


def run(
    plan: PlanId,
    policies: options.Policies = None,
    apply_role: options.ApplyRole = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    external_id: options.ExternalId = None,
    checks: options.CheckFolders = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Take a plan through its rings as far as it goes now: applied, watched, judged, and then the next ring.

    A run ends where a ring must be approved, soaks, or waits for its window, and the next one goes on from there. Exit
    codes: 0 done, or there is nothing to do yet; 1 a ring stands still; 2 bad input.
    """
    from demarcate.ledger.ledger import Ledger
    from demarcate.patching.running import run_plan

    how = How(apply_role, profile, endpoint_url, external_id, checks, as_, policies)
    with Ledger(ledger) as opened:
        _say(plan, run_plan(plan, _means(opened, how)), opened)


def rollback(
    plan: PlanId,
    apply_role: options.ApplyRole = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    external_id: options.ExternalId = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Undo what a plan did, the last ring first.

    Exit codes: 0 rolled back; 1 something could not be; 2 there is nothing to roll back.
    """
    from demarcate.ledger.ledger import Ledger
    from demarcate.patching.running import roll_back

    how = How(apply_role, profile, endpoint_url, external_id, None, as_)
    with Ledger(ledger) as opened:
        _say(plan, roll_back(plan, _means(opened, how)), opened)


def _means(ledger: Ledger, how: How) -> Means:
    """What a run takes."""
    from demarcate.changes import alarms
    from demarcate.changes.policies import read_policies
    from demarcate.checks.catalog import load_checks
    from demarcate.ledger.acting import actor_of
    from demarcate.model import load
    from demarcate.patching import running
    from demarcate.patching.mechanisms import MECHANISMS

    reads = {name for mechanism in MECHANISMS.values() for name in mechanism.reads} | {alarms.HISTORY}

    @contextlib.contextmanager
    def reach(change: Change) -> Iterator[Reach]:
        with how.reach(change, reads) as reaching:
            yield reaching

    return running.Means(
        ledger=ledger,
        person=lambda reaching: actor_of(how.person, reaching.caller.arn),
        reach=reach,
        options=how.options,
        checks=load_checks(how.folders or (), responsibilities=load().owed),
        policies=read_policies(how.policies) if how.policies is not None else (),
        told=say,
        now=running.now_in_utc,
    )


def _say(plan_id: str, ended: Ended, ledger: Ledger) -> None:
    """Say how a run ended, and what comes next."""
    from demarcate.patching.plans import progress_of
    from demarcate.report.patching import rings as report

    report.write(progress_of(ledger, plan_id), options.console(), plainly=True)
    for line in report.ended(plan_id, ended):
        say(line)
    if ended.how == "stopped":
        raise typer.Exit(STOPPED)
