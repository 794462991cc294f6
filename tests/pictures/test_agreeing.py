"""Pictures, the matrix and the posture put each job on the same side of the line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from demarcate.model import Model, Service, load, matrix, shift
from demarcate.posture.structs import Posture
from demarcate.report.pictures.comparison import comparison
from demarcate.report.pictures.drawing import Box, Drawing, Label, Mark
from demarcate.report.pictures.service_line import service_line

SERVICES = load().services


def _boxes(items: Drawing | Box) -> Iterator[Box]:
    for item in items.items:
        if isinstance(item, Box):
            yield item
            yield from _boxes(item)


def _shown(drawing: Drawing) -> set[tuple[str, str]]:
    """The titles that a picture of a service shows, each with the party whose colour its mark has."""
    items = [item for box in _boxes(drawing) for item in box.items]
    return {
        (mark.role, label.text)
        for mark, label in pairwise(items)
        if isinstance(mark, Mark) and isinstance(label, Label) and mark.role in ("aws", "customer")
    }


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.id)
def test_a_service_is_drawn_as_the_matrix_has_it(model: Model, service: Service) -> None:
    rows = [row for row in matrix(model, service=service.id) if row.service == service.id]
    named = [r for row in rows for r in (*row.aws, *row.customer)]
    shown = _shown(service_line(model, service))
    assert {(r.party, r.title) for r in named} <= shown
    of = {r.title: r for r in model.responsibilities}
    assert all(of[title].party == party and of[title].covers(service.id) for party, title in shown)


def test_the_comparison_is_drawn_as_the_layers_are(model: Model) -> None:
    drawn: dict[str, set[str]] = {}
    for box in _boxes(comparison(model, SERVICES)):
        name, _, role = box.id.rpartition("-")
        if box.role in ("aws", "customer"):
            drawn.setdefault(name, set()).add(role)
    layers = [
        (layer.topic, service, owes)
        for kind in shift(model)
        for layer in kind.layers
        for service, owes in layer.services.items()
    ]
    for topic, service, owes in layers:
        parties = {"both": {"aws", "customer"}, "nobody": set()}.get(owes, {owes})
        assert drawn.get(f"{topic}-{service}", set()) == parties, (topic, service)


def test_the_posture_has_both_halves_of_the_matrix(model: Model, posture: Posture) -> None:
    owed = {(r.id, r.party) for row in matrix(model) for r in (*row.aws, *row.customer)}
    assert {(r.id, r.party) for r in posture.responsibilities} == owed
