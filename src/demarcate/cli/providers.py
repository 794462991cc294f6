"""What provides the evidence and the waivers that a verb is given: folders and files, and the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from demarcate.cli import options

if TYPE_CHECKING:
    from demarcate.evidence.structs import ReadEvidence
    from demarcate.evidence.waivers import Known, ReadWaivers, WaiverRules


def evidence_of(places: list[str] | None, ledger: str | None) -> list[ReadEvidence]:
    """What gives the evidence of folders and of the ledger."""
    return [
        _ledger_evidence(ledger) if place == options.LEDGER else _folder_evidence(place) for place in places or ()
    ]


def _ledger_evidence(ledger: str | None) -> ReadEvidence:
    from demarcate.ledger.evidence import evidence_of_ledger

    return evidence_of_ledger(ledger)


def _folder_evidence(folder: str) -> ReadEvidence:
    from demarcate.evidence.load import folder_evidence

    return folder_evidence(Path(folder))


def waivers_of(
    places: list[str] | None, ledger: str | None, evidence: list[str] | None = None
) -> list[ReadWaivers]:
    """What gives the waivers of files and of the ledger: that is read where it is named as a place of waivers or of
    evidence, and where it is given with the command.
    """
    named = list(places or ())
    if options.LEDGER not in named and (options.LEDGER in (evidence or ()) or options.asked(ledger=ledger)):
        named.append(options.LEDGER)
    return [_ledger_waivers(ledger) if place == options.LEDGER else _file_waivers(place) for place in named]


def _ledger_waivers(ledger: str | None) -> ReadWaivers:
    from demarcate.ledger.waivers import waivers_of_ledger

    return waivers_of_ledger(ledger)


def _file_waivers(file: str) -> ReadWaivers:
    from demarcate.evidence.waivers import file_waivers

    return file_waivers(Path(file))


def known_of(folders: list[Path] | None) -> Known:
    """What waivers may name (with the checks of some folders), and the rules that the settings have."""
    from demarcate.checks.catalog import load_checks
    from demarcate.evidence.waivers import Known
    from demarcate.model import load

    owed = load().owed
    return Known(
        checks=load_checks(folders or (), responsibilities=owed), responsibilities=owed, rules=waiver_rules()
    )


def waiver_rules() -> WaiverRules:
    """Whether waivers may do without an end and an owner, as the settings have it."""
    from demarcate.evidence.waivers import WaiverRules

    settings = options.held().settings
    return WaiverRules(
        without_end=bool(settings.waivers_without_end), without_owner=bool(settings.waivers_without_owner)
    )
