"""How the line moves: services beside one another, layer by layer whose it is, and the line through each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from msgspec.structs import replace

from demarcate.model import SERVICE_TYPES, Model, Service, shift
from demarcate.model.structs import Topic
from demarcate.report.pictures.drawing import Box, Drawing, Element, Label, Line, Point
from demarcate.report.pictures.parts import column, words
from demarcate.report.pictures.sheet import INSET, MARGIN, WIDTH

_NAMES = 256.0
_GAP = 22.0
_ROOM = WIDTH - 2 * MARGIN - 2 * INSET - _NAMES
_MOST, _WIDEST = 7, 188.0
_CELL, _BETWEEN, _AREA = 30.0, 8.0, 24.0
_BESIDE = 5.0
"""How far the line runs from the cells on either side of it."""

_TOLD = (
    "What is left of the line is AWS's, what is right of it is yours. "
    "Where the line is dashed, a resource's own settings decide."
)

Whose = Literal["aws", "customer", "both", "settings", "nobody"]
_SAID: dict[Whose, str] = {
    "aws": "AWS",
    "customer": "you",
    "both": "AWS and you",
    "settings": "AWS or you, by a resource's settings",
    "nobody": "nothing here",
}


class _Place(NamedTuple):
    """One column of a band: its service, and where its cells begin and end."""

    service: Service
    left: float
    right: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    def line(self, whose: Whose) -> float:
        """Where the line runs, beside the cells or between them."""
        if whose == "aws":
            return self.right + _BESIDE
        return self.left - _BESIDE if whose == "customer" else self.middle


def comparison(model: Model, services: Sequence[Service]) -> Drawing:
    """Services in columns, from what you run almost whole to what you only call; layers in rows.

    Many services are drawn in several bands below one another, at most seven in each.
    """
    ordered = sorted(dict.fromkeys(services), key=lambda service: SERVICE_TYPES.index(service.type))
    bands = math.ceil(len(ordered) / _MOST)
    each = math.ceil(len(ordered) / bands)
    wide = min(_WIDEST, _ROOM / each)
    width = 2 * MARGIN + 2 * INSET + _NAMES + each * wide
    owes = _owes(model, ordered)
    labels = [
        Label(x=MARGIN, y=0, width=width - 2 * MARGIN, text="How the line moves", size=20, bold=True),
        Label(x=MARGIN, y=0, width=width - 2 * MARGIN, text=_TOLD, size=13, role="muted"),
    ]
    head, height = column(labels, MARGIN, 3)
    items: list[Element] = list(head)
    y = MARGIN + height + 16
    for number in range(bands):
        band = _band(model, ordered[number * each : (number + 1) * each], owes, wide, width, y, number)
        items.append(band)
        y = band.y + band.height + 16
    return Drawing(
        title=f"How the line moves: {', '.join(service.name for service in ordered)}",
        description=f"{_TOLD} {_described(model, ordered, owes)}",
        width=width,
        height=y - 16 + MARGIN,
        items=tuple(items),
    )


def _owes(model: Model, services: Sequence[Service]) -> dict[tuple[str, str], Whose]:
    """Whose each layer is in each service, by the ids of both."""
    owners: dict[tuple[str, str], Whose] = {}
    layers = [layer for column in shift(model) for layer in column.layers]
    for topic in model.topics:
        of_topic = [layer.services for layer in layers if layer.topic == topic.id]
        for service in services:
            whose: Whose = next(owes[service.id] for owes in of_topic if service.id in owes)
            owners[topic.id, service.id] = "settings" if whose == "both" and _set(model, topic, service) else whose
    return owners


def _set(model: Model, topic: Topic, service: Service) -> bool:
    """Whether either party's part hangs on a resource's own settings as a whole."""
    for half in (topic.aws, topic.customer):
        mine = [model.responsibility[id_] for id_ in half if model.responsibility[id_].covers(service.id)]
        if mine and all(any(when.table in service.tables for when in r.when) for r in mine):
            return True
    return False


def _band(
    model: Model,
    services: Sequence[Service],
    owes: dict[tuple[str, str], Whose],
    wide: float,
    width: float,
    y: float,
    number: int,
) -> Box:
    x = MARGIN + INSET + _NAMES
    places = [
        _Place(service, x + index * wide + _GAP / 2, x + (index + 1) * wide - _GAP / 2)
        for index, service in enumerate(services)
    ]
    heads, start = _heads(places, y + 14)
    names, rows = _rows(model, start)
    cells = [
        cell
        for topic, top in rows
        for place in places
        for cell in _cell(place, owes[topic.id, place.service.id], f"{topic.id}-{place.service.id}", top)
    ]
    lines = [
        line
        for place in places
        for line in _line(place, [(owes[topic.id, place.service.id], top) for topic, top in rows], start)
    ]
    return Box(
        id=f"band-{number}",
        x=MARGIN,
        y=y,
        width=width - 2 * MARGIN,
        height=rows[-1][1] + _CELL + INSET - y,
        role="muted",
        radius=12,
        items=(*heads, *names, *lines, *cells),
    )


def _rows(model: Model, y: float) -> tuple[list[Element], list[tuple[Topic, float]]]:
    """The names of areas and layers, and where each layer's row begins."""
    items: list[Element] = []
    rows: list[tuple[Topic, float]] = []
    width = _NAMES - 16
    for area, topics in groupby(model.topics, key=lambda topic: topic.area):
        title = model.area[area].title
        items.append(Label(x=MARGIN + INSET, y=y + 6, width=width, text=title, size=12, role="muted", bold=True))
        y += _AREA
        for topic in topics:
            name = Label(x=MARGIN + INSET, y=0, width=width, text=topic.title)
            items.append(replace(name, y=y + (_CELL - name.height) / 2))
            rows.append((topic, y))
            y += _CELL + _BETWEEN
    return items, rows


def _line(place: _Place, rows: Sequence[tuple[Whose, float]], top: float) -> list[Line]:
    """The line through a column from row to row: dashed where settings decide, broken where nobody has anything."""
    lines: list[Line] = []
    points: list[Point] = []
    dashed = False
    for whose, row in rows:
        bottom = row + _CELL + _BETWEEN / 2
        if whose == "nobody" or dashed != (whose == "settings"):
            lines += _drawn(points, dashed)
            points = [] if whose == "nobody" else points[-1:]
        if whose != "nobody":
            dashed = whose == "settings"
            x = place.line(whose)
            points += [point for point in ((x, top), (x, bottom)) if point not in points[-1:]]
        top = bottom
    return [*lines, *_drawn(points, dashed)]


def _drawn(points: Sequence[Point], dashed: bool) -> list[Line]:
    """A line through points, without those on the way that are not corners."""
    corners = [
        point
        for number, point in enumerate(points)
        if number in (0, len(points) - 1) or not points[number - 1][0] == point[0] == points[number + 1][0]
    ]
    return [Line(points=tuple(corners), thickness=3, dashed=dashed)] if len(corners) > 1 else []


def _heads(places: Sequence[_Place], y: float) -> tuple[list[Element], float]:
    """The types, below them the services; and where the rows begin."""
    groups = [list(group) for _, group in groupby(places, key=lambda place: place.service.type)]
    spans = [(group[0].service.type, group[0].left, group[-1].right) for group in groups]
    types = [
        Label(x=left, y=y, width=right - left, text=words(type_), size=12, role="muted", align="center")
        for type_, left, right in spans
    ]
    rule = y + max(label.height for label in types) + 6
    rules = [Line(points=((left, rule), (right, rule)), role="muted", thickness=1) for _, left, right in spans]
    names = [
        Label(
            x=place.left,
            y=rule + 8,
            width=place.right - place.left,
            text=place.service.name,
            size=12,
            bold=True,
            align="center",
        )
        for place in places
    ]
    return [*types, *rules, *names], rule + 8 + max(name.height for name in names)


def _cell(place: _Place, whose: Whose, id_: str, top: float) -> list[Element]:
    halves: list[tuple[Literal["aws", "customer", "not-applicable"], str, float, float]]
    if whose == "aws":
        halves = [("aws", "AWS", place.left, place.right)]
    elif whose == "customer":
        halves = [("customer", "you", place.left, place.right)]
    elif whose == "nobody":
        halves = [("not-applicable", "nothing here", place.left, place.right)]
    else:
        halves = [
            ("aws", "AWS", place.left, place.middle - _BESIDE),
            ("customer", "you", place.middle + _BESIDE, place.right),
        ]
    return [
        Box(
            id=f"{id_}-{role}",
            x=left,
            y=top,
            width=right - left,
            height=_CELL,
            role=role,
            radius=4,
            items=(
                Label(
                    x=left,
                    y=top + (_CELL - 17) / 2,
                    width=right - left,
                    text=text,
                    size=12,
                    role="muted" if role == "not-applicable" else role,
                    align="center",
                ),
            ),
        )
        for role, text, left, right in halves
    ]


def _described(model: Model, services: Sequence[Service], owes: dict[tuple[str, str], Whose]) -> str:
    told = []
    for service in services:
        layers = "; ".join(f"{topic.title}: {_SAID[owes[topic.id, service.id]]}" for topic in model.topics)
        told.append(f"{service.name} ({words(service.type)}): {layers}.")
    return " ".join(told)
