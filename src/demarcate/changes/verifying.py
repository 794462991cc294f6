"""Verify a change: read its resources again, and judge them by its checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demarcate.assessing import selection_of
from demarcate.changes import status as records
from demarcate.changes.structs import Change
from demarcate.checks.engine import judge
from demarcate.checks.structs import Check
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger

GONE = "gone"
"""What is said of a finding whose resource is not there any more."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A finding of a change, judged again: its verdict, or `GONE`, and the reason where it does not pass."""

    finding: str
    check: str
    resource: str
    verdict: str
    reason: str = ""


def verify(change: Change, checks: Mapping[str, Check], options: Options) -> list[Verified]:
    """The findings that a change was to mend, as they are now. Raises DemarcateError as `collect_snapshot` does."""
    chosen = [checks[name] for name in change.checks if name in checks]
    regions = tuple(sorted({step.region for step in change.steps} - {"global"})) or options.regions
    with collect_snapshot(["aws"], _for(options, regions), selection=selection_of(chosen, live=True)) as snapshot:
        judgement = judge(snapshot, chosen, passes=True)
        now = {finding.id: finding for finding in judgement.findings() if finding.id in change.findings}
        judgement.close()
    verified = []
    for step in change.steps:
        for check, finding in zip(step.checks, step.findings, strict=False):
            judged = now.get(finding)
            verdict, reason = (judged.verdict, judged.reason) if judged is not None else (GONE, "")
            verified.append(Verified(finding, check, step.resource, verdict, "" if verdict == "pass" else reason))
    return verified


def record(ledger: Ledger, actor: Actor, change: Change, verified: list[Verified]) -> None:
    """Record how the findings of a change were judged again."""
    told = {item.finding: {"verdict": item.verdict, "reason": item.reason} for item in verified}
    ledger.append(actor, Act(kind=records.VERIFIED, change=change.id, after=told))


def _for(options: Options, regions: tuple[str, ...]) -> Options:
    import dataclasses

    return dataclasses.replace(options, regions=regions)
