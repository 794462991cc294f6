"""The part of the terminal report that says what evidence proves, and what of it expires."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid

from demarcate.evidence.structs import EvidenceResult, Standing
from demarcate.posture.structs import EXPIRES_SOON, Posture, ResponsibilityPosture
from demarcate.report.console import Text
from demarcate.report.safe import one_line

_SIGNS: dict[Standing, tuple[str, str, str]] = {
    "proves": ("✓", "proves", "green"),
    "incomplete": ("×", "incomplete", "bold red"),
    "failed": ("×", "failed", "bold red"),
    "contradicted": ("!", "contradicted", "yellow"),
    "expired": ("!", "expired", "yellow"),
    "not-yet-valid": ("!", "not valid yet", "yellow"),
}
"""Sign, word and style: a state is never told by colour alone."""

MOST = 12
"""So many pieces of evidence of one standing are shown; the rest is counted."""


def evidence_section(posture: Posture) -> RenderableType:
    """What expires soon, then all evidence by what it is worth."""
    parts: list[RenderableType] = []
    soon = _merged(posture.expiring())
    if soon:
        parts.append(Text(f"\nExpires within {EXPIRES_SOON} days", style="bold yellow"))
        parts.append(_grid(soon))
    parts.append(Text("\nEvidence", style="bold"))
    pieces = _merged(list(posture.evidence()))
    for standing, (sign, word, style) in _SIGNS.items():
        of_it = [piece for piece in pieces if piece[0].standing == standing]
        if of_it:
            parts.append(Padding(Text(f"{sign} {word} ({len(of_it)})", style=style), (0, 0, 0, 2)))
            parts.append(_grid(of_it[:MOST]))
        if len(of_it) > MOST:
            more = f"… and {len(of_it) - MOST} more (--format json lists all)"
            parts.append(Padding(Text(more, style="dim"), (0, 0, 0, 4)))
    return Group(*parts)


def _merged(
    pairs: list[tuple[ResponsibilityPosture, EvidenceResult]],
) -> list[tuple[EvidenceResult, list[ResponsibilityPosture]]]:
    """Each piece of evidence once, with all responsibilities that it is about."""
    about: dict[EvidenceResult, list[ResponsibilityPosture]] = {}
    for posture, result in pairs:
        about.setdefault(result, []).append(posture)
    return list(about.items())


def _grid(pieces: list[tuple[EvidenceResult, list[ResponsibilityPosture]]]) -> RenderableType:
    grid = Grid(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    grid.add_column(no_wrap=True)
    for result, postures in pieces:
        about = postures[0].title if len(postures) == 1 else f"{len(postures)} responsibilities"
        text = Text.assemble(one_line(result.title), (f"  {one_line(about)}", "dim"), overflow="fold")
        if result.detail:
            text.append(f"  {one_line(result.detail)}", style="dim")
        grid.add_row(Text(result.valid_until or "no end"), text)
    return Padding(grid, (0, 0, 0, 4))
