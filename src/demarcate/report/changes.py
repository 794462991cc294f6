"""A change for people: what it does to what, what that risks, what undoes it, and how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from demarcate.changes.commands import command
from demarcate.changes.lockouts import why
from demarcate.changes.planning import Unplanned
from demarcate.changes.status import Outcome, Status
from demarcate.changes.structs import Change, Step
from demarcate.changes.trying import Trial
from demarcate.changes.verifying import GONE, Verified
from demarcate.report.console import Console
from demarcate.report.safe import in_words

RISKS = {
    "interrupts": "may interrupt what runs",
    "costs": "costs money",
    "loses-data": "loses data",
    "locks-out": "may lock somebody out",
}


def write(status: Status, console: Console, *, commands: bool = False) -> None:
    """A change and how it stands; with `commands`, each call as one of the AWS CLI."""
    change = status.change
    steps = f"{len(change.steps)} step" if len(change.steps) == 1 else f"{len(change.steps)} steps"
    console.print_line(f"{change.id} {change.title}", bold=True)
    console.print_line(f"{status.state}; plan {change.digest[:12]}, {steps}, planned by {status.planned_by}")
    console.print_line(f"planned {_short(status.planned_at)} from {change.source}")
    for approval in status.approved(datetime.now(UTC)):
        console.print_line(f"approved by {approval.by} until {_short(approval.until)}")
    risks = ", ".join(RISKS[risk] for risk in change.risks)
    console.print_line(f"risk: {risks or 'none known'}")
    if status.reason:
        console.print_line(f"{status.state}: {status.reason}")
    for number, step in enumerate(change.steps, 1):
        console.print()
        _step(console, status, number, step, commands=commands)


def _step(console: Console, status: Status, number: int, step: Step, *, commands: bool) -> None:
    console.print_line(f"{number}. {_outcome(status, number)}{step.do.name}", bold=True)
    console.print_line(f"{step.resource} ({step.account}, {step.region})", indent=3)
    if step.declared:
        told = "change it there too, or its next deployment undoes this"
        if status.change.origin == "drift":
            told = "this brings back what it says"
        console.print_line(f"declared by {step.declared}: {told}", indent=3)
    if "locks-out" in step.risk and (told := why(step.do)):
        console.print_line(f"may lock somebody out: {told}", indent=3)
    if commands:
        console.print_line(command(step), indent=3)
    else:
        console.print_line(f"sends {in_words(step.do.parameters)}", indent=3)
    console.print_line(f"before {in_words(step.before)}", indent=3)
    undo = step.undo
    told = f"nothing: {undo.why_not}"
    if undo.operation is not None:
        told = f"{undo.operation.name} {in_words(undo.operation.parameters)}"
    console.print_line(f"undo {told}", indent=3)
    if step.checks:
        console.print_line(f"checks {', '.join(step.checks)}", indent=3)


def _outcome(status: Status, number: int) -> str:
    undone, ended = status.ended.get(("undo", number)), status.ended.get(("apply", number))
    if undone is not None and undone.outcome in (Outcome.DONE, Outcome.SKIPPED):
        return "undone: "
    if ("apply", number) in status.open or ("undo", number) in status.open:
        return "may have run: "
    return f"{ended.outcome}: " if ended is not None else ""


def write_unplanned(unplanned: Sequence[Unplanned], console: Console) -> None:
    """Findings that no call mends now, each with why and with what a person must do."""
    for item in unplanned:
        console.print_line(f"not planned: {item.finding.check}: {item.finding.resource}: {item.reason}")
        for way, text in item.by_hand.items():
            console.print_line(f"{way}: {text}", indent=3)


def write_tried(change: Change, tried: Sequence[Trial], console: Console) -> None:
    """Whether each step of a change could be made now."""
    for number, (step, trial) in enumerate(zip(change.steps, tried, strict=True), 1):
        console.print_line(f"{number}. {step.do.name} {step.resource}", bold=True)
        console.print_line(trial.told, indent=3)


def write_verified(verified: Iterable[Verified], console: Console) -> None:
    """How each finding of a change was judged again."""
    for item in verified:
        told = "no finding any more" if item.verdict == GONE else item.verdict  # its resource may well be there
        console.print_line(f"{told}: {item.check}")
        console.print_line(f"{item.resource}: {item.reason}" if item.reason else item.resource, indent=3)


def listed(statuses: Iterable[Status]) -> tuple[list[str], list[list[Any]]]:
    """Changes as columns and rows."""
    columns = ["change", "state", "steps", "planned", "by", "title"]
    return columns, [
        [
            status.change.id,
            str(status.state),
            len(status.change.steps),
            _short(status.planned_at),
            status.planned_by,
            status.change.title,
        ]
        for status in statuses
    ]


def _short(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"
