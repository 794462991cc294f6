"""OSCAL system security plan of this estate: what it inherits from AWS, and what it satisfies itself.

It is the leveraging half of two plans. The other, of what AWS provides and leaves to its customers, is
`security_plan_of_aws.py`; both name the same things by the same UUIDs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import ResponsibilityPosture
from demarcate.report.oscal.document import AWS, CATALOG, line, metadata, name_of, prop, value, write_document
from demarcate.report.oscal.shared import Halves, halves, owed, provided, services_of
from demarcate.report.out import Out

_MINE, _THEIRS = name_of("component", "this-system"), name_of("component", "aws")

_STATES: Final = {"met": "implemented", "gap": "partial", "unproven": "planned", "waived": "partial"}
"""How OSCAL calls the states of what applies; the worst of several holds for a control."""
_WORST: Final = ("partial", "planned", "implemented")


def write(assessment: Assessment, out: Out) -> list[str]:
    """Write the plan. Says so where no authorization of AWS is on file, which OSCAL would name with its date."""
    posture = assessment.posture
    states = {each.id: each for each in posture.responsibilities}
    reports = sorted(
        {(result.title, result.on) for each, result in posture.evidence() if each.party == "aws" and result.on}
    )
    live = bool(posture.accounts)
    where = [*(f"account {name}" for name in posture.accounts), *(f"region {name}" for name in posture.regions)]
    document = {
        "uuid": name_of("system-security-plan", posture.origin, posture.moment),
        "metadata": metadata(f"System security plan of {posture.origin}", posture.moment),
        "import-profile": {"href": CATALOG},
        "system-characteristics": {
            "system-ids": [
                {"identifier-type": "http://ietf.org/rfc/rfc4122", "id": name_of("system", posture.origin)}
            ],
            "system-name": value(posture.origin),
            "description": line(f"An estate on AWS, as Demarcate read it. {posture.summary}."),
            "system-information": {
                "information-types": [
                    {
                        "uuid": name_of("information-type", "unknown"),
                        "title": "Not categorized",
                        "description": "Which information the system holds is for its owner to say.",
                    }
                ]
            },
            "status": {"state": "operational"}
            if live
            else {"state": "other", "remarks": f"What was read is {value(posture.source)}, and not what runs."},
            "authorization-boundary": {"description": line(", ".join(where) or posture.origin)},
        },
        "system-implementation": {
            "leveraged-authorizations": iter(
                [
                    {
                        "uuid": name_of("leveraged-authorization", title, on),
                        "title": line(title),
                        "party-uuid": AWS,
                        "date-authorized": on,
                    }
                    for title, on in reports
                ]
            ),
            "components": [*_components(), *(_service(*counted) for counted in services_of(assessment))],
        },
        "control-implementation": {
            "description": "Both halves of each control: what AWS provides, and what the customer does.",
            "implemented-requirements": (
                requirement for both in halves(assessment.model) for requirement in _requirement(both, states)
            ),
        },
    }
    write_document("system-security-plan", document, out)
    return [] if reports else ["the authorization of AWS: there is no provider report on file (--evidence)"]


def _components() -> Iterator[dict[str, Any]]:
    running = {"state": "operational"}
    yield {
        "uuid": _MINE,
        "type": "this-system",
        "title": "This system",
        "description": "What the customer runs and configures.",
        "status": running,
    }
    yield {
        "uuid": _THEIRS,
        "type": "system",
        "title": "Amazon Web Services",
        "description": "What AWS runs, and this system stands on.",
        "props": [prop("party", "aws")],
        "status": running,
    }


def _service(service: Any, count: int) -> dict[str, Any]:
    return {
        "uuid": name_of("component", service.id),
        "type": "service",
        "title": line(service.name),
        "description": line(service.line),
        "props": [prop("service", service.id), prop("rows", str(count))],
        "status": {"state": "operational"},
    }


def _requirement(both: Halves, states: Mapping[str, ResponsibilityPosture]) -> Iterator[dict[str, Any]]:
    """A control with both halves; nothing of one of which none applies."""
    mine = [each for each in both.customer if states[each.id].state in _STATES]
    components = []
    if mine:
        reached = {_STATES[states[each.id].state] for each in mine}
        components.append(
            {
                "component-uuid": _MINE,
                "uuid": name_of("by-component", both.control, "customer"),
                "description": line(" ".join(f"{each.title}." for each in mine)),
                "implementation-status": {"state": next(state for state in _WORST if state in reached)},
                "satisfied": [
                    {
                        "uuid": name_of("satisfied", both.control, each.id),
                        "responsibility-uuid": owed(both.control, each),
                        "description": line(f"{each.description} {' '.join(states[each.id].because)}"),
                        "props": [prop("responsibility", each.id), prop("state", states[each.id].state)],
                    }
                    for each in mine
                ],
            }
        )
    if both.aws:
        components.append(
            {
                "component-uuid": _THEIRS,
                "uuid": name_of("by-component", both.control, "aws"),
                "description": line(" ".join(f"{each.title}." for each in both.aws)),
                "inherited": [
                    {
                        "uuid": name_of("inherited", both.control, each.id),
                        "provided-uuid": provided(both.control, each),
                        "description": line(each.description),
                        "props": [prop("responsibility", each.id)],
                    }
                    for each in both.aws
                ],
            }
        )
    if components:
        yield {
            "uuid": name_of("implemented-requirement", both.control),
            "control-id": both.control,
            "by-components": components,
        }
