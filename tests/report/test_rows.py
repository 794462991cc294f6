"""Tables on a terminal: nothing is cut and no word is broken, however narrow it is."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.report import rows
from demarcate.report.out import Out


class Terminal(io.StringIO):
    """Where people look."""

    def isatty(self) -> bool:
        return True


def shown(columns: list[str], cells: list[list[str]], width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    rows.write(columns, cells, "text", Out(stream))
    return stream.getvalue()


WORDS = st.text("abcdef-", min_size=1, max_size=30)
CELLS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 8).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=4))
)
def test_no_word_is_broken_or_lost(cells: list[list[str]]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        told = shown([f"c{number}" for number in range(len(cells[0]))], cells, 80, monkeypatch)
    for row in cells:
        for cell in row:
            for word in cell.split():
                assert word in told


def test_what_is_too_wide_is_a_block_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = ["name", *(f"column_{number}" for number in range(37))]
    cells = [["a-bucket-with-a-long-name", *(str(number) for number in range(37))], ["second", *[""] * 37]]
    told = shown(columns, cells, 80, monkeypatch)
    assert told.startswith("name       a-bucket-with-a-long-name\ncolumn_0   0\n")
    assert told.endswith("column_36  36\n\nname       second\n")


def test_sentences_wrap_in_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    told = shown(["id", "said", "number"], [["x" * 60, "word " * 40, "y" * 90]], 80, monkeypatch)
    assert [line for line in told.splitlines() if len(line) > 80] == ["number  " + "y" * 90]
    assert told.count("word") == 40


def test_sentences_wrap_in_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    told = shown(["id", "title"], [["x", "word " * 30]], 80, monkeypatch)
    assert max(map(len, told.splitlines())) <= 80
    assert told.count("word") == 30


def test_no_rows_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(["a"], [], 80, monkeypatch).endswith("no rows\n")
