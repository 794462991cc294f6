"""What is new, for people and as rows: a section of the terminal report, and what `demarcate diff` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding

from demarcate.posture.news import News, NewsItem, NewsKind
from demarcate.report.console import Console, Text
from demarcate.report.out import Out
from demarcate.report.safe import json_text, one_line

SIGNS: Final[dict[NewsKind, tuple[str, str, str]]] = {
    NewsKind.NEW: ("+", "New", "bold red"),
    NewsKind.WOKEN: ("+", "Woken: waived no more", "bold red"),
    NewsKind.NEWLY_JUDGED: ("?", "Newly judged: nobody had looked", "yellow"),
    NewsKind.UNJUDGED: ("?", "No longer judged: not fixed for that", "yellow"),
    NewsKind.WAIVED: ("~", "Waived since", "dim"),
    NewsKind.FIXED: ("✓", "Fixed", "green"),
}
"""Sign, words and style of each kind."""

SHOWN: Final = 5
"""How many findings of a kind stand in the report; `diff` shows all."""

COLUMNS: Final = (
    "what",
    "severity",
    "check",
    "account",
    "region",
    "resource",
    "reason",
    "why",
    "file",
    "line",
    "id",
)


def title(news: News) -> str:
    """What is compared with."""
    return f"What changed since {news.since[:16].replace('T', ' ')} UTC"


def news_section(news: News, most: int | None = SHOWN) -> RenderableType:
    """What became of findings by kind, the first few of each; all of them where `most` is None."""
    parts: list[RenderableType] = [Text(f"\n{title(news)}: {news}", style="bold")]
    for kind, (sign, words, style) in SIGNS.items():
        items = news.of(kind)
        if not items:
            continue
        parts.append(Padding(Text(f"{sign} {words} ({len(items):,})", style=style), (0, 0, 0, 2)))
        parts += [Padding(_line(item), (0, 0, 0, 4)) for item in items[:most]]
        if most is not None and len(items) > most:
            more = f"… and {len(items) - most:,} more (--format json lists all)"
            parts.append(Padding(Text(more, style="dim"), (0, 0, 0, 4)))
    return Group(*parts)


def _line(item: NewsItem) -> Text:
    finding = item.finding
    why = f"  ({one_line(item.why)})" if item.why else ""
    return Text.assemble(
        (finding.severity, "bold"),
        f" {one_line(finding.reason)}",
        (f"  {one_line(place(item))}", "dim"),
        why,
        overflow="fold",
    )


def place(item: NewsItem) -> str:
    """Where the resource of a finding is."""
    finding = item.finding
    if finding.file:
        return f"{finding.file}:{finding.line}" if finding.line else finding.file
    return " ".join(part for part in (finding.resource or f"all of {finding.table}", finding.region) if part)


def write(news: News, console: Console) -> None:
    """Print all of it for people."""
    console.print_lines(news_section(news, None))


def rows(news: News) -> Iterator[list[Any]]:
    """A row for each finding that is other than it was."""
    for item in news.items:
        seen = item.finding
        yield [
            item.kind.value,
            seen.severity,
            seen.check,
            seen.account,
            seen.region,
            seen.resource,
            seen.reason,
            item.why,
            seen.file,
            seen.line,
            seen.id,
        ]


def write_json(news: News, out: Out) -> None:
    """The whole of it as one JSON document, in the form that `news` has in the JSON report."""
    out.write(json_text(news, order="deterministic") + "\n")
