"""What other tools found beside ours, arranged for reading: where both do not agree, and what is only counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from demarcate.posture.comparing import DISAGREEING, Compared, Comparison, Counted, Match
from demarcate.report.comparing import SIGNS, days_of, summary, title
from demarcate.report.html.content import SHOWN_ROWS
from demarcate.report.html.words import Sign

_ROLES: Final = {"bold red": "gap", "yellow": "unproven", "green": "met", "dim": "not-applicable"}


@dataclass(frozen=True, slots=True)
class Section:
    """The verdicts that stand to ours in one way, the first of them; `more` are not shown."""

    match: Match
    sign: Sign
    count: int
    rows: tuple[Compared, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Others:
    """A comparison: in a line, the tools with the days of their verdicts, the checks that do not always agree, and
    each way of disagreeing. `rest` is only counted.
    """

    comparison: Comparison
    summary: str
    disagreeing: int
    tools: tuple[tuple[str, str], ...]
    checks: tuple[tuple[str, Counted], ...]
    sections: tuple[Section, ...]
    rest: tuple[tuple[Sign, int], ...]


def arranged(comparison: Comparison) -> Others:
    """What the page shows of a comparison."""
    counts = comparison.counts()
    return Others(
        comparison=comparison,
        summary=summary(comparison),
        disagreeing=sum(counts[match] for match in DISAGREEING),
        tools=tuple((title(tool), days_of(days)) for tool, days in comparison.tools.items()),
        checks=tuple(
            (title(check.tool), check)
            for check in comparison.checks
            if any(match.is_disagreement for match in check.counts)
        ),
        sections=tuple(_section(comparison, match) for match in DISAGREEING if counts[match]),
        rest=tuple((_sign(match), counts[match]) for match in Match if counts[match] and match not in DISAGREEING),
    )


def _section(comparison: Comparison, match: Match) -> Section:
    items = [item for item in comparison.items if item.match is match]
    return Section(match, _sign(match), len(items), tuple(items[:SHOWN_ROWS]), max(0, len(items) - SHOWN_ROWS))


def _sign(match: Match) -> Sign:
    sign, words, style = SIGNS[match]
    return Sign(sign, words, _ROLES[style])
