"""What a deployment would do, for people."""

from __future__ import annotations

from demarcate.changes.deploying import Proposal
from demarcate.checks.judgement import Finding
from demarcate.drift.foreseeing import Foreseen
from demarcate.report.console import Console


def write(proposal: Proposal, foreseen: Foreseen, console: Console) -> None:
    """What is added, changed, replaced and deleted, what that loses, and what it does to the posture."""
    if proposal.change is not None:
        console.print_line(proposal.change.title, bold=True)
    for item in proposal.altered:
        physical = f" ({item.physical_id})" if item.physical_id else ""
        console.print_line(f"{item.effect}: {item.logical_id}, {item.type}{physical}", indent=2)
        if item.properties:
            console.print_line(f"by {', '.join(item.properties)}", indent=4)
        if item.loses:
            console.print_line(f"loses {item.loses}: no policy of the template keeps it", indent=4)
    console.print()
    for unread in foreseen.unread:
        place = ", ".join(part for part in (unread.table, unread.region) if part)
        console.print_line(f"not read of what is live, and so not judged: {place}: {unread.reason}")
    _findings("would fail", foreseen.brings, console)
    _findings("would be mended", foreseen.ends, console)
    if not foreseen.brings and not foreseen.ends:
        console.print_line("no check would fail or pass that does not now")


def _findings(title: str, findings: tuple[Finding, ...], console: Console) -> None:
    if not findings:
        return
    console.print_line(f"{title} ({len(findings)})", bold=True)
    for finding in findings:
        console.print_line(f"{finding.severity}: {finding.check}: {finding.resource}: {finding.reason}", indent=2)
