"""AWS's OSCAL components beside the checks: which of their Security Hub controls are decided, and by which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from demarcate.checks.structs import Check
from demarcate.evidence.components import Component
from demarcate.model import Model

COLUMNS: Final = ("component", "service", "controls", "decided", "checks", "not decided", "file")


def rows(components: Iterable[Component], model: Model, checks: Mapping[str, Check]) -> Iterator[Sequence[Any]]:
    """A row for each component; `service` is what the model calls it, empty where it has none."""
    deciding: dict[str, list[str]] = {}
    for check in checks.values():
        for control in check.refs.get("security-hub", ()):
            deciding.setdefault(control, []).append(check.id)
    services: dict[str, list[str]] = {}
    for service in model.services:
        for namespace in service.arn_services:
            services.setdefault(namespace, []).append(service.id)
    for component in components:
        decided = [control for control in component.controls if control in deciding]
        yield (
            component.title,
            services.get(component.namespace, []),
            len(component.controls),
            len(decided),
            sorted({check for control in decided for check in deciding[control]}),
            [control for control in component.controls if control not in deciding],
            component.file,
        )
