"""Where a picture of the line ends: what both halves make together, and how much of it there is."""

from __future__ import annotations

from collections.abc import Sequence

from demarcate.posture.structs import Counts, Posture
from demarcate.report.pictures import sheet
from demarcate.report.pictures.drawing import Box, Label, shortened
from demarcate.report.pictures.parts import bar, column
from demarcate.report.safe import one_line


def outcome_box(text: str, counts: Counts | None, posture: Posture | None, above: Box, *, note: str = "") -> Box:
    """What the halves above it make: with counts how much of it there is, and in which estate."""
    width, y = 560.0, above.y + above.height + 36
    x, inner, room = sheet.MIDDLE - width / 2, sheet.MIDDLE - width / 2 + 20, width - 40
    labels = [Label(x=inner, y=0, width=room, text=text, size=18, bold=True, role="outcome", align="center")]
    if counts:
        labels.append(Label(x=inner, y=0, width=room, text=str(counts), size=14, role="outcome", align="center"))
    items, height = column(labels, y + 18, 3)
    if counts:
        items += bar(counts, inner, y + 18 + height + 8, room, 10)
        height += 18
    if posture:
        below, more = column(_source(posture, note, inner, room), y + 18 + height + 8)
        items += below
        height += 8 + more
    return Box(
        id="outcome", x=x, y=y, width=width, height=height + 36, role="outcome", radius=10, items=tuple(items)
    )


def _source(posture: Posture, note: str, x: float, width: float) -> list[Label]:
    """What was assessed, when, and whether all of it could be read and believed."""
    told = [f"{one_line(posture.origin)}, {posture.moment[:16].replace('T', ' ')} UTC"]
    if note:
        told.append(note)
    if posture.unread:
        told.append(f"{_number(posture.unread, 'thing')} could not be read: what depends on it is unproven")
    if posture.refused:
        told.append(f"{_number(posture.refused, 'piece')} of evidence refused: that proves nothing")
    return [
        Label(
            x=x, y=0, width=width, text=shortened(t, width, 12, lines=2), size=12, role="outcome", align="center"
        )
        for t in told
    ]


def _number(items: Sequence[object], what: str) -> str:
    return f"1 {what}" if len(items) == 1 else f"{len(items)} {what}s"
