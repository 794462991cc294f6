"""waive, waivers: what people accept until a day, and how that stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options, providers
from demarcate.cli.options import Format
from demarcate.report.out import data, say

if TYPE_CHECKING:
    from datetime import date

    from demarcate.evidence.waivers import Waiver
    from demarcate.posture.news import Seen

FILE = "waivers.yaml"
"""Where a waiver is written, where nothing else is named."""


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(waive)
    group = typer.Typer(help="What is accepted until a day, and what other tools were told.", no_args_is_help=True)
    group.command("list")(list_waivers)
    group.command("import")(import_waivers)
    app.add_typer(group, name="waivers")


Until = Annotated[
    str | None, typer.Option("--until", metavar="DATE", help="The last day on which it holds (UTC), YYYY-MM-DD.")
]
Owner = Annotated[
    str | None, typer.Option("--owner", metavar="NAME", help="Who answers for it. Default: who you are.")
]
WaiverFile = Annotated[
    Path | None,
    typer.Option("--waivers", metavar="FILE", help="The file that it is added to. Default: waivers.yaml."),
]


def waive(
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="The id of the finding that is accepted.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is accepted.")],
    until: Until = None,
    owner: Owner = None,
    waivers: WaiverFile = None,
    assessment: Annotated[
        Path | None,
        typer.Option(
            "--assessment",
            metavar="DIR|FILE",
            help="What assess --save kept, or a JSON report: the finding must be there, and not pass.",
        ),
    ] = None,
    checks: options.CheckFolders = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Accept a finding until a day: write a waiver of it, and record it in the ledger that is given (--ledger).

    What stands in the file stays as it is. With --ledger and without --waivers the ledger alone has it.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.evidence.waiver_files import append_waivers
    from demarcate.evidence.waivers import waiver_of
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.ledger.waivers import act_of

    known = providers.known_of(checks)
    seen = _seen(finding, assessment) if assessment is not None else None
    recorded = options.asked(ledger=ledger)
    actor = actor_of(as_) if recorded or owner is None else None
    told = {"finding": finding, "reason": reason, "owner": owner or (actor.person if actor else None)}
    waiver = waiver_of(known, {**told, **({"until": until} if until is not None else {})})
    _check_ahead(waiver.until)
    path = waivers or (None if recorded else _default())
    if path is not None:
        append_waivers(path, [waiver], known, [_about(seen)] if seen is not None else [])
        say(f"written: {path}: {waiver.id}, {_ending(waiver)}")
    if recorded:
        if actor is None:
            raise DemarcateError("say who you are (--as EMAIL): it is recorded")
        with Ledger(ledger) as opened:
            entry = opened.append(actor, act_of(waiver))[0]
            say(f"{opened.name}: recorded as entry {entry.number:,}: {waiver.id}, {_ending(waiver)}")


def list_waivers(
    assessment: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="What assess --save kept: how its waivers stood. Without: as of today."
        ),
    ] = None,
    waivers: options.WaiverPlaces = None,
    checks: options.CheckFolders = None,
    ledger: options.LedgerPlace = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List waivers, each with how it stands: those that have expired, or end soon, first.

    What a waiver matches only an assessment knows: name one. Exit codes: 0 done; 2 bad input; 3 done, but waivers are
    refused.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.posture.waivers import ordered, read_waivers, standing_of
    from demarcate.report import rows

    if assessment is not None:
        options.check_alone(assessment, waivers=waivers, checks=checks, ledger=ledger)
        with options.opened(assessment) as opened:
            listed, refused = opened.posture.waivers, opened.posture.refused_waivers
    else:
        places = waivers or ([] if options.asked(ledger=ledger) else [str(_default())])
        if not waivers and places and not Path(places[0]).exists():
            raise DemarcateError(
                f"{places[0]}: there is no such file, and so no waiver is listed: name one, or the ledger "
                "(--waivers FILE|ledger); demarcate waive writes the first"
            )
        given = read_waivers(providers.waivers_of(places, ledger), providers.known_of(checks))
        listed = standing_of(given.waivers, today())
        refused = given.problems
    columns = ["standing", "until", "what", "findings", "owner", "reason", "written in", "id"]
    told = [
        [
            waiver.standing,
            waiver.until or "no end",
            waiver.what,
            waiver.findings if assessment is not None else None,
            waiver.owner,
            waiver.reason,
            f"{waiver.file}:{waiver.line}",
            waiver.id,
        ]
        for waiver in ordered(listed)
    ]
    rows.write(columns, told, str(format), data())
    for problem in refused:
        say(f"refused waiver: {problem}")
    if refused:
        raise typer.Exit(options.UNREAD)


def import_waivers(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Prowler's mutelist; templates and .tf files with Checkov's or cfn_nag's words in them.",
        ),
    ],
    until: Until = None,
    owner: Owner = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why, where the other tool was not told.")
    ] = None,
    waivers: WaiverFile = None,
    checks: options.CheckFolders = None,
    as_: options.Person = None,
) -> None:
    """Carry over what Prowler, Checkov and cfn_nag were told to be silent about, by the ids that checks here cite.

    Prints waivers, or adds them to a file (--waivers). What cannot be carried over is told, with why. Exit codes: 0
    done; 2 bad input; 3 done, but something could not be carried over.
    """
    from demarcate.checks.catalog import load_checks
    from demarcate.evidence.waiver_files import append_waivers, entry
    from demarcate.evidence.waivers import load_waivers
    from demarcate.ledger.acting import actor_of
    from demarcate.posture.importing import Giving, imported
    from demarcate.report.safe import counted

    known = providers.known_of(checks)
    who = owner or (None if known.rules.without_owner else actor_of(as_).person)
    giving = Giving(reason=reason, owner=who, until=until)
    made = imported(files, load_checks(checks or ()), known, giving)
    if not made.waivers:
        say("nothing is carried over: no waiver was made of what these files say")
    elif waivers is None:
        data().writelines(entry(waiver) for waiver in made.waivers)
    else:
        there = {waiver.id for waiver in load_waivers(waivers, known).waivers} if waivers.exists() else set()
        new = [waiver for waiver in made.waivers if waiver.id not in there]
        if new:
            append_waivers(waivers, new, known)
        old = len(made.waivers) - len(new)
        there_already = f", {old:,} of them there already" if old else ""
        say(f"{waivers}: {counted(len(made.waivers), 'waiver')} carried over{there_already}")
    for problem in made.problems:
        say(f"not carried over: {problem}")
    if made.problems:
        raise typer.Exit(options.UNREAD)


def today() -> date:
    """The day, in UTC."""
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def _default() -> Path:
    """The file of waivers that the settings name, or that of this folder."""
    named = [place for place in options.held().settings.waivers if place != options.LEDGER]
    return Path(named[0] if named else FILE)


def _seen(finding: str, assessment: Path) -> Seen:
    """The finding in an assessment. Raises DemarcateError where it is not there, or passes."""
    from demarcate.base.errors import DemarcateError
    from demarcate.base.names import nearest
    from demarcate.posture.earlier import earlier

    findings = earlier(assessment).findings
    if finding not in findings:
        raise DemarcateError(
            f"{assessment} has no finding {finding!r} that fails or is unknown{nearest(finding, findings)}"
        )
    return findings[finding]


def _check_ahead(until: date | None) -> None:
    """Refuse a waiver that would never hold. Raises DemarcateError."""
    from demarcate.base.errors import DemarcateError

    if until is not None and until < today():
        raise DemarcateError(f"--until is {until}, which is past: today is {today()} (UTC)")


def _about(seen: Seen) -> str:
    where = seen.file or " ".join(part for part in (seen.account, seen.region) if part)
    return f"{seen.check}: {seen.resource or 'all of ' + seen.table}{f' ({where})' if where else ''}"


def _ending(waiver: Waiver) -> str:
    return f"until {waiver.until}" if waiver.until is not None else "without an end"
