"""drift, baseline: where the live estate differs from what it is declared to be."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options
from demarcate.cli.options import Format
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from demarcate.cli.automatic import Automatic
    from demarcate.drift.structs import Comparison
    from demarcate.estate.snapshots.manifest import Unread
    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.estate.sources.interface import Options
    from demarcate.report.out import Out

DRIFTED = 1


class DriftFormat(StrEnum):
    """How drift is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    CSV = "csv"
    HTML = "html"


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(drift)
    group = typer.Typer(help="What the estate is declared to be, signed off.", no_args_is_help=True)
    group.command("set")(set_baseline)
    group.command("list")(list_baselines)
    group.command("diff")(diff_baselines)
    app.add_typer(group, name="baseline")


def drift(
    declared: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DECLARED", help="Templates, a state of Terraform, or a snapshot of the live estate."
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="NAME", help="Compare with this baseline instead.")
    ] = None,
    against: Annotated[
        str, typer.Option("--against", metavar="SOURCE", help="What is live: aws, or a snapshot of it.")
    ] = "aws",
    stack: Annotated[
        list[str] | None,
        typer.Option("--stack", metavar="FILE=NAME", help="The stack that a template is deployed as; repeatable."),
    ] = None,
    ignore: Annotated[
        Path | None, typer.Option("--ignore", metavar="FILE", help="Differences that are not told, and why.")
    ] = None,
    declared_only: Annotated[
        bool, typer.Option("--declared-only", help="Leave out resources that nothing declares.")
    ] = False,
    watch: Annotated[
        str | None,
        typer.Option("--watch", metavar="INTERVAL", help="Look again and again, so far apart: 90s, 10m, 1h."),
    ] = None,
    who: Annotated[
        bool, typer.Option("--who", help="Ask CloudTrail and Config who changed what drifted, and when.")
    ] = False,
    aws_results: Annotated[
        bool,
        typer.Option(
            "--aws-results",
            help="Show what CloudFormation, Config, State Manager and Control Tower say themselves, too.",
        ),
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Plan a change that brings back what a remedy of a check is for.")
    ] = False,
    auto: Annotated[
        bool, typer.Option("--auto", help="Plan, apply and verify what --policies allow without an approval.")
    ] = False,
    policies: Annotated[
        Path | None,
        typer.Option("--policies", metavar="FILE", help="Policies for --auto, which somebody approved."),
    ] = None,
    apply_role: Annotated[
        str | None,
        typer.Option("--apply-role", metavar="NAME", help="With --auto: the role to assume for a change."),
    ] = None,
    patch: Annotated[
        str | None,
        typer.Option(
            "--patch",
            metavar="FILE",
            help="Write the edits by which templates, or Terraform's files, declare what is live; - is the output.",
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Show all of what could not be compared.")] = False,
    format: Annotated[DriftFormat, typer.Option("--format", help="How it is written.")] = DriftFormat.TEXT,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write a file, as its name ends: .html, .json, .csv, …"),
    ] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    parameters: options.Parameters = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Say where the live estate differs from its templates or baseline, and what could not be compared.

    Exit codes: 0 no drift; 1 drift; 2 bad input; 3 no drift in what could be read, and something could not. With --auto
    they are those of what is there afterwards.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.drift.causes import with_causes
    from demarcate.drift.finding import declared_by, find_drift
    from demarcate.drift.ignoring import read_rules
    from demarcate.report.progress import showing

    seconds = None if watch is None else _seconds(watch)
    written = DriftFormat.TEXT if out is None else options.format_of(out, _BY_SUFFIX)
    if patch == "-" and format is not DriftFormat.TEXT:
        raise DemarcateError(f"--patch - and --format {format} both take the output: name a file for the patch")
    if (baseline is None) == (not declared):
        raise DemarcateError("name what is declared: templates, a snapshot, or a baseline (--baseline)")
    if auto and (format is not DriftFormat.TEXT or patch == "-"):
        raise DemarcateError(
            "--auto tells people what it does on the output: name a file for data (--out, --patch FILE)"
        )
    alone = _automatic(auto, plan, policies, against, ledger, as_, apply_role, profile, endpoint_url, external_id)
    rules = read_rules(ignore)
    named = _stacks(stack)
    how = options.reading_of(profile, region, endpoint_url, org, account, role_name, external_id)
    meant_by = options.options_of(None, None, None, parameters)

    def compared(meant: Snapshot) -> tuple[Comparison, tuple[Unread, ...]]:
        with showing() as progress:
            comparison, unread = find_drift(
                meant,
                against,
                how,
                stacks=named,
                ignored=rules,
                undeclared=not declared_only,
                aws_results=aws_results,
                progress=progress,
            )
        options.say_unread(unread)
        if who:
            comparison = with_causes(comparison, how)
        if out is not None:
            _write(comparison, written, out)
        if patch != "-" and (out is None or format is not DriftFormat.TEXT):
            _tell(comparison, format, full=full)
        if patch is not None:
            _patch(comparison, patch, declared, meant_by)
        return comparison, unread

    def look() -> tuple[Comparison, tuple[Unread, ...]]:
        # What is declared is read at each look: what was deployed since is no drift, and must not be brought back.
        with declared_by(declared or [], baseline, meant_by, ledger) as meant:
            comparison, unread = compared(meant)
            if plan and comparison.drifted:
                shown = format is DriftFormat.TEXT and patch != "-"
                _plan(comparison, meant, against, how, ledger, as_, shown=shown)
            if alone is not None and comparison.drifted and alone.bring_back(comparison, meant, how):
                return compared(meant)  # what is told in the end is what was read after it
            return comparison, unread

    comparison, unread = look()
    while seconds is not None:
        time.sleep(seconds)
        try:
            comparison, unread = look()
        except DemarcateError as error:
            say(f"this look failed, and the next is in {seconds} s: {error}")
    if comparison.drifted:
        raise typer.Exit(DRIFTED)
    if unread or comparison.unpaired:
        raise typer.Exit(options.UNREAD)


def _automatic(
    auto: bool,
    plan: bool,
    policies: Path | None,
    against: str,
    ledger: str | None,
    as_: str | None,
    apply_role: str | None,
    profile: str | None,
    endpoint_url: str | None,
    external_id: str | None,
) -> Automatic | None:
    """What brings drift back by itself, where that was asked for. Raises DemarcateError where it may not."""
    from demarcate.base.errors import DemarcateError

    if not auto:
        if policies is not None or apply_role is not None:
            raise DemarcateError("--policies and --apply-role are for --auto")
        return None
    from demarcate.cli.automatic import Automatic
    from demarcate.cli.reaching import How

    if policies is None or plan or against != "aws":
        raise DemarcateError(
            "--auto takes policies that somebody approved (--policies), and what is live from AWS: leave --plan and "
            "--against out"
        )
    how = How(apply_role, profile, endpoint_url, external_id if apply_role else None, None, as_, policies)
    return Automatic(policies, ledger, as_, how)


def _plan(
    comparison: Comparison,
    declared: Snapshot,
    against: str,
    how: Options,
    ledger: str | None,
    as_: str | None,
    *,
    shown: bool,
) -> None:
    """Plan and record the change that brings back what was changed, and say what it leaves.

    It is `shown` where standard output is for people.
    """
    from demarcate.cli import planning
    from demarcate.drift.structs import DriftKind
    from demarcate.report import changes as report

    if not comparison.of(DriftKind.CHANGED):
        say("no change is planned: nothing was changed that could be brought back")
        return
    change, unplanned, caller = planning.of_drift(comparison, declared, [against], how, {})
    if shown:
        report.write_unplanned(unplanned, options.console())
    if change is not None:
        planning.record(change, caller, ledger, as_, shown=shown)


def _patch(comparison: Comparison, to: str, declared: list[str] | None, how: Options) -> None:
    """Write the patch by which templates declare what is live, and say what it leaves."""
    from demarcate.drift.forward import patch_of
    from demarcate.report import edits as report

    files = sorted({drift.file for drift in comparison.drifts if drift.file is not None})
    patch = patch_of(comparison, declared or files, how)
    for drift, why in patch.left:
        at = f":{drift.line}" if drift.line else ""
        place = f"{drift.file}{at}: " if drift.file else ""
        say(f"{place}no edit for {drift.column or 'all'} of {drift.logical_id or drift.resource}: {why}")
    for drift, line in patch.edits:
        say(f"{drift.file}:{line}: {drift.column} of {drift.logical_id} as it is live")
    for drift, file, line in patch.configured:
        say(f"{file}:{line}: {drift.column} of {drift.logical_id} as it is live, once terraform plan agrees")
    report.give(patch.files, to)


def _tell(comparison: Comparison, format: DriftFormat, *, full: bool) -> None:
    from demarcate.report import drift as report

    if format is DriftFormat.TEXT:
        report.write(comparison, options.console(), full=full)
    else:
        _give(comparison, format, data("utf-8") if format is DriftFormat.HTML else data())


_BY_SUFFIX = {f".{format}": format for format in DriftFormat if format is not DriftFormat.TEXT}


def _write(comparison: Comparison, format: DriftFormat, out: Path) -> None:
    """Write a file. Raises DemarcateError where it cannot be written."""
    from demarcate.base.errors import DemarcateError
    from demarcate.report.out import saving

    try:
        with saving(out) as file:
            _give(comparison, format, file)
    except OSError as error:
        raise DemarcateError(f"{out}: cannot be written: {error.strerror or error}") from error
    say(f"{out}: {len(comparison.drifts):,} differences, and what could not be compared")


def _give(comparison: Comparison, format: DriftFormat, to: Out) -> None:
    """Write a comparison for programs, or as a page."""
    from demarcate.report import drift as report
    from demarcate.report import rows
    from demarcate.report.html import drift as html

    if format is DriftFormat.JSON:
        report.write_json(comparison, to)
    elif format is DriftFormat.SARIF:
        report.write_sarif(comparison, to)
    elif format is DriftFormat.HTML:
        html.write(comparison, to)
    else:
        rows.write(*report.rows(comparison), "csv", to)


def _seconds(text: str) -> int:
    """The seconds of an interval. Raises DemarcateError for what is none."""
    import re

    from demarcate.base.errors import DemarcateError

    match = re.fullmatch(r"([0-9]{1,6})([smh]?)", text)
    seconds = int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0
    if not 0 < seconds <= 7 * 24 * 3600:
        raise DemarcateError(f"--watch takes an interval such as 90s, 10m or 1h, of up to a week, not {text!r}")
    return seconds


def _stacks(texts: list[str] | None) -> dict[str, list[str]]:
    """The stacks of each file. Raises DemarcateError for what is no pair."""
    from demarcate.base.errors import DemarcateError

    named: dict[str, list[str]] = {}
    for text in texts or ():
        file, equals, name = text.rpartition("=")
        if not equals or not file or not name:
            raise DemarcateError(f"--stack takes FILE=NAME, not {text!r}")
        named.setdefault(file, []).append(name)
    return named


def set_baseline(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the baseline is called.")],
    sources: Annotated[
        list[str], typer.Option("--from", metavar="SOURCE", help="Templates, a snapshot, or aws; repeatable.")
    ],
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    org: options.Organization = False,
    account: options.AccountIds = None,
    role_name: options.RoleName = None,
    external_id: options.ExternalId = None,
    parameters: options.Parameters = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Keep what the estate is declared to be as the next version of a baseline, and sign it off in the ledger.

    Exit codes: 0 done; 2 bad input; 3 set, but something could not be read, and so is not in it.
    """
    from demarcate.drift import baselines
    from demarcate.estate.sources.collecting import collect_snapshot
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.report.progress import showing

    baselines.check_name(name)
    actor = actor_of(as_)
    how = options.reading_of(profile, region, endpoint_url, org, account, role_name, external_id, parameters)
    with showing() as progress:
        snapshot = collect_snapshot(sources, how, progress=progress)
    with snapshot, Ledger(ledger) as opened:
        kept = baselines.set_baseline(opened, actor, name, snapshot)
    say(f"baseline {name}, version {kept.version}: {kept.folder}")
    options.say_unread(snapshot.unread)
    if snapshot.unread:
        raise typer.Exit(options.UNREAD)


def list_baselines(
    ledger: options.LedgerPlace = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List all versions of all baselines, and who signed them off."""
    from demarcate.drift.baselines import baselines
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import rows

    columns = ["name", "version", "of", "moment", "signed off by", "at"]
    with Ledger(ledger, reading=True) as opened:
        told = [
            [kept.name, kept.version, kept.origin, kept.moment[:19], kept.by, kept.at[:19]]
            for kept in baselines(opened)
        ]
    rows.write(columns, told, str(format), data())


def diff_baselines(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A baseline.")],
    before: Annotated[
        int | None, typer.Option("--from", metavar="VERSION", help="The older version. Default: the one before.")
    ] = None,
    after: Annotated[
        int | None, typer.Option("--to", metavar="VERSION", help="The newer version. Default: the newest.")
    ] = None,
    ledger: options.LedgerPlace = None,
    format: Annotated[DriftFormat, typer.Option("--format", help="How it is written.")] = DriftFormat.TEXT,
) -> None:
    """Say what differs between two versions of a baseline; exit with 1 where something does."""
    from demarcate.drift.baselines import newest, open_baseline
    from demarcate.drift.comparing import compare
    from demarcate.ledger.ledger import Ledger

    with Ledger(ledger, reading=True) as opened:
        newer = newest(opened, name, after)
        older = newest(opened, name, newer.version - 1 if before is None else before)
    with open_baseline(older) as then, open_baseline(newer) as now:
        comparison = compare(then, now)
    _tell(comparison, format, full=True)
    if comparison.drifted:
        raise typer.Exit(DRIFTED)
