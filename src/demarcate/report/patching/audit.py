"""The report of a period of patching: for people on a terminal, as rows and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from demarcate.patching.audit import Audit, PatchAct, RingEvent, Waiting, Watching
from demarcate.patching.history import Exposure
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.patching.history import sparkline
from demarcate.report.safe import json_text

SHOWN: Final = 50
"""How many lines of one section people are shown on a terminal."""

COLUMNS: Final = (
    "section",
    "at",
    "who",
    "account_id",
    "region",
    "resource",
    "what",
    "outcome",
    "severity",
    "days",
    "level",
    "late",
    "why",
    "plan",
    "change",
)


class Section(NamedTuple):
    """One part of the report: its id and title, what it says where it is empty, and its lines, each with what stands
    below it.
    """

    id: str
    title: str
    empty: str
    lines: list[tuple[str, str]]

    def shown(self, most: int) -> tuple[Sequence[tuple[str, str]], int]:
        """Up to so many lines, and how many more there are."""
        return self.lines[:most], max(0, len(self.lines) - most)


def sections(audit: Audit) -> list[Section]:
    """The parts of the report, in the order in which auditors ask."""
    seen = "Nothing that was missing was seen to be mended."
    parts = (
        ("done", "Who patched what, when", "No patch plan made a call.", map(_done, audit.acts)),
        ("rings", "Rings and rollbacks", "No ring was applied.", map(_ring, audit.rings)),
        ("mended", "Seen to be mended", seen, map(_exposed, audit.mended)),
        ("waiting", "What waits, and why", "Nothing is known to be missing.", map(_waits, audit.waiting)),
        ("late", "Service levels missed", _on_time(audit), map(_exposed, audit.late)),
        ("rules", "Rules of AWS Config that would watch it", _NO_RULE, map(_watches, audit.rules)),
    )
    return [Section(id_, title, empty, list(lines)) for id_, title, empty, lines in parts]


def headline(audit: Audit) -> str:
    """What it came to, in one line."""
    last = audit.last
    behind = "nothing was recorded" if last is None else f"{last.outstanding:,} behind or overdue on {last.day}"
    return (
        f"{len(audit.acts):,} calls, {len(audit.mended):,} mended, {len(audit.waiting):,} waiting{_waived(audit)}, "
        f"{len(audit.late):,} beyond their service level; {behind}"
    )


def _waived(audit: Audit) -> str:
    waived = sum(bool(item.waived) for item in audit.waiting)
    return f" ({waived:,} waived)" if waived else ""


def title(audit: Audit) -> str:
    """Of which period it is."""
    return f"Patching from {audit.since} to {audit.until}"


def notes(audit: Audit) -> list[str]:
    """What the report does not know."""
    told = []
    if audit.holes:
        told.append(f"Nothing was recorded on {audit.holes:,} of {len(audit.days):,} days.")
    if audit.last is not None and audit.last.unknown:
        told.append(f"Not known on {audit.last.day}: {audit.last.unknown:,} resources.")
    if not audit.levels:
        told.append("No service levels were given (--service-level), and so none is missed.")
    told += [f"Passed over in the history: {note}" for note in audit.broken]
    return told


def write(audit: Audit, console: Console) -> None:
    """Write it for people."""
    console.print_line(title(audit), bold=True)
    console.print_line(headline(audit))
    if audit.last is not None:
        console.print_line(sparkline(day.outstanding for day in audit.days[-60:]), indent=2)
    for note in notes(audit):
        console.print_line(note, indent=2)
    for section in sections(audit):
        console.print()
        console.print_line(f"{section.title} ({len(section.lines):,})", bold=True)
        if not section.lines:
            console.print_line(section.empty, indent=2)
        lines, more = section.shown(SHOWN)
        for line, below in lines:
            console.print_line(line, indent=2)
            if below:
                console.print_line(below, indent=6)
        if more:
            console.print_line(f"and {more:,} more (--out FILE.csv lists all)", indent=2)


def write_json(audit: Audit, out: Out) -> None:
    """The whole report as one JSON document. All moments are in UTC."""
    out.write(json_text(msgspec.to_builtins(audit)) + "\n")


def rows(audit: Audit) -> Iterator[list[Any]]:
    """The report as rows, one a call, an event, or something that was missing."""
    for act in audit.acts:
        yield _row(
            section="done",
            at=act.at,
            who=act.person,
            account_id=act.account_id,
            region=act.region,
            resource=act.resource,
            what=act.operation,
            outcome=act.outcome,
            why=act.reason,
            plan=act.plan,
            change=act.change,
        )
    for event in audit.rings:
        yield _row(
            section="rings",
            at=event.at,
            who=event.person,
            what=event.ring,
            outcome=event.what,
            why="; ".join(event.told),
            plan=event.plan,
        )
    for each in audit.mended:
        yield _row_of("mended", each, each.mended, "")
    for item in audit.waiting:
        yield _row_of("waiting", item.exposure, item.exposure.first_seen, "; ".join((*item.waived, *item.why)))
    for each in audit.late:
        yield _row_of("late", each, each.first_seen, "")
    for rule in audit.rules:
        yield _row(section="rules", what=rule.rule, why=", ".join(rule.checks))


def _row_of(section: str, each: Exposure, at: datetime | None, why: str) -> list[Any]:
    return _row(
        section=section,
        at=at,
        account_id=each.account_id,
        region=each.region,
        resource=each.resource,
        what=each.finding,
        severity=each.severity,
        days=each.days,
        level=each.level,
        late=each.late,
        why=why,
    )


def _row(**told: Any) -> list[Any]:
    return [told.get(name) for name in COLUMNS]


_NO_RULE: Final = "There is no rule for what was recorded."


def _watches(rule: Watching) -> tuple[str, str]:
    return rule.rule, f"as {', '.join(rule.checks)}"


def _on_time(audit: Audit) -> str:
    return "None is known to be missed." if audit.levels else "No service levels were given."


def _done(act: PatchAct) -> tuple[str, str]:
    below = ", ".join(part for part in (act.artefact, f"plan {act.plan}" if act.plan else "", act.change) if part)
    reason = f": {act.reason}" if act.reason else ""
    return f"{_at(act.at)} {act.person}: {act.operation}, {act.outcome}{reason}", f"{act.resource}; {below}"


def _ring(event: RingEvent) -> tuple[str, str]:
    ring = f", ring {event.ring}" if event.ring else ""
    return f"{_at(event.at)} {event.person}: plan {event.plan}{ring}: {event.what}", "; ".join(event.told)


def _exposed(each: Exposure) -> tuple[str, str]:
    late = f", {each.late} more than its service level of {each.level}" if each.late else ""
    until = f"mended {each.mended:%Y-%m-%d}" if each.mended is not None else "still missing"
    return (
        f"{each.days} days{late}: {each.kind} {each.name}: {each.finding}",
        f"{each.severity or 'not rated'}, since {each.first_seen:%Y-%m-%d}, {until}: {each.reason}",
    )


def _waits(item: Waiting) -> tuple[str, str]:
    line, below = _exposed(item.exposure)
    return line, "; ".join((*item.waived, below, *item.why))


def _at(at: str) -> str:
    return at[:16].replace("T", " ")
