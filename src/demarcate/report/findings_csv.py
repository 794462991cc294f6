"""Findings as CSV, a line each, for spreadsheets: no cell is a formula."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
    """Write what fails or is unknown, and what passes where it is told, in the order of the findings."""
    rows.write(COLUMNS, rows_of(assessment), "csv", out)


def rows_of(assessment: Assessment) -> Iterator[tuple[Any, ...]]:
    """The values of `COLUMNS`, a row for each finding."""
    states = {posture.id: posture.state for posture in assessment.posture.responsibilities}
    for finding in assessment.findings():
        check = assessment.checks[finding.check]
        yield (
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


def _waived(waived: Waived | None) -> tuple[str | None, ...]:
    if waived is None:
        return (None,) * 4
    return (waived.until or "no end", waived.owner, waived.reason, waived.id)
