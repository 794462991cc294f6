"""OSCAL component definition of this estate: each service that it has, and what you owe in it, control by control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demarcate.model.structs import Service
from demarcate.posture.assessment import Assessment
from demarcate.report.oscal.document import CATALOG, line, metadata, name_of, prop, value, write_document
from demarcate.report.oscal.shared import halves, services_of
from demarcate.report.out import Out


def write(assessment: Assessment, out: Out) -> None:
    """Write the components: the services whose resources were read."""
    posture = assessment.posture
    document = {
        "uuid": name_of("component-definition", posture.origin, posture.moment),
        "metadata": metadata(f"Components of {posture.origin}", posture.moment),
        "components": (_component(assessment, *counted) for counted in services_of(assessment)),
    }
    write_document("component-definition", document, out)


def _component(assessment: Assessment, service: Service, count: int) -> dict[str, Any]:
    return {
        "uuid": name_of("component", service.id),
        "type": "service",
        "title": line(service.name),
        "description": line(service.line),
        "props": [prop("service", service.id), prop("service-type", service.type), prop("rows", str(count))],
        "responsible-roles": [{"role-id": "customer"}],
        "control-implementations": iter(list(_implementations(assessment, service))),
    }


def _implementations(assessment: Assessment, service: Service) -> Iterator[dict[str, Any]]:
    requirements = list(_requirements(assessment, service))
    if requirements:
        yield {
            "uuid": name_of("control-implementation", service.id),
            "source": CATALOG,
            "description": line(f"What the customer owes in {service.name}, and how it stands."),
            "implemented-requirements": requirements,
        }


def _requirements(assessment: Assessment, service: Service) -> Iterator[dict[str, Any]]:
    states = {posture.id: posture for posture in assessment.posture.responsibilities}
    for both in halves(assessment.model):
        mine = [each for each in both.customer if each.covers(service.id)]
        if not mine:
            continue
        yield {
            "uuid": name_of("implemented-requirement", service.id, both.control),
            "control-id": both.control,
            "description": line(" ".join(f"{each.title}: {each.description}" for each in mine)),
            "props": [
                told
                for each in mine
                for told in (
                    prop("responsibility", each.id),
                    {**prop("state", states[each.id].state), "remarks": value(each.id)},
                )
            ],
        }
