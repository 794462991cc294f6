"""The line for one resource: which responsibilities are AWS's, which yours, and which setting decided."""

from __future__ import annotations

from collections.abc import Sequence

from demarcate.model import Model
from demarcate.posture.line import Drawn, ResourceLine
from demarcate.report import rows
from demarcate.report.console import Console, Text
from demarcate.report.halves import entry, side_by_side
from demarcate.report.out import Out
from demarcate.report.safe import one_line

COLUMNS = [
    "resource",
    "service",
    "type",
    "managed_by",
    "area",
    "party",
    "responsibility",
    "title",
    "applies",
    "because",
    "state",
    "told",
]


def write(model: Model, lines: Sequence[ResourceLine], format: str, out: Out, console: Console) -> None:
    """Write the line. For programs one row a responsibility; `applies` is null where the row does not tell.

    `state` is whether this resource meets it, and null where it does not apply.
    """
    if format != "text":
        rows.write(COLUMNS, [_record(line, drawn) for line in lines for drawn in line.drawn], format, out)
        return
    for line in lines:
        console.print()
        console.print(
            Text.assemble((one_line(line.resource), "bold"), f"  {line.service.name} ({line.service.type})")
        )
        console.print(Text(line.service.line))
        if line.managed_by:
            console.print(
                Text(f"Operated by {one_line(line.managed_by)}, so that its settings are not judged here.")
            )
        for area in model.areas:
            here = [d for d in line.drawn if d.applies is not False and d.responsibility.area == area.id]
            named = [d for d in here if _own(d)]
            if not named:
                continue
            console.print(Text(f"\n{area.title}", style="bold"))
            halves = ([d for d in named if d.responsibility.party == party] for party in ("aws", "customer"))
            console.print(side_by_side(*([entry(d.responsibility, _note(d)) for d in half] for half in halves)))
        general = sum(d.applies is not False and not _own(d) for d in line.drawn)
        console.print(
            Text(f"\nand {general} responsibilities that hold for every service (demarcate matrix)", style="dim")
        )


def _own(drawn: Drawn) -> bool:
    """Whether it is about this resource more than about any other."""
    return drawn.responsibility.services != "all" or bool(drawn.because) or drawn.state == "gap"


def _note(drawn: Drawn) -> str:
    if drawn.applies is None:
        return f"? cannot be told: {one_line(drawn.because)}"
    notes = [f"→ {drawn.because}"] if drawn.because else []
    if drawn.responsibility.party == "customer":
        notes.append(f"{drawn.state}: {one_line(drawn.told)}" if drawn.told else str(drawn.state))
    return "\n".join(notes)


def _record(line: ResourceLine, drawn: Drawn) -> list[object]:
    r = drawn.responsibility
    head = [line.resource, line.service.id, line.service.type, line.managed_by or None]
    return [*head, r.area, r.party, r.id, r.title, drawn.applies, drawn.because, drawn.state, drawn.told or None]
