"""deploy: what a template would do to its stack, and to the posture, before it is approved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demarcate.cli import options
from demarcate.report.out import say

FOUND = 1
"""The exit code where linting stops a deployment."""


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(deploy)


def deploy(
    template: Annotated[Path, typer.Argument(metavar="TEMPLATE", help="The template to deploy.")],
    stack: Annotated[str, typer.Option("--stack-name", metavar="NAME", help="The stack that it is deployed as.")],
    capabilities: Annotated[
        list[str] | None,
        typer.Option("--capabilities", help="What CloudFormation is to be told that you accept; repeatable."),
    ] = None,
    parameters: options.Parameters = None,
    profile: options.Profile = None,
    region: Annotated[str | None, typer.Option("--region", help="The region to deploy to.")] = None,
    endpoint_url: options.Endpoint = None,
    apply_role: Annotated[
        str | None, typer.Option("--apply-role", metavar="NAME", help="The role to assume for it.")
    ] = None,
    guard: Annotated[
        Path | None,
        typer.Option("--guard", metavar="FOLDER", help="Rules of CloudFormation Guard that must hold."),
    ] = None,
    accept_findings: Annotated[
        bool, typer.Option("--accept-findings", help="Go on where linting or Guard finds something.")
    ] = False,
    checks: options.CheckFolders = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Say what deploying a template would add, change, replace and delete, and what would fail and pass after it.

    Nothing is deployed: the change that does it is recorded, to be approved and applied. Exit codes: 0 done, also where
    there is nothing to deploy; 1 linting or Guard finds something, and nothing is asked of AWS; 2 bad input, or
    CloudFormation refuses the template.
    """
    from demarcate.base.documents import read_text
    from demarcate.changes import deploying
    from demarcate.changes.deciding import record_plan
    from demarcate.changes.reach import Reach
    from demarcate.drift.foreseeing import foresee
    from demarcate.drift.pairing import Stack
    from demarcate.estate.sources.interface import Options
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import deploy as report

    text = read_text(template)
    values = options.parameters_of(parameters) or {}
    how = Options(profile=profile, regions=(region,) if region else (), endpoint_url=endpoint_url)
    reach = Reach(
        how,
        reads={deploying.STACKS, deploying.DESCRIBE},
        writes={deploying.CREATE, deploying.DELETE},
        role=apply_role,
    )
    actor = actor_of(as_, reach.caller.arn)
    where = region or reach.caller.start
    if _lint(template, where, guard) and not accept_findings:
        say("nothing is deployed: mend what was found, or accept it (--accept-findings)")
        raise typer.Exit(FOUND)
    wanted = deploying.Wanted(
        stack, text, where, {name: str(value) for name, value in values.items()}, tuple(capabilities or ())
    )
    with Ledger(ledger) as opened:
        proposal = deploying.propose(wanted, reach, opened, actor)
        if proposal.change is None:
            say(f"{stack}: there is nothing to deploy: the stack is as the template says")
            return
        gone = {item.physical_id for item in proposal.altered if item.effect == "deleted"}
        there = Stack("", stack, reach.caller.account, where)
        report.write(proposal, foresee(template, there, gone, how, values, checks or []), options.console())
        record_plan(opened, actor, proposal.change)
    reach.close()
    say(f"next: demarcate change approve {proposal.change.id}; then demarcate change apply {proposal.change.id}")


def _lint(template: Path, region: str, rules: Path | None) -> bool:
    """Say what linting and Guard find; whether anything of it stops the deployment."""
    from demarcate.changes import linting

    told = linting.lint(template, region)
    if told is None:
        say("not linted: cfn-lint is not installed (pip install demarcate[lint])")
    lints = [*(told or ()), *(linting.guard(template, rules) if rules is not None else ())]
    for item in lints:
        place = f"{template}:{item.line}" if item.line else str(template)
        say(f"{place}: {'warning: ' if item.warns else ''}{item.text}")
    return any(not item.warns for item in lints)
