"""The summary as a poster, in the proportions of A3 across: both halves large, what to remember small."""

from __future__ import annotations

from msgspec.structs import replace

from demarcate.model import Area, Model, Party
from demarcate.report.pictures.drawing import Box, Drawing, Element, Label, Line, Role
from demarcate.report.pictures.parts import column

WIDTH, HEIGHT = 1680.0, 1188.0
"""Four to a millimetre of A3."""

TITLE, RULES = "Shared responsibilities", "Rules to remember"

_MARGIN, _PAD, _GAP = 44.0, 20.0, 12.0
_CENTRE, _NAME = 300.0, (264.0, 88.0)
_WHOLE = WIDTH - 2 * _MARGIN
_HALF = (_WHOLE - _CENTRE) / 2
_LEFT: dict[Party, float] = {"aws": _MARGIN, "customer": _MARGIN + _HALF + _CENTRE}
_HEAD, _OUTCOME = 104.0, 62.0
_BESIDE, _BETWEEN = 3, 36.0
"""So many notes stand beside one another, so far apart."""


def poster(model: Model) -> Drawing:
    """Both halves of every area and the line between them, to be read across a room; below, what to remember."""
    shared = model.summary.collaboration
    notes = _notes(model)
    bottom = notes[0].y - 24 - _OUTCOME
    top = _MARGIN + _HEAD + 16
    height = (bottom - 28 - top + _GAP) / len(shared.areas) - _GAP
    rows = [
        _row(model, model.area[id_], top + number * (height + _GAP), height)
        for number, id_ in enumerate(shared.areas)
    ]
    title = Label(x=0, y=0, width=0, text=TITLE, size=26, bold=True, align="center")
    outcome = Label(x=0, y=0, width=0, text=shared.outcome, size=30, bold=True, role="outcome", align="center")
    return Drawing(
        title=TITLE,
        description=model.summary.overview,
        width=WIDTH,
        height=HEIGHT,
        items=(
            _party("aws", shared.aws.title, shared.aws.half),
            _box("title", "plain", _MARGIN + _HALF, _MARGIN, _CENTRE, _HEAD, title),
            _party("customer", shared.customer.title, shared.customer.half),
            *_line(rows, top, bottom),
            *rows,
            _box("outcome", "outcome", _MARGIN, bottom, _WHOLE, _OUTCOME, outcome),
            *notes,
        ),
    )


def _box(id_: str, role: Role, x: float, y: float, width: float, height: float, *labels: Label) -> Box:
    """A box with labels in the middle of its height."""
    fitted = [replace(label, x=x + _PAD, width=width - 2 * _PAD) for label in labels]
    _, told = column(fitted, 0)
    items, _ = column(fitted, y + (height - told) / 2)
    return Box(id=id_, x=x, y=y, width=width, height=height, role=role, radius=12, items=tuple(items))


def _party(party: Party, title: str, half: str) -> Box:
    labels = (
        Label(x=0, y=0, width=0, text=title, size=42, bold=True, role=party, align="center"),
        Label(x=0, y=0, width=0, text=half, size=24, align="center"),
    )
    return _box(f"party-{party}", party, _LEFT[party], _MARGIN, _HALF, _HEAD, *labels)


def _row(model: Model, area: Area, y: float, height: float) -> Box:
    quick = next(told for told in model.summary.quick_reference if told.area == area.id)
    aws, customer = (
        _box(
            f"{area.id}-{party}",
            party,
            _LEFT[party],
            y,
            _HALF,
            height,
            Label(x=0, y=0, width=0, text=text, size=32, role=party),
        )
        for party, text in _halves(quick.aws, quick.customer)
    )
    width, high = _NAME
    title = Label(x=0, y=0, width=0, text=area.title, size=25, bold=True, align="center")
    left = WIDTH / 2 - width / 2
    return Box(
        id=area.id,
        x=_MARGIN,
        y=y,
        width=_WHOLE,
        height=height,
        items=(
            aws,
            _box(f"{area.id}-name", "area", left, y + (height - high) / 2, width, high, title),
            customer,
        ),
        area=area.id,
        title=f"{area.title}. AWS: {quick.aws}. You: {quick.customer}.",
    )


def _halves(aws: str, customer: str) -> tuple[tuple[Party, str], tuple[Party, str]]:
    return ("aws", aws), ("customer", customer)


def _line(rows: list[Box], top: float, bottom: float) -> list[Element]:
    """The line between the halves, from name to name and down to what they make."""
    _, high = _NAME
    edges = [top]
    for row in rows:
        middle = row.y + row.height / 2
        edges += [middle - high / 2, middle + high / 2]
    edges.append(bottom)
    return [
        Line(points=((WIDTH / 2, start), (WIDTH / 2, end)), thickness=5, arrow=end == bottom)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def _notes(model: Model) -> list[Label]:
    """The rules to remember, in columns at the foot of the sheet."""
    width = (_WHOLE - (_BESIDE - 1) * _BETWEEN) / _BESIDE
    labels = [
        Label(x=_MARGIN + number % _BESIDE * (width + _BETWEEN), y=0, width=width, text=tip.text, size=17)
        for number, tip in enumerate(model.exam.tips)
    ]
    rows = [labels[start : start + _BESIDE] for start in range(0, len(labels), _BESIDE)]
    heights = [max(label.height for label in row) for row in rows]
    top = HEIGHT - _MARGIN - sum(heights) - 8 * len(rows)
    head = Label(x=_MARGIN, y=0, width=_WHOLE, text=RULES, size=17, bold=True)
    placed = [replace(head, y=top - head.height)]
    top += 8
    for row, height in zip(rows, heights, strict=True):
        placed += [replace(label, y=top) for label in row]
        top += height + 8
    return placed
