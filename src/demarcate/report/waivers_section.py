"""The part of the terminal report that says what is waived: what ends soon, has expired or does nothing, first."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid

from demarcate.posture.structs import EXPIRES_SOON, Posture, WaiverResult, WaiverStanding
from demarcate.report.console import Text
from demarcate.report.safe import counted, one_line

_SIGNS: dict[WaiverStanding, tuple[str, str, str]] = {
    "expired": ("×", "expired: what they accepted counts again", "bold red"),
    "ends-soon": ("!", f"end within {EXPIRES_SOON} days", "bold yellow"),
    "matches-nothing": ("!", "match nothing: mended, or never so", "yellow"),
    "active": ("~", "hold", ""),
    "not-judged": ("–", "are about what was not judged here", "dim"),
}
"""Sign, words and style, in the order in which people should read them."""

MOST = 8
"""So many waivers of one standing are shown; the rest is counted."""


def waivers_section(posture: Posture) -> RenderableType:
    """All waivers by how they stand."""
    parts: list[RenderableType] = [Text("\nWaivers", style="bold")]
    for standing, (sign, words, style) in _SIGNS.items():
        of_it = posture.waived(standing)
        if of_it:
            parts.append(Padding(Text(f"{sign} {words} ({len(of_it)})", style=style), (0, 0, 0, 2)))
            parts.append(_grid(of_it[:MOST]))
        if len(of_it) > MOST:
            more = f"… and {len(of_it) - MOST} more (--format json lists all)"
            parts.append(Padding(Text(more, style="dim"), (0, 0, 0, 4)))
    return Group(*parts)


def _grid(waivers: list[WaiverResult]) -> RenderableType:
    grid = Grid(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    grid.add_column(no_wrap=True)
    for waiver in waivers:
        text = Text.assemble(
            one_line(waiver.what),
            (f"  {counted(waiver.findings, 'finding')}", "bold"),
            (f"  {one_line(waiver.reason)}", ""),
            (f"  {one_line(waiver.owner)}" if waiver.owner else "", "dim"),
            overflow="fold",
        )
        grid.add_row(Text(waiver.until or "no end"), text)
    return Padding(grid, (0, 0, 0, 4))
