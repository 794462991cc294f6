"""OSCAL assessment results: what was observed, and for each control whether what you owe there is satisfied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import ResponsibilityPosture
from demarcate.report import unread
from demarcate.report.oscal import parts
from demarcate.report.oscal.document import controls_of, line, metadata, name_of, prop, write_document
from demarcate.report.out import Out

_STATUS: Final = {
    "met": ("satisfied", "pass"),
    "gap": ("not-satisfied", "fail"),
    "unproven": ("not-satisfied", "other"),
    "waived": ("not-satisfied", "other"),
}
"""How OSCAL has the states of what applies: what is not proven, or accepted, is not satisfied."""


def write(assessment: Assessment, out: Out) -> list[str]:
    """Write the results, with an observation for each finding. Says what has no control of SP 800-53."""
    posture = assessment.posture
    plan = name_of("resource", "no assessment plan")
    related: parts.Related = {}
    judged = [
        responsibility
        for responsibility in posture.responsibilities
        if responsibility.party == "customer" and responsibility.state in _STATUS
    ]
    without = [each.id for each in judged if not _controls(assessment, each)]
    told = [f"could not be read: {text}" for text in unread.lines(posture.unread)]
    controls = sorted({control for each in judged for control in _controls(assessment, each)})
    selection: dict[str, Any] = {"include-controls": [{"control-id": control} for control in controls]}
    result = {
        "uuid": name_of("result", posture.origin, posture.moment),
        "title": line(f"Assessment of {posture.origin}"),
        "description": line(f"{posture.summary}."),
        "start": posture.moment,
        "end": posture.moment,
        "props": [prop("source", posture.source)],
        "local-definitions": {
            "inventory-items": parts.inventory(assessment),
            "assessment-assets": parts.assets(),
        },
        "reviewed-controls": {"control-selections": [selection if controls else {"include-all": {}}]},
        "observations": parts.observations(assessment, related),
        "findings": _findings(assessment, judged, related),
    }
    if told:
        result["remarks"] = line("; ".join(told))
    document = {
        "uuid": name_of("assessment-results", posture.origin, posture.moment),
        "metadata": metadata(f"Assessment results of {posture.origin}", posture.moment),
        "import-ap": {"href": f"#{plan}", "remarks": "Demarcate's checks are what was planned."},
        "results": iter([result]),
        "back-matter": {
            "resources": [
                {
                    "uuid": plan,
                    "title": "Demarcate's checks",
                    "description": "There is no assessment plan in OSCAL: the checks are Demarcate's catalog.",
                    "rlinks": [{"href": "https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/assessment-plan/"}],
                }
            ]
        },
    }
    write_document("assessment-results", document, out)
    return [f"{len(without)} responsibilities without a control of NIST SP 800-53"] if without else []


def _controls(assessment: Assessment, posture: ResponsibilityPosture) -> list[str]:
    return controls_of(assessment.model.responsibility[posture.id].controls)


def _findings(
    assessment: Assessment, judged: list[ResponsibilityPosture], related: parts.Related
) -> Iterator[dict[str, Any]]:
    """A finding of OSCAL for each control of each responsibility that applies. They come after all observations."""
    for posture in judged:
        state, reason = _STATUS[posture.state]
        for control in _controls(assessment, posture):
            observed = parts.related_to(related.get(posture.id, ()))
            yield {
                "uuid": name_of("finding", control, posture.id),
                "title": line(posture.title),
                "description": line(" ".join(posture.because) or posture.title),
                "props": [prop("responsibility", posture.id), prop("state", posture.state)],
                "origins": parts.ORIGINS,
                "target": {
                    "type": "statement-id",
                    "target-id": f"{control}_smt",
                    "title": line(posture.title),
                    "status": {"state": state, "reason": reason},
                },
                "related-observations": (item for some in (observed, parts.evidence_of(posture)) for item in some),
            }
