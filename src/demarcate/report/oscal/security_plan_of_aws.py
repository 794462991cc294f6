"""OSCAL system security plan of AWS's half: what it provides, and what it leaves to its customers.

It is Demarcate's model of that half, and no document of AWS's. `security_plan.py` is the plan that leverages it.
"""

from __future__ import annotations

from typing import Any, Final

from demarcate.posture.assessment import Assessment
from demarcate.report.oscal.document import CATALOG, line, metadata, name_of, prop, write_document
from demarcate.report.oscal.shared import Halves, halves, owed, provided
from demarcate.report.out import Out

_AWS: Final = name_of("component", "this-system", "aws")

_REMARKS: Final = (
    "Demarcate's model of what AWS provides, and no document of AWS's: its reports are in AWS Artifact."
)


def write(assessment: Assessment, out: Out) -> None:
    """Write the plan: for each control what AWS provides, and what is the customer's then."""
    moment = assessment.posture.moment
    document = {
        "uuid": name_of("system-security-plan-of-aws", moment),
        "metadata": metadata("What AWS provides, and leaves to its customers", moment, _REMARKS),
        "import-profile": {"href": CATALOG},
        "system-characteristics": {
            "system-ids": [{"identifier-type": "http://ietf.org/rfc/rfc4122", "id": name_of("system", "aws")}],
            "system-name": "Amazon Web Services",
            "description": _REMARKS,
            "system-information": {
                "information-types": [
                    {
                        "uuid": name_of("information-type", "of customers"),
                        "title": "What customers keep there",
                        "description": "Which information that is, each customer says in a plan of its own.",
                    }
                ]
            },
            "status": {"state": "operational"},
            "authorization-boundary": {"description": "What AWS runs beneath its customers' half."},
        },
        "system-implementation": {
            "components": [
                {
                    "uuid": _AWS,
                    "type": "this-system",
                    "title": "Amazon Web Services",
                    "description": "What AWS runs.",
                    "status": {"state": "operational"},
                }
            ]
        },
        "control-implementation": {
            "description": "For each control what AWS provides, and what it leaves to its customers.",
            "implemented-requirements": (_requirement(both) for both in halves(assessment.model)),
        },
    }
    write_document("system-security-plan", document, out)


def _requirement(both: Halves) -> dict[str, Any]:
    provides = {each.id: provided(both.control, each) for each in both.aws}
    export: dict[str, Any] = {}
    if both.aws:
        export["provided"] = [
            {
                "uuid": provides[each.id],
                "description": line(f"{each.title}. {each.description}"),
                "props": [prop("responsibility", each.id)],
            }
            for each in both.aws
        ]
    if both.customer:
        export["responsibilities"] = [
            {
                "uuid": owed(both.control, each),
                **({"provided-uuid": beside} if (beside := _beside(each.counterpart, provides)) else {}),
                "description": line(f"{each.title}. {each.description}"),
                "props": [prop("responsibility", each.id)],
            }
            for each in both.customer
        ]
    return {
        "uuid": name_of("implemented-requirement", "aws", both.control),
        "control-id": both.control,
        "by-components": [
            {
                "component-uuid": _AWS,
                "uuid": name_of("by-component", "aws", both.control),
                "description": line(" ".join(f"{each.title}." for each in both.aws) or "Left to customers."),
                "export": export,
            }
        ],
    }


def _beside(counterparts: tuple[str, ...], provides: dict[str, str]) -> str | None:
    """What of AWS's a responsibility stands beside, for the same control."""
    return next((provides[name] for name in counterparts if name in provides), None)
