"""OCSF 1.6: a Compliance Finding (class 2003) for each finding, as security data lakes take them.

https://schema.ocsf.io/1.6.0/classes/compliance_finding, with the profile `cloud`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from demarcate.base.moments import milliseconds
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check
from demarcate.posture.assessment import Assessment
from demarcate.report.out import Out
from demarcate.report.places import path_of
from demarcate.report.safe import json_text, text
from demarcate.report.waived import in_words
from demarcate.version import __version__

VERSION: Final = "1.6.0"

_CLASS: Final = {
    "category_uid": 2,
    "category_name": "Findings",
    "class_uid": 2003,
    "class_name": "Compliance Finding",
    "activity_id": 1,
    "activity_name": "Create",
    "type_uid": 200301,
    "type_name": "Compliance Finding: Create",
}

METADATA: Final = {
    "version": VERSION,
    "profiles": ["cloud"],
    "product": {"name": "Demarcate", "vendor_name": "Demarcate", "version": __version__},
}

_SEVERITIES: Final = {"low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High"), "critical": (5, "Critical")}
_COMPLIANCE: Final = {"pass": (1, "Pass"), "unknown": (2, "Warning"), "fail": (3, "Fail")}
_NEW, _SUPPRESSED, _RESOLVED = (1, "New"), (3, "Suppressed"), (4, "Resolved")

_AWS_ACCOUNT: Final = (10, "AWS Account")


def write(assessment: Assessment, out: Out) -> None:
    """Write a JSON array, a finding a line."""
    moment = milliseconds(datetime.fromisoformat(assessment.posture.moment))
    out.write("[")
    separator = "\n"
    for finding in assessment.findings():
        out.write(separator + json_text(event(finding, assessment.checks[finding.check], moment)))
        separator = ",\n"
    out.write("\n]\n")


def event(finding: Finding, check: Check, moment: int) -> dict[str, Any]:
    """A finding as OCSF has it; `moment` is when the estate was read, in milliseconds since 1970 (UTC)."""
    severity_id, severity = _SEVERITIES[finding.severity]
    status_id, status = _SUPPRESSED if finding.waived else _RESOLVED if finding.verdict == "pass" else _NEW
    event = {
        **_CLASS,
        "metadata": {**METADATA, "event_code": check.id},
        "time": moment,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "message": finding.reason or check.title,
        "finding_info": {
            "uid": finding.id,
            "title": check.title,
            "desc": finding.reason or check.title,
            "types": [check.area],
            "modified_time": moment,
        },
        "compliance": _compliance(finding, check),
        "remediation": {"desc": check.remedy.text},
        "cloud": _cloud(finding),
        "resources": [_resource(finding)],
        "unmapped": {
            "responsibility": finding.responsibility,
            "party": "customer",
            "verdict": finding.verdict,
            **({"unknown_kind": str(finding.kind)} if finding.kind else {}),
        },
    }
    if finding.waived is not None:
        event["status_detail"] = in_words(finding.waived)
    return event


def _compliance(finding: Finding, check: Check) -> dict[str, Any]:
    status_id, status = _COMPLIANCE[finding.verdict]
    told = {
        "control": check.id,
        "status_id": status_id,
        "status": status,
        "standards": list(check.refs),
        "requirements": [
            f"{standard}: {control}" for standard, listed in check.refs.items() for control in listed
        ],
    }
    return {**told, "status_detail": finding.reason} if finding.reason else told


def _cloud(finding: Finding) -> dict[str, Any]:
    """Where it is; of a template only that it is of AWS."""
    cloud: dict[str, Any] = {"provider": "AWS"}
    if finding.account:
        type_id, type_ = _AWS_ACCOUNT
        cloud["account"] = {"uid": finding.account, "type_id": type_id, "type": type_}
    if finding.region:
        cloud["region"] = finding.region
    if finding.partition:
        cloud["cloud_partition"] = finding.partition
    return cloud


def _resource(finding: Finding) -> dict[str, Any]:
    """What is judged: a resource, or all of a table, where that could not be read."""
    told = {
        "uid": finding.resource,
        "name": finding.name or finding.resource or f"all of {finding.table}",
        "type": finding.type or finding.table,
        "region": finding.region,
        "cloud_partition": finding.partition,
        "tags": [{"name": key, "value": text(value)} for key, value in (finding.tags or {}).items()] or None,
        "data": {"file": path_of(finding.file), "line": finding.line or 1} if finding.file else None,
    }
    return {key: value for key, value in told.items() if value is not None}
