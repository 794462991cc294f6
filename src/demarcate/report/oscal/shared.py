"""Both halves, control by control: what component definitions and system security plans are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demarcate.model import Model
from demarcate.model.structs import Responsibility, Service
from demarcate.posture.assessment import Assessment
from demarcate.report.oscal.document import controls_of, name_of


@dataclass(frozen=True, slots=True)
class Halves:
    """A control of SP 800-53, and what each party does for it."""

    control: str
    aws: tuple[Responsibility, ...]
    customer: tuple[Responsibility, ...]


def halves(model: Model) -> Iterator[Halves]:
    """The controls that responsibilities cite, in order."""
    by_control: dict[str, list[Responsibility]] = {}
    for responsibility in model.responsibilities:
        for control in controls_of(responsibility.controls):
            by_control.setdefault(control, []).append(responsibility)
    for control, listed in sorted(by_control.items()):
        yield Halves(
            control,
            tuple(each for each in listed if each.party == "aws"),
            tuple(each for each in listed if each.party == "customer"),
        )


def provided(control: str, responsibility: Responsibility) -> str:
    """The name of what AWS provides for a control; the same in AWS's plan and in yours."""
    return name_of("provided", control, responsibility.id)


def owed(control: str, responsibility: Responsibility) -> str:
    """The name of what AWS leaves to its customers for a control; the same in AWS's plan and in yours."""
    return name_of("responsibility", control, responsibility.id)


def services_of(assessment: Assessment) -> list[tuple[Service, int]]:
    """The services that the estate has, and how many rows their tables hold."""
    rows = {
        name: sum(part.rows for part in held.parts) for name, held in assessment.snapshot.manifest.tables.items()
    }
    counted = (
        (service, sum(rows.get(table, 0) for table in service.tables)) for service in assessment.model.services
    )
    return [(service, count) for service, count in counted if count]
