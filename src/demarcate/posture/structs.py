"""What a posture is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from demarcate.base.errors import Problem
from demarcate.checks.judgement import NotRun
from demarcate.checks.structs import SEVERITIES
from demarcate.estate.snapshots.manifest import Unread
from demarcate.evidence.structs import EvidenceResult

State = Literal["met", "gap", "unproven", "waived", "not-applicable", "provided"]
"""`provided` is AWS's half; the others are about what the customer owes. `waived` is what would be a gap or unproven if
nobody had accepted all that its checks found.
"""


EXPIRES_SOON = 30
"""Days."""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found over the whole estate, or in one account or region of it.

    `failed` and `unknown` count what is waived, too; `waived` and `waived_unknown` are how many of them are.
    """

    check: str
    title: str
    severity: str
    remedy: str
    passed: int
    failed: int
    unknown: int
    waived: int = 0
    waived_unknown: int = 0

    @property
    def total(self) -> int:
        """How many resources it judged."""
        return self.passed + self.failed + self.unknown

    @property
    def open(self) -> int:
        """How many fail and are not waived."""
        return self.failed - self.waived

    @property
    def open_unknown(self) -> int:
        """How many are unknown and not waived."""
        return self.unknown - self.waived_unknown


class ResponsibilityPosture(msgspec.Struct, frozen=True, kw_only=True):
    """One responsibility: its state, and what led to it.

    `because` is for people: one sentence each. `checks` are those that judged at least one resource,
    `evidence` is all that speaks of it, whatever it is worth.
    """

    id: str
    title: str
    area: str
    party: str
    services: tuple[str, ...]
    state: State
    severity: str | None
    """The worst severity of what fails and is not waived; None unless it is a gap."""
    because: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    evidence: tuple[EvidenceResult, ...] = ()

    @property
    def failed(self) -> int:
        """How many resources fail and are not waived, counted once for each check."""
        return sum(result.open for result in self.checks)


WaiverStanding = Literal["active", "ends-soon", "expired", "matches-nothing", "not-judged"]
"""How a waiver stands on the day of an assessment. `not-judged`: what it is about was not asked for, or not read."""


class WaiverResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one waiver does in one assessment.

    `findings` is how many fails and unknowns are meant by it; by one that is expired, all of them count again.
    `until` is ISO 8601, UTC and included. `file` and `line` say where it is written down.
    """

    id: str
    what: str
    reason: str
    owner: str | None
    until: str | None
    standing: WaiverStanding
    findings: int
    file: str
    line: int


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What an assessment could say anything of, so that a later one can tell what is mended from what nobody looked at.

    `checks` are those that ran, `accounts` the accounts that were read with the regions of each, and `paths` the
    files and folders of templates that were given.
    """

    checks: tuple[str, ...] = ()
    accounts: dict[str, tuple[str, ...]] = {}
    paths: tuple[str, ...] = ()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many responsibilities are in which state. `owed` is what applies to the customer."""

    owed: int = 0
    met: int = 0
    gaps: int = 0
    unproven: int = 0
    waived: int = 0
    not_applicable: int = 0
    provided: int = 0
    attested: int = 0
    """Of what AWS provides: for how much there is a provider report on file that is still valid."""
    gaps_by_severity: dict[str, int] = {}

    @property
    def badness(self) -> tuple[int, ...]:
        """What comes first where those with the worst gaps do."""
        return tuple(-self.gaps_by_severity.get(severity, 0) for severity in SEVERITIES)

    def __str__(self) -> str:
        worst = next((s for s in SEVERITIES if self.gaps_by_severity.get(s)), None)
        told = f" ({self.gaps_by_severity[worst]} {worst})" if worst else ""
        gaps = "1 gap" if self.gaps == 1 else f"{self.gaps} gaps"
        waived = f"{self.waived} waived, " if self.waived else ""
        return f"{self.met} of {self.owed} owed are met, {waived}{self.unproven} unproven, {gaps}{told}"


Whose = Literal["aws", "customer", "both", "nobody"]
"""Whose half speaks of a requirement: `nobody` where nothing of the model does."""


class RequirementPosture(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement: its state, and what led to it.

    `checks` are those that judged at least one resource, `not_judged` the ids of the others. `responsibilities` are
    those that it is about by itself. `because` is for people: one sentence each.
    """

    id: str
    title: str
    whose: Whose
    state: State
    because: tuple[str, ...]
    checks: tuple[CheckResult, ...] = ()
    not_judged: tuple[str, ...] = ()
    responsibilities: tuple[str, ...] = ()


class FrameworkPosture(msgspec.Struct, frozen=True, kw_only=True):
    """How an estate stands along one framework. `states` counts its requirements."""

    id: str
    title: str
    source: str
    states: dict[State, int]
    requirements: tuple[RequirementPosture, ...]


class Posture(msgspec.Struct, frozen=True, kw_only=True):
    """The posture of one estate: every responsibility, and counts by area, party, account, region and tag.

    `tags` has, for each tag key that was asked for, counts by its values; "" is what has no such tag.
    """

    origin: str
    source: str
    moment: str
    summary: Counts
    responsibilities: tuple[ResponsibilityPosture, ...]
    areas: dict[str, Counts]
    parties: dict[str, Counts]
    accounts: dict[str, Counts]
    regions: dict[str, Counts]
    tags: dict[str, dict[str, Counts]] = {}
    not_run: tuple[NotRun, ...]
    unread: tuple[Unread, ...]
    frameworks: tuple[FrameworkPosture, ...] = ()
    """How it stands along the frameworks that were asked for."""
    refused: tuple[Problem, ...] = ()
    """Evidence that could not be read or believed: it proves nothing."""
    judged: Judged = Judged()
    waivers: tuple[WaiverResult, ...] = ()
    refused_waivers: tuple[Problem, ...] = ()
    """Waivers that are none: they waive nothing."""

    def evidence(self) -> Iterator[tuple[ResponsibilityPosture, EvidenceResult]]:
        """All evidence with the responsibility that it is about."""
        return ((posture, result) for posture in self.responsibilities for result in posture.evidence)

    def expiring(self, days: int = EXPIRES_SOON) -> list[tuple[ResponsibilityPosture, EvidenceResult]]:
        """What proves something now and will not in so many days, the soonest first."""
        today, ahead = datetime.fromisoformat(self.moment).date(), timedelta(days=days)
        end = (today + ahead if today <= date.max - ahead else date.max).isoformat()
        records = [
            (posture, result)
            for posture, result in self.evidence()
            if result.standing == "proves" and result.valid_until is not None and result.valid_until <= end
        ]
        return sorted(records, key=lambda pair: (pair[1].valid_until or "", pair[1].title, pair[0].id))

    @property
    def waived_findings(self) -> int:
        """How many findings are waived: fails, and what is unknown."""
        return sum(result.waived + result.waived_unknown for r in self.responsibilities for result in r.checks)

    def waived(self, *standings: WaiverStanding) -> list[WaiverResult]:
        """The waivers that stand so, those that end first before others."""
        chosen = [waiver for waiver in self.waivers if waiver.standing in standings]
        return sorted(chosen, key=lambda waiver: (waiver.until or "9999", waiver.what))

    def first(self) -> list[ResponsibilityPosture]:
        """The gaps, worst first: what to do first."""
        gaps = [r for r in self.responsibilities if r.state == "gap"]
        return sorted(gaps, key=lambda r: (SEVERITIES.index(r.severity or "low"), -r.failed, r.id))
