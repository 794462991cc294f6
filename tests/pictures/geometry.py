"""Where things are in a drawing, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise

from demarcate.report.pictures.colours import PAINTS, Scheme
from demarcate.report.pictures.drawing import Box, Drawing, Element, Label, Line, Mark, text_width

Rectangle = tuple[float, float, float, float]
_NEARLY = 0.6


def rectangle(item: Box | Label | Mark) -> Rectangle:
    return item.x, item.y, item.x + item.width, item.y + item.height


def inside(inner: Rectangle, outer: Rectangle) -> bool:
    return (
        inner[0] >= outer[0] - _NEARLY
        and inner[1] >= outer[1] - _NEARLY
        and inner[2] <= outer[2] + _NEARLY
        and inner[3] <= outer[3] + _NEARLY
    )


def overlap(first: Rectangle, other: Rectangle) -> bool:
    across = min(first[2], other[2]) - max(first[0], other[0])
    down = min(first[3], other[3]) - max(first[1], other[1])
    return across > _NEARLY and down > _NEARLY


def segments(line: Line) -> Iterator[Rectangle]:
    for (x1, y1), (x2, y2) in pairwise(line.points):
        yield min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def crosses(segment: Rectangle, box: Rectangle) -> bool:
    """Whether a line runs through the inside of a box; one that ends at its edge does not."""
    wide = (segment[0] - 1, segment[1] - 1, segment[2] + 1, segment[3] + 1)
    across = min(wide[2], box[2]) - max(wide[0], box[0])
    down = min(wide[3], box[3]) - max(wide[1], box[1])
    return across > 1.5 and down > 1.5


def on_edge(point: tuple[float, float], box: Box) -> bool:
    x, y = point
    left, top, right, bottom = rectangle(box)
    within = left - _NEARLY <= x <= right + _NEARLY and top - _NEARLY <= y <= bottom + _NEARLY
    return within and min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom)) <= _NEARLY


def faults(drawing: Drawing) -> list[str]:
    """All that is wrong with where things are."""
    whole = Box(id="the picture", x=0, y=0, width=drawing.width, height=drawing.height, items=drawing.items)
    told = list(_faults(whole))
    boxes = {box.id: box for box in drawing.boxes()}
    if len(boxes) != len(list(drawing.boxes())):
        told.append("two boxes have one id")
    for line in _lines(drawing.items):
        for end, point in ((line.source, line.points[0]), (line.target, line.points[-1])):
            if end is not None and (end not in boxes or not on_edge(point, boxes[end])):
                told.append(f"a line does not begin or end at {end}")
        if any(x1 != x2 and y1 != y2 for (x1, y1), (x2, y2) in pairwise(line.points)):
            told.append("a line is neither across nor down")
    return told


def _lines(items: tuple[Element, ...]) -> Iterator[Line]:
    for item in items:
        if isinstance(item, Line):
            yield item
        elif isinstance(item, Box):
            yield from _lines(item.items)


def labels(drawing: Drawing) -> Iterator[Label]:
    """All labels."""
    for items in (drawing.items, *(box.items for box in drawing.boxes())):
        yield from (item for item in items if isinstance(item, Label))


def _name(item: Box | Label | Mark) -> str:
    if isinstance(item, Box):
        return item.id
    return repr(item.text) if isinstance(item, Label) else f"a mark at {item.x}, {item.y}"


def _faults(box: Box) -> Iterator[str]:
    solid = [item for item in box.items if not isinstance(item, Line)]
    for item in solid:
        if not inside(rectangle(item), rectangle(box)):
            yield f"{_name(item)} is not inside {box.id}"
        if isinstance(item, Label):
            for told in item.lines:
                if text_width(told, item.size, bold=item.bold) > item.width + _NEARLY:
                    yield f"{told!r} is wider than its label"
    for first, other in combinations(solid, 2):
        if overlap(rectangle(first), rectangle(other)):
            yield f"{_name(first)} overlaps {_name(other)}"
    for line in box.items:
        if isinstance(line, Line):
            for item in _visible(solid):
                if any(crosses(segment, rectangle(item)) for segment in segments(line)):
                    yield f"a line runs through {_name(item)}"
    for item in solid:
        if isinstance(item, Box):
            yield from _faults(item)


def _visible(items: Iterable[Box | Label | Mark]) -> Iterator[Box | Label | Mark]:
    """What can be seen: of a box that only holds others, those."""
    for item in items:
        if isinstance(item, Box) and item.role == "plain":
            yield from _visible(inner for inner in item.items if not isinstance(inner, Line))
        else:
            yield item


def contrasts(drawing: Drawing, scheme: Scheme) -> Iterator[tuple[str, float]]:
    """Each text and mark with the contrast that it has to what it stands on."""
    yield from _contrasts(drawing.items, PAINTS[scheme]["page"].fill, scheme)


def _contrasts(items: tuple[Element, ...], ground: str, scheme: Scheme) -> Iterator[tuple[str, float]]:
    paints = PAINTS[scheme]
    for item in items:
        if isinstance(item, Box):
            yield from _contrasts(item.items, ground if item.role == "plain" else paints[item.role].fill, scheme)
        elif isinstance(item, Label):
            yield f"text {item.role}", contrast(paints[item.role].ink, ground)
        elif isinstance(item, Mark):
            yield f"mark {item.role}", contrast(paints[item.role].mark, ground)


def contrast(first: str, other: str) -> float:
    """The contrast ratio of two colours as WCAG defines it."""
    darker, lighter = sorted((_luminance(first), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
