"""A drawing as a draw.io file: its boxes, lines and texts can be moved and edited there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from demarcate.report.pictures.colours import PAINTS
from demarcate.report.pictures.drawing import SHARE, Box, Drawing, Element, Label, Line, Mark, Point
from demarcate.report.pictures.markup import attribute, number, text

_PAINTS = PAINTS["light"]
_SLACK = 4.0
"""Room beside a text, so that it breaks at the same words where the font is a little wider."""

_LAYER = "1"


def drawio(drawing: Drawing) -> str:
    """The drawing as uncompressed draw.io XML. What stands in a box is its child, and moves with it."""
    width, height = number(drawing.width), number(drawing.height)
    boxes = {box.id: box for box in drawing.boxes()}
    return "\n".join(
        [
            '<mxfile host="demarcate">',
            f'<diagram id="line" name={attribute(drawing.title)}>',
            '<mxGraphModel grid="1" gridSize="10" guides="1" tooltips="1" connect="1" arrows="1" fold="1" page="1" '
            f'pageScale="1" pageWidth="{width}" pageHeight="{height}" background="{_PAINTS["page"].fill}">',
            "<root>",
            '<mxCell id="0"/>',
            f'<mxCell id="{_LAYER}" parent="0"/>',
            *_cells(drawing.items, _LAYER, "item", (0, 0), boxes),
            "</root>",
            "</mxGraphModel>",
            "</diagram>",
            "</mxfile>",
            "",
        ]
    )


def _cells(
    items: Iterable[Element], parent: str, prefix: str, origin: Point, boxes: dict[str, Box]
) -> Iterator[str]:
    """The cells of a parent. Places in the file are relative to `origin`, which is where the parent is."""
    for index, item in enumerate(items):
        id_ = f"{prefix}.{index}"
        if isinstance(item, Box):
            yield from _box(item, parent, origin, boxes)
        elif isinstance(item, Label):
            left = item.x - _SLACK * SHARE[item.align]
            style = f"text;spacing=0;verticalAlign=top;{_font(item)}"
            yield _vertex(id_, parent, item.text, style, (left, item.y, item.width + _SLACK, item.height), origin)
        elif isinstance(item, Mark):
            shape = "shape=ellipse;perimeter=ellipsePerimeter;" if item.round else "rounded=1;"
            style = f"{shape}fillColor={_PAINTS[item.role].mark};strokeColor=none;"
            yield _vertex(id_, parent, "", style, _place(item), origin)
        else:
            yield _edge(id_, parent, item, origin, boxes)


def _box(box: Box, parent: str, origin: Point, boxes: dict[str, Box]) -> Iterator[str]:
    style, value, items = "group;", "", box.items
    if box.role != "plain":
        paint = _PAINTS[box.role]
        style = f"rounded=1;absoluteArcSize=1;arcSize={number(2 * box.radius)};"
        style += f"fillColor={paint.fill};strokeColor={paint.edge};"
    only = items[0] if len(items) == 1 else None
    if isinstance(only, Label) and only.align == "center":  # a box with one text in its middle is edited as one
        value, items = only.text, ()
        style += f"verticalAlign=middle;{_font(only)}"
    elif items:
        style += "container=1;collapsible=0;recursiveResize=0;"
    yield _vertex(box.id, parent, value, style, _place(box), origin)
    yield from _cells(items, box.id, box.id, (box.x, box.y), boxes)


def _place(item: Box | Mark) -> tuple[float, float, float, float]:
    return item.x, item.y, item.width, item.height


def _font(label: Label) -> str:
    # What stands on one line stays there, where another machine's font is wider as well.
    wrap = "wrap" if len(label.lines) > 1 else "nowrap"
    return (
        f"html=1;whiteSpace={wrap};align={label.align};fontFamily=Helvetica;fontSize={number(label.size)};"
        f"fontStyle={int(label.bold)};fontColor={_PAINTS[label.role].ink};"
    )


def _vertex(
    id_: str, parent: str, value: str, style: str, place: tuple[float, float, float, float], origin: Point
) -> str:
    x, y, width, height = place
    # draw.io takes a value for HTML: what is text must be escaped as that first, then as an attribute.
    told = attribute(text(value))
    return (
        f'<mxCell id={attribute(id_)} value={told} style="{style}" vertex="1" parent={attribute(parent)}>'
        f'<mxGeometry x="{number(x - origin[0])}" y="{number(y - origin[1])}" width="{number(width)}" '
        f'height="{number(height)}" as="geometry"/></mxCell>'
    )


def _edge(id_: str, parent: str, line: Line, origin: Point, boxes: dict[str, Box]) -> str:
    style = (
        f"html=1;edgeStyle=none;rounded=0;endArrow={'block' if line.arrow else 'none'};endFill=1;"
        f"strokeWidth={number(line.thickness)};strokeColor={_PAINTS[line.role].mark};dashed={int(line.dashed)};"
    )
    ends = ""
    for word, side, id_of_end, point in (
        ("source", "exit", line.source, line.points[0]),
        ("target", "entry", line.target, line.points[-1]),
    ):
        if id_of_end is not None:
            box = boxes[id_of_end]
            across, down = (point[0] - box.x) / box.width, (point[1] - box.y) / box.height
            style += f"{side}X={across:.6g};{side}Y={down:.6g};{side}Dx=0;{side}Dy=0;"
            ends += f" {word}={attribute(id_of_end)}"
    points = [(number(x - origin[0]), number(y - origin[1])) for x, y in line.points]
    bends = "".join(f'<mxPoint x="{x}" y="{y}"/>' for x, y in points[1:-1])
    between = f'<Array as="points">{bends}</Array>' if bends else ""
    (x1, y1), (x2, y2) = points[0], points[-1]
    return (
        f'<mxCell id={attribute(id_)} style="{style}" edge="1" parent={attribute(parent)}{ends}>'
        f'<mxGeometry relative="1" as="geometry"><mxPoint x="{x1}" y="{y1}" as="sourcePoint"/>'
        f'<mxPoint x="{x2}" y="{y2}" as="targetPoint"/>'
        f"{between}</mxGeometry></mxCell>"
    )
