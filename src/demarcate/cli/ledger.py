"""ledger, attest, evidence import: what is recorded, and whether it is whole."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import completing, options
from demarcate.cli.options import Format
from demarcate.cli.reports_of_aws import report
from demarcate.report.out import data, saving, say

if TYPE_CHECKING:
    from demarcate.estate.sources.interface import Options
    from demarcate.ledger.ledger import Head
    from demarcate.ledger.verifying import Verification

DAMAGED = 1


class ExportFormat(StrEnum):
    """How entries are exported."""

    JSONL = "jsonl"
    CSV = "csv"


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    group = typer.Typer(help="The record of what people decided and Demarcate did.", no_args_is_help=True)
    group.command("list")(list_entries)
    group.command("verify")(verify)
    group.command("pin")(pin)
    group.command("export")(export)
    group.command("import")(import_entries)
    app.add_typer(group, name="ledger")
    app.command()(attest)
    evidence = typer.Typer(help="Evidence in the ledger, and what AWS publishes.", no_args_is_help=True)
    evidence.command("import")(import_evidence)
    evidence.command("components")(components)
    evidence.command("report")(report)
    app.add_typer(evidence, name="evidence")


def list_entries(
    ledger: options.LedgerPlace = None,
    change: Annotated[str | None, typer.Option(help="Only entries of this change.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only entries of this kind; repeatable.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """List entries: who did what, when, and on whose authority."""
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import rows

    columns = ["number", "at", "kind", "person", "about", "authority"]
    with Ledger(ledger, reading=True) as opened:
        told = [
            [
                entry.number,
                f"{entry.at[:19]}Z",
                entry.act.kind,
                entry.person,
                entry.act.change or entry.act.finding or entry.act.responsibility or entry.act.account or "",
                entry.act.authority,
            ]
            for entry in opened.entries(kinds=kind or (), change=change)
        ]
    rows.write(columns, told, str(format), data())


def verify(
    ledger: options.LedgerPlace = None,
    pins: Annotated[
        str | None,
        typer.Option("--pins", metavar="FILE|s3://…", help="Heads that were pinned: none may be missing."),
    ] = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
) -> None:
    """Say whether an entry was edited, deleted, inserted or moved; exit with 1 where one was."""
    from demarcate.ledger.ledger import Ledger
    from demarcate.ledger.verifying import verify as verified

    how = options.options_of(profile, None, endpoint_url)
    pinned = _pins(pins, how) if pins is not None else []
    with Ledger(ledger, reading=True) as opened:
        opened.check_database()
        verification = verified(opened.stored(), pinned)
        name = opened.name
    _check_whole(name, verification)
    out = data()
    if verification.earlier:
        out.write(
            f"note: the time of {len(verification.earlier):,} is before that of the entry before it, first of entry "
            f"{verification.earlier[0]}: a clock was set back, or clocks differ\n"
        )
    against = (
        f", as {len(pinned):,} pin{'s' * (len(pinned) > 1)} had it"
        if pinned
        else "; without a pin, entries cut off at the end are not noticed"
    )
    out.write(f"{name}: {_entries(verification.entries)}, each in its place{against}\n")


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _check_whole(name: str, verification: Verification) -> None:
    """Say what is wrong with a ledger, and end the command where something is."""
    if not verification.faults:
        return
    out = data()
    for fault in verification.faults:
        out.write(f"{fault}\n")
    count = len(verification.faults)
    out.write(f"{name}: damaged: {count:,} fault{'s' * (count > 1)} in {_entries(verification.entries)}\n")
    raise typer.Exit(DAMAGED)


def _pins(place: str, how: Options) -> list[Head]:
    """The pins of a file, or in S3. Raises DemarcateError where they cannot be read."""
    from demarcate.changes.pinning import SCHEME, Vault
    from demarcate.ledger.pins import read_pins

    return Vault(place, how).pins() if place.startswith(SCHEME) else read_pins(Path(place))


def pin(
    ledger: options.LedgerPlace = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FILE|s3://BUCKET/KEY",
            help="Add the pin to this file, or to the versions of this object in a bucket that has an object lock.",
        ),
    ] = None,
    retain_days: Annotated[
        int | None,
        typer.Option("--retain-days", min=1, max=36500, help="In S3: for how long nobody can delete the pin."),
    ] = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    as_: options.Person = None,
) -> None:
    """Print the head of the ledger, to be kept where nobody who writes to the ledger can write.

    A ledger that is damaged, or is not the one of the pins that are there, is not pinned: the exit code is 1. A pin
    in S3 is the one write to AWS that is no change: the ledger records it before and after.
    """
    from demarcate.base.errors import DemarcateError
    from demarcate.changes.pinning import SCHEME, Vault
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.ledger.pins import add_pin, pin_line, read_pins
    from demarcate.ledger.verifying import verify as verified

    vault = None
    if out is not None and out.startswith(SCHEME):
        actor = actor_of(as_)
        vault = Vault(out, options.options_of(profile, None, endpoint_url))
        vault.check_locked(retained=retain_days is not None)
    elif retain_days is not None:
        raise DemarcateError("--retain-days goes with --out s3://BUCKET/KEY: a file is not locked")
    pinned = vault.pins() if vault else read_pins(Path(out)) if out and Path(out).exists() else []
    with Ledger(ledger, reading=True) as opened:
        verification = verified(opened.stored(), pinned)
    _check_whole(opened.name, verification)
    head = verification.head
    if head is None:
        raise DemarcateError(f"{opened.name}: the ledger has no entries yet, so that there is nothing to pin")
    if vault is not None:
        with Ledger(ledger, existing=True) as opened:
            head = vault.pin(opened, actor, retain_days)
    elif out is not None:
        add_pin(Path(out), head)
    if out is None:
        data().write(f"{pin_line(head)}\n")
    else:
        say(f"written: {out}: entry {head.number:,} is pinned")


def export(
    ledger: options.LedgerPlace = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write a file.")] = None,
    format: Annotated[
        ExportFormat,
        typer.Option("--format", help="JSON lines have all and can be imported; CSV is for spreadsheets."),
    ] = ExportFormat.JSONL,
) -> None:
    """Write all entries, for an auditor or another database."""
    from contextlib import nullcontext

    from demarcate.ledger import exporting
    from demarcate.ledger.ledger import Ledger
    from demarcate.report import rows

    with Ledger(ledger, reading=True) as opened, nullcontext(data()) if out is None else saving(out) as stream:
        if format is ExportFormat.JSONL:
            stream.writelines(exporting.lines(opened.stored()))
        else:
            rows.write(exporting.COLUMNS, map(exporting.cells, opened.stored()), "csv", stream)
    if out is not None:
        say(f"written: {out}")


def import_entries(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What ledger export wrote, as JSON lines.")],
    ledger: options.LedgerPlace = None,
) -> None:
    """Append entries of an export to the same ledger elsewhere, or to an empty one."""
    from demarcate.ledger import exporting
    from demarcate.ledger.ledger import Ledger

    exported = exporting.read_export(file)
    with Ledger(ledger) as opened:
        count = exporting.import_entries(exported, opened)
        say(f"{opened.name}: {_entries(count)} imported")


def attest(
    responsibility: Annotated[
        list[str],
        typer.Argument(
            metavar="RESPONSIBILITY",
            help="The id of what is attested; several are one.",
            autocompletion=completing.responsibilities,
        ),
    ],
    statement: Annotated[str, typer.Option("--statement", help="What is attested, in a sentence.")],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day on which it holds.")],
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="The first day on which it holds. Default: today.")
    ] = None,
    not_met: Annotated[bool, typer.Option("--not-met", help="Attest that it is not met.")] = False,
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="ID", help="Only for this account; repeatable.")
    ] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="Only for this region; repeatable.")] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="Only for this service; repeatable.")
    ] = None,
    link: Annotated[str | None, typer.Option("--link", metavar="URL", help="Where a document of it is.")] = None,
) -> None:
    """Attest that responsibilities are met, or not, and record it in the ledger."""
    from datetime import UTC, datetime

    from demarcate.evidence.attestations import attestation
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.evidence import act_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.model import load

    actor = actor_of(as_)
    today = datetime.now(UTC).date()
    scope = {"accounts": account, "regions": region, "services": service}
    record = attestation(
        load(),
        today,
        {
            "responsibility": responsibility,
            "statement": statement,
            "met": not not_met,
            "scope": {name: names for name, names in scope.items() if names} or "all",
            "by": actor.person,
            "on": on or today.isoformat(),
            "valid-until": until,
            "document": {"link": link},
        },
    )
    with Ledger(ledger) as opened:
        entry = opened.append(actor, act_of(record))[0]
        say(f"{opened.name}: recorded as entry {entry.number:,}, valid until {record.valid_until}")


def import_evidence(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An evidence folder.")],
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Record the evidence of a folder in the ledger; what the ledger has already is left out.

    Exit codes: 0 done; 2 bad input; 3 done, but something of the folder could not be read or believed.
    """
    from datetime import UTC, datetime

    from demarcate.evidence.load import load_evidence
    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.evidence import import_records
    from demarcate.ledger.ledger import Ledger
    from demarcate.model import load

    actor = actor_of(as_)
    evidence = load_evidence(folder, load(), datetime.now(UTC).date())
    with Ledger(ledger) as opened:
        count = import_records(opened, actor, evidence.records, f"{folder}, imported")
        say(f"{opened.name}: {count:,} of {len(evidence.records):,} pieces of evidence are new and recorded")
    for problem in evidence.problems:
        say(f"refused evidence: {problem}")
    if evidence.problems:
        raise typer.Exit(options.UNREAD)


def components(
    place: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="AWS's OSCAL component definitions.")],
    checks: options.CheckFolders = None,
    format: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.TEXT,
) -> None:
    """Say which Security Hub controls AWS's own OSCAL component definitions name, and which checks decide them.

    Exit codes: 0 done; 2 bad input; 3 done, but something could not be read, or a link leads nowhere.
    """
    from demarcate.checks.catalog import load_checks
    from demarcate.evidence.components import read_components
    from demarcate.model import load
    from demarcate.report import components as report
    from demarcate.report import rows

    read = read_components(place)
    model = load()
    catalog = load_checks(checks or (), responsibilities=model.owed)
    rows.write(report.COLUMNS, report.rows(read.components, model, catalog), str(format), data())
    for problem in read.problems:
        say(f"{problem}")
    if read.problems:
        raise typer.Exit(options.UNREAD)
