"""What other tools say beside what we say: for people, as rows, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding

from demarcate.posture.comparing import Compared, Comparison, Match, Ours, place
from demarcate.posture.told import TITLES, Told
from demarcate.report import rows
from demarcate.report.console import Console, Text
from demarcate.report.out import Out
from demarcate.report.safe import counted, json_text, one_line

SIGNS: Final[dict[Match, tuple[str, str, str]]] = {
    Match.FAILED_THERE: ("×", "They fail what we pass", "bold red"),
    Match.PASSED_THERE: ("×", "They pass what we fail", "bold red"),
    Match.WE_CANNOT: ("?", "They judged what is unknown to us", "yellow"),
    Match.THEY_CANNOT: ("?", "We judged what they could not", "yellow"),
    Match.AGREE: ("✓", "Agree", "green"),
    Match.NO_CHECK: ("–", "No check here cites theirs", "dim"),
    Match.NOT_RUN: ("–", "Our check did not run", "dim"),
    Match.NO_RESOURCE: ("–", "No such resource was assessed", "dim"),
    Match.NOT_ABOUT: ("–", "Our check is not about the resource", "dim"),
    Match.AMBIGUOUS: ("–", "Several resources here may be it", "dim"),
}
"""Sign, words and style of each kind, in the order in which they are told."""

SHOWN: Final = 20
"""How many of a kind people are shown without --full."""

COLUMNS: Final = (
    "what",
    "tool",
    "their_check",
    "their_verdict",
    "on",
    "suppressed",
    "account",
    "region",
    "resource",
    "their_reason",
    "check",
    "verdict",
    "reason",
    "waived",
    "id",
    "why",
)


def write(comparison: Comparison, format: str, out: Out, console: Console, *, full: bool) -> None:
    """Write it as "text", "markdown", "csv" or "json", which is the form that `theirs` has in the JSON report.

    `full` lists what agrees, and what could not be laid beside anything, too; JSON always has the latter.
    """
    if format == "text":
        console.print_lines(section(comparison, full=full))
    elif format == "json":
        told = comparison if full else comparison.without_agreements()
        out.write(json_text(told, order="deterministic") + "\n")
    else:
        rows.write(COLUMNS, table(comparison, full=full), format, out)


def section(comparison: Comparison, *, full: bool) -> RenderableType:
    """All of it for people: who says so, how much agrees by check, each disagreement, and what is only counted."""
    parts: list[RenderableType] = [
        Text(
            f"\nFindings of others beside the assessment of {comparison.moment[:16].replace('T', ' ')} UTC",
            style="bold",
        ),
        *(Text(f"  {title(tool)}: {days_of(days)}") for tool, days in comparison.tools.items()),
        Text(f"\n{summary(comparison)}", style="bold"),
        *_by_check(comparison, full=full),
    ]
    for match, (sign, words, style) in SIGNS.items():
        items = [item for item in comparison.items if item.match is match]
        if not items:
            continue
        parts.append(Text(f"\n{sign} {words} ({len(items):,})", style=style))
        if not full and not match.is_disagreement:
            continue
        shown = items if full else items[:SHOWN]
        parts += [Padding(_block(item), (0, 0, 0, 2)) for item in shown]
        if len(shown) < len(items):
            parts.append(Text(f"  … and {len(items) - len(shown):,} more (--full lists all)", style="dim"))
    if comparison.passed_over:
        closed = counted(comparison.passed_over, "finding")
        parts.append(Text(f"\n{closed} of theirs passed over: closed, archived, or of nothing here", style="dim"))
    return Group(*parts)


def summary(comparison: Comparison) -> str:
    """How many there are, in one line."""
    counts = comparison.counts()
    laid = sum(number for match, number in counts.items() if match.is_laid)
    disagreeing = len(comparison.disagreements())
    return (
        f"{counted(len(comparison.items), 'verdict')} of theirs: {laid:,} beside one of ours, "
        f"{counts[Match.AGREE]:,} agree, {disagreeing:,} do not; {len(comparison.items) - laid:,} beside none"
    )


def title(tool: str) -> str:
    """A tool as people call it."""
    return TITLES.get(tool, tool)


def days_of(days: tuple[str | None, str | None]) -> str:
    """From when verdicts are, in words."""
    first, last = (day and day[:10] for day in days)
    if first is None:
        return "tells no date"
    return f"of {first}" if first == last else f"of {first} to {last}"


def _by_check(comparison: Comparison, *, full: bool) -> Iterator[RenderableType]:
    """A line for each check of theirs that one of ours cites: what agrees, and what does not."""
    for check in comparison.checks:
        laid = {match: number for match, number in check.counts.items() if match.is_laid}
        if laid and (full or set(laid) != {Match.AGREE}):
            told = ", ".join(f"{number:,} {SIGNS[match][1].lower()}" for match, number in laid.items())
            line = f"{title(check.tool)} {check.check} = {', '.join(check.ours)}: {told}"
            yield Padding(Text(one_line(line)), (0, 0, 0, 2))


def _block(item: Compared) -> RenderableType:
    theirs = item.theirs
    about = " ".join(part for part in (theirs.resource or "all resources", _place(theirs)) if part)
    lines = [f"{title(theirs.tool)} {theirs.check}: {theirs.verdict}{_told(theirs)}"]
    if item.verdict is not None:
        lines += [_line(ours) for ours in item.ours if ours.verdict == item.verdict]
    if item.why:
        lines.append(item.why)
    inner = [Padding(Text(one_line(line), overflow="fold"), (0, 0, 0, 2)) for line in lines]
    return Group(Text(one_line(about), overflow="fold"), *inner)


def _line(ours: Ours) -> str:
    waived = " (waived)" if ours.waived else ""
    return f"ours {ours.check}: {ours.verdict}{waived}{f', {ours.reason}' if ours.reason else ''}"


def _place(theirs: Told) -> str:
    return " ".join(part for part in (theirs.file, theirs.account, theirs.region) if part)


def _told(theirs: Told) -> str:
    on = f" on {theirs.on[:10]}" if theirs.on else ""
    silent = ", suppressed there" if theirs.suppressed else ""
    return f"{on}{silent}{f', {theirs.reason}' if theirs.reason else ''}"


def table(comparison: Comparison, *, full: bool) -> Iterator[Sequence[Any]]:
    """The values of `COLUMNS`: a row for each disagreement; with `full` for all that they tell."""
    for item in comparison.items:
        if full or item.match.is_disagreement:
            theirs = item.theirs
            ours = item.ours[0] if item.ours and item.verdict is not None else None
            account, region, _ = place(ours) if ours is not None else (None, None, None)
            yield (
                item.match.value,
                theirs.tool,
                theirs.check,
                theirs.verdict,
                theirs.on,
                theirs.suppressed,
                theirs.account or account,
                theirs.region or region,
                theirs.resource,
                theirs.reason,
                ours.check if ours is not None else None,
                item.verdict,
                ours.reason if ours is not None else None,
                ours.waived if ours is not None else None,
                ours.id if ours is not None else None,
                item.why,
            )
