"""What a deployment would do, for people."""

from __future__ import annotations

from rich.padding import Padding

from demarcate.changes.deploying import Proposal
from demarcate.changes.foreseeing import Foreseen
from demarcate.checks.judgement import Finding
from demarcate.report.console import Console, Text
from demarcate.report.safe import one_line


def write(proposal: Proposal, foreseen: Foreseen, console: Console) -> None:
    """What is added, changed, replaced and deleted, what that loses, and what it does to the posture."""
    if proposal.change is None:
        _line(
            console, f"{proposal.stack}: there is nothing to deploy: the stack is as the template says", bold=True
        )
        return
    _line(console, proposal.change.title, bold=True)
    for item in proposal.altered:
        physical = f" ({item.physical_id})" if item.physical_id else ""
        _line(console, f"{item.effect}: {item.logical_id}, {item.type}{physical}", indent=2)
        if item.properties:
            _line(console, f"by {', '.join(item.properties)}", indent=4)
        if item.loses:
            _line(console, f"loses {item.loses}: no policy of the template keeps it", indent=4)
    console.print()
    if foreseen.unread:
        _line(console, f"what fails now is not known: {foreseen.unread}")
    _findings("would fail", foreseen.brings, console)
    _findings("would be mended", foreseen.ends, console)
    if not foreseen.brings and not foreseen.ends:
        _line(console, "no check would fail or pass that does not now")


def _findings(title: str, findings: tuple[Finding, ...], console: Console) -> None:
    if not findings:
        return
    _line(console, f"{title} ({len(findings)})", bold=True)
    for finding in findings:
        _line(console, f"{finding.severity}: {finding.check}: {finding.resource}: {finding.reason}", indent=2)


def _line(console: Console, text: str, *, indent: int = 0, bold: bool = False) -> None:
    told = Text(one_line(text), style="bold" if bold else "")
    console.print_lines(Padding(told, (0, 0, 0, indent)) if indent else told)
