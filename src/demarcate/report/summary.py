"""The summary on one page: both halves of every area, what they make together, and what to remember."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from demarcate.model import Model
from demarcate.report import safe
from demarcate.report.console import Console, Text
from demarcate.report.halves import divided
from demarcate.report.out import Out
from demarcate.report.pictures.poster import RULES, TITLE

_TAKEAWAYS = "Takeaways"


def write_text(model: Model, console: Console) -> None:
    """Print the summary for a terminal, readable at 80 columns."""
    shared = model.summary.collaboration
    halves = divided(f"{shared.aws.title}\n{shared.aws.half}", f"{shared.customer.title}\n{shared.customer.half}")
    for quick in model.summary.quick_reference:
        title = Text(model.area[quick.area].title, style="bold")
        halves.add_row(Text.assemble(title, "\n", quick.aws), Text(f"\n{quick.customer}"))
        halves.add_row("", "")
    console.print(Text(TITLE, style="bold"))
    console.print(Text(f"{model.summary.overview}\n"))
    console.print(halves)
    console.print(Text.assemble("Together they make: ", (shared.outcome, "bold")))
    console.print(_list(RULES, [tip.text for tip in model.exam.tips]))
    console.print(_list(_TAKEAWAYS, [takeaway.text for takeaway in model.exam.takeaways]))
    console.print(Text(f"\n{model.summary.next.text} (demarcate matrix --shift)", style="dim"))


def text(model: Model) -> str:
    """The summary for a terminal, as plain text of 80 columns."""
    console = Console(Out(io.StringIO()), width=80, color_system=None)
    with console.capture() as captured:
        write_text(model, console)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _list(title: str, texts: list[str]) -> RenderableType:
    items = Table.grid(padding=(0, 1))
    for text in texts:
        items.add_row("-", Text(text))
    return Group(Text(f"\n{title}", style="bold"), Padding(items, (0, 0, 0, 1)))


def markdown(model: Model) -> str:
    """The summary as Markdown."""
    return "\n".join(_markdown(model)) + "\n"


def _markdown(model: Model) -> Iterator[str]:
    shared = model.summary.collaboration
    told = safe.markdown
    yield from [f"# {TITLE}", "", told(model.summary.overview), ""]
    parties = (f"{told(half.title)}: {told(half.half).lower()}" for half in (shared.aws, shared.customer))
    yield from [f"| | {' | '.join(parties)} |", "|---|---|---|"]
    for quick in model.summary.quick_reference:
        yield f"| **{told(model.area[quick.area].title)}** | {told(quick.aws)} | {told(quick.customer)} |"
    yield from ["", f"Together they make: **{told(shared.outcome)}**."]
    for title, texts in (
        (RULES, [tip.text for tip in model.exam.tips]),
        (_TAKEAWAYS, [takeaway.text for takeaway in model.exam.takeaways]),
    ):
        yield from ["", f"## {title}", "", *(f"- {told(text)}" for text in texts)]
    yield from ["", f"{told(model.summary.next.text)} (`demarcate matrix --shift`)"]
