"""The matrix of responsibilities, and how the line moves with the service type."""

from __future__ import annotations

from typing import Literal, cast

from demarcate.model import SERVICE_TYPES, Model, Responsibility, shift
from demarcate.model import matrix as rows_of
from demarcate.report import rows
from demarcate.report.console import Console, Text
from demarcate.report.halves import entry, proven_by, side_by_side
from demarcate.report.out import Out

COLUMNS = ["area", "party", "id", "title", "services", "proof", "controls", "oscal"]


def write(model: Model, area: str | None, service: str | None, party: str | None, format: str, out: Out) -> None:
    """Write both halves of each area. For people side by side, for programs one row a responsibility."""
    if format == "text":
        _side_by_side(model, area, service, party, Console(out))
        return
    matrix_rows = [
        r
        for r in model.responsibilities
        if area in (None, r.area) and party in (None, r.party) and (service is None or r.covers(service))
    ]
    rows.write(COLUMNS, [_record(r, format) for r in matrix_rows], format, out)


def _record(r: Responsibility, format: str) -> list[object]:
    controls = list(r.controls.get("nist-800-53-r5", ()))
    services = r.services if r.services == "all" else list(r.services)
    proof: object = [{"kind": p.kind, "ask": p.ask} for p in r.proof] if format == "json" else proven_by(r)
    return [r.area, r.party, r.id, r.title, services, proof, controls, r.oscal]


def _side_by_side(
    model: Model, area: str | None, service: str | None, party: str | None, console: Console
) -> None:
    wanted = cast(Literal["aws", "customer"] | None, party)
    for row in rows_of(model, area=area, service=service, party=wanted):
        console.print()
        console.print(Text.assemble((row.area_title, "bold"), (f"  {row.service_name}", "")))
        console.print(side_by_side([entry(r) for r in row.aws], [entry(r) for r in row.customer]))


_OWES = {"aws": "AWS", "customer": "you", "both": "both", "nobody": "–"}


def write_shift(model: Model, format: str, out: Out) -> None:
    """Write who owes each topic, from infrastructure to abstracted services."""
    shifts = shift(model)
    columns = ["area", "topic", *SERVICE_TYPES]
    table = [
        [model.area[layer.area].title, layer.title, *(_OWES[column.layers[number].owes] for column in shifts)]
        for number, layer in enumerate(shifts[0].layers)
    ]
    rows.write(columns, table, format, out)
