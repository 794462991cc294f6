"""Findings as CSV, a line each, for spreadsheets: no cell is a formula."""

from __future__ import annotations

from demarcate.checks.judgement import Waived
from demarcate.posture.assessment import Assessment
from demarcate.report import rows
from demarcate.report.out import Out

COLUMNS = (
    "area",
    "responsibility",
    "state",
    "check",
    "title",
    "verdict",
    "severity",
    "account",
    "region",
    "resource",
    "reason",
    "kind",
    "remedy",
    "file",
    "line",
    "id",
    "type",
    "name",
    "waived_until",
    "waived_by",
    "waived_reason",
    "waiver",
)


def write(assessment: Assessment, out: Out) -> None:
    """Write what fails or is unknown, in the order of the findings."""
    states = {posture.id: posture.state for posture in assessment.posture.responsibilities}
    rows.write(
        COLUMNS,
        (
            (
                check.area,
                check.responsibility,
                states[check.responsibility],
                check.id,
                check.title,
                finding.verdict,
                finding.severity,
                finding.account,
                finding.region,
                finding.resource,
                finding.reason,
                finding.kind,
                check.remedy.text,
                finding.file,
                finding.line,
                finding.id,
                finding.type,
                finding.name,
                *_waived(finding.waived),
            )
            for finding in assessment.findings()
            for check in (assessment.checks[finding.check],)
        ),
        "csv",
        out,
    )


def _waived(waived: Waived | None) -> tuple[str | None, ...]:
    if waived is None:
        return (None,) * 4
    return (waived.until or "no end", waived.owner, waived.reason, waived.id)
