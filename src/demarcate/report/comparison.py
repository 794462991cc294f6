"""How the line moves: services beside one another, layer by layer whose it is, and the line through each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from demarcate.model import SERVICE_TYPES, Model, Service, shift
from demarcate.model.structs import Topic
from demarcate.report.drawing import Box, Drawing, Item, Label, Line
from demarcate.report.parts import column, words
from demarcate.report.sheet import INSET, MARGIN, WIDTH

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
    items: list[Item] = list(head)
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
    found: dict[tuple[str, str], Whose] = {}
    layers = [layer for one in shift(model) for layer in one.layers]
    for topic in model.topics:
        of_topic = [layer.services for layer in layers if layer.topic == topic.id]
        for service in services:
            whose: Whose = next(owes[service.id] for owes in of_topic if service.id in owes)
            found[topic.id, service.id] = "settings" if whose == "both" and _set(model, topic, service) else whose
    return found


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
    items, top = _heads(places, y + 14)
    before: dict[str, float] = {}
    edge = top
    area = None
    for topic in model.topics:
        if topic.area != area:
            area = topic.area
            name = Label(
                x=MARGIN + INSET,
                y=top + 6,
                width=_NAMES - 16,
                text=model.area[area].title,
                size=12,
                role="muted",
                bold=True,
            )
            items.append(name)
            top += _AREA
        items += _layer(topic, top)
        bottom = top + _CELL + _BETWEEN / 2
        for place in places:
            whose = owes[topic.id, place.service.id]
            items += _cell(place, whose, f"{topic.id}-{place.service.id}", top)
            if whose == "nobody":
                before.pop(place.service.id, None)
                continue
            now = place.line(whose)
            start = before.get(place.service.id, now)
            points = ((start, edge), (now, edge), (now, bottom)) if start != now else ((now, edge), (now, bottom))
            items.append(Line(points=points, thickness=3, dashed=whose == "settings"))
            before[place.service.id] = now
        top, edge = top + _CELL + _BETWEEN, bottom
    return Box(
        id=f"band-{number}",
        x=MARGIN,
        y=y,
        width=width - 2 * MARGIN,
        height=top - _BETWEEN + INSET - y,
        role="muted",
        radius=12,
        items=tuple(items),
    )


def _heads(places: Sequence[_Place], y: float) -> tuple[list[Item], float]:
    """The types, below them the services; and where the rows begin."""
    items: list[Item] = []
    for type_, group in groupby(places, key=lambda place: place.service.type):
        mine = list(group)
        left, right = mine[0].left, mine[-1].right
        items.append(
            Label(x=left, y=y, width=right - left, text=words(type_), size=12, role="muted", align="center")
        )
        items.append(Line(points=((left, y + 24), (right, y + 24)), role="muted", thickness=1))
    names = [
        Label(
            x=place.left,
            y=y + 32,
            width=place.right - place.left,
            text=place.service.name,
            size=12,
            bold=True,
            align="center",
        )
        for place in places
    ]
    return [*items, *names], y + 32 + max(name.height for name in names)


def _layer(topic: Topic, top: float) -> list[Item]:
    name = Label(x=MARGIN + INSET, y=0, width=_NAMES - 16, text=topic.title)
    items, _ = column([name], top + (_CELL - name.height) / 2)
    return items


def _cell(place: _Place, whose: Whose, id_: str, top: float) -> list[Item]:
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
