"""The change that brings drifted resources back: by the remedies of the checks that now fail because of the drift."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Plan, plan_findings
from demarcate.changes.reach import Reach
from demarcate.changes.selecting import failing
from demarcate.changes.structs import Step
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check
from demarcate.drift.columns import CHILDREN
from demarcate.drift.structs import Comparison, Drift, DriftKind
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.interface import Options


@dataclass(frozen=True, slots=True)
class DriftPlan:
    """What brings drift back: the plan, the drifts that no remedy of a check is for, and whose credentials read it (an
    ARN; empty where there is no plan).
    """

    plan: Plan
    left: tuple[Drift, ...]
    caller: str = ""


def plan_drift(
    comparison: Comparison,
    declared: Snapshot,
    sources: Sequence[str],
    options: Options,
    asked: Mapping[str, Any] | None = None,
) -> DriftPlan:
    """The change that mends what drifted.

    What is `declared` must pass the check: a remedy that sets something else than is declared would be drift itself.

    Raises DemarcateError as `failing` does, and where nothing was changed.
    """
    changed = comparison.of(DriftKind.CHANGED)
    if not changed:
        raise DemarcateError("nothing was changed that could be brought back")
    checks = {
        name: check for name, check in load_checks().items() if any(_mends(check, drift) for drift in changed)
    }
    if not checks:
        return DriftPlan(Plan(None, ()), changed)
    meant = _failing_as_declared(declared, checks)
    chosen = failing(sources, options, list(checks), (), ())
    findings = [
        finding
        for finding in chosen.findings
        if any(_is_of(finding, drift, checks[finding.check], meant) for drift in changed)
    ]
    left = tuple(
        drift
        for drift in changed
        if not any(_is_of(finding, drift, checks[finding.check], meant) for finding in findings)
    )
    with chosen.snapshot:
        if not findings:
            return DriftPlan(Plan(None, ()), left)
        reads = {name for check in checks.values() for mend in check.remedy.mends for name in mend.reads}
        reach = Reach(options, reads=reads)
        plan = plan_findings(findings, checks, chosen.snapshot, reach, asked=asked, judged=chosen.judged)
        reach.close()
    change = plan.change and msgspec.structs.replace(
        plan.change, origin="drift", steps=tuple(_declared(step, changed) for step in plan.change.steps)
    )
    return DriftPlan(Plan(change, plan.unplanned), left, reach.caller.arn)


def _declared(step: Step, changed: Sequence[Drift]) -> Step:
    """A step with the file and line that declares its resource, where one does."""
    for drift in changed:
        if drift.file is not None and (drift.resource, drift.account) == (step.resource, step.account):
            stack = f", {step.declared}" if step.declared else ""
            return msgspec.structs.replace(step, declared=f"{drift.file}:{drift.line} ({drift.logical_id}){stack}")
    return step


def _failing_as_declared(declared: Snapshot, checks: Mapping[str, Check]) -> set[tuple[str, str | None]]:
    """The checks that fail by the declaration itself, each with what the declaration calls the resource."""
    judgement = judge(declared, checks.values())
    failing = {(f.check, f.resource) for f in judgement.findings(passes=False) if f.verdict == "fail"}
    judgement.close()
    return failing


def _is_of(finding: Finding, drift: Drift, check: Check, meant: Collection[tuple[str, str | None]]) -> bool:
    """Whether a finding fails because of a drift."""
    if drift.resource != finding.resource or not _mends(check, drift):
        return False
    return (finding.check, drift.logical_id or drift.resource) not in meant


def _mends(check: Check, drift: Drift) -> bool:
    """Whether a check has a remedy, and asks for what drifted."""
    if not check.remedy.mends:
        return False
    children = CHILDREN.get(drift.table)
    if children is not None and drift.column == children.called:
        return check.table == drift.table
    return check.table == drift.table and drift.column in check.columns
