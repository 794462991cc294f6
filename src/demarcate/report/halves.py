"""Both halves side by side, AWS's on the left of the line and yours on the right."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import Box
from rich.console import RenderableType
from rich.table import Table

from demarcate.model import Proof, Responsibility
from demarcate.report.console import Text

AWS, CUSTOMER = "AWS provides", "You owe"
PARTIES = {"aws": "AWS", "customer": "you"}


_LINE = Box("    \n  │ \n  │ \n  │ \n    \n    \n  │ \n    \n")
"""A box of which only the line between two columns is drawn."""


def divided(left: str, right: str) -> Table:
    """An empty table with two columns and the line between them."""
    table = Table(box=_LINE, show_edge=False, pad_edge=False, expand=True, header_style="bold")
    table.add_column(Text(left), ratio=4, overflow="fold")
    table.add_column(Text(right), ratio=5, overflow="fold")
    return table


def side_by_side(aws: Iterable[RenderableType], customer: Iterable[RenderableType]) -> Table:
    """A table of two columns with the line between them."""
    left, right = list(aws), list(customer)
    table = divided(AWS, CUSTOMER)
    for number in range(max(len(left), len(right), 1)):
        table.add_row(
            left[number] if number < len(left) else Text("–" if number == 0 else "", style="dim"),
            right[number] if number < len(right) else Text("–" if number == 0 else "", style="dim"),
        )
    return table


def entry(responsibility: Responsibility, note: str = "") -> Text:
    """A responsibility in a few lines: title, what proves it, id."""
    text = Text(responsibility.title)
    if note:
        text.append(f"\n{note}", style="italic")
    text.append(f"\n{responsibility.id}", style="dim")
    return text


def proven_by(responsibility: Responsibility) -> str:
    """What proves it, in words."""
    return "; ".join(_proof(proof) for proof in responsibility.proof)


def _proof(proof: Proof) -> str:
    return proof.kind if proof.ask is None else f"{proof.kind}: {proof.ask}"


def services_of(responsibility: Responsibility) -> str:
    """The services it speaks of, in words."""
    return "all services" if responsibility.services == "all" else ", ".join(responsibility.services)
