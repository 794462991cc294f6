"""The report as Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from demarcate.checks.judgement import Finding
from demarcate.checks.structs import SEVERITIES
from demarcate.posture.assessment import Assessment
from demarcate.report import unread
from demarcate.report.out import Out
from demarcate.report.places import path_of
from demarcate.report.safe import counted, markdown, one_line

SHOWN: Final = 20
"""How many findings are shown; the rest is counted."""

_SHOWN_UNREAD: Final = 5

_LONGEST: Final = 300
"""How many characters of a name or a reason are shown: a comment on GitHub may have 65,536."""


def write(assessment: Assessment, out: Out) -> None:
    """Write the headline, how many fail by severity, the worst of them, and what is not known."""
    counts: Counter[str] = Counter()

    def counting() -> Iterator[Finding]:
        for finding in assessment.findings():
            key = "waived" if finding.waived else finding.verdict
            counts[key] += 1
            if key == "fail":
                counts[finding.severity] += 1
                yield finding

    worst = heapq.nsmallest(SHOWN, counting(), key=_rank)
    out.write(
        f"### Demarcate: {counted(counts['fail'], 'finding')}\n\n{markdown(str(assessment.posture.summary))}.\n"
    )
    if worst:
        out.write(f"\n| {' | '.join(SEVERITIES)} | unknown | waived |\n|{'---:|' * (len(SEVERITIES) + 2)}\n")
        out.write(f"| {' | '.join(f'{counts[name]:,}' for name in (*SEVERITIES, 'unknown', 'waived'))} |\n")
        out.write("\n| | what fails | where |\n|---|---|---|\n")
        out.writelines(_row(finding, assessment) for finding in worst)
        if counts["fail"] > len(worst):
            out.write(f"\n… and {counts['fail'] - len(worst):,} more.\n")
    elif counts["unknown"] or counts["waived"]:
        out.write(f"\nNothing fails; {counts['unknown']:,} unknown, {counts['waived']:,} waived.\n")
    told = unread.lines(assessment.posture.unread)
    if told:
        out.write("\nCould not be read:\n\n")
        out.writelines(f"- {_code(line)}\n" for line in told[:_SHOWN_UNREAD])
        if len(told) > _SHOWN_UNREAD:
            out.write(f"- … and {len(told) - _SHOWN_UNREAD:,} more\n")


def _rank(finding: Finding) -> tuple[int, str, str]:
    return SEVERITIES.index(finding.severity), finding.check, finding.id


def _row(finding: Finding, assessment: Assessment) -> str:
    check = assessment.checks[finding.check]
    place = f"{path_of(finding.file)}:{finding.line or 1}" if finding.file else finding.resource or ""
    where = " ".join(filter(None, (finding.account, finding.region, place)))
    return f"| {finding.severity} | {markdown(check.title)}: {_code(finding.reason)} | {_code(where)} |\n"


def _code(text: str) -> str:
    r"""Text that nobody of ours wrote: as code it is no link, and calls nobody by an @name.

    >>> _code("a`b|@c")
    '``a`b\\|@c``'
    """
    shown = one_line(text)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    ticks = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    room = " " if shown.startswith("`") or shown.endswith("`") else ""
    escaped = shown.replace("|", "\\|")
    return f"{ticks}{room}{escaped}{room}{ticks}" if shown else ""
