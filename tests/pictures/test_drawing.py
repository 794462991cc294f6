"""Text is measured and broken into lines as Helvetica would be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.report.pictures.drawing import Label, Line, arrowhead, shortened, text_width, wrap

texts = st.text(st.characters(codec="utf-8"), max_size=200)
widths = st.floats(20, 400)


@pytest.mark.parametrize("bold", [False, True])
def test_widths_are_those_of_the_font(bold: bool) -> None:
    from fpdf.fonts import CORE_FONTS_CHARWIDTHS

    known = CORE_FONTS_CHARWIDTHS["helveticaB" if bold else "helvetica"]
    for number in range(32, 127):
        assert text_width(chr(number), 1000, bold=bold) == known[chr(number)], chr(number)


@given(texts, widths, st.booleans())
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, width: float, bold: bool) -> None:
    lines = wrap(text, width, 13, bold=bold)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert text_width(line, 13, bold=bold) <= width or len(line) == 1


@given(st.lists(st.text("abcdefgh ", max_size=12), max_size=20), widths)
def test_a_line_takes_all_the_words_that_fit(words: list[str], width: float) -> None:
    lines = wrap(" ".join(words), width, 13)
    for line, following in pairwise(lines):
        first = following.split(" ")[0]
        assert text_width(f"{line} {first}", 13) > width or text_width(line + following[:1], 13) > width


@given(texts, widths, st.integers(1, 3))
def test_a_shortened_text_takes_no_more_lines(text: str, width: float, lines: int) -> None:
    short = shortened(text, width, 12, lines=lines)
    assert len(wrap(short, width, 12)) <= lines
    if len(wrap(text, width, 12)) <= lines:
        assert short == text
    else:
        assert short.endswith("…")


def test_wide_characters_are_wide() -> None:
    assert text_width("漢字", 10) == 20


def test_a_label_is_as_high_as_its_lines() -> None:
    line = Label(x=0, y=0, width=1000, text="one two three")
    three = Label(x=0, y=0, width=30, text="one two three")
    assert (len(line.lines), len(three.lines)) == (1, 3)
    assert three.height > 2 * line.height


def test_an_arrow_points_at_the_last_point() -> None:
    line = Line(points=((0, 0), (0, 50)), arrow=True)
    points, head = arrowhead(line, 10, 6)
    assert points == ((0, 0), (0, 40))
    assert set(head) == {(0, 50), (6, 40), (-6, 40)}
    assert arrowhead(Line(points=((0, 0), (0, 50)))) == (((0, 0), (0, 50)), ())
