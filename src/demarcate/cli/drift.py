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
    from demarcate.drift.ignoring import Ignored
    from demarcate.drift.structs import Comparison
    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.estate.sources.interface import Options

DRIFTED = 1


class DriftFormat(StrEnum):
    """How drift is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    CSV = "csv"


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(drift)
    group = typer.Typer(help="What the estate is declared to be, signed off.", no_args_is_help=True)
    group.command("set")(set_baseline)
    group.command("list")(list_baselines)
    app.add_typer(group, name="baseline")


def drift(
    declared: Annotated[
        list[str] | None,
        typer.Argument(metavar="DECLARED", help="Templates, folders of them, or a snapshot of the live estate."),
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
        int | None,
        typer.Option("--watch", metavar="SECONDS", min=1, help="Look again and again, so many seconds apart."),
    ] = None,
    who: Annotated[bool, typer.Option("--who", help="Ask CloudTrail who changed what drifted, and when.")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Plan a change that brings back what a remedy of a check is for.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Show all of what could not be compared.")] = False,
    format: Annotated[DriftFormat, typer.Option("--format", help="How it is written.")] = DriftFormat.TEXT,
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

    Exit codes: 0 no drift; 1 drift; 2 bad input; 3 no drift in what could be read, and something could not.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.drift.ignoring import read_rules

    if (baseline is None) == (not declared):
        raise DemarcateError("name what is declared: templates, a snapshot, or a baseline (--baseline)")
    rules = read_rules(ignore)
    named = _stacks(stack)
    how = options.options_of(
        profile, region, endpoint_url, accounts=options.accounts_of(org, account, role_name, external_id)
    )
    with _declared(declared, baseline, parameters, ledger) as meant:
        while True:
            comparison, unread = _compare(meant, against, how, named, rules, undeclared=not declared_only)
            if who:
                from demarcate.drift.causes import with_causes

                comparison = with_causes(comparison, how)
            _tell(comparison, format, full=full)
            if watch is None:
                break
            time.sleep(watch)
    if plan and comparison.drifted:
        _plan(comparison, against, how, ledger, as_)
    if comparison.drifted:
        raise typer.Exit(DRIFTED)
    if unread:
        raise typer.Exit(options.UNREAD)


def _declared(
    sources: list[str] | None, baseline: str | None, parameters: Path | None, ledger: str | None
) -> Snapshot:
    """The snapshot of what is declared."""
    from demarcate.drift.baselines import newest, open_baseline
    from demarcate.estate.sources.collecting import collect_snapshot
    from demarcate.ledger.ledger import Ledger

    if baseline is not None:
        with Ledger(ledger, reading=True) as opened:
            return open_baseline(newest(opened, baseline))
    return collect_snapshot(sources or [], options.options_of(None, None, None, parameters))


def _compare(
    declared: Snapshot,
    against: str,
    how: Options,
    stacks: dict[str, list[str]],
    rules: Ignored,
    *,
    undeclared: bool,
) -> tuple[Comparison, bool]:
    from demarcate.assessing import selection_of
    from demarcate.checks.catalog import load_checks
    from demarcate.drift.comparing import compare
    from demarcate.drift.selecting import selection_for
    from demarcate.estate.sources.collecting import asks, collect_snapshot
    from demarcate.report.progress import showing

    chosen = selection_of((check for check in load_checks().values() if not check.on_request), live=True)
    asked = {name: columns for name, columns in chosen.items() if columns is not None}
    live_only = how if asks([against]) else options.options_of(None, None, None)
    with showing() as progress:
        live = collect_snapshot([against], live_only, selection=selection_for(declared, asked), progress=progress)
    with live:
        comparison = compare(declared, live, stacks=stacks, asked=asked, ignored=rules, undeclared=undeclared)
        options.say_unread(live.unread)
        return comparison, bool(live.unread)


def _plan(comparison: Comparison, against: str, how: Options, ledger: str | None, as_: str | None) -> None:
    """Plan and record the change that brings back what drifted, and say what it leaves."""
    from demarcate.changes.applying import standing
    from demarcate.changes.deciding import record_plan
    from demarcate.drift.planning import plan_drift
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import changes as report

    actor = actor_of(as_)
    planned, left = plan_drift(comparison, [against], how)
    console = options.console()
    report.write_unplanned(planned.unplanned, console)
    for drift in left:
        say(f"no remedy sets back {drift.column} of {drift.resource}: deploy its template again, or edit it")
    if planned.change is not None:
        with Ledger(ledger) as opened:
            record_plan(opened, actor, planned.change)
            report.write(standing(opened, planned.change.id), console)
        say(f"next: demarcate change approve {planned.change.id}, by somebody else")


def _tell(comparison: Comparison, format: DriftFormat, *, full: bool) -> None:
    from demarcate.report import drift as report
    from demarcate.report import rows

    if format is DriftFormat.TEXT:
        report.write(comparison, options.console(), full=full)
    elif format is DriftFormat.JSON:
        report.write_json(comparison, data())
    elif format is DriftFormat.SARIF:
        report.write_sarif(comparison, data())
    else:
        rows.write(*report.rows(comparison), "csv", data())


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
    how = options.options_of(
        profile,
        region,
        endpoint_url,
        parameters,
        accounts=options.accounts_of(org, account, role_name, external_id),
    )
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
