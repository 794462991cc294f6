"""Cells and rows, whatever is in them."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from demarcate.evidence.cells import escape, unescape, words
from demarcate.evidence.tables import parsed

HOSTILE = st.text(st.sampled_from("=+-@\t\r\n'\",; a\u2028\uff1d\uff20\0é"), max_size=12) | st.text(max_size=40)


FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula."""


@given(HOSTILE)
def test_unescape_is_the_inverse_of_escape(text: str) -> None:
    assert unescape(escape(text)) == text


@given(HOSTILE)
def test_an_escaped_cell_is_no_formula(text: str) -> None:
    assert not escape(text).startswith(FORMULAS)


@given(HOSTILE)
def test_only_what_could_be_a_formula_is_changed(text: str) -> None:
    if not text.lstrip("'").startswith(FORMULAS):
        assert escape(text) == text


@given(HOSTILE)
def test_words_are_one_line(text: str) -> None:
    assert len(words(text).splitlines()) <= 1
    assert words(words(text)) == words(text)


@given(st.lists(st.lists(HOSTILE.filter(lambda text: "\0" not in text), min_size=1, max_size=4), max_size=5))
def test_rows_are_read_as_they_were_written(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    assert [cells for _, cells in parsed(out.getvalue())] == [row for row in rows if any(row)]


@given(st.text(st.sampled_from('ab,"\r\n'), max_size=200))
def test_rows_come_in_order_whatever_the_text(text: str) -> None:
    lines = [line for line, _ in parsed(text)]
    assert lines == sorted(set(lines))
    assert all(1 <= line <= len(text) for line in lines)


@given(st.text(st.sampled_from("ab, \n"), max_size=200))
def test_without_quotes_a_line_is_a_row(text: str) -> None:
    expected = [(line, row.split(",")) for line, row in enumerate(text.split("\n"), 1) if row.strip(",")]
    assert list(parsed(text)) == expected


@given(st.text(st.sampled_from('ab,"\n'), max_size=200))
def test_after_a_lost_quote_the_rest_goes_on(text: str) -> None:
    rows = [cells for _, cells in parsed('"' + text.replace('"', "") + "\nlast,row\n")]
    assert rows[0] == "has a quote that is never closed"
    assert rows[-1] == ["last", "row"]
