"""CSV files: a header that is known, then one record a row. A row that is not right never stops the rest."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from demarcate.base.documents import DocumentError
from demarcate.evidence.cells import LONGEST, unescape, words
from demarcate.evidence.problems import Refused, nearest, shown
from demarcate.evidence.reading import Reading
from demarcate.evidence.structs import Record
from demarcate.evidence.texts import read_text

LINES_IN_A_ROW = 100
"""Over how many lines one row may reach, by line breaks in quoted cells: so a lost quote costs little."""

LINES_IN_VAIN = 2_000_000
"""How many lines may be read for rows that then do not end: more than any file that is a table has."""

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
            except Refused as refused:
                problems.add(file, line, refused)


def parsed(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """The rows of a CSV file that are not empty, each with its line, or what is wrong with it.

    >>> list(parsed('a,b\\n1,"2\\n3,4\\n'))
    [(1, ['a', 'b']), (2, 'has a quote that is never closed'), (3, ['3', '4'])]
    """
    lines = list(io.StringIO(text, newline=""))
    has_nul = "\0" in text
    begin = 0  # the line, from 0, on which the next row begins
    in_vain = 0

    def feed(at: int) -> Iterator[str]:
        for number in range(at, len(lines)):
            if number - begin >= LINES_IN_A_ROW:
                raise csv.Error("a row without end")
            yield lines[number]

    while begin < len(lines):
        start = begin
        reader = csv.reader(feed(start), strict=True)
        try:
            for cells in reader:
                if any(cells):
                    yield begin + 1, _wrong(cells, has_nul) or cells
                begin = start + reader.line_num
        except csv.Error as error:
            yield begin + 1, _quote(str(error))
            in_vain += start + reader.line_num - begin
            if in_vain > LINES_IN_VAIN:
                yield begin + 1, "has too many rows that do not end; what follows is not read"
                return
            begin += 1


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
    return "has a quote that is never closed"


def said(cell: str, column: str) -> str:
    """The text of a cell, on one line. Raises Refused where there is none."""
    text = words(unescape(cell.strip(" ")))
    if not text:
        raise Refused(f"{column} is empty; expected a text")
    return text


def chosen(cell: str, column: str, choices: dict[str, bool]) -> bool:
    """Which of some words a cell holds. Raises Refused for another."""
    found = choices.get(cell.strip().lower())
    if found is None:
        raise Refused(f"{column} is {shown(cell)}; expected {' or '.join(choices)}")
    return found
