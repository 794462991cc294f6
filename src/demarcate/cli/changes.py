"""change: plan, show, approve, apply, verify, undo. The one way in which anything is written to AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.cli.planning import plan
from demarcate.cli.reaching import How
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from demarcate.changes.status import Status, Way
    from demarcate.changes.structs import Change
    from demarcate.ledger.ledger import Ledger

NOT_WHOLE = 1
"""The exit code of a change that stands still, and of one that verifies nothing or less than all."""

ChangeId = Annotated[str, typer.Argument(metavar="CHANGE", help="The id of a change.")]
Lockout = Annotated[
    bool, typer.Option("--accept-lockout", help="Also what may lock somebody out, as the change says.")
]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Changes to AWS: planned, approved, applied, verified, undone.", no_args_is_help=True)
    group.command("plan")(plan)
    group.command("list")(list_changes)
    group.command("show")(show)
    group.command("approve")(approve)
    group.command("approve-policies")(approve_policies)
    group.command("reject")(reject)
    group.command("apply")(apply)
    group.command("resume")(resume)
    group.command("undo")(undo)
    group.command("verify")(verify)
    group.command("iam-policy")(iam_policy)
    app.add_typer(group, name="change")


def list_changes(
    ledger: options.LedgerPlace = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List all changes, the newest first."""
    from demarcate.changes.deciding import changes
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import changes as report
    from demarcate.report import rows

    with Ledger(ledger, reading=True) as opened:
        rows.write(*report.listed(changes(opened)), str(format), data())


def show(
    change: ChangeId,
    ledger: options.LedgerPlace = None,
    commands: Annotated[
        bool, typer.Option("--commands", help="Each call as a command: of the AWS CLI, or GitHub's.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The plan as data.")] = False,
) -> None:
    """Show a change whole: each call, what is there before it, what undoes it, and how it stands."""
    from demarcate.changes.applying import standing
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import changes as report
    from demarcate.report.safe import json_text

    with Ledger(ledger, reading=True) as opened:
        status = standing(opened, change)
    if json:
        import msgspec

        told = {"state": str(status.state), "digest": status.change.digest, **msgspec.to_builtins(status.change)}
        data().write(json_text(told) + "\n")
    else:
        report.write(status, options.console(), commands=commands)


def approve(
    change: ChangeId,
    policies: options.Policies = None,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="DIGEST", help="Only if the plan is still this one.")
    ] = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Approve a plan as it stands, until it expires. A change of a ring is approved as the ring asks."""
    from demarcate.changes.deciding import approve as approved
    from demarcate.changes.policies import read_policies
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.patching.plans import ring_of

    with Ledger(ledger, existing=True) as opened:
        ring = ring_of(opened, change) if policies is None else None
        asked = (ring,) if ring is not None else read_policies(policies)
        approval = approved(opened, actor_of(as_), change, asked, digest=plan)
    say(f"{change}: approved by {approval.by} until {approval.until[:16].replace('T', ' ')} UTC")


def approve_policies(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The policies.")],
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Approve policies as they are: what they ask no approvals for may then be done by itself (drift --auto)."""
    from demarcate.changes.automatic import approve_policies as approved
    from demarcate.changes.policies import read_policies
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger

    policies = read_policies(file)
    with Ledger(ledger) as opened:
        signed = approved(opened, actor_of(as_), policies)
    say(f"{file}: approved by {signed.by}: {signed.digest[:12]}, {', '.join(signed.names)}")


def reject(
    change: ChangeId,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Reject a plan: it will never be applied."""
    from demarcate.changes.deciding import reject as rejected
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger

    with Ledger(ledger, existing=True) as opened:
        rejected(opened, actor_of(as_), change, reason)
    say(f"{change}: rejected")


def apply(
    change: ChangeId,
    policies: options.Policies = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the states again, ask AWS's own dry run, and change nothing.")
    ] = False,
    accept_lockout: Lockout = False,
    apply_role: options.ApplyRole = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    external_id: options.ExternalId = None,
    checks: options.CheckFolders = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Apply an approved change, step by step, and verify it.

    Exit codes: 0 applied and verified; 1 it stands still, or a finding still fails; 2 it may not be applied.
    """
    from demarcate.ledger.ledger import Ledger

    how = How(apply_role, profile, endpoint_url, external_id, checks, as_, policies, accept_lockout)
    with Ledger(ledger, existing=True) as opened:
        if dry_run:
            _dry_run(opened, change, how)
        else:
            carry_out(opened, change, "apply", how)


def resume(
    change: ChangeId,
    policies: options.Policies = None,
    accept_lockout: Lockout = False,
    apply_role: options.ApplyRole = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    external_id: options.ExternalId = None,
    checks: options.CheckFolders = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Go on with a change whose run was killed: AWS is asked before anything is sent a second time.

    Exit codes as those of apply.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.applying import standing
    from demarcate.changes.status import State
    from demarcate.ledger.ledger import Ledger

    how = How(apply_role, profile, endpoint_url, external_id, checks, as_, policies, accept_lockout)
    with Ledger(ledger, existing=True) as opened:
        status = standing(opened, change)
        if status.begun is None or status.state not in (State.APPLYING, State.UNDOING):
            raise DemarcateError(f"{change}: it is {status.state}, and there is nothing to go on with")
        carry_out(opened, change, status.begun.way, how, resume=True)


def undo(
    change: ChangeId,
    apply_role: options.ApplyRole = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    external_id: options.ExternalId = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Undo a change: bring back what was there before each step, the last step first.

    Exit codes: 0 undone; 1 it stands still; 2 there is nothing to undo.
    """
    from demarcate.ledger.ledger import Ledger

    with Ledger(ledger, existing=True) as opened:
        carry_out(opened, change, "undo", How(apply_role, profile, endpoint_url, external_id, None, as_))


def verify(
    change: ChangeId,
    apply_role: options.ApplyRole = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    external_id: options.ExternalId = None,
    checks: options.CheckFolders = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Read what a change was about again, judge it by its checks, and record the verdicts.

    Exit codes: 0 all pass; 1 a finding fails or is unknown.
    """
    from demarcate.changes.applying import standing
    from demarcate.ledger.ledger import Ledger

    how = How(apply_role, profile, endpoint_url, external_id, checks, as_)
    with Ledger(ledger, existing=True) as opened:
        _verify(opened, standing(opened, change).change, how)


def carry_out(
    ledger: Ledger, change_id: str, way: Way, how: How, *, resume: bool = False, authority: str = ""
) -> None:
    """Apply or undo a change and say how that went; then verify what was applied.

    `authority` is on whose it is applied, beside that of policies. Raises typer.Exit where it is not done whole.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.alarms import Alarms
    from demarcate.changes.applying import Run, check_state, standing
    from demarcate.changes.deciding import permitted
    from demarcate.changes.following import StackEvents
    from demarcate.changes.policies import alarms_of, read_policies
    from demarcate.changes.status import State
    from demarcate.changes.verifying import checks_of
    from demarcate.ledger.acting import actor_of
    from demarcate.report import changes as report

    policies = read_policies(how.policies)

    def permit(status: Status) -> str:
        permission = permitted(status, policies, accept_lockout=how.accept_lockout)
        return f"{permission} of {authority}" if authority else permission

    status = standing(ledger, change_id)
    if way == "apply":
        if status.change.origin == "patch":
            raise DemarcateError(
                f"{change_id}: it is of a patch plan, whose rings go in order: demarcate patch run"
            )
        if status.change.origin == "push":
            raise DemarcateError(
                f"{change_id}: it pushes what an assessment tells: demarcate push security-hub ASSESSMENT "
                f"--change {change_id}"
            )
        check_state(status, way, resume=resume)
        permit(status)  # before AWS is asked anything; what counts is when it is asked again
        checks_of(status.change, how.folders or ())
    with how.reach(status.change) as reach:
        run = Run(
            ledger,
            actor_of(how.person, reach.caller.arn),
            reach,
            told=lambda number, of, text: say(f"{number} of {of}: {text}"),
            follow=StackEvents(status.change, reach, say).follow,
            check=Alarms(alarms_of(policies, status.change) if way == "apply" else (), reach).check,
        )
        after = run.carry_out(change_id, way, resume=resume, permit=permit)
    if after.state not in (State.APPLIED, State.UNDONE):
        report.write(after, options.console())
        raise typer.Exit(NOT_WHOLE)
    say(f"{change_id}: {after.state}")
    if after.state is State.APPLIED and after.change.findings:
        _verify(ledger, after.change, how)


def _verify(ledger: Ledger, change: Change, how: How) -> None:
    from demarcate.changes import verifying
    from demarcate.ledger.acting import actor_of
    from demarcate.report import changes as report

    checks = verifying.checks_of(change, how.folders or ())
    verified = verifying.verify(change, checks, how.options(change))
    verifying.record(ledger, actor_of(how.person), change, verified)
    report.write_verified(verified, options.console())
    if any(item.verdict not in ("pass", verifying.GONE) for item in verified):
        raise typer.Exit(NOT_WHOLE)


def _dry_run(ledger: Ledger, change_id: str, how: How) -> None:
    """Say of each step whether it could be made now."""
    from demarcate.changes.applying import standing
    from demarcate.changes.trying import try_steps
    from demarcate.report import changes as report

    change = standing(ledger, change_id).change
    with how.reach(change) as reach:
        tried = try_steps(change, reach)
    report.write_tried(change, tried, options.console())
    if any(not trial.could for trial in tried):
        raise typer.Exit(NOT_WHOLE)


def iam_policy(change: ChangeId, ledger: options.LedgerPlace = None) -> None:
    """Print the least IAM policy that applying and undoing a change needs."""
    from demarcate.changes.applying import standing
    from demarcate.changes.permissions import grants_of_change
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import policy

    with Ledger(ledger, reading=True) as opened:
        status = standing(opened, change)
    data().write(policy.policy_json(policy.policy(grants_of_change(status.change))))
