"""From tallies to a posture: per responsibility, and rolled up. Pure: nothing is read here but what is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

import msgspec
from msgspec.structs import replace

from demarcate.base.errors import Problem
from demarcate.base.logs import phase
from demarcate.base.moments import utc
from demarcate.checks.judgement import Judgement, NotRun, Tally
from demarcate.checks.structs import SEVERITIES, Check, Severity
from demarcate.estate.snapshots.extent import Extent
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.evidence.structs import EvidenceResult
from demarcate.model import Model, Responsibility
from demarcate.posture.line import Reach, reach
from demarcate.posture.proof import Covered, Weighed, weigh_proofs
from demarcate.posture.structs import (
    CheckResult,
    Counts,
    Judged,
    Posture,
    ResponsibilityPosture,
    State,
    WaiverResult,
)

EVIDENCE_SEVERITY: Severity = "medium"
"""How bad a gap is that people declare or that their records show: no check says it."""


@phase("posture")
def assess_snapshot(
    model: Model,
    snapshot: Snapshot,
    checks: Mapping[str, Check],
    judgement: Judgement,
    *,
    not_run: Iterable[NotRun] = (),
    evidence: Mapping[str, tuple[EvidenceResult, ...]] | None = None,
    refused: Iterable[Problem] = (),
    tagged: Mapping[str, Iterable[Tally]] | None = None,
    waivers: Iterable[WaiverResult] = (),
    refused_waivers: Iterable[Problem] = (),
    named: bool = False,
) -> Posture:
    """The posture of a snapshot that was judged by these checks, with those counted that the line is `drawn_by`.

    `not_run` are checks that were left out, `evidence` is what was weighed for each responsibility and `refused`
    what of it could not be believed, `waivers` is what they do (the judgement was waived by them already) and
    `refused_waivers` those that are none, and `tagged` has, for tag keys, tallies by the values of that tag. Where the
    checks were `named`, what the customer owes is counted of their responsibilities alone.
    """
    return assess_extent(
        model,
        Extent.of(snapshot),
        checks,
        Tallies.of(judgement.tallies),
        counted=judgement.counted,
        not_run=(*judgement.not_run, *not_run),
        evidence=evidence,
        refused=refused,
        tagged=tagged,
        waivers=waivers,
        refused_waivers=refused_waivers,
        named=named,
    )


class Tallies(msgspec.Struct, frozen=True):
    """Tallies in three ways: those of each check over all, and of each account and region."""

    whole: Iterable[Tally]
    accounts: Iterable[tuple[str, Iterable[Tally]]]
    regions: Iterable[tuple[str, Iterable[Tally]]]

    @classmethod
    def of(cls, tallies: Iterable[Tally]) -> Tallies:
        """Those of each check, account and region."""
        listed = list(tallies)
        return cls(listed, _placed(listed, lambda t: t.account), _placed(listed, lambda t: t.region))


def _placed(
    tallies: Iterable[Tally], place_of: Callable[[Tally], str | None]
) -> Iterator[tuple[str, Iterable[Tally]]]:
    placed = [(place, tally) for tally in tallies if (place := place_of(tally)) is not None]
    for place, pairs in groupby(sorted(placed, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
        yield place, [tally for _, tally in pairs]


def assess_extent(
    model: Model,
    extent: Extent,
    checks: Mapping[str, Check],
    tallies: Tallies,
    *,
    counted: Iterable[Tally] = (),
    not_run: Iterable[NotRun] = (),
    evidence: Mapping[str, tuple[EvidenceResult, ...]] | None = None,
    refused: Iterable[Problem] = (),
    tagged: Mapping[str, Iterable[Tally]] | None = None,
    waivers: Iterable[WaiverResult] = (),
    refused_waivers: Iterable[Problem] = (),
    named: bool = False,
) -> Posture:
    """The posture of what was judged somewhere, from sums of its tallies, as that of a snapshot."""
    reaches, not_run = reach(model, counted), tuple(not_run)
    facts = _Facts(model, extent, checks, not_run, reaches, evidence or {})
    whole = facts.sorted(tallies.whole)
    responsibilities = tuple(facts.posture(r, whole.get(r.id, ())) for r in model.responsibilities)
    chosen = {check.responsibility for check in checks.values()}
    shown = [r for r in responsibilities if not named or r.party == "aws" or r.id in chosen]
    return Posture(
        origin=extent.origin,
        source=extent.source,
        moment=utc(extent.moment).isoformat().replace("+00:00", "Z"),
        summary=count(r for r in shown if r.party == "customer"),
        responsibilities=responsibilities,
        areas={area: count(r for r in shown if r.area == area) for area in model.area},
        parties={party: count(r for r in shown if r.party == party) for party in ("aws", "customer")},
        accounts=_by_place(facts, tallies.accounts, lambda e, it: replace(e, accounts=(it,))),
        regions=_by_place(facts, tallies.regions, lambda e, it: replace(e, regions=(it,))),
        tags={
            key: _by_place(facts, _placed(of_key, lambda t: t.tag or ""), lambda e, _: e)
            for key, of_key in (tagged or {}).items()
        },
        not_run=not_run,
        unread=extent.unread,
        refused=tuple(refused),
        judged=_judged(extent, checks, not_run),
        waivers=tuple(waivers),
        refused_waivers=tuple(refused_waivers),
    )


def _judged(extent: Extent, checks: Iterable[str], not_run: Iterable[NotRun]) -> Judged:
    """What was judged, by what is told that was read."""
    regions: dict[str, set[str]] = {}
    for account, region in extent.places:
        if account is not None:
            regions.setdefault(account, set()).update([region] if region else [])
    return Judged(
        checks=tuple(sorted({*checks} - {entry.check for entry in not_run})),
        accounts={account: tuple(sorted(of_it)) for account, of_it in sorted(regions.items())},
        paths=tuple(extent.origin.split(", ")),
    )


def _by_place(
    facts: _Facts,
    placed: Iterable[tuple[str, Iterable[Tally]]],
    narrowed: Callable[[Covered, str], Covered],
) -> dict[str, Counts]:
    """Counts of what checks prove, for each account, region or tag's value that has any resource judged.

    `narrowed` is the part of the estate that evidence has to cover there.
    """
    checked = facts.checked()
    counts = {}
    for place, tallies in placed:
        here = facts.sorted(tallies)
        counts[place] = count(
            posture
            for r in checked
            if r.id in here and (posture := facts.posture(r, here[r.id], narrowed(facts.estate, place))).checks
        )
    return counts


def count(responsibilities: Iterable[ResponsibilityPosture]) -> Counts:
    """How many are in which state."""
    listed = list(responsibilities)
    states = Counter(r.state for r in listed)
    severities = Counter(r.severity for r in listed if r.state == "gap")
    return Counts(
        owed=states["met"] + states["gap"] + states["unproven"] + states["waived"],
        met=states["met"],
        gaps=states["gap"],
        unproven=states["unproven"],
        waived=states["waived"],
        not_applicable=states["not-applicable"],
        provided=states["provided"],
        attested=sum(
            r.state == "provided" and any(record.standing == "proves" for record in r.evidence) for r in listed
        ),
        gaps_by_severity={s: severities[s] for s in SEVERITIES if severities[s]},
    )


class _Facts:
    """What is the same for every responsibility of one assessment."""

    def __init__(
        self,
        model: Model,
        extent: Extent,
        checks: Mapping[str, Check],
        not_run: Iterable[NotRun],
        reaches: Mapping[str, Reach],
        evidence: Mapping[str, tuple[EvidenceResult, ...]],
    ) -> None:
        self._model, self._reaches, self._checks, self._evidence = model, reaches, checks, evidence
        self._by_responsibility: dict[str, list[Check]] = {}
        for check in checks.values():
            self._by_responsibility.setdefault(check.responsibility, []).append(check)
        self._not_run = {entry.check: entry.reason for entry in not_run}
        self._present = _present_services(model, extent, reaches)
        lost = {entry.account for entry in extent.unread if entry.tables}
        accounts = {*lost, *(account for account, _ in extent.places)}
        self.estate = Covered(
            accounts=tuple(sorted(account for account in accounts if account)),
            regions=tuple(sorted({region for _, region in extent.places if region and region != "global"})),
            services=frozenset(self._present),
        )

    def sorted(self, tallies: Iterable[Tally]) -> dict[str, list[Tally]]:
        """Tallies by the responsibility of their check."""
        by_responsibility: dict[str, list[Tally]] = {}
        for tally in tallies:
            check = self._checks.get(tally.check)
            if check is not None:
                by_responsibility.setdefault(check.responsibility, []).append(tally)
        return by_responsibility

    def checked(self) -> list[Responsibility]:
        """The customer responsibilities that checks can prove."""
        return [r for r in self._model.responsibilities if r.party == "customer" and "checks" in r.proof_kinds]

    def posture(
        self, responsibility: Responsibility, tallies: Iterable[Tally], estate: Covered | None = None
    ) -> ResponsibilityPosture:
        """The posture of one responsibility, from the tallies of its checks and the evidence about it."""
        results = self._results(tallies)
        evidence = self._evidence.get(responsibility.id, ())
        weighed = weigh_proofs(responsibility, evidence, estate or self.estate)
        state, because = self._state(responsibility, results, weighed)
        failing = [result.severity for result in results if result.open] or [EVIDENCE_SEVERITY]
        return ResponsibilityPosture(
            id=responsibility.id,
            title=responsibility.title,
            area=responsibility.area,
            party=responsibility.party,
            services=() if responsibility.services == "all" else responsibility.services,
            state=state,
            severity=min(failing, key=SEVERITIES.index) if state == "gap" else None,
            because=because,
            checks=results,
            evidence=evidence,
        )

    def _results(self, tallies: Iterable[Tally]) -> tuple[CheckResult, ...]:
        sums: dict[str, list[int]] = {}
        for tally in tallies:
            numbers = sums.setdefault(tally.check, [0] * 5)
            counted = (tally.passed, tally.failed, tally.unknown, tally.waived, tally.waived_unknown)
            for i, number in enumerate(counted):
                numbers[i] += number
        results = [
            CheckResult(
                check=name,
                title=self._checks[name].title,
                severity=self._checks[name].severity,
                remedy=self._checks[name].remedy.text,
                passed=passed,
                failed=failed,
                unknown=unknown,
                waived=waived,
                waived_unknown=waived_unknown,
            )
            for name, (passed, failed, unknown, waived, waived_unknown) in sums.items()
        ]
        return tuple(sorted(results, key=lambda r: (SEVERITIES.index(r.severity), r.check)))

    def _applies(self, responsibility: Responsibility) -> tuple[bool | None, str]:
        """Whether there is anything in the estate that it is about."""
        if responsibility.when:
            reached = self._reaches.get(responsibility.id, Reach())
            if reached.applies:
                return True, ""
            if reached.unknown:
                return None, f"whether it is about {_some(reached.unknown)} cannot be told"
            if reached.not_applies:
                other = "AWS" if responsibility.party == "customer" else "you"
                return (
                    False,
                    f"the settings of {_some(reached.not_applies)} put this on the other side of the line ({other})",
                )
        services = responsibility.services
        if services != "all" and not any(service in self._present for service in services):
            return False, f"the estate has no resource of {self._names(services)}"
        return True, ""

    def _names(self, services: tuple[str, ...]) -> str:
        names = [self._model.service[service].name for service in services]
        return " or ".join(names) if len(names) < 4 else f"{', '.join(names[:3])} or {len(names) - 3} others"

    def _state(
        self, responsibility: Responsibility, results: tuple[CheckResult, ...], weighed: Weighed
    ) -> tuple[State, tuple[str, ...]]:
        applies, why = self._applies(responsibility)
        if responsibility.party == "aws":
            return ("not-applicable", (why,)) if applies is False else ("provided", weighed.proves)
        failed = tuple(f"{r.title}: {_of(r.open, r)}{_waived(r.waived)}" for r in results if r.open)
        if failed:
            return "gap", (*failed, *weighed.breaks)
        if applies is False:
            return "not-applicable", (why,)
        if weighed.breaks:
            return "gap", weighed.breaks
        because: list[str] = [why] if why else []
        if "checks" in responsibility.proof_kinds:
            because += self._unproven_checks(responsibility, results)
        because += weighed.needs
        if because:
            return "unproven", (*because, *_accepted(results))
        if accepted := _accepted(results):
            return "waived", accepted
        met = [f"{r.title}: {_of(r.passed, r)}" for r in results]
        return "met", (
            *met,
            *weighed.proves,
            *(f"not judged here: {check}" for check in self._not_told(responsibility)),
        )

    def _unproven_checks(self, responsibility: Responsibility, results: tuple[CheckResult, ...]) -> Iterable[str]:
        """Why its checks do not prove it; nothing where they do."""
        yield from (f"{r.title}: {_of(r.open_unknown, r)} unknown" for r in results if r.open_unknown)
        if not results:
            of_it = self._by_responsibility.get(responsibility.id, [])
            none = (
                "the estate has no resource that its checks judge" if of_it else "none of its checks was selected"
            )
            yield from self._not_told(responsibility) or (none,)

    def _not_told(self, responsibility: Responsibility) -> list[str]:
        """The checks that do not run on this source, by the reason."""
        reasons: dict[str, list[str]] = {}
        for check in self._by_responsibility.get(responsibility.id, []):
            if check.id in self._not_run:
                reasons.setdefault(self._not_run[check.id], []).append(check.title)
        return [f"{reason}: {'; '.join(titles)}" for reason, titles in reasons.items()]


def _some(number: int) -> str:
    return "1 resource" if number == 1 else f"{number} resources"


def _of(number: int, result: CheckResult) -> str:
    return f"{number} of {result.total}"


def _waived(number: int) -> str:
    return f" ({number} more waived)" if number else ""


def _accepted(results: Iterable[CheckResult]) -> tuple[str, ...]:
    """What of each check is waived, in words."""
    return tuple(
        f"{r.title}: {_of(r.waived + r.waived_unknown, r)} waived" for r in results if r.waived + r.waived_unknown
    )


def _present_services(model: Model, extent: Extent, reaches: Mapping[str, Reach]) -> set[str]:
    """The services of which the snapshot has a resource, or may have one that was not read."""
    unread = {table for gap in extent.unread for table in gap.missing}
    lost_template = any(gap.file for gap in extent.unread)
    present = set()
    for service in model.services:
        reached = reaches.get(service.id, Reach())
        shared = {when.table for when in service.when}
        own = any(extent.rows.get(table) for table in service.tables if table not in shared)
        asked = any(table in extent.columns for table in service.tables)
        untold = lost_template or not asked or any(table in unread for table in service.tables)
        if own or untold or reached.applies or reached.unknown:
            present.add(service.id)
    return present
