"""change: plan, show, approve, apply, verify, undo. The one way in which anything is written to AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from demarcate.changes.reach import Reach
    from demarcate.changes.status import Status, Way
    from demarcate.changes.structs import Change
    from demarcate.estate.sources.interface import Options
    from demarcate.ledger.ledger import Ledger

NOT_WHOLE = 1
"""The exit code of a change that stands still, and of one that verifies nothing or less than all."""

ChangeId = Annotated[str, typer.Argument(metavar="CHANGE", help="The id of a change.")]
Policies = Annotated[
    Path | None,
    typer.Option("--policies", metavar="FILE", help="Who must approve what, and when. Default: another person."),
]
ApplyRole = Annotated[
    str | None,
    typer.Option("--apply-role", metavar="NAME", help="The role to assume in each account that is changed."),
]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="Changes to AWS: planned, approved, applied, verified, undone.", no_args_is_help=True)
    group.command("plan")(plan)
    group.command("list")(list_changes)
    group.command("show")(show)
    group.command("approve")(approve)
    group.command("reject")(reject)
    group.command("apply")(apply)
    group.command("resume")(resume)
    group.command("undo")(undo)
    group.command("verify")(verify)
    group.command("iam-policy")(iam_policy)
    app.add_typer(group, name="change")


def plan(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="aws (the default), or a snapshot of it.")
    ] = None,
    check: Annotated[
        list[str] | None, typer.Option("--check", help="Mend what fails this check; repeatable.")
    ] = None,
    finding: Annotated[
        list[str] | None, typer.Option("--finding", metavar="ID", help="Mend this finding; repeatable.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Plan the steps of this file instead.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="What the change is for.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="What a remedy asks for; repeatable.")
    ] = None,
    replace: Annotated[
        str | None, typer.Option("--replace", metavar="CHANGE", help="In the place of this change's plan.")
    ] = None,
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
    """Plan a change from findings that fail, and record it. Nothing is written to AWS.

    Exit codes: 0 done; 2 bad input, or nothing to plan; 3 planned, but not for all that was asked.
    """
    import msgspec

    from demarcate.base.errors import DemarcateError
    from demarcate.changes.deciding import record_plan
    from demarcate.changes.files import read_steps
    from demarcate.changes.planning import plan_by_hand
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import changes as report

    how = options.options_of(
        profile, region, endpoint_url, accounts=options.accounts_of(org, account, role_name, external_id)
    )
    if (file is None) == (not check and not finding):
        raise DemarcateError("say what is to be mended: --check, --finding, or a file of steps (--file)")
    unplanned: Any = ()
    if file is not None:
        steps = read_steps(file)
        reach = _reading(how, {name for step in steps for name in step.reads})
        change = plan_by_hand(title or file.name, str(file), steps, reach)
    else:
        planned, unplanned, reach = _plan_findings(
            sources or ["aws"], how, check, finding, checks or [], _pairs(set_)
        )
        report.write_unplanned(unplanned, options.console())
        if planned is None:
            raise DemarcateError("there is nothing to plan: no finding fails that a call mends")
        change = planned
    change = msgspec.structs.replace(change, title=title or change.title, id=replace or change.id)
    actor = actor_of(as_, reach.arn)
    with Ledger(ledger) as opened:
        record_plan(opened, actor, change)
        _show(opened, change.id)
    say(f"next: demarcate change approve {change.id}, by somebody else; then demarcate change apply {change.id}")
    if unplanned:
        raise typer.Exit(options.UNREAD)


def _plan_findings(
    sources: list[str],
    how: Options,
    names: list[str] | None,
    ids: list[str] | None,
    folders: list[Path],
    asked: dict[str, Any],
) -> tuple[Change | None, Any, Reach]:
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.planning import plan_findings
    from demarcate.changes.selecting import failing
    from demarcate.report.progress import showing

    with showing() as progress:
        chosen = failing(sources, how, names, ids or (), folders, progress)
    with chosen.snapshot:
        missing = sorted(set(ids or ()) - {finding.id for finding in chosen.findings})
        if missing:
            raise DemarcateError(f"there is no finding {missing[0]!r} that fails now")
        reach = _reading(how, {name for check in chosen.checks.values() for name in _reads(check)})
        planned = plan_findings(
            chosen.findings, chosen.checks, chosen.snapshot, reach, asked=asked, judged=chosen.judged
        )
    return planned.change, planned.unplanned, reach


def _reads(check: Any) -> list[str]:
    return [name for mend in check.remedy.mends for name in mend.reads]


def _reading(how: Options, operations: set[str]) -> Reach:
    from demarcate.changes.reach import Reach

    return Reach(how, reads=operations)


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
    commands: Annotated[bool, typer.Option("--commands", help="Each call as a command of the AWS CLI.")] = False,
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
    policies: Policies = None,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="DIGEST", help="Only if the plan is still this one.")
    ] = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Approve a plan as it stands, until it expires."""
    from demarcate.changes.deciding import approve as approved
    from demarcate.changes.policies import read_policies
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger

    with Ledger(ledger) as opened:
        approval = approved(opened, actor_of(as_), change, read_policies(policies), digest=plan)
    say(f"{change}: approved by {approval.by} until {approval.until[:16].replace('T', ' ')} UTC")


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

    with Ledger(ledger) as opened:
        rejected(opened, actor_of(as_), change, reason)
    say(f"{change}: rejected")


def apply(
    change: ChangeId,
    policies: Policies = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the states again, ask AWS's own dry run, and change nothing.")
    ] = False,
    accept_lockout: Annotated[
        bool, typer.Option("--accept-lockout", help="Also what may lock somebody out, as the change says.")
    ] = False,
    apply_role: ApplyRole = None,
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
    from datetime import UTC, datetime

    from demarcate.base.errors import DemarcateError
    from demarcate.changes.applying import standing
    from demarcate.changes.policies import read_policies, under, why_not
    from demarcate.ledger.ledger import Ledger

    with Ledger(ledger) as opened:
        status = standing(opened, change)
        chosen = read_policies(policies)
        if dry_run:
            _dry_run(status, profile, endpoint_url, apply_role, external_id)
            return
        reasons = why_not(
            chosen,
            status.change,
            planner=status.planned_by,
            approvals=status.approved(datetime.now(UTC)),
            judged=status.change.judged,
            now=datetime.now(UTC),
        )
        if reasons:
            raise DemarcateError(*(f"{change}: {reason}" for reason in reasons))
        if "locks-out" in status.change.risks and not accept_lockout:
            raise DemarcateError(
                f"{change}: it may lock somebody out: say that you accept that (--accept-lockout)"
            )
        authority = f"policy {', '.join(under(chosen, status.change))}"
        _carry_out(
            opened,
            status,
            "apply",
            profile,
            endpoint_url,
            apply_role,
            external_id,
            checks,
            as_,
            authority=authority,
        )


def resume(
    change: ChangeId,
    apply_role: ApplyRole = None,
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

    with Ledger(ledger) as opened:
        status = standing(opened, change)
        if status.begun is None or status.state not in (State.APPLYING, State.UNDOING):
            raise DemarcateError(f"{change}: it is {status.state}, and there is nothing to go on with")
        _carry_out(
            opened,
            status,
            status.begun.way,
            profile,
            endpoint_url,
            apply_role,
            external_id,
            checks,
            as_,
            resume=True,
        )


def undo(
    change: ChangeId,
    apply_role: ApplyRole = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    external_id: options.ExternalId = None,
    checks: options.CheckFolders = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Undo a change: bring back what was there before each step, the last step first.

    Exit codes: 0 undone; 1 it stands still; 2 there is nothing to undo.
    """
    from demarcate.changes.applying import standing
    from demarcate.ledger.ledger import Ledger

    with Ledger(ledger) as opened:
        status = standing(opened, change)
        _carry_out(opened, status, "undo", profile, endpoint_url, apply_role, external_id, checks, as_)


def _carry_out(
    ledger: Ledger,
    status: Status,
    way: Way,
    profile: str | None,
    endpoint_url: str | None,
    role: str | None,
    external_id: str | None,
    folders: list[Path] | None,
    as_: str | None,
    *,
    resume: bool = False,
    authority: str = "",
) -> None:
    """Apply or undo a change and say how that went; then verify what was applied."""
    from demarcate.changes.applying import Run
    from demarcate.changes.status import State
    from demarcate.ledger.acting import actor_of
    from demarcate.report import changes as report

    change = status.change
    reach = _writing(change, profile, endpoint_url, role, external_id)
    actor = actor_of(as_, reach.arn)
    run = Run(ledger, actor, reach, told=lambda number, of, text: say(f"{number} of {of}: {text}"))
    try:
        after = run.carry_out(change.id, way, resume=resume, authority=authority)
    finally:
        reach.close()
    if after.state not in (State.APPLIED, State.UNDONE):
        report.write(after, options.console())
        raise typer.Exit(NOT_WHOLE)
    say(f"{change.id}: {after.state}")
    if after.state is State.APPLIED and change.findings:
        _verify(ledger, status, profile, endpoint_url, role, external_id, folders, as_)


def verify(
    change: ChangeId,
    apply_role: ApplyRole = None,
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

    with Ledger(ledger) as opened:
        _verify(opened, standing(opened, change), profile, endpoint_url, apply_role, external_id, checks, as_)


def _verify(
    ledger: Ledger,
    status: Status,
    profile: str | None,
    endpoint_url: str | None,
    role: str | None,
    external_id: str | None,
    folders: list[Path] | None,
    as_: str | None,
) -> None:
    from demarcate.changes import verifying
    from demarcate.checks.catalog import load_checks
    from demarcate.ledger.acting import actor_of
    from demarcate.report import changes as report

    how = _how(status.change, profile, endpoint_url, role, external_id)
    verified = verifying.verify(status.change, load_checks(folders or []), how)
    verifying.record(ledger, actor_of(as_), status.change, verified)
    report.write_verified(verified, options.console())
    if any(item.verdict not in ("pass", verifying.GONE) for item in verified):
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


def _dry_run(
    status: Status, profile: str | None, endpoint_url: str | None, role: str | None, external_id: str | None
) -> None:
    """Say of each step whether it could be made now."""
    from demarcate.changes.trying import try_steps
    from demarcate.report.safe import one_line

    reach = _writing(status.change, profile, endpoint_url, role, external_id)
    try:
        tried = try_steps(status.change, reach)
    finally:
        reach.close()
    out = data()
    for number, trial in enumerate(tried, 1):
        out.write(one_line(f"{number}. {status.change.steps[number - 1].do.name}: {trial.told}") + "\n")
    if any(not trial.could for trial in tried):
        raise typer.Exit(NOT_WHOLE)


def _writing(
    change: Change, profile: str | None, endpoint_url: str | None, role: str | None, external_id: str | None
) -> Reach:
    from demarcate.changes.reach import Reach

    undoing = {step.undo.operation.name for step in change.steps if step.undo.operation is not None}
    return Reach(
        _how(change, profile, endpoint_url, role, external_id),
        reads={step.reads.operation.name for step in change.steps},
        writes={step.do.name for step in change.steps} | undoing,
        role=role,
    )


def _how(
    change: Change, profile: str | None, endpoint_url: str | None, role: str | None, external_id: str | None
) -> Options:
    """How AWS is reached for a change: in its accounts, with the role that is named."""
    from demarcate.estate.sources.accounts import Accounts
    from demarcate.estate.sources.interface import Options

    accounts = Accounts(False, change.accounts, role, external_id) if role is not None else None
    regions = tuple(sorted({step.region for step in change.steps} - {"global"}))
    return Options(profile=profile, endpoint_url=endpoint_url, accounts=accounts, regions=regions)


def _show(ledger: Ledger, change_id: str) -> None:
    from demarcate.changes.applying import standing
    from demarcate.report import changes as report

    report.write(standing(ledger, change_id), options.console())


def _pairs(texts: list[str] | None) -> dict[str, Any]:
    """What remedies ask for. A value that is a number is one. Raises DemarcateError for what is no pair."""
    from demarcate.base.errors import DemarcateError

    pairs: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise DemarcateError(f"--set takes NAME=VALUE, not {text!r}")
        pairs[name] = int(value) if value.isdecimal() and len(value) < 10 else value
    return pairs
