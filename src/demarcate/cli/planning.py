"""change plan: from findings that fail, from drift, or from steps that a person wrote."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demarcate.cli import completing, options, providers
from demarcate.report.out import say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from demarcate.changes.reach import Reach
    from demarcate.changes.structs import Change
    from demarcate.checks.judgement import Judgement
    from demarcate.checks.structs import Check
    from demarcate.drift.structs import Comparison
    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.estate.sources.edits import Edited
    from demarcate.estate.sources.interface import Options
    from demarcate.ledger.ledger import Ledger

    Meant = Callable[[Judgement, Mapping[str, Check]], Collection[str]]


def plan(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="aws (the default), or a snapshot of it.")
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            help="Mend what fails this check, or those like s3-*; repeatable.",
            autocompletion=completing.checks,
        ),
    ] = None,
    finding: Annotated[
        list[str] | None, typer.Option("--finding", metavar="ID", help="Mend this finding; repeatable.")
    ] = None,
    waivers_ending: Annotated[
        int | None,
        typer.Option(
            "--waivers-ending",
            metavar="DAYS",
            min=0,
            max=36500,
            help="Mend what is accepted no more, or will not be in so many days: name waivers (--waivers).",
        ),
    ] = None,
    waivers: options.WaiverPlaces = None,
    drift: Annotated[
        str | None,
        typer.Option("--drift", metavar="BASELINE", help="Bring back what drifted from this baseline instead."),
    ] = None,
    detect_drift: Annotated[
        str | None,
        typer.Option("--detect-drift", metavar="STACK", help="Have AWS look for drift of this stack instead."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Plan the steps of this file instead.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="What the change is for.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="What a remedy asks for; repeatable.")
    ] = None,
    patch: Annotated[
        str | None,
        typer.Option(
            "--patch",
            metavar="FILE",
            help="Write the edit of the templates by which the checks pass; - is the output.",
        ),
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(
            "--template",
            metavar="FILE",
            help="What declares what is live, templates, cdk.out, a state or plan of Terraform: say where; repeatable.",
        ),
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
    parameters: options.Parameters = None,
    as_: options.Person = None,
) -> None:
    """Plan a change from findings that fail, and record it. Nothing is written to AWS.

    What a template declares is mended there: of templates, and of a plan of Terraform beside its configuration, --patch
    writes the edit of the file, and no change is recorded. Of what is live, it writes the edit of what declares it
    (--template) beside the plan.

    Exit codes: 0 done; 2 bad input, or nothing to plan; 3 planned, but not for all that was asked.
    """
    import msgspec

    from demarcate.base.errors import DemarcateError
    from demarcate.changes.declaring import with_places
    from demarcate.changes.detecting import STACKS, plan_detection
    from demarcate.changes.files import read_steps
    from demarcate.changes.lockouts import HOLDERS, whom
    from demarcate.changes.planning import plan_by_hand
    from demarcate.checks.catalog import load_checks
    from demarcate.report import changes as report

    how = options.reading_of(profile, region, endpoint_url, org, account, role_name, external_id)
    of_findings = bool(check or finding) or waivers_ending is not None
    if [file is not None, drift is not None, detect_drift is not None, of_findings].count(True) != 1:
        raise DemarcateError(
            "say what is to be mended: --check or --finding, what waivers accept no more (--waivers-ending), drift "
            "(--drift), a stack that AWS is to look at (--detect-drift), or a file of steps (--file)"
        )
    if waivers_ending is None and options.asked(waivers=waivers):
        raise DemarcateError("--waivers goes with --waivers-ending: say in how many days they end")
    asked = _pairs(set_)
    if patch is not None and template is None:
        others = (drift, detect_drift, file, waivers_ending)
        if any(other is not None for other in others) or replace or not sources:
            raise DemarcateError(
                "--patch is for findings of templates: name these, and --check or --finding alone"
            )
        of_templates = options.options_of(None, None, None, parameters)
        if _patch(sources, of_templates, check, finding, checks or [], patch, asked):
            raise typer.Exit(options.UNREAD)
        return
    if parameters is not None and patch is None:
        raise DemarcateError("--parameters are those of templates: --patch writes the edit of these")
    unplanned: Any = ()
    if file is not None:
        if asked or sources:
            raise DemarcateError(f"{file} says what is to be done: leave the source and --set out")
        steps = read_steps(file)
        reach = _reading(how, {HOLDERS, *(name for step in steps for name in step.reads)})
        change, caller = plan_by_hand(title or file.name, str(file), steps, reach), reach.caller.arn
        for number, step in enumerate(change.steps, 1):
            if told := whom(step, caller, reach):
                say(f"step {number} may lock somebody out: {told}")
    elif detect_drift is not None:
        if asked or sources:
            raise DemarcateError("--detect-drift names the stack: leave the source and --set out")
        reach = _reading(how, {STACKS})
        change = plan_detection(detect_drift, reach.caller.account, reach.caller.start, reach)
        caller = reach.caller.arn
    else:
        if drift is not None:
            planned, unplanned, caller = _plan_drift(drift, options.or_live(sources), how, asked, ledger)
        else:
            meant = _ending(waivers_ending, waivers, ledger, checks) if waivers_ending is not None else None
            planned, unplanned, caller = _plan_findings(
                options.or_live(sources), how, check, finding, checks or [], asked, meant
            )
        report.write_unplanned(unplanned, options.console())
        if planned is None:
            raise DemarcateError("there is nothing to plan: no finding fails that a call mends")
        change = planned
    if template is not None:
        placed = with_places(change, template, load_checks(checks or []))
        change = placed.change
        if patch is not None:
            of_templates = options.options_of(None, None, None, parameters)
            _patch(template, of_templates, None, None, checks or [], patch, asked, placed.named)
        elif placed.named:
            say("what is declared is better mended there: --patch FILE writes the edit of it")
    change = msgspec.structs.replace(change, title=title or change.title, id=replace or change.id)
    record(change, caller, ledger, as_, replaces=replace is not None)
    if unplanned:
        raise typer.Exit(options.UNREAD)


def record(
    change: Change,
    caller: str,
    ledger: str | None,
    as_: str | None,
    *,
    shown: bool = True,
    replaces: bool = False,
) -> None:
    """Record a plan in the ledger, show it, and say what comes next. It `replaces` one that is there, or is new.

    `caller` is whose credentials read it, an ARN.
    """
    from demarcate.changes.deciding import record_plan
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger

    actor = actor_of(as_, caller)
    with Ledger(ledger, existing=replaces) as opened:
        record_plan(opened, actor, change)
        if shown:
            _show(opened, change.id)
    say(f"next: demarcate change approve {change.id}, by somebody else; then demarcate change apply {change.id}")


def record_if_any(change: Change | None, name: str, reach: Reach, ledger: str | None, as_: str | None) -> None:
    """Record the plan of what a person asked for of a thing, or say that it is so; nothing more is read then."""
    caller = reach.caller.arn
    reach.close()
    if change is None:
        say(f"{name} is so already: nothing is planned")
    else:
        record(change, caller, ledger, as_)


def in_one_region(
    profile: str | None, region: list[str] | None, endpoint_url: str | None, reads: Collection[str], what: str
) -> Reach:
    """What reads for a plan of what is of one region. Raises DemarcateError for several."""
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.reach import Reach

    how = options.options_of(profile, region, endpoint_url)
    if len(how.regions or ()) > 1:
        raise DemarcateError(f"{what} is of one region: name one with --region")
    return Reach(how, reads=reads)


def of_drift(
    comparison: Comparison, declared: Snapshot, sources: list[str], how: Options, asked: dict[str, Any]
) -> tuple[Change | None, Any, str]:
    """Plan what brings back what drifted, and say what nothing brings back. The last is whose credentials read it."""
    from demarcate.drift.planning import plan_drift

    planned = plan_drift(comparison, declared, sources, how, asked)
    for item in planned.left:
        say(f"no remedy sets back {item.column} of {item.resource}: deploy its template again, or edit it")
    return planned.plan.change, planned.plan.unplanned, planned.caller


def _plan_drift(
    baseline: str, sources: list[str], how: Options, asked: dict[str, Any], ledger: str | None
) -> tuple[Change | None, Any, str]:
    """Plan what brings back what drifted from a baseline."""
    from demarcate.drift.finding import declared_by, find_drift
    from demarcate.report.progress import showing

    with declared_by((), baseline, ledger=ledger) as declared:
        with showing() as progress:
            comparison, unread = find_drift(declared, sources[0], how, progress=progress)
        options.say_unread(unread)
        return of_drift(comparison, declared, sources, how, asked)


def _plan_findings(
    sources: list[str],
    how: Options,
    names: list[str] | None,
    ids: list[str] | None,
    folders: list[Path],
    asked: dict[str, Any],
    meant: Meant | None,
) -> tuple[Change | None, Any, str]:
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.planning import plan_findings
    from demarcate.changes.selecting import failing
    from demarcate.report.progress import showing

    with showing() as progress:
        chosen = failing(sources, how, names, ids or (), folders, progress, meant)
    with chosen.snapshot:
        missing = sorted(set(ids or ()) - {finding.id for finding in chosen.findings})
        if missing:
            raise DemarcateError(f"there is no finding {missing[0]!r} that fails now")
        remedies = [check.remedy for check in chosen.checks.values()]
        for name in asked:
            options.known("value that is asked for", name, {name for remedy in remedies for name in remedy.asks})
        reach = _reading(how, {name for remedy in remedies for mend in remedy.mends for name in mend.reads})
        planned = plan_findings(
            chosen.findings, chosen.checks, chosen.snapshot, reach, asked=asked, judged=chosen.judged
        )
    return planned.change, planned.unplanned, reach.caller.arn


def _ending(days: int, places: list[str] | None, ledger: str | None, folders: list[Path] | None) -> Meant:
    """What tells which findings waivers accept no more in so many days. Raises DemarcateError where there is none."""
    from demarcate.base.errors import DemarcateError
    from demarcate.posture.waivers import ending, read_waivers

    given = read_waivers(providers.waivers_of(places, ledger), providers.known_of(folders))
    for problem in given.problems:
        say(f"refused waiver: {problem}")
    if not given.waivers:
        raise DemarcateError("there are no waivers: name a file, or the ledger (--waivers FILE|ledger)")
    return lambda judgement, checks: ending(judgement, given, checks, days)


def _patch(
    sources: list[str],
    how: Options,
    names: list[str] | None,
    ids: list[str] | None,
    folders: list[Path],
    to: str,
    asked: Mapping[str, Any],
    only: Collection[tuple[str, str]] | None = None,
) -> bool:
    """Write the edits by which findings of templates pass, and say what they leave; whether anything is left."""
    from msgspec.structs import replace

    from demarcate.base.errors import DemarcateError
    from demarcate.changes.declaring import apart, assembly_of, constructs_of
    from demarcate.changes.templates import patch_of
    from demarcate.report import edits as report

    groups = apart(sources)
    assemblies = assembly_of(groups.constructs)
    generated = [str(path) for path in assemblies.templates]
    for file, reason in assemblies.problems:
        say(f"could not be read: {file}: {reason}")
    constructs = constructs_of(generated)
    edited: list[Edited] = []
    left = bool(assemblies.problems)
    missing, unknown = set(only or ()), set(ids or ())
    for group, of_group in (
        (groups.terraform, replace(how, parameters=None)),
        (generated, how),
        (groups.templates, how),
    ):
        if not group:
            continue
        called = constructs if group is generated else {}
        patch = patch_of(group, of_group, names, ids or (), folders, only=only, asked=asked, called=called)
        for finding, why in patch.left:
            say(f"{finding.file}:{finding.line}: no edit for {finding.check} of {finding.resource}: {why}")
        for finding, line in patch.edits:
            if group is generated:
                construct = constructs.get((str(finding.file), str(finding.resource)), "that it is of")
                what = ", ".join(patch.properties[finding.id])
                say(
                    f"{finding.file}:{line} ({finding.resource}): {finding.check} passes where the construct "
                    f"{construct} sets {what}: set it in the app's code and synthesize it, for this file is generated"
                )
            else:
                say(f"{finding.file}:{line}: {finding.check} of {finding.resource} passes")
        for finding, file, line in patch.configured:
            say(f"{file}:{line}: {finding.check} of {finding.resource} passes, once terraform plan agrees")
        for finding in patch.then:
            say(f"{finding.check} of {finding.resource} applies from then on, and fails: {finding.reason}")
        missing -= {(finding.check, str(finding.resource)) for finding in patch.findings}
        unknown -= {finding.id for finding in patch.findings}
        options.say_unread(patch.unread)
        edited += () if group is generated else patch.files
        left = left or bool(patch.left or patch.unread)
    if unknown:
        raise DemarcateError(f"there is no finding {min(unknown)!r} that fails now")
    for check, name in sorted(missing):
        say(f"no edit for {check} of {name}: as it is declared it does not fail: deploy it again")
    report.give(edited, to)
    return left


def _reading(how: Options, operations: set[str]) -> Reach:
    from demarcate.changes.reach import Reach

    return Reach(how, reads=operations)


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
        pairs[name] = int(value) if re.fullmatch("[0-9]{1,9}", value) else value
    return pairs
