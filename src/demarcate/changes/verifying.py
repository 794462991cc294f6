"""Verify a change: read its resources again, and judge them by its checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from demarcate.assessing import selection_of
from demarcate.base.errors import DemarcateError
from demarcate.changes import status as records
from demarcate.changes.structs import Change, Step
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Only, Resource
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger

GONE = "gone"
"""What is recorded of a finding that there is none of any more: what it was about was mended or deleted, and has no
row of its own now."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A finding of a change, judged again: its verdict, or `GONE`, and the reason where it does not pass."""

    finding: str
    check: str
    resource: str
    verdict: str
    reason: str = ""


def checks_of(change: Change, folders: Sequence[Path] = ()) -> list[Check]:
    """The checks that verify a change, of the catalog and of folders. Raises DemarcateError where one is missing."""
    checks = load_checks(folders)
    missing = [name for name in change.checks if name not in checks]
    if missing:
        raise DemarcateError(
            f"{change.id}: there is no check {missing[0]!r}: name the folder that has it (--checks)"
        )
    return [checks[name] for name in change.checks]


def verify(change: Change, chosen: Sequence[Check], options: Options) -> list[Verified]:
    """The findings that a change was to mend, as they are now. Raises DemarcateError as `collect_snapshot` does.

    Only the resources of its steps are read. What is not among them then is looked for among all that there are before
    it is called gone: a step may have become that of several resources.
    """
    regions = tuple(sorted({step.region for step in change.steps} - {"global"})) or options.regions
    narrowed = replace(options, regions=regions)
    verified = _judged(change, chosen, replace(narrowed, only=_resources(change, chosen)))
    missing = {item.check for item in verified if item.verdict == GONE}
    if not missing:
        return verified
    again = _judged(change, [check for check in chosen if check.id in missing], narrowed)
    of_all = {item.finding: item for item in again}
    return [of_all[item.finding] if item.verdict == GONE else item for item in verified]


def _resources(change: Change, chosen: Iterable[Check]) -> Only:
    """The resources of a change by the table that is judged. Tables that a check looks into are read whole."""
    tables = {check.id: check.table for check in chosen}
    whole = {name for check in chosen for name in check.lookups}
    only: dict[str, set[Resource]] = {}
    for step in change.steps:
        for name in {tables[check] for check in step.checks} - whole:
            only.setdefault(name, set()).add(Resource(step.account, step.region, step.resource))
    return {name: frozenset(resources) for name, resources in only.items()}


def _judged(change: Change, chosen: Sequence[Check], options: Options) -> list[Verified]:
    """The findings of some checks of a change, judged again."""
    names = {check.id for check in chosen}
    with collect_snapshot(["aws"], options, selection=selection_of(chosen, live=True)) as snapshot:
        judgement = judge(snapshot, chosen, passes=True)
        findings = [each for each in judgement.findings() if each.resource is None or each.id in change.findings]
        judgement.close()
    return [
        _verified(step, check, finding, findings)
        for step in change.steps
        for check, finding in zip(step.checks, step.findings, strict=True)
        if check in names
    ]


def _verified(step: Step, check: str, id: str, findings: Iterable[Finding]) -> Verified:
    """A finding as it is judged now. What could not be read is unknown, and not gone."""
    place = (check, step.account, step.region)
    for finding in findings:
        unread = finding.resource is None and place == (finding.check, finding.account, finding.region)
        if finding.id == id or unread:
            reason = "" if finding.verdict == "pass" else finding.reason
            return Verified(id, check, finding.resource or step.resource, finding.verdict, reason)
    return Verified(id, check, step.resource, GONE)


def record(ledger: Ledger, actor: Actor, change: Change, verified: list[Verified]) -> None:
    """Record how the findings of a change were judged again."""
    told = {item.finding: {"verdict": item.verdict, "reason": item.reason} for item in verified}
    ledger.append(actor, Act(kind=records.VERIFIED, change=change.id, after=told))
