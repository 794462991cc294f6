"""Findings in the forms of AWS: of Security Hub, AWS Config and Inspector.

Sources: securityhub-findings-format-syntax.md and securityhub-control-finding-samples.md of AWS's own guide, and the
models of `securityhub`, `config` and `inspector2` in botocore; prowler/lib/outputs/asff/asff.py of Prowler;
`aws/config/ConfigRuleName` is what AWS Config's findings have in Security Hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.base.limits import shortened
from demarcate.checks.structs import Verdict
from demarcate.evidence.problems import Unusable, shown
from demarcate.posture.told import CONFIG, INSPECTOR, PROWLER, SECURITY_HUB, Told, moment_of, verdict_of

# --- Security Hub: ASFF -----------------------------------------------------------------------------------------


class _Compliance(msgspec.Struct):
    Status: str | None = None
    SecurityControlId: str | None = None


class _Resource(msgspec.Struct):
    Id: str
    Region: str | None = None


class _Workflow(msgspec.Struct):
    Status: str | None = None


class _Asff(msgspec.Struct):
    SchemaVersion: str
    GeneratorId: str
    AwsAccountId: str
    Resources: tuple[_Resource, ...]
    ProductArn: str = ""
    ProductName: str = ""
    Region: str | None = None
    UpdatedAt: str | None = None
    Title: str = ""
    Description: str = ""
    RecordState: str = "ACTIVE"
    Compliance: _Compliance | None = None
    Workflow: _Workflow | None = None
    ProductFields: dict[str, Any] = {}


_ASFF_VERSION: Final = "2018-10-08"

_ASFF_WORDS: Final[dict[str, Verdict]] = {
    "PASSED": "pass",
    "FAILED": "fail",
    "WARNING": "unknown",
    "NOT_AVAILABLE": "unknown",
}

_CONTROL: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*\.[0-9]+")


def security_hub(entry: msgspec.Raw) -> Iterator[Told | None]:
    """A finding that Security Hub holds, of itself or of another product. Raises ValueError and Unusable."""
    finding = from_json(entry, _Asff)
    if finding.SchemaVersion != _ASFF_VERSION:
        raise Unusable(f"it is of version {shown(finding.SchemaVersion)} of ASFF; {_ASFF_VERSION} is read")
    if finding.RecordState != "ACTIVE":
        yield None
        return
    tool, check = _who(finding)
    compliance = finding.Compliance
    status = compliance.Status if compliance is not None else None
    for resource in finding.Resources:
        yield Told(
            tool=tool,
            check=check,
            # What is no check, a threat or a vulnerability, is there or it would not be told.
            verdict="fail" if status is None else verdict_of(status, _ASFF_WORDS),
            resource=resource.Id,
            account=finding.AwsAccountId,
            region=resource.Region or finding.Region,
            on=moment_of(finding.UpdatedAt),
            reason=shortened(finding.Title or finding.Description),
            suppressed=finding.Workflow is not None and finding.Workflow.Status == "SUPPRESSED",
        )


def _who(finding: _Asff) -> tuple[str, str]:
    """Whose a finding is, and by which check of theirs."""
    product = finding.ProductArn.rpartition(":")[2].removeprefix("product/")
    if finding.GeneratorId.startswith("prowler-"):
        return PROWLER, finding.GeneratorId.removeprefix("prowler-")
    if product == "aws/config" or finding.ProductName == "Config":
        rule = finding.ProductFields.get("aws/config/ConfigRuleName")
        return CONFIG, rule if isinstance(rule, str) else finding.GeneratorId
    if product == "aws/inspector" or finding.ProductName == "Inspector":
        return INSPECTOR, finding.GeneratorId
    compliance, control = finding.Compliance, finding.ProductFields.get("ControlId")
    if compliance is not None and compliance.SecurityControlId:
        return SECURITY_HUB, compliance.SecurityControlId
    last = finding.GeneratorId.rpartition("/")[2]
    for name in (control, last):
        if isinstance(name, str) and _CONTROL.fullmatch(name):
            return SECURITY_HUB, name
    if product == "aws/securityhub" or finding.ProductName == "Security Hub":
        return SECURITY_HUB, finding.GeneratorId
    return finding.ProductName or product or "unknown", finding.GeneratorId


# --- AWS Config -------------------------------------------------------------------------------------------------


class _Qualifier(msgspec.Struct):
    ConfigRuleName: str
    ResourceId: str


class _Identifier(msgspec.Struct):
    EvaluationResultQualifier: _Qualifier


class _Evaluation(msgspec.Struct):
    EvaluationResultIdentifier: _Identifier
    ComplianceType: str
    ResultRecordedTime: str | float | None = None
    Annotation: str = ""


class _RuleCompliance(msgspec.Struct):
    ComplianceType: str


class _Rule(msgspec.Struct):
    ConfigRuleName: str
    Compliance: _RuleCompliance


_CONFIG_WORDS: Final[dict[str, Verdict]] = {
    "COMPLIANT": "pass",
    "NON_COMPLIANT": "fail",
    "INSUFFICIENT_DATA": "unknown",
}


def evaluation(entry: msgspec.Raw) -> Iterator[Told | None]:
    """What a rule says of one resource. Raises ValueError and Unusable."""
    result = from_json(entry, _Evaluation)
    if result.ComplianceType == "NOT_APPLICABLE":
        yield None
        return
    of = result.EvaluationResultIdentifier.EvaluationResultQualifier
    yield Told(
        tool=CONFIG,
        check=of.ConfigRuleName,
        verdict=verdict_of(result.ComplianceType, _CONFIG_WORDS),
        resource=of.ResourceId,
        on=moment_of(result.ResultRecordedTime),
        reason=shortened(result.Annotation),
    )


def rule(entry: msgspec.Raw) -> Iterator[Told | None]:
    """What a rule says of all resources at once. Raises ValueError and Unusable."""
    rule = from_json(entry, _Rule)
    if rule.Compliance.ComplianceType == "NOT_APPLICABLE":
        yield None
        return
    verdict = verdict_of(rule.Compliance.ComplianceType, _CONFIG_WORDS)
    yield Told(tool=CONFIG, check=rule.ConfigRuleName, verdict=verdict)


# --- Inspector --------------------------------------------------------------------------------------------------


class _InspectorResource(msgspec.Struct):
    id: str
    region: str | None = None


class _Vulnerability(msgspec.Struct, rename="camel"):
    vulnerability_id: str


class _Inspector(msgspec.Struct, rename="camel"):
    type: str
    aws_account_id: str
    resources: tuple[_InspectorResource, ...]
    title: str = ""
    status: str = "ACTIVE"
    updated_at: str | float | None = None
    package_vulnerability_details: _Vulnerability | None = None


def inspector(entry: msgspec.Raw) -> Iterator[Told | None]:
    """What Inspector found in one resource. Raises ValueError."""
    finding = from_json(entry, _Inspector)
    if finding.status == "CLOSED":
        yield None
        return
    package = finding.package_vulnerability_details
    for resource in finding.resources:
        yield Told(
            tool=INSPECTOR,
            check=package.vulnerability_id if package is not None else finding.type,
            verdict="fail",
            resource=resource.id,
            account=finding.aws_account_id,
            region=resource.region,
            on=moment_of(finding.updated_at),
            reason=shortened(finding.title),
            suppressed=finding.status == "SUPPRESSED",
        )
