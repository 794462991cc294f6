"""Rows of values, written as a table, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import IO, Any

import msgspec

from demarcate.report.safe import cell, markdown, one_line


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], format: str, out: IO[str]) -> None:
    """Write rows to a stream; `format` is "table", "markdown", "csv" or "json"."""
    {"table": _table, "markdown": _markdown, "csv": _csv, "json": _json}[format](columns, rows, out)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: IO[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[one_line(_text(value)) for value in row] for row in rows]
    # Where nobody looks there is no width to keep to: a file or a pipe gets whole lines.
    width = None if out.isatty() else _WIDE
    console = Console(file=out, highlight=False, markup=False, emoji=False, width=width)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    left = console.width
    for number, name in enumerate(columns):
        longest = max([len(name), *(len(row[number]) for row in cells)])
        whole = longest <= left // 2
        left -= longest if whole else 0
        table.add_column(Text(name), overflow="fold", no_wrap=whole)
    for row in cells:
        table.add_row(*map(Text, row))
    with console.capture() as capture:
        console.print(table)
    out.writelines(line.rstrip() + "\n" for line in capture.get().splitlines())
    if not cells:
        out.write("no rows\n")


_WIDE = 10_000


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: IO[str]) -> None:
    out.write(f"| {' | '.join(map(markdown, columns))} |\n|{'---|' * len(columns)}\n")
    for row in rows:
        out.write(f"| {' | '.join(markdown(_text(value)) for value in row)} |\n")


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: IO[str]) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(value) if isinstance(value, str) else _text(value) for value in row])


def _json(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: IO[str]) -> None:
    out.write("[")
    separator = "\n"
    for row in rows:
        record = dict(zip(columns, row, strict=True))
        out.write(separator + msgspec.json.encode(record, enc_hook=str).decode())
        separator = ",\n"
    out.write("\n]\n")
