"""What the page shows as a document: the posture, arranged for reading. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from demarcate.checks.judgement import Finding
from demarcate.checks.structs import SEVERITIES
from demarcate.estate.sources.registry import collected_from
from demarcate.evidence.structs import EvidenceResult
from demarcate.model import Area, Model, Responsibility
from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import (
    Counts,
    Posture,
    ResponsibilityPosture,
    WaiverResult,
    WaiverStanding,
)
from demarcate.report.html.words import WAIVERS
from demarcate.report.pictures.collaboration import collaboration
from demarcate.report.pictures.svg import svg
from demarcate.report.safe import printable
from demarcate.version import __version__

if TYPE_CHECKING:
    from demarcate.logs.ringing import Rang

SHOWN_EXAMPLES = 5
"""How many failing resources of a check stand in the document; the script lists all of them."""

SHOWN_ROWS = 500
"""How many rows a list has whose length the estate decides. What is left out is counted on the page."""

_GLOBAL = "global"
"""Where what is kept once an account is, among regions: it is none."""

_STATES = ("gap", "unproven", "waived", "met", "provided", "not-applicable")


@dataclass(frozen=True, slots=True)
class About:
    """What was assessed, and when."""

    origin: str
    kind: str
    moment: str
    day: str
    judged: int
    """How many checks ran."""
    version: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One responsibility: what the model says of it, and how it stands."""

    said: Responsibility
    posture: ResponsibilityPosture
    services: str
    tools: str
    counterparts: tuple[Responsibility, ...]
    examples: Mapping[str, list[Finding]]
    """Of each of its checks, the first resources that fail or, where none does, are unknown."""

    @property
    def worst(self) -> str:
        """What fails worst, in a word; "" where nothing does."""
        return self.posture.severity or ""


@dataclass(frozen=True, slots=True)
class AreaPage:
    """One area with both halves."""

    area: Area
    counts: Counts
    aws: tuple[Entry, ...]
    customer: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence, and what it speaks of."""

    result: EvidenceResult
    responsibilities: tuple[ResponsibilityPosture, ...]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a roll-up. `link` leads to what is counted; "" where it leads nowhere."""

    name: str
    counts: Counts
    link: str


@dataclass(frozen=True, slots=True)
class RollUp:
    """Counts by one thing, worst first. `halves` says that AWS's half is counted too, `left_out` how many lines
    are not shown.
    """

    title: str
    heading: str
    about: str
    halves: bool
    rows: tuple[TableRow, ...]
    left_out: int


def about(assessment: Assessment) -> About:
    """What was assessed, in words."""
    posture, manifest = assessment.posture, assessment.snapshot.manifest
    parts = [part for held in manifest.tables.values() for part in held.parts]
    accounts = {part.account for part in parts if part.account}
    regions = {part.region for part in parts if part.region and part.region != _GLOBAL}
    if accounts:
        kind = f"{_number(len(accounts), 'account')}, {_number(len(regions), 'region')}"
    else:
        kind = collected_from(assessment.snapshot).label
    return About(
        posture.origin,
        kind,
        f"{posture.moment[:16].replace('T', ' ')} UTC",
        posture.moment[:10],
        len(assessment.checks) - len(posture.not_run),
        __version__,
    )


def _number(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number:,} {word}s"


def area_pages(assessment: Assessment, findings: Iterable[Finding]) -> tuple[AreaPage, ...]:
    """All areas in order, each with its responsibilities: what needs doing first."""
    model, posture = assessment.model, assessment.posture
    examples = _examples(findings)
    entries = [_entry(model, responsibility, examples) for responsibility in posture.responsibilities]
    return tuple(
        AreaPage(
            area,
            posture.areas[area.id],
            _half(entries, area, "aws"),
            _half(entries, area, "customer"),
        )
        for area in model.areas
    )


def _half(entries: Iterable[Entry], area: Area, party: str) -> tuple[Entry, ...]:
    mine = (entry for entry in entries if entry.posture.area == area.id and entry.posture.party == party)
    return tuple(sorted(mine, key=_urgency))


def _urgency(entry: Entry) -> tuple[int, int, int]:
    posture = entry.posture
    severity = SEVERITIES.index(posture.severity) if posture.severity in SEVERITIES else len(SEVERITIES)
    return _STATES.index(posture.state), severity, -posture.failed


def _entry(model: Model, posture: ResponsibilityPosture, examples: Mapping[str, list[Finding]]) -> Entry:
    said = model.responsibility[posture.id]
    services = "All services"
    if said.services != "all":
        services = ", ".join(model.service[service].name for service in said.services)
    return Entry(
        said,
        posture,
        services,
        ", ".join(model.tool[tool].name for tool in said.tools),
        model.counterparts(said),
        {check.check: examples[check.check] for check in posture.checks if check.check in examples},
    )


def _examples(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    examples: dict[str, list[Finding]] = {}
    for finding in findings:
        of_check = examples.setdefault(finding.check, [])
        if finding.verdict != "pass" and len(of_check) < SHOWN_EXAMPLES:
            of_check.append(finding)
    return examples


def asked_for(assessment: Assessment) -> set[str]:
    """The responsibilities that the summary counts: where checks were named, of yours theirs alone."""
    posture = assessment.posture
    mine = {r.id for r in posture.responsibilities if r.party == "customer"}
    if posture.summary.owed + posture.summary.not_applicable < len(mine):
        mine &= {check.responsibility for check in assessment.checks.values()}
    return mine | {r.id for r in posture.responsibilities if r.party == "aws"}


def picture(assessment: Assessment) -> str:
    """The six areas and the line between the halves, as SVG that is markup of ours."""
    return svg(collaboration(assessment.model, assessment.posture), inline=True)


def rang(assessment: Assessment) -> Rang | None:
    """Which alarms rang; None of a lake, and where there is no account that could have any."""
    from demarcate.logs import ringing

    snapshot = assessment.snapshot
    if assessment.of_lake or not any(snapshot.accounts) or ringing.TABLE not in snapshot.asked:
        return None
    return ringing.rang(snapshot)


def gaps(posture: Posture, areas: Iterable[AreaPage]) -> list[Entry]:
    """The gaps of all areas, worst first."""
    entries = {entry.posture.id: entry for page in areas for entry in page.customer}
    return [entries[gap.id] for gap in posture.first()]


def not_run(posture: Posture) -> dict[str, list[str]]:
    """The checks that did not run, by the reason."""
    reasons: dict[str, list[str]] = {}
    for check in posture.not_run:
        reasons.setdefault(check.reason, []).append(check.check)
    return reasons


def proofs(posture: Posture) -> list[Evidence]:
    """All evidence, each piece once, by the day on which it expires."""
    shown_by: dict[EvidenceResult, list[ResponsibilityPosture]] = {}
    for responsibility, result in posture.evidence():
        shown_by.setdefault(result, []).append(responsibility)
    collected = [Evidence(result, tuple(of_it)) for result, of_it in shown_by.items()]
    return sorted(collected, key=lambda p: (p.result.valid_until or "9999", p.result.title, p.result.file))


def expired(evidence: Iterable[Evidence]) -> list[Evidence]:
    """What has expired and proves nothing any more."""
    return [proof for proof in evidence if proof.result.standing == "expired"]


def expiring(posture: Posture, evidence: Iterable[Evidence]) -> list[Evidence]:
    """What proves something now, and soon will not."""
    soon = {result for _, result in posture.expiring()}
    return [proof for proof in evidence if proof.result in soon]


def waivers(posture: Posture) -> list[WaiverResult]:
    """All waivers, those that need somebody's attention first."""
    return [waiver for standing in WAIVERS for waiver in posture.waived(cast(WaiverStanding, standing))]


def roll_ups(assessment: Assessment, asked: str) -> list[RollUp]:
    """Counts by party, area, account, region and each tag that was asked for; those without a line are left out.

    `asked` ends links to responsibilities, and leaves those out that are not counted.
    """
    model, posture = assessment.model, assessment.posture
    parties = [
        TableRow("AWS", posture.parties["aws"], "#responsibilities?party=aws"),
        TableRow("You", posture.parties["customer"], f"#responsibilities?party=customer{asked}"),
    ]
    areas = [TableRow(area.title, posture.areas[area.id], f"#area/{area.id}") for area in model.areas]
    made = [
        RollUp("By party", "Party", "", True, tuple(parties), 0),
        RollUp("By area", "Area", "", True, tuple(areas), 0),
        _worst_first("By account", "Account", posture.accounts, lambda name: {"account": name}),
        _worst_first(
            "By region", "Region", posture.regions, lambda name: {"region": name}, {_GLOBAL: "in no region"}
        ),
        *(_of_tag(key, values) for key, values in posture.tags.items()),
    ]
    return [table for table in made if table.rows]


_CHECKED = "What checks prove. What needs manual evidence holds for all of the estate and is not counted here."


def _of_tag(key: str, counts: Mapping[str, Counts]) -> RollUp:
    return _worst_first(f"By tag {key}", key, counts, lambda name: {"tag": f"{key}={name}"}, {"": "no such tag"})


def _worst_first(
    title: str,
    heading: str,
    counts: Mapping[str, Counts],
    filters: Callable[[str], Mapping[str, str]],
    names: Mapping[str, str] | None = None,
) -> RollUp:
    """Counts by the name of something. `filters` lead to its findings, if it has a name; `names` are shown instead."""
    shown = names or {}
    rows = [
        TableRow(
            shown.get(name, name),
            of_it,
            f"#findings?{urlencode({key: printable(value) for key, value in filters(name).items()})}"
            if name
            else "",
        )
        for name, of_it in sorted(counts.items(), key=lambda item: (item[1].badness, item[0]))
    ]
    return RollUp(title, heading, _CHECKED, False, tuple(rows[:SHOWN_ROWS]), max(0, len(rows) - SHOWN_ROWS))
