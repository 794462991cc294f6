"""ASFF: findings as AWS Security Hub takes them.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
A finding there is of an account and a region: what is about a template has neither, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from demarcate.base.documents import read
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check
from demarcate.posture.assessment import Assessment
from demarcate.report.out import Out
from demarcate.report.safe import counted, json_text, printable, text
from demarcate.report.waived import in_words

GENERATOR: Final = "demarcate/"
"""How the ids of findings and of what generates them begin, so that nobody takes them for another product's."""

HOME: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""In which region of a partition what belongs to no region is told."""

_PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
"""The partitions by how the names of their regions begin; all others are of `aws`."""

_TYPES: Final = ["Software and Configuration Checks/AWS Security Best Practices"]

_STATUSES: Final = {"pass": "PASSED", "unknown": "WARNING", "fail": "FAILED"}
"""WARNING is what Security Hub calls a check of which some information is missing."""

MOST_REQUIREMENTS, MOST_TAGS = 32, 50
TITLE, DESCRIPTION, RECOMMENDATION, REASON = 256, 1024, 512, 2048
"""How many entries and characters Security Hub takes of these."""


def write(assessment: Assessment, out: Out) -> list[str]:
    """Write `{"Findings": [...]}`, and say how many findings are of no account."""
    nowhere = 0
    out.write('{"Findings":[')
    separator = "\n"
    for finding in assessment.findings():
        if finding.account is None:
            nowhere += 1
            continue
        told = finding_of(finding, assessment.checks[finding.check], assessment.posture.moment)
        out.write(separator + json_text(told))
        separator = ",\n"
    out.write("\n]}\n")
    return without_account(nowhere)


def without_account(number: int) -> list[str]:
    """That so many findings are of no account; nothing where all are of one."""
    return [f"{counted(number, 'finding')} of no account: they are about templates"] if number else []


def region_of(finding: Finding) -> str:
    """In which region Security Hub is told of a finding."""
    if finding.region in (None, "global"):
        return HOME.get(finding.partition or "aws", HOME["aws"])
    return finding.region or ""


def partition_of(regions: Iterable[str]) -> str:
    """The partition of an account that has these regions."""
    names = tuple(regions)
    others = (name for prefix, name in _PARTITIONS.items() if any(region.startswith(prefix) for region in names))
    return next(others, "aws")


def id_of(finding: Finding) -> str:
    """The id of a finding in Security Hub: ours, and that it is ours."""
    return f"{GENERATOR}{finding.id}"


def product_of(partition: str, region: str, account: str) -> str:
    """The product of an account's own findings in a region."""
    return f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default"


def finding_of(finding: Finding, check: Check, moment: str) -> dict[str, Any]:
    """A finding of an account as Security Hub has it, made and changed at `moment` (ISO 8601, UTC)."""
    partition, region, account = finding.partition or "aws", region_of(finding), finding.account or ""
    severity = {
        "Label": "INFORMATIONAL" if finding.verdict == "pass" else finding.severity.upper(),
        "Original": finding.severity,
    }
    told: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": id_of(finding),
        "ProductArn": product_of(partition, region, account),
        "ProductName": "Demarcate",
        "CompanyName": "Demarcate",
        "Region": region,
        "GeneratorId": f"{GENERATOR}{check.id}",
        "AwsAccountId": account,
        "Types": _TYPES,
        "CreatedAt": moment,
        "UpdatedAt": moment,
        "Severity": severity,
        "FindingProviderFields": {"Severity": severity, "Types": _TYPES},
        "Title": _text(check.title, TITLE),
        "Description": _text(finding.reason or check.title, DESCRIPTION),
        "Remediation": {"Recommendation": {"Text": _text(check.remedy.text, RECOMMENDATION)}},
        "ProductFields": {
            "demarcate/id": finding.id,
            "demarcate/responsibility": finding.responsibility,
            **({"demarcate/waiver": _text(in_words(finding.waived), REASON)} if finding.waived else {}),
        },
        "Resources": [_resource(finding, partition, region)],
        "Compliance": _compliance(finding, check),
        "Workflow": {
            "Status": "SUPPRESSED" if finding.waived else "RESOLVED" if finding.verdict == "pass" else "NEW"
        },
        "RecordState": "ACTIVE",
    }
    return told


def _compliance(finding: Finding, check: Check) -> dict[str, Any]:
    required = [f"{standard} {control}" for standard, listed in check.refs.items() for control in listed]
    compliance: dict[str, Any] = {"Status": _STATUSES[finding.verdict]}
    if required:
        compliance["RelatedRequirements"] = required[:MOST_REQUIREMENTS]
    return compliance


def _resource(finding: Finding, partition: str, region: str) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "Type": types().get(finding.type or "", "Other"),
        "Id": finding.resource or f"AWS::::Account:{finding.account}",
        "Partition": partition,
        "Region": region,
        "Details": {"Other": {"table": finding.table, "name": _text(finding.name or "-", 1024)}},
    }
    if finding.tags:
        resource["Tags"] = {key: text(value) for key, value in list(finding.tags.items())[:MOST_TAGS] if key}
    return resource


def _text(value: str, longest: int) -> str:
    """Text of so many characters at most, which is never empty: that Security Hub refuses."""
    shown = printable(value).strip() or "-"
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


@cache
def types() -> dict[str, str]:
    """What Security Hub calls resources, by their CloudFormation type; any other is `Other` there."""
    return read(Path(__file__).with_name("asff_types.yaml"), dict[str, str])
