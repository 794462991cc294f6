"""Findings as CSV, a line each, for spreadsheets: no cell is a formula."""

from __future__ import annotations

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
            )
            for finding in assessment.findings()
            for check in (assessment.checks[finding.check],)
        ),
        "csv",
        out,
    )
