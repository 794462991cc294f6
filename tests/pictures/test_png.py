"""PNG: of the right size, with the right colours, from Pillow alone."""

from __future__ import annotations

import io
import sys

import pytest
from PIL import Image

from demarcate.base.errors import DemarcateError
from demarcate.model import Model
from demarcate.posture.structs import Posture
from demarcate.report.pictures.collaboration import collaboration
from demarcate.report.pictures.colours import PAINTS
from demarcate.report.pictures.drawing import Box, Drawing, Label, Line, Mark
from demarcate.report.pictures.png import SCALE, png


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def colour(image: Image.Image, x: float, y: float) -> str:
    pixel = image.getpixel((round(x * SCALE), round(y * SCALE)))
    assert isinstance(pixel, tuple)
    return "#{:02x}{:02x}{:02x}".format(*pixel)


def test_things_are_where_they_were_drawn() -> None:
    items = (
        Box(
            id="a",
            x=10,
            y=10,
            width=40,
            height=40,
            role="aws",
            items=(Mark(x=20, y=20, width=8, height=8, role="gap"),),
        ),
        Line(points=((60, 0), (60, 90)), thickness=4, arrow=True),
        Line(points=((80, 0), (80, 90)), thickness=4, dashed=True),
    )
    paints = PAINTS["light"]
    image = opened(png(Drawing(title="t", description="d", width=100, height=100, items=items)))
    assert image.size == (100 * SCALE, 100 * SCALE)
    assert colour(image, 5, 5) == paints["page"].fill
    assert colour(image, 40, 40) == paints["aws"].fill
    assert colour(image, 10, 30) == paints["aws"].edge
    assert colour(image, 24, 24) == paints["gap"].mark
    assert colour(image, 60, 40) == paints["line"].mark
    assert colour(image, 63, 83) == paints["line"].mark, "the arrow is wider than its line"
    assert {colour(image, 80, y) for y in range(80)} == {paints["line"].mark, paints["page"].fill}


@pytest.mark.parametrize("align", ["left", "center", "right"])
@pytest.mark.parametrize("bold", [False, True])
def test_text_stays_in_its_label(align: str, bold: bool) -> None:
    told = "Wide MMMM WWWW, narrow iiii, accents éü, 漢字 and more to wrap around"
    label = Label(x=30, y=30, width=120, text=told, bold=bold, align=align)  # type: ignore[arg-type]
    image = opened(png(Drawing(title="t", description="d", width=200, height=200, items=(label,))))
    box = Image.eval(image.convert("L"), lambda value: 255 - value).getbbox()
    assert box is not None
    left, top, right, bottom = (edge / SCALE for edge in box)
    assert left >= 29 and right <= 151 and top >= 29 and bottom <= 31 + label.height


def test_it_says_in_words_what_it_shows(model: Model, posture: Posture) -> None:
    drawing = collaboration(model, posture)
    image = opened(png(drawing))
    assert image.info["Title"] == drawing.title
    assert image.info["Description"] == drawing.description


def test_hostile_names_are_drawn(model: Model, hostile: Posture) -> None:
    assert opened(png(collaboration(model, hostile))).size[0] > 1000


def test_the_same_drawing_gives_the_same_bytes(model: Model) -> None:
    assert png(collaboration(model)) == png(collaboration(model))


def test_without_pillow_it_says_what_to_install(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DemarcateError, match=r"pip install 'demarcate\[pictures\]'"):
        png(collaboration(model))
