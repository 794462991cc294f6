"""GitLab's SAST report: what has a file, for its security dashboard.

Version 15.2.1 of https://gitlab.com/gitlab-org/security-products/security-report-schemas.
"""

from __future__ import annotations

from typing import Any, Final

from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check
from demarcate.posture.assessment import Assessment
from demarcate.report import unread
from demarcate.report.located import Located
from demarcate.report.out import Out
from demarcate.report.places import path_of
from demarcate.report.safe import json_text, one_line
from demarcate.report.waived import in_words
from demarcate.version import __version__

VERSION: Final = "15.2.1"
SCHEMA: Final = (
    "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/"
    f"v{VERSION}/dist/sast-report-format.json"
)

_TOOL: Final = {"id": "demarcate", "name": "Demarcate", "version": __version__, "vendor": {"name": "Demarcate"}}

_MOST_NAME, _MOST_SOLUTION = 255, 7000
"""How many characters the schema allows."""


def write(assessment: Assessment, out: Out) -> list[str]:
    """Write the findings that have a file, and say how many have none; the report says so as well."""
    findings = Located(assessment)
    out.write(f'{{"version":"{VERSION}","schema":"{SCHEMA}","vulnerabilities":[')
    separator = "\n"
    for finding in findings:
        out.write(separator + json_text(_vulnerability(finding, assessment.checks[finding.check])))
        separator = ",\n"
    told = [f"could not be read: {line}" for line in unread.lines(assessment.posture.unread)]
    told += [f"left out: {sentence}" for sentence in findings.left_out]
    moment = assessment.posture.moment[:19]
    scan = {
        "type": "sast",
        "status": "success",
        "start_time": moment,
        "end_time": moment,
        "analyzer": _TOOL,
        "scanner": _TOOL,
        "messages": [{"level": "warn", "value": one_line(line)} for line in told],
    }
    out.write(f'\n],"scan":{json_text(scan)}}}\n')
    return findings.left_out


def _vulnerability(finding: Finding, check: Check) -> dict[str, Any]:
    place = {"file": path_of(finding.file or ""), "start_line": max(finding.line or 1, 1)}
    vulnerability: dict[str, Any] = {
        "id": finding.id,
        "name": one_line(check.title)[:_MOST_NAME],
        "description": finding.reason,
        "severity": finding.severity.title() if finding.verdict == "fail" else "Unknown",
        "solution": check.remedy.text[:_MOST_SOLUTION],
        "identifiers": [
            {"type": "demarcate_check", "name": f"Demarcate {check.id}", "value": check.id},
            *(
                {"type": framework, "name": f"{framework} {control}", "value": control}
                for framework, listed in check.refs.items()
                for control in listed
            ),
        ],
        "location": place,
        # It stays where the resource moves in its file, and so GitLab knows it again.
        "tracking": {
            "type": "source",
            "items": [{**place, "signatures": [{"algorithm": "hash", "value": finding.id}]}],
        },
        "details": {"responsibility": _text("Responsibility", finding.responsibility)},
    }
    if finding.waived is not None:
        vulnerability["details"]["waived"] = _text("Waived", in_words(finding.waived))
    return vulnerability


def _text(name: str, value: str) -> dict[str, str]:
    return {"name": name, "type": "text", "value": value}
