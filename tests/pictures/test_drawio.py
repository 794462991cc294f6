"""draw.io: what it takes to open there, and texts that can be edited."""

from __future__ import annotations

import html
from xml.etree import ElementTree

import pytest

from demarcate.model import Model
from demarcate.posture.structs import Posture
from demarcate.report.pictures.collaboration import collaboration
from demarcate.report.pictures.comparison import comparison
from demarcate.report.pictures.drawing import Box, Drawing, Label, Line
from demarcate.report.pictures.drawio import drawio
from demarcate.report.pictures.service_line import service_line

from .geometry import labels


def cells(text: str) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(text).find("diagram/mxGraphModel/root")
    assert root is not None
    by_id = {cell.get("id") or "": cell for cell in root}
    assert len(by_id) == len(root), "two cells have one id"
    return by_id


def drawings(model: Model, posture: Posture, hostile: Posture) -> list[Drawing]:
    return [
        collaboration(model),
        collaboration(model, posture),
        collaboration(model, hostile),
        service_line(model, model.service["lambda"], posture),
        comparison(model, model.services),
    ]


def test_cells_hold_together(model: Model, posture: Posture, hostile: Posture) -> None:
    for drawing in drawings(model, posture, hostile):
        by_id = cells(drawio(drawing))
        assert {"0", "1"} < set(by_id)
        for id_, cell in by_id.items():
            parent = cell.get("parent")
            assert (parent is None) == (id_ == "0")
            assert parent is None or parent in by_id
            geometry = cell.find("mxGeometry")
            assert (geometry is None) == (id_ in "01")
            if cell.get("edge") == "1":
                assert geometry is not None and geometry.get("relative") == "1"
                for end in ("source", "target"):
                    assert cell.get(end) is None or by_id[cell.get(end) or ""].get("vertex") == "1"
                    assert geometry.find(f"mxPoint[@as='{end}Point']") is not None
            elif id_ not in "01":
                assert cell.get("vertex") == "1"
                assert geometry is not None and float(geometry.get("width") or 0) > 0


def test_every_box_line_and_text_is_there(model: Model, posture: Posture) -> None:
    drawing = service_line(model, model.service["rds"], posture)
    by_id = cells(drawio(drawing))
    assert {box.id for box in drawing.boxes()} <= set(by_id)
    told = sorted(html.unescape(cell.get("value") or "") for cell in by_id.values() if cell.get("value"))
    assert told == sorted(label.text for label in labels(drawing))


def test_places_are_where_they_were_drawn(model: Model) -> None:
    """A place in the file is relative to its parent: added up it is that of the drawing."""
    drawing = collaboration(model)
    by_id = cells(drawio(drawing))
    for box in drawing.boxes():
        x = y = 0.0
        cell = by_id[box.id]
        while (geometry := cell.find("mxGeometry")) is not None:
            x, y = x + float(geometry.get("x") or 0), y + float(geometry.get("y") or 0)
            cell = by_id[cell.get("parent") or ""]
        assert (x, y) == pytest.approx((box.x, box.y), abs=0.05)


def test_a_line_is_tied_where_it_was_drawn() -> None:
    first, two = (
        Box(id=id_, x=x, y=10, width=100, height=50, role="aws") for id_, x in (("one", 0), ("two", 200))
    )
    line = Line(points=((100, 20), (200, 35)), source="one", target="two")
    drawing = Drawing(title="t", description="d", width=300, height=100, items=(first, two, line))
    edge = cells(drawio(drawing))["item.2"]
    assert (edge.get("source"), edge.get("target")) == ("one", "two")
    style = dict(part.partition("=")[::2] for part in (edge.get("style") or "").split(";"))
    assert (style["exitX"], style["exitY"], style["entryX"], style["entryY"]) == ("1", "0.2", "0", "0.5")


def test_text_stays_text() -> None:
    """draw.io takes a value for HTML, so what looks like markup is escaped for that as well."""
    told = '<img src=x onerror="alert(1)"> & \x1b\ufffe'
    label = Label(x=0, y=0, width=100, text=told)
    drawing = Drawing(title=told, description="", width=100, height=100, items=(label,))
    value = cells(drawio(drawing))["item.0"].get("value") or ""
    assert "<" not in value
    assert html.unescape(value) == told.replace("\x1b", "\ufffd").replace("\ufffe", "\ufffd")


def test_the_same_drawing_gives_the_same_text(model: Model) -> None:
    assert drawio(collaboration(model)) == drawio(collaboration(model))


def test_a_box_with_one_text_in_its_middle_is_one_cell() -> None:
    middle = Label(x=0, y=0, width=100, text="a", align="center")
    left = Label(x=0, y=20, width=100, text="b")
    boxes = (
        Box(id="one", x=0, y=0, width=100, height=20, role="aws", items=(middle,)),
        Box(id="two", x=0, y=20, width=100, height=20, role="aws", items=(left,)),
    )
    by_id = cells(drawio(Drawing(title="t", description="d", width=100, height=100, items=boxes)))
    assert {id_: cell.get("value") for id_, cell in by_id.items() if cell.get("value")} == {
        "one": "a",
        "two.0": "b",
    }
