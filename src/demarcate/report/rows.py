"""Rows of values, written as a table, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from demarcate.report.out import Out
from demarcate.report.safe import cell, json_text, markdown, one_line, text


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], format: str, out: Out) -> None:
    """Write rows to a stream; `format` is "text", "markdown", "csv" or "json"."""
    {"text": _table, "markdown": _markdown, "csv": _csv, "json": _json}[format](columns, rows, out)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: Out) -> None:
    """A table where the terminal is wide enough for it without a broken word, else a block of lines for each row."""
    from rich.table import Table

    from demarcate.report.console import Console, Text

    names = list(map(one_line, columns))
    cells = [[one_line(text(value)) for value in row] for row in rows]
    # Where nobody looks there is no width to keep to: a file or a pipe gets whole lines.
    console = Console(out, None if out.isatty() else _WIDE)
    least = [_least([name, *(row[number] for row in cells)]) for number, name in enumerate(names)]
    if sum(least) + len(_GAP) * (len(names) - 1) > console.width:
        _blocks(names, cells, console.width, out)
        return
    table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
    for name, width in zip(names, least, strict=True):
        table.add_column(Text(name), overflow="fold", min_width=width)
    for row in cells:
        table.add_row(*map(Text, row))
    console.print_lines(table)
    if not cells:
        out.write("no rows\n")


_WIDE = 10_000
_GAP = "  "
_READABLE = 24
"""So wide a column of sentences must be at least, if any is as long."""


def _least(told: Sequence[str]) -> int:
    """The least width of a column: no word of it is broken, and sentences are not a word a line."""
    words = max(len(word) for cell in told for word in (cell.split() or [""]))
    return max(words, min(_READABLE, max(map(len, told))))


def _blocks(names: Sequence[str], cells: Sequence[Sequence[str]], room: int, out: Out) -> None:
    """A line for each value that there is, in blocks, one for each row: whatever the terminal is, nothing is cut."""
    width = max(map(len, names), default=0)
    for number, row in enumerate(cells):
        if number:
            out.write("\n")
        for name, value in zip(names, row, strict=True):
            if value:
                out.write("\n".join(_wrapped(f"{name:{width}}{_GAP}", value, room)) + "\n")


def _wrapped(name: str, value: str, room: int) -> list[str]:
    """A value beside its name, in lines that end at spaces; a word that is longer than a line is whole."""
    import textwrap

    if len(name) + len(value) <= room:
        return [name + value]
    return textwrap.wrap(
        value,
        room,
        initial_indent=name,
        subsequent_indent=" " * len(name),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _read(rows: Iterable[Sequence[Any]], out: Out) -> Iterator[Sequence[Any]]:
    """The rows, as long as anybody reads them."""
    return takewhile(lambda _: not out.gone, rows)


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: Out) -> None:
    out.write(f"| {' | '.join(map(markdown, columns))} |\n|{'---|' * len(columns)}\n")
    for row in _read(rows, out):
        out.write(f"| {' | '.join(markdown(text(value)) for value in row)} |\n")


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: Out) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(cell, columns))
    writer.writerows(map(cell, row) for row in _read(rows, out))


def _json(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: Out) -> None:
    out.write("[")
    separator = "\n"
    for row in _read(rows, out):
        record = dict(zip(columns, row, strict=True))
        out.write(separator + json_text(record))
        separator = ",\n"
    out.write("\n]\n")
