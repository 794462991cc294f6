"""Findings in the forms of scanners: of Prowler and Checkov.

Sources: prowler/lib/outputs/ocsf/ocsf.py of Prowler, and checkov/common/output/{report,record}.py of Checkov.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.base.limits import shortened
from demarcate.checks.structs import Verdict
from demarcate.evidence.problems import Unusable, shown
from demarcate.posture.told import CHECKOV, PROWLER, Told, moment_of, verdict_of

# --- Prowler: OCSF ----------------------------------------------------------------------------------------------


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


def ocsf(entry: msgspec.Raw) -> Iterator[Told | None]:
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
            verdict=verdict_of(finding.status_code, _OCSF_WORDS),
            resource=resource.uid or resource.name or "",
            name=resource.name,
            account=finding.cloud.account.uid,
            region=resource.region or finding.cloud.region,
            on=moment_of(finding.time_dt) or moment_of(finding.time),
            reason=shortened(finding.status_detail),
            suppressed=finding.status == "Suppressed",
        )


# --- Checkov ----------------------------------------------------------------------------------------------------


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


def checkov(entry: msgspec.Raw) -> Iterator[Told | None]:
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
            verdict=verdict_of(record.check_result.result, _CHECKOV_WORDS),
            resource=typed[1] if typed else record.resource_address or record.resource,
            file=record.file_path if in_files else None,
            reason=shortened(record.check_result.suppress_comment or record.check_name or ""),
            suppressed=record.check_result.result == "SKIPPED",
        )
