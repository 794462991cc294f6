"""CSV files: a header that is known, then one record a row. A row that is not right never stops the rest."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from demarcate.base.documents import DocumentError
from demarcate.base.names import nearest
from demarcate.evidence.cells import LONGEST, unescape, words
from demarcate.evidence.problems import Unusable, shown
from demarcate.evidence.reading import Reading
from demarcate.evidence.structs import Record
from demarcate.evidence.texts import read_text

LINES_IN_A_ROW = 100
"""Over how many lines one row may reach, by line breaks in quoted cells: so a lost quote costs little."""

LINES_IN_VAIN = 2_000_000
"""How many lines may be read for rows that then do not end."""

LONGEST_ROW = 1_000_000
"""How many characters one row may have: more than the longest cells in all columns."""

MOST_LINES = 1_000_000
"""How many lines one file may have."""

MOST_COLUMNS = 100
"""How many columns a header may have before they are only counted."""

_TOO_LONG = "a row that is too long"
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")

Make = Callable[[Sequence[str], str, int, Reading], Record]
"""From the cells of a row, its file and its line to a record. Raises Refused."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a kind of file, in the order in which `Make` gets their cells."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return self.required + self.optional

    def problems(self, header: Sequence[str]) -> Iterator[str]:
        """What is wrong with a header; nothing where it is right."""
        if len(header) == 1 and (other := next((mark for mark in ";\t|" if mark in header[0]), None)):
            yield f"its columns are divided by {other!r}; expected commas"
            return
        if len(header) > MOST_COLUMNS:
            yield f"has {len(header):,} columns; there may be: {', '.join(self.columns)}"
            return
        for name in dict.fromkeys(header):
            if name not in self.columns:
                yield (
                    f"has the column {shown(name)}{nearest(name, self.columns)}; "
                    f"there may be: {', '.join(self.columns)}"
                )
            if header.count(name) > 1:
                yield f"has the column {shown(name)} {header.count(name)} times; expected once"
        if missing := [name for name in self.required if name not in header]:
            yield f"lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"


def read_table(path: Path, layout: Layout, make: Make, reading: Reading) -> Iterator[Record]:
    """The records of one file; what is wrong in it is noted in `reading.problems`."""
    file, problems = str(path), reading.problems
    try:
        text = read_text(path)
    except DocumentError as error:
        problems.add(file, error.line, error.message)
        return
    rows = parsed(text)
    line, header = next(rows, (1, ()))
    if isinstance(header, str):
        problems.add(file, line, header)
        return
    names = [name.strip() for name in header]
    if wrong := list(layout.problems(names)) if names else [f"is empty; expected {', '.join(layout.columns)}"]:
        for message in wrong:
            problems.add(file, line, f"{message}; nothing in this file is counted")
        return
    # A column that is left out is empty: as is the cell that stands after the last.
    order = itemgetter(*(names.index(name) if name in names else -1 for name in layout.columns))
    for line, cells in rows:
        if isinstance(cells, str):
            problems.add(file, line, cells)
        elif len(cells) != len(names):
            problems.add(file, line, f"has {len(cells)} cells; expected {len(names)} ({', '.join(names)})")
        else:
            try:
                yield make(order([*cells, ""]), file, line, reading)
            except Unusable as refused:
                problems.add(file, line, refused)


def parsed(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """The rows of a CSV file that are not empty, each with its line, or what is wrong with it.

    >>> list(parsed('a,b\\n1,"2\\n3,4\\n'))
    [(1, ['a', 'b']), (2, 'has a quote that is never closed'), (3, ['3', '4'])]
    """
    source = (match[0] for match in _LINE.finditer(text))
    has_nul = "\0" in text
    begin = 0  # the line, from 0, on which the next row begins
    in_vain = 0
    row: list[str] = []  # the lines of the row that is being read
    again: list[str] = []  # those that were read for a row that did not end, the last first

    def feed() -> Iterator[str]:
        length = 0
        while line := again.pop() if again else next(source, ""):
            length = len(line) + (length if row else 0)
            row.append(line)
            if length > LONGEST_ROW:
                raise csv.Error(_TOO_LONG)
            if len(row) > LINES_IN_A_ROW:
                raise csv.Error("a row without end")
            yield line

    while True:
        reader = csv.reader(feed(), strict=True)
        try:
            for cells in reader:
                if any(cells):
                    yield begin + 1, _wrong(cells, has_nul) or cells
                begin += len(row)
                row.clear()
                if begin >= MOST_LINES:
                    yield begin + 1, f"has more than {MOST_LINES:,} lines; what follows is not read"
                    return
            return
        except csv.Error as error:
            yield begin + 1, _quote(str(error))
            in_vain += len(row)
            if in_vain > LINES_IN_VAIN:
                yield begin + 1, "has too many rows that do not end; what follows is not read"
                return
            begin += 1
            again += reversed(row[1:])
            row.clear()


def _wrong(cells: list[str], has_nul: bool) -> str | None:
    if max(map(len, cells)) > LONGEST:
        return f"has a cell of {max(map(len, cells)):,} characters; at most {LONGEST:,} are read"
    if has_nul and any("\0" in cell for cell in cells):
        return "has a NUL character, which no text has; save the file anew as UTF-8"
    return None


def _quote(error: str) -> str:
    if "expected after" in error:
        return "has text after a closing quote; write a quote within a cell twice"
    if "field limit" in error:
        return f"has a cell that is too long; at most {LONGEST:,} characters are read"
    if error == _TOO_LONG:
        return f"is too long; at most {LONGEST_ROW:,} characters are read of one row"
    return "has a quote that is never closed"


def said(cell: str, column: str) -> str:
    """The text of a cell, on one line. Raises Refused where there is none."""
    text = words(unescape(cell.strip(" ")))
    if not text:
        raise Unusable(f"{column} is empty; expected a text")
    return text


def chosen(cell: str, column: str, choices: dict[str, bool]) -> bool:
    """Which of some words a cell holds. Raises Refused for another."""
    choice = choices.get(cell.strip().lower())
    if choice is None:
        raise Unusable(f"{column} is {shown(cell)}; expected {' or '.join(choices)}")
    return choice
