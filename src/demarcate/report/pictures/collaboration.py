"""The collaboration as a picture: two parties, the areas that they share, the posture that they make."""

from __future__ import annotations

from demarcate.model import Area, Model, Party
from demarcate.posture.structs import Counts, Posture
from demarcate.report.pictures import sheet
from demarcate.report.pictures.drawing import Box, Drawing, Label
from demarcate.report.pictures.outcome import outcome_box
from demarcate.report.pictures.parts import bar, column, flow, result_role, results
from demarcate.report.pictures.sheet import PartyColumn


def collaboration(model: Model, posture: Posture | None = None) -> Drawing:
    """The two parties, the areas that they share with both halves of each, and the posture that they make.

    AWS stands on the left of the line, the customer on the right. With a posture each area's customer half is
    coloured and counted by its results.
    """
    shared = model.summary.collaboration
    aws = sheet.party("aws", shared.aws.title, shared.aws.half)
    customer = sheet.party("customer", shared.customer.title, shared.customer.half)
    top = aws.y + aws.height + 30
    rows: list[Box] = []
    for id_ in shared.areas:
        y = sheet.after(rows[-1]) if rows else sheet.first_row(top)
        rows.append(_row(model, model.area[id_], posture, y))
    panel = sheet.panel(rows, top, middle="Shared areas")
    outcome = outcome_box(shared.outcome, posture.summary if posture else None, posture, panel)
    arrows = (
        sheet.down(aws, "shared", top, role="aws"),
        sheet.down(customer, "shared", top, role="customer"),
        sheet.down(panel, "outcome", outcome.y),
    )
    return Drawing(
        title="AWS and its customer: who secures what",
        description=_described(model, posture),
        width=sheet.WIDTH,
        height=outcome.y + outcome.height + sheet.MARGIN,
        items=(aws, customer, *arrows, panel, outcome),
    )


def _row(model: Model, area: Area, posture: Posture | None, y: float) -> Box:
    counts = posture.areas[area.id] if posture else None
    aws, customer = (
        sum(r.area == area.id and r.party == party for r in model.responsibilities)
        for party in ("aws", "customer")
    )
    left = _half("aws", area.aws, _provided(counts) if counts else _number(aws), y)
    if counts and counts.owed:
        right = _results(area.customer, counts, y)
    else:
        right = _half("customer", area.customer, "Nothing is owed here" if counts else _number(customer), y)
    told = f"{area.title}. {area.aws} {area.customer}"
    return sheet.row(area, y, left, right, f"{told} {counts}." if counts else told)


def _half(party: Party, sentence: str, number: str, y: float) -> PartyColumn:
    """A half in words, and how much it is."""
    x = sheet.LEFT[party] + sheet.PAD
    labels = [
        Label(x=x, y=0, width=sheet.INNER, text=sentence),
        Label(x=x, y=0, width=sheet.INNER, text=number, size=12, role="muted"),
    ]
    items, height = column(labels, y + sheet.PAD, 7)
    return PartyColumn(party, items, height + 2 * sheet.PAD)


def _results(sentence: str, counts: Counts, y: float) -> PartyColumn:
    """The customer's half in words, then how it stands: as a bar, and in words below it."""
    x, width = sheet.LEFT["customer"] + sheet.PAD, sheet.INNER
    labels = [
        Label(x=x, y=0, width=width, text=sentence),
        Label(x=x, y=0, width=width, text=f"{counts.met} of {counts.owed} met", bold=True),
    ]
    items, height = column(labels, y + sheet.PAD, 7)
    end = y + sheet.PAD + height
    words, more = flow(results(counts), x, end + 18, width)
    items = [*items, *bar(counts, x, end + 4, width), *words]
    return PartyColumn(result_role(counts), items, height + 18 + more + 2 * sheet.PAD)


def _number(number: int) -> str:
    return "1 responsibility" if number == 1 else f"{number} responsibilities"


def _provided(counts: Counts) -> str:
    told = f"{counts.provided} provided"
    return f"{told}, {counts.attested} of them by a valid report on file" if counts.attested else told


def _described(model: Model, posture: Posture | None) -> str:
    """All that the picture says, in words."""
    shared = model.summary.collaboration

    def with_counts(title: str, counts: Counts | None) -> str:
        return f"{title}: {counts}." if counts else f"{title}."

    return " ".join(
        [
            *(f"{half.title}: {half.half}." for half in (shared.aws, shared.customer)),
            *(with_counts(model.area[id_].title, posture.areas[id_] if posture else None) for id_ in shared.areas),
            with_counts(shared.outcome, posture.summary if posture else None),
        ]
    )
