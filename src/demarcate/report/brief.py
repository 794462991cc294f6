"""The report on one screen of a terminal: how it stands, by area, the worst gaps with a resource each, what expires.

`terminal.py` has all of it. The headline comes at the end again, where people look first.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid

from demarcate.checks.judgement import Finding
from demarcate.model import Model
from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import EXPIRES_SOON, FrameworkPosture, Posture, ResponsibilityPosture
from demarcate.report import comparing, unread
from demarcate.report.console import Console, Text
from demarcate.report.frameworks import counts_of
from demarcate.report.news import news_section
from demarcate.report.out import Out
from demarcate.report.safe import counted, one_line
from demarcate.report.terminal import STYLES, bar, by_tags, examples_of, needs_of, title

SHOWN_GAPS, SHOWN_OTHERS = 5, 3
"""How many gaps are shown, and how many of what could not be read, of what expires and of what is unproven."""

_HANG = 9
"""How far what is said of a gap stands from the left: behind the longest severity."""


def write(assessment: Assessment, out: Out) -> None:
    """Print the report, in the width of the terminal that it goes to, or 80 columns."""
    console = Console(out)
    posture = assessment.posture
    console.print_lines(title(assessment))
    problems = [*unread.lines(posture.unread), *posture.refused, *posture.refused_waivers]
    if problems:
        console.print_lines(_some("Could not be read or believed", [str(problem) for problem in problems], "!"))
    console.print_lines(_headline(assessment))
    if assessment.news is not None:
        console.print_lines(news_section(assessment.news, SHOWN_OTHERS))
    if assessment.theirs is not None:
        console.print_line(f"{comparing.summary(assessment.theirs)} (--full lists them).")
    console.print_lines(_areas(assessment.model, posture))
    for part in by_tags(posture, SHOWN_OTHERS):
        console.print_lines(part)
    for along in posture.frameworks:
        console.print_lines(_along(along))
    gaps = posture.first()
    if gaps:
        console.print_lines(Text("\nWhat to do first", style="bold"))
        examples = examples_of(assessment)
        for gap in gaps[:SHOWN_GAPS]:
            console.print_lines(_gap(gap, examples))
        if len(gaps) > SHOWN_GAPS:
            console.print_lines(
                Text(f"{'':{_HANG}}and {counted(len(gaps) - SHOWN_GAPS, 'more gap')}", style="dim")
            )
    soon = _ending(posture)
    if soon:
        console.print_lines(_some(f"Ends within {EXPIRES_SOON} days, or has ended", soon, "!"))
    unproven = _unproven(assessment) if posture.summary.unproven else []
    if unproven:
        console.print_lines(_some("Unproven", unproven, "·"))
    console.print_lines(Text(f"\n{posture.summary}.", style="bold"))
    console.print_lines(_next(gaps))


def _headline(assessment: Assessment) -> Text:
    text = Text(f"\n{assessment.posture.summary}.", style="bold")
    if unknown := assessment.judgement.unknown():
        text = Text.assemble(text, (f"\n{unread.by_kind(unknown)}.", ""))
    results = [
        result for responsibility in assessment.posture.responsibilities for result in responsibility.checks
    ]
    if waived := sum(result.waived + result.waived_unknown for result in results):
        text = Text.assemble(
            text, (f"\n{counted(waived, 'finding')} {'is' if waived == 1 else 'are'} waived.", "")
        )
    return text


def _areas(model: Model, posture: Posture) -> RenderableType:
    """A line for each area: how much AWS provides, and how far your half is."""
    grid = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name, justify in (("", "left"), ("AWS", "right"), ("You", "left"), ("", "right"), ("", "right")):
        grid.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for area in model.areas:
        counts = posture.areas[area.id]
        gaps = Text(counted(counts.gaps, "gap"), style=STYLES["gap"]) if counts.gaps else Text()
        unproven = Text(f"{counts.unproven} unproven", style=STYLES["unproven"]) if counts.unproven else Text()
        grid.add_row(Text(area.title), Text(str(counts.provided), style="dim"), bar(counts, 12), gaps, unproven)
    return Group(Text(), grid)


def _along(along: FrameworkPosture) -> RenderableType:
    """How it stands along a framework, with the first of its requirements that are gaps."""
    gaps = [f"{item.id}  {item.title}" for item in along.requirements if item.state == "gap"]
    head = Text.assemble("\n", (along.title, "bold"), f": {counts_of(along)}")
    return Group(head, *_lines(gaps, "×")) if gaps else head


def _gap(gap: ResponsibilityPosture, examples: dict[str, list[Finding]]) -> RenderableType:
    """A gap by one resource that fails the worst of its checks; by its reason where evidence is what breaks it."""
    severity = gap.severity or "low"
    failing = [result for result in gap.checks if result.open]
    finding = next((examples[result.check][0] for result in failing if examples.get(result.check)), None)
    head = Text.assemble((f"{severity.upper():{_HANG}}", STYLES[severity]))
    if finding is None:
        head.append(one_line(gap.because[0] if gap.because else gap.title))
        below = [Text(gap.id, style="dim")]
    else:
        head.append(one_line(finding.reason))
        where = f"{finding.file}:{finding.line}" if finding.file else finding.resource or finding.table
        below = [Text.assemble((one_line(where), ""), (f"  {finding.check}", "dim"), overflow="fold")]
        more = f": {gap.failed - 1} more" if gap.failed > 1 else ""
        below.append(Text(f"{gap.title}{more}", style="dim"))
    grid = Grid.grid(padding=0)
    grid.add_column(width=_HANG, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(head[:_HANG], head[_HANG:])
    for line in below:
        grid.add_row(Text(), line)
    return grid


def _ending(posture: Posture) -> list[str]:
    """What proves or waives something and will not for long, or does no more."""
    proofs = {
        f"{result.valid_until}  {result.title}": None for _, result in posture.expiring() if result.valid_until
    }
    waivers = [
        f"{waiver.until}  waiver of {waiver.what}{' has ended' if waiver.standing == 'expired' else ''}"
        for waiver in posture.waived("expired", "ends-soon")
    ]
    return sorted([*proofs, *waivers])


def _unproven(assessment: Assessment) -> list[str]:
    """How many responsibilities are unproven, by what it would take to prove them."""
    posture = assessment.posture
    unproven = [
        responsibility for responsibility in posture.responsibilities if responsibility.state == "unproven"
    ]
    if len(unproven) > posture.summary.unproven:  # the checks were named: others do not count
        chosen = {check.responsibility for check in assessment.checks.values()}
        unproven = [responsibility for responsibility in unproven if responsibility.id in chosen]
    groups: dict[str, int] = {}
    for responsibility in unproven:
        needs = needs_of(assessment, responsibility)
        groups[needs] = groups.get(needs, 0) + 1
    return [f"{number:>3} {needs}" for needs, number in sorted(groups.items(), key=lambda group: -group[1])]


def _some(title: str, lines: Sequence[str], sign: str) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold"), *_lines(lines, sign))


def _lines(lines: Sequence[str], sign: str) -> list[RenderableType]:
    shown: list[RenderableType] = [
        Padding(Text(f"{sign} {line if line[0] == ' ' else one_line(line)}", overflow="fold"), (0, 0, 0, 2))
        for line in lines[:SHOWN_OTHERS]
    ]
    more = len(lines) - SHOWN_OTHERS
    if more > 0:
        shown.append(Padding(Text(f"… and {more} more", style="dim"), (0, 0, 0, 2)))
    return shown


def _next(gaps: list[ResponsibilityPosture]) -> Text:
    """What to type next."""
    failing = [result.check for gap in gaps for result in gap.checks if result.open]
    lines = [f"demarcate checks show {failing[0]}"] if failing else []
    if gaps and not failing:
        lines = [f"demarcate explain {gaps[0].id}"]
    told = Text.assemble(("Next: ", "bold"), lines[0], "; ") if lines else Text.assemble(("Next: ", "bold"))
    told.append("--full for all of it, --out report.html for a page")
    return told
