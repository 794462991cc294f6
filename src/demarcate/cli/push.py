"""push: tell other systems of findings. What is pushed is a change: planned, approved, recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.report.out import say

if TYPE_CHECKING:
    from demarcate.changes.policies import Policy
    from demarcate.changes.pushing import Pushed, Pusher
    from demarcate.changes.status import Status
    from demarcate.changes.structs import Change
    from demarcate.cli.reaching import How
    from demarcate.ledger.ledger import Ledger
    from demarcate.posture.assessment import Assessment

NOT_WHOLE = 1
"""The exit code where a finding or a whole hub was refused."""


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Tell other systems of findings.", no_args_is_help=True)
    group.command("security-hub")(security_hub)
    app.add_typer(group, name="push")


def security_hub(
    folder: Annotated[Path, typer.Argument(metavar="ASSESSMENT", help="What assess --save kept.")],
    policies: options.Policies = None,
    change: Annotated[
        str | None,
        typer.Option("--change", metavar="CHANGE", help="Push what this change plans, which was approved."),
    ] = None,
    apply_role: options.ApplyRole = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    external_id: options.ExternalId = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Push findings to Security Hub, each from its own account, and archive there what is fixed.

    With policies that somebody approved (change approve-policies) and that ask for no approval, it is pushed at once;
    else it is planned, to be approved and pushed with --change. Exit codes: 0 pushed, planned, or nothing to push;
    1 something was refused, and the rest pushed; 2 bad input.
    """
    from demarcate.changes.policies import read_policies
    from demarcate.cli.reaching import How
    from demarcate.ledger.ledger import Ledger

    asked = read_policies(policies)
    how = How(apply_role, profile, endpoint_url, external_id, None, as_, policies)
    with options.opened(folder) as assessment:
        pushed = _pushed(assessment)
        if not pushed.hubs:
            say(f"{folder}: there is nothing to push: no finding and no table is of an account")
            return
        with Ledger(ledger) as opened:
            _push(opened, pushed, str(folder), change, asked, how)


def _push(
    ledger: Ledger, pushed: Pushed, source: str, change_id: str | None, policies: tuple[Policy, ...], how: How
) -> None:
    """Plan a push, and make it where it is allowed. Raises typer.Exit where something was refused."""
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.applying import standing
    from demarcate.changes.automatic import record_allowed, signed_policies, why_not_alone
    from demarcate.changes.deciding import record_plan
    from demarcate.changes.pushing import plan_push, same
    from demarcate.ledger.acting import actor_of

    planned = plan_push(pushed, f"{source}, {pushed.moment:%Y-%m-%d %H:%M} UTC")
    if change_id is not None:
        change = standing(ledger, change_id).change
        if not same(change, planned):
            raise DemarcateError(f"{change_id}: it plans other findings than those of {source}: plan a push anew")
        _carry_out(ledger, change, pushed, policies, how, "")
        return
    signed = signed_policies(ledger, policies) if how.policies is not None else None
    actor = actor_of(how.person)
    reasons = why_not_alone(policies, planned, actor.person)
    record_plan(ledger, actor, planned)
    say(f"{planned.id}: {planned.title}")
    if signed is None or reasons:
        for reason in reasons:
            say(f"not pushed yet: {reason}")
        say(
            f"next: demarcate change approve {planned.id}; then "
            f"demarcate push security-hub {source} --change {planned.id}"
        )
        return
    record_allowed(ledger, actor, planned, policies, signed)
    _carry_out(ledger, planned, pushed, policies, how, signed.told)


def _carry_out(
    ledger: Ledger, change: Change, pushed: Pushed, policies: tuple[Policy, ...], how: How, authority: str
) -> None:
    from demarcate.changes.alarms import Alarms
    from demarcate.changes.applying import Run, standing
    from demarcate.changes.deciding import permitted
    from demarcate.changes.policies import alarms_of
    from demarcate.changes.pushing import GET, Pusher
    from demarcate.changes.status import State
    from demarcate.ledger.acting import actor_of
    from demarcate.report import changes as report

    def permit(status: Status) -> str:
        permission = permitted(status, policies)
        return f"{permission} of {authority}" if authority else permission

    permit(standing(ledger, change.id))  # before AWS is asked anything
    with how.reach(change, also=(GET,)) as reach:
        pusher = Pusher(reach, pushed, say)
        check = Alarms(alarms_of(policies, change), reach).check
        run = Run(ledger, actor_of(how.person, reach.caller.arn), pusher, check=check, wait=0)
        after = run.carry_out(change.id, "apply", resume=True, permit=permit)
    _tell(pusher)
    if after.state is not State.APPLIED:
        report.write(after, options.console())
        raise typer.Exit(NOT_WHOLE)
    if any(outcome.refused for outcome in pusher.outcomes.values()):
        raise typer.Exit(NOT_WHOLE)


def _tell(pusher: Pusher) -> None:
    outcomes = pusher.outcomes.values()
    sent, archived = sum(each.sent for each in outcomes), sum(each.archived for each in outcomes)
    refused = sum(each.refused for each in outcomes)
    told = f", {refused:,} refused" if refused else ""
    say(f"Security Hub has {sent:,} findings; {archived:,} fixed ones are archived{told}")


def _pushed(assessment: Assessment) -> Pushed:
    """What of an assessment goes to which hub."""
    from datetime import datetime

    from demarcate.base.moments import utc
    from demarcate.changes.pushing import Document, Hub, Pushed
    from demarcate.report import asff

    read: dict[tuple[str, str], set[str]] = {}
    places: dict[str, set[str]] = {}
    for name, table in assessment.snapshot.manifest.tables.items():
        for part in table.parts:
            if part.account and part.region:
                read.setdefault((part.account, name), set()).add(part.region)
                places.setdefault(part.account, set()).add(part.region)
    nowhere = 0
    for account, region, _, count in assessment.judgement.places():
        if account is None:
            nowhere += count
        else:
            places.setdefault(account, set()).add(region or "")
    regions: dict[Hub, set[str]] = {}
    for account, told in places.items():
        partition = asff.partition_of(told)
        for region in told:
            home = asff.HOME[partition] if region in ("", "global") else region
            regions.setdefault(Hub(account, home, partition), set()).add(region)
    for sentence in asff.without_account(nowhere):
        say(f"left out: {sentence}")

    def findings(hub: Hub) -> Iterator[Document]:
        for finding in assessment.judgement.findings(passes=False, account=hub.account, regions=regions[hub]):
            yield asff.finding_of(finding, assessment.checks[finding.check], assessment.posture.moment)

    ran = set(assessment.checks) - {check.check for check in assessment.posture.not_run}

    def is_read(hub: Hub, finding: Document) -> bool:
        """Whether the table of the check of a finding was read there; a table that has no region was read in none."""
        check = finding["GeneratorId"].removeprefix(asff.GENERATOR)
        if check not in ran:
            return False
        there = read.get((hub.account, assessment.checks[check].table), set())
        return hub.region in there or (hub.region == asff.HOME[hub.partition] and "global" in there)

    return Pushed(
        hubs=sorted(regions),
        findings=findings,
        generators=asff.GENERATOR,
        is_read=is_read,
        moment=utc(datetime.fromisoformat(assessment.posture.moment)),
    )
