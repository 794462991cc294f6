"""patch report: what a period of patching came to, for those who audit it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import options, providers
from demarcate.cli.patching.status import ServiceLevels
from demarcate.report.out import saving, say

if TYPE_CHECKING:
    from demarcate.guardrails.conformance import Packs
    from demarcate.ledger.ledger import Ledger
    from demarcate.patching.audit import Audit


class ReportFormat(StrEnum):
    """How the report of a period is written."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    JSON = "json"
    OSCAL = "oscal.json"


_BY_SUFFIX = {f".{format}": format for format in ReportFormat if format is not ReportFormat.TEXT}


def verbs(group: typer.Typer) -> None:
    """Register the verb."""
    group.command("report")(report)


def report(
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day (UTC).")],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day (UTC), which is in it.")],
    service_level: ServiceLevels = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write a file, as its name ends: .html, .pdf, .csv, .json, .oscal.json; repeatable.",
        ),
    ] = None,
    config_rules: Annotated[
        Path | None,
        typer.Option(
            "--config-rules",
            metavar="FILE",
            help="Write the rules of AWS Config that it proposes as a conformance pack, for guardrails pack.",
        ),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Record in the ledger that the report was made, and where it is kept.")
    ] = False,
    waivers: options.WaiverPlaces = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Report a period of patching: who patched what and when, what waited and why, which service levels were missed.

    It rests on the ledger and on the history that patch status --record keeps; what waits and is waived is told with
    its waiver. Exit codes: 0 done; 2 bad input; 3 done,
    but a file of the history could not be read, or a waiver is refused.
    """
    from datetime import date

    import msgspec

    from demarcate.base.errors import DemarcateError
    from demarcate.checks.catalog import load_checks
    from demarcate.evidence.waivers import joined
    from demarcate.guardrails.conformance import packs_of
    from demarcate.ledger.waivers import ledger_waivers
    from demarcate.patching.audit import Watching, audit
    from demarcate.patching.history import history_folder, levels_of
    from demarcate.patching.kinds import load_kinds, watched
    from demarcate.report.patching import audit as words

    files = {path: options.format_of(path, _BY_SUFFIX) for path in out or ()}
    if record and not files:
        raise DemarcateError("--record says where the report is kept: write it to a file (--out)")
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
    except ValueError as error:
        raise DemarcateError("--from and --until take days such as 2026-11-23") from error
    known = providers.known_of(None)
    with _read(ledger) as opened:
        files_of_waivers = [place for place in waivers or () if place != options.LEDGER]
        given = [read(known) for read in providers.waivers_of(files_of_waivers, None)]
        accepted = joined(*given, *([ledger_waivers(opened, known)] if opened is not None else []))
        levels = levels_of(service_level or ())
        made = audit(opened, history_folder(), levels, first, last, accepted.waivers, load_checks())
    watching = packs_of(watched(load_kinds(list(made.kinds))) if made.kinds else ())
    proposed = tuple(Watching(rule=name, checks=checks) for name, checks in watching.watches.items())
    made = msgspec.structs.replace(made, rules=proposed)
    for problem in accepted.problems:
        say(f"refused waiver: {problem}")
    words.write(made, options.console())
    for path, format in files.items():
        _write(made, format, path)
        say(f"written: {path}")
    if config_rules is not None:
        _write_rules(watching, config_rules)
    if record:
        _record(made, ", ".join(map(str, files)), ledger, as_)
    if made.broken or accepted.problems:
        raise typer.Exit(options.UNREAD)


@contextlib.contextmanager
def _read(where: str | None) -> Iterator[Ledger | None]:
    """The ledger that is named, or the user's own; None where there is none of the user's own yet."""
    from demarcate.ledger.ledger import Ledger
    from demarcate.ledger.opening import url_of

    if where is None and not Path(str(url_of(None).database)).exists():
        say("there is no ledger, and so nothing is known of what was done; it is told what was seen")
        yield None
        return
    with Ledger(where, reading=True) as ledger:
        yield ledger


def _write(made: Audit, format: ReportFormat, path: Path) -> None:
    from datetime import UTC, datetime

    from demarcate.base.errors import DemarcateError
    from demarcate.base.files import write_whole
    from demarcate.report import rows
    from demarcate.report.patching import audit as words
    from demarcate.report.patching import audit_oscal as oscal
    from demarcate.report.patching import audit_page as pages

    try:
        if format is ReportFormat.PDF:
            write_whole(path, pages.pdf(made, datetime.now(UTC)))
            return
        with saving(path) as stream:
            if format is ReportFormat.HTML:
                pages.write(made, stream)
            elif format is ReportFormat.JSON:
                words.write_json(made, stream)
            elif format is ReportFormat.OSCAL:
                oscal.write(made, datetime.now(UTC), stream)
            else:
                rows.write(words.COLUMNS, words.rows(made), "csv", stream)
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error


def _write_rules(watching: Packs, path: Path) -> None:
    """Write the conformance pack. Raises DemarcateError where there is none, and where it cannot be written."""
    from demarcate.base.errors import DemarcateError

    if not watching.templates:
        raise DemarcateError("there is no rule of AWS Config for what was recorded, and so no conformance pack")
    try:
        with saving(path) as stream:
            stream.write(watching.templates[0])  # a pack takes many more rules than there are for patching
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error
    say(f"written: {path}: {watching.rules} rules; deploy them with: demarcate guardrails pack {path}")
    for name, why in watching.left_out.items():
        say(f"{name} is not in it: {why}")


def _record(made: Audit, kept_in: str, ledger: str | None, person: str | None) -> None:
    from datetime import UTC, datetime

    from demarcate.ledger.acting import actor_of
    from demarcate.ledger.evidence import act_of
    from demarcate.ledger.ledger import Ledger
    from demarcate.patching.audit import proof

    actor = actor_of(person)
    with Ledger(ledger) as opened:
        opened.append(actor, act_of(proof(made, actor, kept_in, datetime.now(UTC).date())))
    say("recorded as evidence: patch-management.keep-patch-reports")
