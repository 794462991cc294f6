"""What pictures of the line share: AWS's half on the left, yours on the right, areas on the line between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from demarcate.model import Area, Party
from demarcate.report.pictures.drawing import Box, Element, Label, Line, Role
from demarcate.report.pictures.parts import column

WIDTH, MARGIN, INSET, PAD = 1160.0, 24.0, 20.0, 14.0
CENTRE = 208.0
HALF = (WIDTH - 2 * MARGIN - 2 * INSET - CENTRE) / 2
MIDDLE = WIDTH / 2
LEFT: dict[Party, float] = {"aws": MARGIN + INSET, "customer": MIDDLE + CENTRE / 2}
INNER = HALF - 2 * PAD
"""The room for text in a half."""

_PILL, _NAME_PAD = 176.0, 11.0
_CAPTION, _GAP = 32.0, 12.0


class PartyColumn(NamedTuple):
    """What stands in one party's half of an area: laid out from `y`, and how high it is with its padding."""

    role: Role
    items: Sequence[Element]
    height: float


def party(which: Party, title: str, told: str, y: float = MARGIN) -> Box:
    """A party, at the head of its column."""
    x = LEFT[which] + PAD
    labels = [
        Label(x=x, y=0, width=INNER, text=title, size=20, bold=True, role=which, align="center"),
        Label(x=x, y=0, width=INNER, text=told, size=14, align="center"),
    ]
    items, height = column(labels, y + PAD, 2)
    return Box(
        id=f"party-{which}",
        x=LEFT[which],
        y=y,
        width=HALF,
        height=height + 2 * PAD,
        role=which,
        radius=8,
        items=tuple(items),
    )


def down(source: Box, target: str, to: float, *, role: Role = "line") -> Line:
    """An arrow from the foot of a box down to another."""
    x, y = source.x + source.width / 2, source.y + source.height
    return Line(points=((x, y), (x, to)), role=role, thickness=3, arrow=True, source=source.id, target=target)


def row(area: Area, y: float, aws: PartyColumn, customer: PartyColumn, told: str, *, moved: str = "") -> Box:
    """An area: AWS's half, its name on the line, the customer's half. `moved` says what moves the line here."""
    labels, told_height = _name(area, moved)
    height = max(aws.height, customer.height, told_height)
    middle = y + height / 2
    left, right = (
        Box(
            id=f"{area.id}-{which}",
            x=LEFT[which],
            y=y,
            width=HALF,
            height=height,
            role=half.role,
            items=tuple(half.items),
        )
        for which, half in _halves(aws, customer)
    )
    inside, _ = column(labels, middle - told_height / 2 + _NAME_PAD)
    name = Box(
        id=f"{area.id}-name",
        x=MIDDLE - _PILL / 2,
        y=middle - told_height / 2,
        width=_PILL,
        height=told_height,
        role="area",
        radius=22,
        items=tuple(inside),
    )
    end = name.x + name.width
    rungs = (
        Line(points=((left.x + HALF, middle), (name.x, middle)), role=left.role, source=left.id, target=name.id),
        Line(points=((end, middle), (right.x, middle)), role=right.role, source=name.id, target=right.id),
    )
    return Box(
        id=area.id,
        x=left.x,
        y=y,
        width=right.x + HALF - left.x,
        height=height,
        items=(left, *rungs, name, right),
        area=area.id,
        title=told,
    )


def _halves(
    aws: PartyColumn, customer: PartyColumn
) -> tuple[tuple[Party, PartyColumn], tuple[Party, PartyColumn]]:
    return ("aws", aws), ("customer", customer)


def _name(area: Area, moved: str) -> tuple[list[Label], float]:
    """What stands in the name of an area on the line, and how high the name is."""
    x, width = MIDDLE - _PILL / 2 + 10, _PILL - 20
    labels = [Label(x=x, y=0, width=width, text=area.title, bold=True, align="center")]
    if moved:
        labels.append(Label(x=x, y=0, width=width, text=moved, size=11, role="muted", align="center"))
    _, height = column(labels, 0)
    return labels, height + 2 * _NAME_PAD


def panel(rows: Sequence[Box], y: float, *, moved: Sequence[str] = (), middle: str) -> Box:
    """The rows on one ground, with the line through the names of their areas.

    `rows` begin at `first_row(y)`. `moved` are the areas in which settings move the line: it is dashed there.
    """
    bottom = rows[-1].y + rows[-1].height + INSET
    captions = (
        ("AWS provides", LEFT["aws"], HALF),
        (middle, MIDDLE - CENTRE / 2, CENTRE),
        ("You owe", LEFT["customer"], HALF),
    )
    labels = [
        Label(x=x, y=y + PAD, width=width, text=text, bold=True, role="muted", align="center")
        for text, x, width in captions
    ]
    return Box(
        id="shared",
        x=MARGIN,
        y=y,
        width=WIDTH - 2 * MARGIN,
        height=bottom - y,
        role="muted",
        radius=12,
        items=(*labels, *_line(rows, y + PAD + 24, bottom, moved), *rows),
    )


def first_row(y: float) -> float:
    """Where the first row of a panel begins."""
    return y + PAD + _CAPTION


def after(box: Box) -> float:
    """Where the row after a row begins."""
    return box.y + box.height + _GAP


def _line(rows: Sequence[Box], top: float, bottom: float, moved: Sequence[str]) -> list[Line]:
    """The line between the halves, from the name of one area to the next and down to the foot."""
    names = [next(item for item in box.items if isinstance(item, Box) and item.role == "area") for box in rows]
    lines = [_down(top, names[0].y, rows[0].area in moved, None, names[0].id)]
    for number, (name, following) in enumerate(pairwise(names)):
        start, end = name.y + name.height, following.y
        above, below = (row.area in moved for row in rows[number : number + 2])
        if above == below:
            lines.append(_down(start, end, above, name.id, following.id))
        else:
            between = rows[number + 1].y - _GAP / 2
            lines.append(_down(start, between, above, name.id, None))
            lines.append(_down(between, end, below, None, following.id))
    lines.append(_down(names[-1].y + names[-1].height, bottom, rows[-1].area in moved, names[-1].id, None))
    return lines


def _down(start: float, end: float, dashed: bool, source: str | None, target: str | None) -> Line:
    points = ((MIDDLE, start), (MIDDLE, end))
    return Line(points=points, thickness=3, dashed=dashed, source=source, target=target)
