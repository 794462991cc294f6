"""GitLab's code quality report: what has a file, shown beside the lines of a merge request.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

from typing import Any, Final

from demarcate.checks.judgement import Finding
from demarcate.posture.assessment import Assessment
from demarcate.report.located import Located
from demarcate.report.out import Out
from demarcate.report.places import path_of
from demarcate.report.safe import json_text, one_line
from demarcate.report.waived import in_words

_SEVERITIES: Final = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}
_TOLD: Final = "info"
"""The severity of what is unknown or waived: it is told, and is no failure."""


def write(assessment: Assessment, out: Out) -> list[str]:
    """Write the findings that have a file, and say how many have none."""
    findings = Located(assessment)
    out.write("[")
    separator = "\n"
    for finding in findings:
        out.write(separator + json_text(_issue(finding)))
        separator = ",\n"
    out.write("\n]\n")
    return findings.left_out


def _issue(finding: Finding) -> dict[str, Any]:
    told = finding.reason if finding.verdict == "fail" else f"unknown: {finding.reason}"
    return {
        "description": one_line(f"{in_words(finding.waived)}; {told}" if finding.waived else told),
        "check_name": finding.check,
        "fingerprint": finding.id,
        "severity": _SEVERITIES[finding.severity] if finding.is_open else _TOLD,
        "location": {"path": path_of(finding.file or ""), "lines": {"begin": max(finding.line or 1, 1)}},
    }
