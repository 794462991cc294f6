"""The calls of a dry run, for people: a heading for each account and region, a line for each call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from demarcate.report.out import Out
from demarcate.report.safe import one_line

_WITH_TABLES = 140
"""The width at which there is room for the tables that need a call."""


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: Out) -> None:
    """Write the calls of a dry run to a stream; the tables that need each only where there is room for them."""
    from rich.table import Table

    from demarcate.report.console import Console, Text

    console = Console(out)
    calls = [dict(zip(columns, map(str, row), strict=True)) for row in rows]
    for (account, region), group in groupby(calls, key=lambda call: (call["account"], call["region"])):
        here = list(group)
        console.print(Text(one_line(f"{account} {region}"), style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 0, 0, 2))
        for wraps in (False, False, True, True):
            table.add_column(overflow="fold", no_wrap=not wraps)
        for call in here:
            with_what = f" ({call['parameters']})" if call["parameters"] else ""
            needed = [call["tables"]] if console.width >= _WITH_TABLES else []
            cells = [call["service"], call["operation"], call["how often"] + with_what, *needed]
            table.add_row(*map(one_line, cells))
        console.print(table)
    console.print(f"\n{len(calls):,} kinds of calls. With the tables that need them: --format csv")
