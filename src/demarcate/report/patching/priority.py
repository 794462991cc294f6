"""What to patch first: for people on a terminal, and as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from demarcate.patching.priority import First
from demarcate.report.console import Console

NAMED: Final = 3
"""How many packages are named."""


def write(firsts: Sequence[First], number: int, feeds: Iterable[str], console: Console) -> None:
    """The first ones, each with why it stands there, and what the feeds are of."""
    if not firsts:
        console.print_line("No vulnerability is known of what was read.", bold=True)
    for first in firsts[:number]:
        place = ", ".join(part for part in (first.account_id, first.region) if part)
        console.print_line(f"{first.rank}. {first.kind} {first.name} ({place})", bold=True)
        packages = ", ".join(first.packages[:NAMED])
        others = f", and {first.others:,} more" if first.others else ""
        console.print_line(f"{first.vulnerability}{f' in {packages}' if packages else ''}{others}", indent=3)
        if first.why:
            console.print_line("; ".join(first.why), indent=3)
        if first.unknown:
            console.print_line(f"not known: {'; '.join(first.unknown)}", indent=3)
    if len(firsts) > number:
        console.print_line(f"… and {len(firsts) - number:,} more: --number shows more of them")
    console.print()
    for line in feeds:
        console.print_line(line)


def rows(firsts: Iterable[First]) -> tuple[list[str], list[list[Any]]]:
    """All of it as columns and rows."""
    columns = [field.name for field in msgspec.structs.fields(First)]
    return columns, [[getattr(first, name) for name in columns] for first in firsts]
