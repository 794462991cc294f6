"""What other tools found, as they wrote it: Prowler, Security Hub, AWS Config, Inspector and Checkov, as JSON.

Of a finding only what is compared is kept: the tool, its check, its verdict on which resource, when and why. One that
is not as its tool writes it is a problem, and the rest goes on.

Sources of the forms: prowler/lib/outputs/{ocsf/ocsf,asff/asff}.py of Prowler; securityhub-findings-format-syntax.md and
securityhub-control-finding-samples.md of AWS's own guide, and the models of `securityhub`, `config` and `inspector2` in
botocore; checkov/common/output/{report,record}.py of Checkov; `aws/config/ConfigRuleName` is what AWS Config's findings
have in Security Hub.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import TooLarge, read_bytes
from demarcate.base.limits import shortened
from demarcate.base.moments import since_1970, utc
from demarcate.checks.structs import Verdict
from demarcate.evidence.problems import Problems, Unusable, shown
from demarcate.evidence.texts import decode

LARGEST: Final = 500_000_000
"""How many bytes a file of findings may have: Prowler's take about 8,000 for each finding."""

PROWLER, SECURITY_HUB, CONFIG, CHECKOV, INSPECTOR = (
    "prowler",
    "security-hub",
    "config-rule",
    "checkov",
    "inspector",
)
"""Tools, as the references of checks name them; checks cite none of Inspector."""

TITLES: Final = {
    PROWLER: "Prowler",
    SECURITY_HUB: "Security Hub",
    CONFIG: "AWS Config",
    CHECKOV: "Checkov",
    INSPECTOR: "Inspector",
}
"""The tools as people call them."""

KNOWN: Final = (
    "JSON of Prowler (OCSF or ASFF), of Security Hub (get-findings), of AWS Config "
    "(describe-compliance-by-config-rule, get-compliance-details-by-config-rule), of Inspector (list-findings) "
    "or of Checkov"
)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What another tool says of one resource.

    `check` is its own name for what it asked. `resource` is None where it speaks of all resources at once; `on` is the
    moment of its verdict (ISO 8601, UTC), None where it tells none. `suppressed` says that people told it to be silent.
    """

    tool: str
    check: str
    verdict: Verdict
    resource: str | None = None
    name: str | None = None
    account: str | None = None
    region: str | None = None
    file: str | None = None
    on: str | None = None
    reason: str = ""
    suppressed: bool = False


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """All that some files tell: each verdict once, the latest, and how many were of what is no more, or of nothing."""

    told: tuple[Told, ...]
    passed_over: int = 0
    problems: tuple[str, ...] = ()


def read_theirs(files: Iterable[Path]) -> Theirs:
    """What some files tell. Raises DemarcateError for one that cannot be read, or is of no tool that is known."""
    problems, latest, passed_over = Problems(), dict[tuple[str | None, ...], Told](), 0
    for path in files:
        for told in _of_file(path, problems):
            if told is None:
                passed_over += 1
                continue
            key = (told.tool, told.check, told.resource, told.account, told.region, told.file)
            before = latest.get(key)
            if before is None or _rank(told) > _rank(before):
                latest[key] = told
    return Theirs(
        told=tuple(latest.values()), passed_over=passed_over, problems=tuple(map(str, problems.listed()))
    )


def _rank(told: Told) -> tuple[str, int]:
    """Which of two verdicts on the same thing counts: the later one, and of two at once the worse."""
    return (told.on or "", ("pass", "unknown", "fail").index(told.verdict))


def _of_file(path: Path, problems: Problems) -> Iterator[Told | None]:
    try:
        raw = read_bytes(path, LARGEST)
    except TooLarge as error:
        raise DemarcateError(f"{path}: has more than {LARGEST:,} bytes; divide it into several files") from error
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
    text: bytes | str = raw.removeprefix(codecs.BOM_UTF8)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = decode(raw, str(path))  # as PowerShell writes what a command prints
    try:
        entries = _entries(text)
    except ValueError as error:
        raise DemarcateError(f"{path}: is no {KNOWN}: {error}") from error
    unknown = 0
    for number, (form, entry) in enumerate(entries, start=1):
        reader = form or _form_of(entry)
        if reader is None:
            unknown += 1
            continue
        try:
            yield from reader(entry)
        except (ValueError, Unusable) as why:
            problems.add(str(path), None, f"finding {number:,}: {shortened(str(why))}; it is left out")
    if unknown and unknown == len(entries):
        raise DemarcateError(f"{path}: is no {KNOWN}")
    if unknown:
        problems.add(str(path), None, f"{unknown:,} of {len(entries):,} findings are in no form that is known")


Reader = Callable[[msgspec.Raw], Iterator[Told | None]]


def _entries(text: bytes | str) -> list[tuple[Reader | None, msgspec.Raw]]:
    """The findings of a file, each with how it is read, or None where it has to say that itself. Raises ValueError."""
    if text[:4096].lstrip()[:1] in (b"[", "["):
        return [(None, entry) for entry in from_json(text, list[msgspec.Raw])]
    document = from_json(text, dict[str, msgspec.Raw])
    for key, reader in _LISTS.items():
        if key in document:
            return [(reader, entry) for entry in from_json(document[key], list[msgspec.Raw])]
    return [(None, msgspec.Raw(text))]


def _form_of(entry: msgspec.Raw) -> Reader | None:
    """How a finding is read; None where it is of nobody who is known."""
    try:
        keys = from_json(entry, dict[str, msgspec.Raw])
    except ValueError:
        return None
    return next((reader for key, reader in _FORMS.items() if key in keys), None)


def _nothing(entry: msgspec.Raw) -> Iterator[Told | None]:  # noqa: ARG001 - what Checkov writes where it read no file
    yield from ()


def _verdict(word: str, words: dict[str, Verdict]) -> Verdict:
    """A verdict by the tool's word for it. Raises Unusable for one that it does not have."""
    verdict = words.get(word)
    if verdict is None:
        raise Unusable(f"{shown(word)} is none of {', '.join(words)}")
    return verdict


def _moment(value: str | float | None) -> str | None:
    """A moment as AWS and others write it, as ISO 8601 in UTC; None where it is none.

    Numbers are seconds since 1970, or thousandths where they are so large.
    """
    with suppress(ValueError):
        if isinstance(value, str) and value:
            return utc(datetime.fromisoformat(value)).isoformat()
        if isinstance(value, int | float):
            return since_1970(value / 1000 if value > 1e11 else value).isoformat()
    return None


# --- Prowler: OCSF -------------------------------------------------------------------------------------------


class _Product(msgspec.Struct):
    name: str = ""


class _Metadata(msgspec.Struct):
    event_code: str = ""
    version: str = ""
    product: _Product = msgspec.field(default_factory=_Product)


class _OcsfResource(msgspec.Struct):
    uid: str = ""
    name: str | None = None
    region: str | None = None


class _OcsfAccount(msgspec.Struct):
    uid: str | None = None


class _Cloud(msgspec.Struct):
    account: _OcsfAccount = msgspec.field(default_factory=_OcsfAccount)
    provider: str = "aws"
    region: str | None = None


class _Ocsf(msgspec.Struct):
    metadata: _Metadata
    resources: tuple[_OcsfResource, ...] = ()
    cloud: _Cloud = msgspec.field(default_factory=_Cloud)
    status_code: str = ""
    status_detail: str = ""
    status: str = ""
    time_dt: str | float | None = None
    time: str | float | None = None


_OCSF_WORDS: Final[dict[str, Verdict]] = {"PASS": "pass", "FAIL": "fail", "MANUAL": "unknown"}


def _ocsf(entry: msgspec.Raw) -> Iterator[Told | None]:
    """A finding of Prowler. Raises ValueError and Unusable."""
    finding = from_json(entry, _Ocsf)
    if finding.metadata.product.name.lower() != PROWLER:
        raise Unusable(f"it is OCSF of {shown(finding.metadata.product.name)}; of OCSF, Prowler's is read")
    if finding.metadata.version.partition(".")[0] not in ("", "1"):
        raise Unusable(f"it is of version {shown(finding.metadata.version)} of OCSF; version 1 is read")
    if not finding.metadata.event_code:
        raise Unusable("it names no check (metadata.event_code)")
    if finding.cloud.provider != "aws":
        yield None
        return
    for resource in finding.resources:
        yield Told(
            tool=PROWLER,
            check=finding.metadata.event_code,
            verdict=_verdict(finding.status_code, _OCSF_WORDS),
            resource=resource.uid or resource.name or "",
            name=resource.name,
            account=finding.cloud.account.uid,
            region=resource.region or finding.cloud.region,
            on=_moment(finding.time_dt) or _moment(finding.time),
            reason=shortened(finding.status_detail),
            suppressed=finding.status == "Suppressed",
        )


# --- Security Hub: ASFF --------------------------------------------------------------------------------------


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


def _security_hub(entry: msgspec.Raw) -> Iterator[Told | None]:
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
            verdict="fail" if status is None else _verdict(status, _ASFF_WORDS),
            resource=resource.Id,
            account=finding.AwsAccountId,
            region=resource.Region or finding.Region,
            on=_moment(finding.UpdatedAt),
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


# --- AWS Config ----------------------------------------------------------------------------------------------


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


def _evaluation(entry: msgspec.Raw) -> Iterator[Told | None]:
    """What a rule says of one resource. Raises ValueError and Unusable."""
    result = from_json(entry, _Evaluation)
    if result.ComplianceType == "NOT_APPLICABLE":
        yield None
        return
    of = result.EvaluationResultIdentifier.EvaluationResultQualifier
    yield Told(
        tool=CONFIG,
        check=of.ConfigRuleName,
        verdict=_verdict(result.ComplianceType, _CONFIG_WORDS),
        resource=of.ResourceId,
        on=_moment(result.ResultRecordedTime),
        reason=shortened(result.Annotation),
    )


def _rule(entry: msgspec.Raw) -> Iterator[Told | None]:
    """What a rule says of all resources at once. Raises ValueError and Unusable."""
    rule = from_json(entry, _Rule)
    if rule.Compliance.ComplianceType == "NOT_APPLICABLE":
        yield None
        return
    verdict = _verdict(rule.Compliance.ComplianceType, _CONFIG_WORDS)
    yield Told(tool=CONFIG, check=rule.ConfigRuleName, verdict=verdict)


# --- Inspector -----------------------------------------------------------------------------------------------


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


def _inspector(entry: msgspec.Raw) -> Iterator[Told | None]:
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
            on=_moment(finding.updated_at),
            reason=shortened(finding.title),
            suppressed=finding.status == "SUPPRESSED",
        )


# --- Checkov -------------------------------------------------------------------------------------------------


class _CheckResult(msgspec.Struct):
    result: str
    suppress_comment: str | None = None


class _Record(msgspec.Struct):
    check_id: str
    resource: str
    check_result: _CheckResult
    check_name: str | None = None
    file_path: str | None = None
    resource_address: str | None = None


class _Results(msgspec.Struct):
    passed_checks: tuple[_Record, ...] = ()
    failed_checks: tuple[_Record, ...] = ()
    skipped_checks: tuple[_Record, ...] = ()


class _Checkov(msgspec.Struct):
    results: _Results
    check_type: str = ""


_CHECKOV_WORDS: Final[dict[str, Verdict]] = {
    "PASSED": "pass",
    "FAILED": "fail",
    "SKIPPED": "unknown",
    "UNKNOWN": "unknown",
}

_TYPED: Final = re.compile(r"(?:\w+::)+\w+\.(.+)", re.DOTALL)
"""A resource of a template, as Checkov names it: the type and the logical id."""


def _checkov(entry: msgspec.Raw) -> Iterator[Told | None]:
    """What Checkov says of the resources of one kind of files; it tells no date. Raises ValueError and Unusable."""
    report = from_json(entry, _Checkov)
    # A resource of Terraform has one address, whichever file it is written in; its plan is another file.
    in_files = not report.check_type.startswith("terraform")
    results = report.results
    for record in (*results.passed_checks, *results.failed_checks, *results.skipped_checks):
        typed = _TYPED.fullmatch(record.resource)
        yield Told(
            tool=CHECKOV,
            check=record.check_id,
            verdict=_verdict(record.check_result.result, _CHECKOV_WORDS),
            resource=typed[1] if typed else record.resource_address or record.resource,
            file=record.file_path if in_files else None,
            reason=shortened(record.check_result.suppress_comment or record.check_name or ""),
            suppressed=record.check_result.result == "SKIPPED",
        )


_LISTS: Final[dict[str, Reader | None]] = {
    "Findings": _security_hub,
    "findings": _inspector,
    "EvaluationResults": _evaluation,
    "ComplianceByConfigRules": _rule,
}
"""What is read of an answer of AWS, by the key of its list."""

_FORMS: Final[dict[str, Reader]] = {
    "GeneratorId": _security_hub,
    "finding_info": _ocsf,
    "findingArn": _inspector,
    "results": _checkov,
    "checkov_version": _nothing,
    "EvaluationResultIdentifier": _evaluation,
    "ConfigRuleName": _rule,
}
"""What is read of a finding, by a key that no other has."""
