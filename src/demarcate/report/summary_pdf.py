"""The summary as a PDF for a wall: one page of A3 across. Needs the extra `pictures`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from demarcate.base.errors import DemarcateError
from demarcate.model import Model
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
    arrowhead,
    text_width,
)
from demarcate.report.pictures.poster import poster

if TYPE_CHECKING:
    from fpdf import FPDF

_PAINTS = PAINTS["light"]
_ACROSS, _HIGH = 420.0, 297.0
_POINTS = 72 / 25.4


def pdf(model: Model) -> bytes:
    """The summary as a PDF file. Raises DemarcateError where fpdf2 is not installed."""
    return bytes(page(poster(model)).output())


def page(drawing: Drawing) -> FPDF:
    """A document of one page, A3 across, that the drawing fills."""
    try:
        from fpdf import FPDF
    except ImportError:
        raise DemarcateError("PDF needs fpdf2: pip install 'demarcate[pictures]'") from None
    document = FPDF(orientation="landscape", unit="mm", format=(_HIGH, _ACROSS))
    document.set_auto_page_break(False)
    document.set_title(drawing.title)
    document.set_subject(drawing.description)
    document.set_lang("en-GB")
    document.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))  # the same model gives the same bytes
    document.add_page()
    _items(document, drawing.items, _ACROSS / drawing.width)
    return document


def _items(document: FPDF, items: tuple[Element, ...], scale: float) -> None:
    for item in items:
        if isinstance(item, Box):
            if item.role != "plain":
                paint = _PAINTS[item.role]
                document.set_fill_color(paint.fill)
                document.set_draw_color(paint.edge)
                document.set_line_width(scale)
                _rounded(document, item, "DF", item.radius, scale)
            _items(document, item.items, scale)
        elif isinstance(item, Mark):
            document.set_fill_color(_PAINTS[item.role].mark)
            _rounded(document, item, "F", item.height / 2 if item.round else 2, scale)
        elif isinstance(item, Label):
            _label(document, item, scale)
        else:
            _line(document, item, scale)


def _rounded(document: FPDF, item: Box | Mark, style: str, radius: float, scale: float) -> None:
    x, y, width, height = (length * scale for length in (item.x, item.y, item.width, item.height))
    document.rect(x, y, width, height, style=style, round_corners=True, corner_radius=radius * scale)


def _label(document: FPDF, label: Label, scale: float) -> None:
    document.set_font("Helvetica", "B" if label.bold else "", label.size * scale * _POINTS)
    document.set_text_color(_PAINTS[label.role].ink)
    for number, line in enumerate(label.lines):
        room = label.width - text_width(line, label.size, bold=label.bold)
        baseline = label.y + (number * LEADING + BASELINE) * label.size
        # The fonts that every PDF reader has know no other characters.
        told = line.encode("latin-1", "replace").decode("latin-1")
        document.text((label.x + SHARE[label.align] * room) * scale, baseline * scale, told)


def _line(document: FPDF, line: Line, scale: float) -> None:
    colour = _PAINTS[line.role].mark
    points, head = arrowhead(line, line.thickness + 10, line.thickness + 4)
    document.set_draw_color(colour)
    document.set_line_width(line.thickness * scale)
    document.set_dash_pattern(*((5 * scale, 4 * scale) if line.dashed else ()))
    document.polyline([(x * scale, y * scale) for x, y in points])
    document.set_dash_pattern()
    if head:
        document.set_fill_color(colour)
        document.polygon([(x * scale, y * scale) for x, y in head], style="F")
