"""The summary: all of it in every format, and on one page."""

from __future__ import annotations

import re
import sys

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.model import Model
from demarcate.report import summary
from demarcate.report.pictures.drawing import Drawing, Label, Line, Mark
from demarcate.report.pictures.poster import poster
from demarcate.report.summary_pdf import page, pdf

from .geometry import labels


def statements(model: Model) -> list[str]:
    """All that the summary has to say."""
    shared = model.summary.collaboration
    return [
        *(text for half in (shared.aws, shared.customer) for text in (half.title, half.half)),
        *(text for told in model.summary.quick_reference for text in (told.aws, told.customer)),
        *(area.title for area in model.areas),
        shared.outcome,
        *(tip.text for tip in model.exam.tips),
    ]


def plain(text: str) -> str:
    return " ".join(re.sub(r"[│\\]", " ", text).split()).lower()


def test_every_area_has_both_halves(model: Model) -> None:
    assert [told.area for told in model.summary.quick_reference] == list(model.area)


def test_markdown_says_it_all(model: Model) -> None:
    said = plain(summary.markdown(model))
    for told in (*statements(model), *(takeaway.text for takeaway in model.exam.takeaways)):
        assert plain(told) in said


def test_text_keeps_to_eighty_columns_and_one_page(model: Model) -> None:
    lines = summary.text(model).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 60, "a page of paper has about sixty lines"
    assert not [line for line in lines if line != line.rstrip()]


def test_text_says_it_all(model: Model) -> None:
    """Both columns of the text, each read by itself."""
    lines = summary.text(model).splitlines()
    left = plain(" ".join(line.partition("│")[0] for line in lines))
    right = plain(" ".join(line.partition("│")[2] for line in lines))
    for told in statements(model):
        assert plain(told) in left or plain(told) in right


def test_text_has_no_colour_even_where_it_is_forced(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in summary.text(model)


def test_the_poster_says_it_all(model: Model) -> None:
    said = [label.text for label in labels(poster(model))]
    assert set(statements(model)) <= set(said)


def test_the_poster_can_be_read_across_a_room(model: Model) -> None:
    """At two metres letters want a height of about 5 mm; a capital has 0.72 of the size."""
    millimetre = poster(model).width / 420
    halves = {text for told in model.summary.quick_reference for text in (told.aws, told.customer)}
    for label in labels(poster(model)):
        least = 5 if label.text in halves else 2
        assert label.size * 0.72 / millimetre >= least, label.text


def test_the_poster_has_only_characters_of_the_fonts_that_every_reader_has(model: Model) -> None:
    for label in labels(poster(model)):
        label.text.encode("latin-1")


def test_the_pdf_is_one_page_of_a3(model: Model) -> None:
    document = page(poster(model))
    assert document.pages_count == 1
    assert (round(document.w), round(document.h)) == (420, 297)
    data = pdf(model)
    assert data.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", data)) == 1
    assert data == pdf(model)


def test_the_pdf_draws_all_that_a_drawing_can_have() -> None:
    items = (
        Label(x=0, y=0, width=50, text="漢 “quoted”", align="right"),
        Mark(x=0, y=50, width=9, height=9, role="gap", round=True),
        Line(points=((0, 80), (50, 80), (50, 95)), dashed=True),
        Line(points=((60, 80), (90, 80)), arrow=True),
    )
    document = page(Drawing(title="t", description="d", width=100, height=100, items=items))
    assert document.pages_count == 1
    assert bytes(document.output()).startswith(b"%PDF-")


def test_without_fpdf2_it_says_what_to_install(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(DemarcateError, match=r"pip install 'demarcate\[pictures\]'"):
        pdf(model)
