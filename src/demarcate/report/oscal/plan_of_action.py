"""OSCAL plan of action and milestones: what you owe and is not proven to be done, each with its risk and its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import ResponsibilityPosture
from demarcate.report.oscal import parts
from demarcate.report.oscal.document import (
    NAMESPACE,
    controls_of,
    line,
    metadata,
    name_of,
    prop,
    value,
    write_document,
)
from demarcate.report.out import Out

_OPEN: Final = ("gap", "unproven", "waived")

_RISKS: Final = {"waived": "deviation-approved"}
"""The status of a risk by the state of its responsibility; what is not here is open."""


def write(assessment: Assessment, out: Out) -> None:
    """Write the plan: an item for each responsibility that is open."""
    posture = assessment.posture
    items = [
        responsibility
        for responsibility in posture.responsibilities
        if responsibility.party == "customer" and responsibility.state in _OPEN
    ]
    related: parts.Related = {}
    document = {
        "uuid": name_of("plan-of-action", posture.origin, posture.moment),
        "metadata": metadata(f"Plan of action and milestones of {posture.origin}", posture.moment),
        "system-id": {"identifier-type": "http://ietf.org/rfc/rfc4122", "id": name_of("system", posture.origin)},
        "local-definitions": {
            "inventory-items": parts.inventory(assessment),
            "assessment-assets": parts.assets(),
        },
        "observations": parts.observations(assessment, related),
        "risks": _risks(assessment, items, related),
        "poam-items": _items(items),
    }
    write_document("plan-of-action-and-milestones", document, out)


def _risk(posture: ResponsibilityPosture) -> str:
    return name_of("risk", posture.id)


def _risks(
    assessment: Assessment, items: list[ResponsibilityPosture], related: parts.Related
) -> Iterator[dict[str, Any]]:
    """A risk for each responsibility that is open. They come after all observations."""
    for posture in items:
        said = assessment.model.responsibility[posture.id]
        facets = [{"name": "state", "system": NAMESPACE, "value": posture.state}]
        if posture.severity:
            facets.append({"name": "severity", "system": NAMESPACE, "value": value(posture.severity)})
        observed = parts.related_to(related.get(posture.id, ()))
        yield {
            "uuid": _risk(posture),
            "title": line(posture.title),
            "description": line(said.description),
            "statement": line(" ".join(posture.because) or said.why),
            "props": [
                prop("responsibility", posture.id),
                *(prop("control", control) for control in controls_of(said.controls)),
            ],
            "status": _RISKS.get(posture.state, "open"),
            "characterizations": [{"origin": parts.ORIGINS[0], "facets": facets}],
            "remediations": (
                {
                    "uuid": name_of("remediation", posture.id, check.check),
                    "lifecycle": "recommendation",
                    "title": line(check.title),
                    "description": line(check.remedy),
                }
                for check in posture.checks
                if check.failed
            ),
            "related-observations": (item for some in (observed, parts.evidence_of(posture)) for item in some),
        }


def _items(items: list[ResponsibilityPosture]) -> Iterator[dict[str, Any]]:
    for posture in items:
        yield {
            "uuid": name_of("poam-item", posture.id),
            "title": line(posture.title),
            "description": line(" ".join(posture.because) or posture.title),
            "props": [prop("responsibility", posture.id), prop("state", posture.state)],
            "related-risks": [{"risk-uuid": _risk(posture)}],
        }
    if not items:  # OSCAL has no plan without an item
        yield {
            "uuid": name_of("poam-item", "none"),
            "title": "Nothing is open",
            "description": "Everything that applies is proven.",
        }
