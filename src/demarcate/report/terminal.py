"""The whole report on a terminal: what could not be read, the line with both halves, then the gaps, worst first.

`brief.py` has what fits on one screen. Readable at 80 columns and without colour: every state has a sign and a word as
well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid

from demarcate.checks.judgement import Finding
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.registry import collected_from
from demarcate.model import Model
from demarcate.posture.assessment import Assessment
from demarcate.posture.structs import Counts, Posture, ResponsibilityPosture
from demarcate.report import comparing, unread
from demarcate.report.console import Console, Text
from demarcate.report.evidence_section import evidence_section
from demarcate.report.frameworks import section
from demarcate.report.halves import divided
from demarcate.report.news import news_section
from demarcate.report.out import Out
from demarcate.report.safe import one_line
from demarcate.report.waivers_section import waivers_section

SHOWN_UNREAD, SHOWN_TAGS = 10, 50
SHOWN_GAPS, SHOWN_CHECKS, SHOWN_FINDINGS = 8, 3, 2
"""How many gaps are shown whole, with how many of their checks and resources; the rest is counted."""

STYLES = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "yellow",
    "low": "cyan",
    "met": "green",
    "gap": "bold red",
    "unproven": "yellow",
}


def write(assessment: Assessment, out: Out) -> None:
    """Print the report, in the width of the terminal that it goes to, or 80 columns."""
    console = Console(out)
    posture = assessment.posture
    console.print(title(assessment))
    if posture.unread:
        console.print(listing("Could not be read: what depends on it is unknown", unread.lines(posture.unread)))
    if posture.refused:
        console.print(listing("Evidence that is not believed: it proves nothing", posture.refused))
    if posture.refused_waivers:
        console.print(listing("Waivers that are refused: they waive nothing", posture.refused_waivers))
    console.print()
    console.print(Text(f"{posture.summary}.", style="bold"))
    if unknown := assessment.judgement.unknown():
        console.print(Text(f"{unread.by_kind(unknown)}."))
    if waived := posture.waived_findings:
        console.print(Text(f"{waived:,} {'finding is' if waived == 1 else 'findings are'} waived."))
    if assessment.news is not None:
        console.print(news_section(assessment.news))
    if assessment.theirs is not None:
        console.print(comparing.section(assessment.theirs, full=False))
    console.print()
    console.print(_line(assessment.model, posture))
    for part in by_tags(posture, SHOWN_TAGS):
        console.print(part)
    for along in posture.frameworks:
        console.print(section(along))
    gaps = posture.first()
    if gaps:
        console.print(Text("\nWhat to do first", style="bold"))
        examples = examples_of(assessment)
        for gap in gaps[:SHOWN_GAPS]:
            console.print(_gap(gap, examples))
        if len(gaps) > SHOWN_GAPS:
            console.print(Text("\nThen", style="bold"))
            console.print(_other_gaps(gaps[SHOWN_GAPS:]))
    if any(True for _ in posture.evidence()):
        console.print(evidence_section(posture))
    if posture.waivers:
        console.print(waivers_section(posture))
    console.print(_unproven(assessment))


def title(assessment: Assessment) -> Text:
    snapshot = assessment.snapshot
    rows = {p.account for held in snapshot.manifest.tables.values() for p in held.parts if p.account}
    what = f"{len(rows)} account{'s' if len(rows) != 1 else ''}" if rows else collected_from(snapshot).label
    return Text.assemble(
        ("Demarcate", "bold"),
        f"  {one_line(assessment.posture.origin)} ({what}), {assessment.posture.moment[:16].replace('T', ' ')} UTC",
    )


def listing(title: str, items: Sequence[object]) -> RenderableType:
    grid = Grid.grid(padding=(0, 1))
    for item in items[:SHOWN_UNREAD]:
        grid.add_row("  !", Text(one_line(str(item))))
    more = len(items) - SHOWN_UNREAD
    if more > 0:
        grid.add_row("  …", f"and {more} more (--format json lists all)")
    return Group(Text(f"\n{title}", style="bold yellow"), grid)


def _line(model: Model, posture: Posture) -> Grid:
    """Both halves of each area, AWS's on the left of the line, yours on the right."""
    grid = divided("AWS secures", "You secure")
    for area in model.areas:
        counts = posture.areas[area.id]
        aws = Text.assemble((area.title, "bold"), "\n", _sentence(area.aws), style="")
        aws.append(f"\n{counts.provided} provided", style="dim")
        if counts.attested:
            aws.append(f", {counts.attested} attested by a report on file", style="dim")
        yours = Text.assemble(bar(counts), "\n", _sentence(area.customer), "\n", _states(counts))
        grid.add_row(aws, yours)
        grid.add_row("", "")
    return grid


def _sentence(text: str) -> str:
    return text.rstrip(".")


def bar(counts: Counts, width: int = 24) -> Text:
    """Met, unproven and gaps as a bar of signs: readable without colour."""
    if not counts.owed:
        return Text("nothing owed here" if counts.not_applicable else "not asked here", style="dim")
    met = round(width * counts.met / counts.owed)
    gaps = min(width - met, max(1, round(width * counts.gaps / counts.owed)) if counts.gaps else 0)
    drawn = Text()
    drawn.append("█" * met, style=STYLES["met"])
    drawn.append("×" * gaps, style=STYLES["gap"])
    waived = min(width - met - gaps, max(1, round(width * counts.waived / counts.owed)) if counts.waived else 0)
    drawn.append("·" * (width - met - gaps - waived), style=STYLES["unproven"])
    drawn.append("~" * waived, style="dim")
    drawn.append(f" {counts.met} of {counts.owed} met", style="bold")
    return drawn


def _states(counts: Counts) -> Text:
    text = Text()
    if counts.gaps:
        severities = ", ".join(f"{number} {name}" for name, number in counts.gaps_by_severity.items())
        text.append(f"× {counts.gaps} gap{'s' if counts.gaps != 1 else ''} ({severities})", style=STYLES["gap"])
    if counts.unproven:
        text.append(f"{'  ' if text else ''}· {counts.unproven} unproven", style=STYLES["unproven"])
    if counts.waived:
        text.append(f"{'  ' if text else ''}~ {counts.waived} waived", style="dim")
    if counts.not_applicable:
        text.append(f"{'  ' if text else ''}– {counts.not_applicable} not applicable", style="dim")
    return text


def by_tags(posture: Posture, most: int) -> list[RenderableType]:
    """How far your half is by the values of each tag that was asked for: those first that have the worst gaps."""
    parts: list[RenderableType] = []
    for key, values in posture.tags.items():
        grid = Grid(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
        for value, counts in sorted(values.items(), key=lambda pair: (pair[1].badness, pair[0]))[:most]:
            name = Text(one_line(value) or "no such tag", style="" if value else "dim", overflow="fold")
            grid.add_row(name, bar(counts, 12), _states(counts))
        parts += [Text(f"\nBy tag {one_line(key)}", style="bold"), Padding(grid, (0, 0, 0, 2))]
        if not values:
            parts.append(Padding(Text("nothing that was judged has tags here", style="dim"), (0, 0, 0, 2)))
        if len(values) > most:
            told = f"… and {len(values) - most:,} more (--format json lists all)"
            parts.append(Padding(Text(told, style="dim"), (0, 0, 0, 2)))
    return parts


def examples_of(assessment: Assessment) -> dict[str, list[Finding]]:
    examples: dict[str, list[Finding]] = {}
    for finding in assessment.judgement.first_fails(SHOWN_FINDINGS):
        examples.setdefault(finding.check, []).append(finding)
    return examples


def _gap(gap: ResponsibilityPosture, examples: dict[str, list[Finding]]) -> RenderableType:
    severity = gap.severity or "low"
    head = Text.assemble(
        "\n", (f" {severity.upper()} ", STYLES[severity]), " ", (gap.title, "bold"), (f"  {gap.id}", "dim")
    )
    lines: list[RenderableType] = [head]
    failing = [result for result in gap.checks if result.open]
    if any(record.standing in ("failed", "incomplete") for record in gap.evidence):
        said = gap.because[sum(1 for _ in failing) :]
        lines += [Padding(Text(f"× {one_line(sentence)}"), (0, 0, 0, 2)) for sentence in said]
    for result in failing[:SHOWN_CHECKS]:
        waived = f", {result.waived} more waived" if result.waived else ""
        told = Text.assemble(
            f"× {one_line(result.title)}",
            (f"  {result.open} of {result.total} fail", "bold"),
            (waived, "dim"),
        )
        lines.append(Padding(told, (0, 0, 0, 2)))
        shown = examples.get(result.check, [])
        lines += [Padding(_finding(finding), (0, 0, 0, 6)) for finding in shown]
        if result.open > len(shown):
            lines.append(Padding(Text(f"… and {result.open - len(shown)} more", style="dim"), (0, 0, 0, 6)))
        if result.remedy:
            lines.append(Padding(Text(f"→ {one_line(result.remedy)}", style="italic"), (0, 0, 0, 4)))
    if len(failing) > SHOWN_CHECKS:
        others = one_line(", ".join(result.check for result in failing[SHOWN_CHECKS:]))
        more = len(failing) - SHOWN_CHECKS
        rest = Text(f"× {more} more {'check fails' if more == 1 else 'checks fail'}: {others}", style="dim")
        lines.append(Padding(rest, (0, 0, 0, 2)))
    return Group(*lines)


def _other_gaps(gaps: list[ResponsibilityPosture]) -> Grid:
    """The gaps that are not shown whole: a line each."""
    grid = Grid(box=None, padding=(0, 1, 0, 0), show_header=False, pad_edge=False)
    for gap in gaps:
        severity = gap.severity or "low"
        failing = f"{gap.failed} fail{'s' if gap.failed == 1 else ''}" if gap.failed else "by its evidence"
        grid.add_row(Text(severity.upper(), style=STYLES[severity]), Text(gap.title), Text(failing, style="bold"))
    return grid


def _finding(finding: Finding) -> Text:
    where = f"{finding.file}:{finding.line}" if finding.file else finding.resource or ""
    return Text.assemble(one_line(finding.reason), (f"  {one_line(where)}", "dim"), overflow="fold")


def _unproven(assessment: Assessment) -> RenderableType:
    """What is unproven, by what it would take to prove it."""
    unproven = [r for r in assessment.posture.responsibilities if r.state == "unproven"]
    if not unproven:
        return Text("")
    lines: list[RenderableType] = [Text("\nUnproven", style="bold")]
    groups: dict[str, list[ResponsibilityPosture]] = {}
    for responsibility in unproven:
        groups.setdefault(needs_of(assessment, responsibility), []).append(responsibility)
    for needs, responsibilities in sorted(groups.items(), key=lambda group: -len(group[1])):
        lines.append(Padding(Text.assemble((f"{len(responsibilities):>3} ", "bold"), needs), (0, 0, 0, 2)))
        names = _listed([r.id for r in responsibilities])
        lines.append(Padding(Text(names, style="dim"), (0, 0, 0, 6)))
    last = "demarcate explain ID says what each is, whose, and what proves it; --format json lists every finding."
    lines.append(Text(f"\n{last}", style="dim"))
    return Group(*lines)


def needs_of(assessment: Assessment, posture: ResponsibilityPosture) -> str:
    if any(result.open_unknown for result in posture.checks):
        return "cannot be told: their checks found unknown"
    kinds = [proof.kind for proof in assessment.model.responsibility[posture.id].proof]
    if "checks" not in kinds:
        return f"need manual evidence: {', '.join(kinds)}"
    checks = {check.id for check in assessment.checks.values() if check.responsibility == posture.id}
    untold = {not_run.check for not_run in assessment.posture.not_run if not_run.kind is Kind.UNTOLD}
    if not posture.checks and checks and checks <= untold:
        source = collected_from(assessment.snapshot)
        return f"cannot be told by {source.label}" + ("" if source.asks else ": assess the live account")
    return one_line(posture.because[0]) if posture.because else "have no verdict"


def _listed(names: Iterable[str], most: int = 4) -> str:
    names = list(names)
    shown = ", ".join(islice(names, most))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
