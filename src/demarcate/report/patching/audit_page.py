"""The report of a period of patching as one self-contained page, and as pages to print."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from demarcate.base.errors import DemarcateError
from demarcate.base.moments import utc
from demarcate.patching.audit import Audit
from demarcate.patching.history import History
from demarcate.report.html.page import page
from demarcate.report.out import Out
from demarcate.report.patching import audit as words
from demarcate.report.patching.history import drawing_of
from demarcate.report.pictures.svg import svg
from demarcate.report.safe import printable
from demarcate.version import __version__

if TYPE_CHECKING:
    from fpdf import FPDF

SHOWN: Final = 500
"""How many lines of one section are shown: more is for programs."""

_LONGEST: Final = 60
"""How many letters of a word fit into a line for certain."""


def write(audit: Audit, out: Out) -> None:
    """Write the page."""
    history = History(days=audit.days, exposures=(), broken=())
    out.write(
        page(
            "demarcate.report",
            "patching/audit.html.j2",
            styles=["html/look.css", "patching/calendar.css"],
            head=["html/theme.js"],
            pictures={"picture": svg(drawing_of(history), inline=True) if audit.last is not None else ""},
            context={
                "version": __version__,
                "title": words.title(audit),
                "headline": words.headline(audit),
                "notes": words.notes(audit),
                "levels": ", ".join(f"{name} {days} days" for name, days in audit.levels.items()),
                "sections": [(section, *section.shown(SHOWN)) for section in words.sections(audit)],
            },
        )
    )


def pdf(audit: Audit, made: datetime) -> bytes:
    """The report as a PDF of A4 pages, made at a moment. Raises DemarcateError where fpdf2 is not installed."""
    try:
        from fpdf import FPDF
    except ImportError:
        raise DemarcateError("PDF needs fpdf2: pip install 'demarcate[pictures]'") from None
    document = FPDF(orientation="portrait", unit="mm", format="A4")
    document.set_title(words.title(audit))
    document.set_lang("en-GB")
    document.set_creation_date(utc(made))
    document.set_auto_page_break(True, margin=18)
    document.add_page()
    _paragraph(document, words.title(audit), 16, bold=True)
    for line in (words.headline(audit), *words.notes(audit)):
        _paragraph(document, line, 10)
    for section in words.sections(audit):
        document.ln(4)
        _paragraph(document, f"{section.title} ({len(section.lines):,})", 13, bold=True)
        if not section.lines:
            _paragraph(document, section.empty, 10)
        lines, more = section.shown(SHOWN)
        for line, below in lines:
            _paragraph(document, line, 10, bold=True)
            if below:
                _paragraph(document, below, 9)
        if more:
            _paragraph(document, f"and {more:,} more, which the CSV file lists", 10)
    document.ln(6)
    _paragraph(document, f"Made by Demarcate {__version__} on {utc(made):%Y-%m-%d %H:%M} UTC.", 8)
    return bytes(document.output())


def _paragraph(document: FPDF, text: str, size: int, *, bold: bool = False) -> None:
    """Text over the whole width. The fonts that every reader has know Latin letters: others are shown as a sign."""
    from fpdf.enums import WrapMode

    document.set_font("Helvetica", "B" if bold else "", size)
    known = printable(text).encode("latin-1", "replace").decode("latin-1")
    wrap = WrapMode.CHAR if any(len(word) > _LONGEST for word in known.split()) else WrapMode.WORD
    document.multi_cell(0, size * 0.5, known, new_x="LMARGIN", new_y="NEXT", wrapmode=wrap)
