"""Text made harmless: by the category of each character, as a cell for any type, and as JSON of the same value."""

from __future__ import annotations

import datetime
import io
import json
import re
import unicodedata
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.report.out import Out
from demarcate.report.safe import cell, json_text, markdown, one_line, printable, text
from tests.report.hostile import TEXTS

ANY = (
    st.text()
    | st.sampled_from(TEXTS)
    | st.text(st.sampled_from("=+-@\t\r\n'\"; ,a\ufeff\u202e\x1b\uff1d\u200d漢é"))
)
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
FORMULA = re.compile('[\\s"\ufffd]*[=+\\-@\uff1d\uff0b\uff0d\uff20]')


@given(ANY)
def test_printable_text_can_be_seen(given: str) -> None:
    told = printable(given)
    assert len(told) == len(given), "each character is replaced by one, so that something is seen"
    assert printable(told) == told
    left = {c for c in told if unicodedata.category(c) in UNSEEN} - set("\n\t\u200c\u200d")
    assert not left


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\u2764\ufe0f e\u0301 \u6f22", "\u2764\ufe0f e\u0301 \u6f22"),
        ("a\u200db", "a\ufffdb"),
        ("\u6f22\u200d", "\u6f22\ufffd"),
        ("\u6f22\u200d\u200d\u6f22", "\u6f22\ufffd\ufffd\u6f22"),
        ("\u6f22\u202e\u200d\u6f22", "\u6f22\ufffd\ufffd\u6f22"),
        ("a\u00a0b", "a\u00a0b"),
    ],
)
def test_joiners_stay_where_they_join(given: str, told: str) -> None:
    assert printable(given) == told


@given(ANY)
def test_one_line_is_one(given: str) -> None:
    assert len(one_line(given).splitlines()) <= 1
    assert "\n" not in markdown(given)


@given(ANY)
def test_no_cell_of_text_begins_a_formula(given: str) -> None:
    told = cell(given)
    for part in (told, *re.split("[;\t\n]", told)):
        assert not FORMULA.match(part)
    assert not told.startswith(("\t", "\r"))
    assert cell([given]) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (-5.5, "-5.5"),
        (Decimal("-1.50"), "-1.50"),
        (float("-inf"), "'-inf"),
        ("-5", "'-5"),
        (datetime.timedelta(-1), "'-1 day, 0:00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\xfb", "'+w=="),
        (['=HYPERLINK("http://evil")', "a"], '\'=HYPERLINK("http://evil"), a'),
        (("@a", None, True), "'@a, , true"),
        ([["=1"], {"a": "\x1b"}], '[["=1"],{"a":"\\u001b"}]'),
        ({"=1": datetime.date(2026, 1, 2)}, '{"=1":"2026-01-02"}'),
    ],
)
def test_a_cell_of_any_type(value: Any, told: str) -> None:
    assert cell(value) == told


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | ANY,
    lambda of: st.lists(of, max_size=3) | st.dictionaries(ANY, of, max_size=3),
)


@given(PLAIN, st.booleans())
def test_json_is_the_same_value(value: Any, indent: bool) -> None:
    told = json_text(value, indent=indent)
    assert json.loads(told) == value
    assert printable(told) == told


def test_half_a_surrogate_pair_is_replaced_in_json() -> None:
    assert json.loads(json_text({"a\udcff": ["b\ud800"]})) == {"a\ufffd": ["b\ufffd"]}


@given(st.lists(ANY))
def test_what_an_out_writes_is_printable(lines: list[str]) -> None:
    stream = io.StringIO()
    Out(stream).writelines(lines)
    assert stream.getvalue() == "".join(map(printable, lines))


def test_a_mebibyte_of_anything_takes_no_time() -> None:
    """What is linear is done at once; what is not would not end."""
    for long in ("\n" * 2**20, " \"'" * 2**18, "\t;" * 2**19 + "=", "\u200d\u6f22" * 2**18, "\x1b" * 2**20):
        assert len(cell(long)) >= len(long)
        assert text(json.loads(json_text(long))) == long
