"""Rows of values, written as a table, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any

from demarcate.report.out import Out
from demarcate.report.safe import cell, json_text, markdown, one_line, text


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], format: str, out: Out) -> None:
    """Write rows to a stream; `format` is "text", "markdown", "csv" or "json"."""
    {"text": _table, "markdown": _markdown, "csv": _csv, "json": _json}[format](columns, rows, out)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: Out) -> None:
    from rich.table import Table

    from demarcate.report.console import Console, Text

    names = list(map(one_line, columns))
    cells = [[one_line(text(value)) for value in row] for row in rows]
    # Where nobody looks there is no width to keep to: a file or a pipe gets whole lines.
    width = None if out.isatty() else _WIDE
    console = Console(out, width)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    left = console.width
    for number, name in enumerate(names):
        longest = max([len(name), *(len(row[number]) for row in cells)])
        whole = longest <= left // 2
        left -= longest if whole else 0
        table.add_column(Text(name), overflow="fold", no_wrap=whole)
    for row in cells:
        table.add_row(*map(Text, row))
    console.print_lines(table)
    if not cells:
        out.write("no rows\n")


_WIDE = 10_000


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: Out) -> None:
    out.write(f"| {' | '.join(map(markdown, columns))} |\n|{'---|' * len(columns)}\n")
    for row in rows:
        out.write(f"| {' | '.join(markdown(text(value)) for value in row)} |\n")


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: Out) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(cell, columns))
    writer.writerows(map(cell, row) for row in rows)


def _json(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: Out) -> None:
    out.write("[")
    separator = "\n"
    for row in rows:
        record = dict(zip(columns, row, strict=True))
        out.write(separator + json_text(record))
        separator = ",\n"
    out.write("\n]\n")
