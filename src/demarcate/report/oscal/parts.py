"""What results and plans of action share: observations, what they are about, and what made them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Any, Final

from demarcate.checks.judgement import Finding
from demarcate.evidence.structs import EvidenceResult
from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import ResponsibilityPosture
from demarcate.report.oscal.document import TOOL, line, name_of, prop
from demarcate.report.places import path_of
from demarcate.report.waived import in_words
from demarcate.version import __version__

ORIGINS: Final = [{"actors": [{"type": "tool", "actor-uuid": TOOL}]}]

_METHODS: Final = {"attestation": "INTERVIEW"}
"""How evidence is looked at; what is not here is examined."""

Related = dict[str, "array[int]"]
"""The ids of findings, as numbers, by responsibility: eight bytes each, for there may be a million."""


def assets() -> dict[str, Any]:
    """What made the observations."""
    return {
        "components": [
            {
                "uuid": TOOL,
                "type": "software",
                "title": "Demarcate",
                "description": "Reads an estate on AWS and judges it by checks.",
                "props": [{"name": "version", "value": __version__}],
                "status": {"state": "operational"},
            }
        ],
        "assessment-platforms": [
            {
                "uuid": name_of("platform", "demarcate"),
                "title": "Demarcate",
                "uses-components": [{"component-uuid": TOOL}],
            }
        ],
    }


def inventory(assessment: Assessment) -> Iterator[dict[str, Any]]:
    """The resources that findings are about."""
    for account, region, file, place, resource, name, type_ in assessment.judgement.resources(
        passes=assessment.passes
    ):
        told = {"account": account, "region": region, "type": type_, "line": str(place) if place else None}
        props = [prop(key, text) for key, text in told.items() if text]
        if file is not None:
            props.append(prop("file", path_of(file)))
        yield {
            "uuid": _resource(account, region, file, resource),
            "description": line(name or resource),
            "props": [{"name": "asset-id", "value": " ".join(resource.split()) or "-"}, *props],
        }


def _resource(account: str | None, region: str | None, file: str | None, resource: str | None) -> str:
    return name_of("resource", account, region, file, resource)


def observations(assessment: Assessment, related: Related) -> Iterator[dict[str, Any]]:
    """An observation for each finding, and for each piece of evidence. `related` is filled on the way."""
    moment = assessment.posture.moment
    for finding in assessment.findings():
        related.setdefault(finding.responsibility, array("Q")).append(int(finding.id, 16))
        yield _observation(finding, assessment.checks[finding.check].title, moment)
    seen: set[str] = set()
    for posture, result in assessment.posture.evidence():
        told = _evidence(posture, result, moment)
        if told["uuid"] not in seen:
            seen.add(told["uuid"])
            yield told


def related_to(ids: Iterable[int]) -> Iterator[dict[str, str]]:
    """The observations of findings."""
    return ({"observation-uuid": _of_finding(f"{number:016x}")} for number in ids)


def evidence_of(posture: ResponsibilityPosture) -> list[dict[str, str]]:
    """The observations of the evidence for a responsibility."""
    return [{"observation-uuid": _of_evidence(result)} for result in posture.evidence]


def _of_finding(id_: str) -> str:
    return name_of("observation", id_)


def _observation(finding: Finding, title: str, moment: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "uuid": _of_finding(finding.id),
        "title": line(title),
        "description": line(finding.reason or title),
        "props": [
            prop("finding", finding.id),
            prop("check", finding.check),
            prop("verdict", finding.verdict),
            prop("severity", finding.severity),
            prop("responsibility", finding.responsibility),
        ],
        "methods": ["TEST"],
        "types": ["finding"],
        "origins": ORIGINS,
        "collected": moment,
    }
    if finding.resource is not None:
        told["subjects"] = [
            {
                "subject-uuid": _resource(finding.account, finding.region, finding.file, finding.resource),
                "type": "inventory-item",
                "title": line(finding.name or finding.resource),
            }
        ]
    if finding.waived is not None:
        told["remarks"] = line(in_words(finding.waived))
    return told


def _of_evidence(result: EvidenceResult) -> str:
    return name_of("evidence", result.kind, result.file, str(result.line), result.title)


def _evidence(posture: ResponsibilityPosture, result: EvidenceResult, moment: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "uuid": _of_evidence(result),
        "title": line(result.title),
        "description": line(f"{result.title}, {result.by}: {result.standing}"),
        "props": [
            prop("evidence", result.kind),
            prop("standing", result.standing),
            prop("responsibility", posture.id),
            prop("by", result.by),
        ],
        "methods": [_METHODS.get(result.kind, "EXAMINE")],
        "types": ["control-objective"],
        "collected": f"{result.on}T00:00:00Z" if result.on else moment,
        "relevant-evidence": [{"description": line(f"{result.file}:{result.line} {result.detail}")}],
    }
    if result.valid_until:
        told["expires"] = f"{result.valid_until}T23:59:59Z"
    return told
