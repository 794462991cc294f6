"""A drawing as PNG, in the light colours, two pixels to the length. Needs the extra `pictures`."""

from __future__ import annotations

import io
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

from demarcate.base.errors import DemarcateError
from demarcate.report.pictures.colours import PAINTS
from demarcate.report.pictures.drawing import (
    BASELINE,
    LEADING,
    SHARE,
    Box,
    Drawing,
    Element,
    Label,
    Line,
    Mark,
    Point,
    arrowhead,
    text_width,
)
from demarcate.report.safe import printable

if TYPE_CHECKING:
    from PIL.Image import Image

SCALE = 2
_FINE = 4
"""Shapes are drawn this much larger and made smaller again, so that their edges are smooth."""

_PAINTS = PAINTS["light"]


def png(drawing: Drawing) -> bytes:
    """The drawing as a PNG file. Raises DemarcateError where Pillow is not installed."""
    try:
        from PIL import Image, PngImagePlugin
    except ImportError:
        raise DemarcateError("PNG needs Pillow: pip install 'demarcate[pictures]'") from None
    size = (round(drawing.width * SCALE), round(drawing.height * SCALE))
    image = Image.new("RGB", size, _PAINTS["page"].fill)
    _items(image, drawing.items)
    about = PngImagePlugin.PngInfo()
    about.add_itxt("Title", printable(drawing.title))
    about.add_itxt("Description", printable(drawing.description))
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=about, dpi=(96 * SCALE, 96 * SCALE))
    return out.getvalue()


def _items(image: Image, items: tuple[Element, ...]) -> None:
    for item in items:
        if isinstance(item, Box):
            if item.role != "plain":
                paint = _PAINTS[item.role]
                _rounded(image, item, item.radius, paint.fill, paint.edge)
            _items(image, item.items)
        elif isinstance(item, Mark):
            _rounded(image, item, item.height / 2 if item.round else 2, _PAINTS[item.role].mark, None)
        elif isinstance(item, Label):
            _label(image, item)
        else:
            _line(image, item)


def _rounded(image: Image, item: Box | Mark, radius: float, fill: str, edge: str | None) -> None:
    """A rounded rectangle: its edge as a whole one, and its inside on top of that."""
    x, y, width, height = item.x, item.y, item.width, item.height
    if edge is not None:
        _stamp(image, (x - 0.5, y - 0.5), (width + 1, height + 1), radius + 0.5, edge)
        x, y, width, height, radius = x + 0.5, y + 0.5, width - 1, height - 1, radius - 0.5
    _stamp(image, (x, y), (width, height), radius, fill)


def _stamp(image: Image, at: Point, size: Point, radius: float, colour: str) -> None:
    from PIL import Image, ImageDraw

    left, top = round(at[0] * SCALE), round(at[1] * SCALE)
    wide, high = (max(1, round((at[i] + size[i]) * SCALE) - (left, top)[i]) for i in (0, 1))
    mask = Image.new("L", (wide * _FINE, high * _FINE))
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, wide * _FINE - 1, high * _FINE - 1), radius * SCALE * _FINE, fill=255
    )
    image.paste(colour, (left, top), mask.reduce(_FINE))


def _line(image: Image, line: Line) -> None:
    from PIL import Image, ImageDraw

    colour = _PAINTS[line.role].mark
    points, head = arrowhead(line)
    half = line.thickness / 2
    for (x1, y1), (x2, y2) in pairwise(points):
        # Lines are straight across or down; where one turns, its end reaches over the width of the next.
        over = 0.0 if line.dashed else half
        across, down = (over, half) if y1 == y2 else (half, over)
        at = (min(x1, x2) - across, min(y1, y2) - down)
        size = (abs(x2 - x1) + 2 * across, abs(y2 - y1) + 2 * down)
        for part, extent in _dashes(at, size) if line.dashed else [(at, size)]:
            _stamp(image, part, extent, 0, colour)
    if head:
        left, top = (min(point[i] for point in head) for i in (0, 1))
        wide, high = (max(point[i] for point in head) - (left, top)[i] for i in (0, 1))
        fine = SCALE * _FINE
        mask = Image.new("L", (round(wide * SCALE) * _FINE, round(high * SCALE) * _FINE))
        ImageDraw.Draw(mask).polygon([((x - left) * fine, (y - top) * fine) for x, y in head], fill=255)
        image.paste(colour, (round(left * SCALE), round(top * SCALE)), mask.reduce(_FINE))


def _dashes(at: Point, size: Point, dash: float = 5, space: float = 4) -> list[tuple[Point, Point]]:
    """The dashes of a straight line that fills a rectangle."""
    along = 0 if size[0] > size[1] else 1
    parts: list[tuple[Point, Point]] = []
    done = 0.0
    while done < size[along]:
        long = min(dash, size[along] - done)
        parts.append(
            ((at[0] + done, at[1]), (long, size[1])) if along == 0 else ((at[0], at[1] + done), (size[0], long))
        )
        done += dash + space
    return parts


def _label(image: Image, label: Label) -> None:
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(image)
    ink = _PAINTS[label.role].ink
    # The font has one weight: bold is the same drawn again beside itself.
    shift = max(1, round(label.size * SCALE * 0.035)) if label.bold else 0
    for index, line in enumerate(label.lines):
        shown = _drawable(line)
        width = text_width(line, label.size, bold=label.bold) * SCALE
        size = label.size * SCALE
        font = ImageFont.load_default(size)
        length = draw.textlength(shown, font=font) + shift
        if length > width:  # no wider than it was measured
            font = ImageFont.load_default(size * width / length)
            length = draw.textlength(shown, font=font) + shift
        x = label.x * SCALE + SHARE[label.align] * (label.width * SCALE - length)
        y = (label.y + (index * LEADING + BASELINE) * label.size) * SCALE
        for beside in {0, shift}:
            draw.text((x + beside, y), shown, fill=ink, font=font, anchor="ls")


def _drawable(text: str) -> str:
    """Text in the characters that Pillow's own font has: without accents, and `?` for other scripts."""
    plain = unicodedata.normalize("NFKD", printable(text))
    return "".join(c if " " <= c <= "~" or c in "·…’“”" else "?" for c in plain if not unicodedata.combining(c))
