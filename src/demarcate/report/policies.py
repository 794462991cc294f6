"""Policies: each statement in a sentence with how far it reaches, what is wrong, who gains, what comes of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from demarcate.access.comparing import Gain
from demarcate.access.effective import Because, Effective, Guardrail
from demarcate.access.evaluating import Decision, Request
from demarcate.access.linting import Complaint
from demarcate.access.reach import Reached, Reading
from demarcate.access.statements import Policy, PolicyKind
from demarcate.access.wording import request_in_words, sentence
from demarcate.estate.schema.unknown import Unknown
from demarcate.permitted.asking import May, Outside
from demarcate.report import rows
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.safe import json_text

_STATEMENT: Final = ["policy", "statement", "sid", "line"]


def _range(reached: Reached) -> str:
    low, high = reached.low.value, reached.high.value
    return low if low == high else f"{low} to {high}"


def _witness(reached: Reached) -> Any:
    return None if reached.witness is None else reached.witness.plain


def write_explained(
    name: str, policy: Policy, kind: PolicyKind, reading: Reading, format: str, out: Out, console: Console
) -> None:
    """Each statement: what it says, how far it reaches, and a request that gets in."""
    pairs = list(zip(policy.statements, reading.left, reading.alone, strict=True))
    if format == "text":
        console.print_line(name, bold=True)
        for said, left, alone in pairs:
            console.print_line(f"{said.name}: {sentence(said)}", indent=2)
            if not kind.names_principals:
                continue
            console.print_line(f"reaches {_range(left)}", indent=4)
            if alone.low is not left.low:
                console.print_line(f"by itself, without the Denies: {_range(alone)}", indent=4)
            if left.low is not left.high:
                console.print_line(f"not known: {left.why}", indent=4)
            if left.witness is not None:
                console.print_line(f"gets in: {request_in_words(left.witness)}", indent=4)
        return
    columns = [*_STATEMENT, "effect", "says", "reach", "reach_at_most", "reach_alone", "why", "witness"]
    records = [
        {
            "policy": name,
            "statement": said.index,
            "sid": said.sid,
            "line": said.line,
            "effect": said.effect,
            "says": sentence(said),
            "reach": left.low.value if kind.names_principals else None,
            "reach_at_most": left.high.value if kind.names_principals else None,
            "reach_alone": alone.low.value if kind.names_principals else None,
            "why": str(left.why) if left.low is not left.high else None,
            "witness": _witness(left),
        }
        for said, left, alone in pairs
    ]
    rows.write(columns, [[record[name] for name in columns] for record in records], format, out)


def write_linted(name: str, complaints: Sequence[Complaint], format: str, out: Out, console: Console) -> None:
    """What is wrong with a policy, statement by statement."""
    if format != "text":
        columns = [*_STATEMENT, "wrong", "text"]
        records = [
            {
                "policy": name,
                "statement": complaint.statement.index if complaint.statement else None,
                "sid": complaint.statement.sid if complaint.statement else None,
                "line": complaint.statement.line if complaint.statement else None,
                "wrong": complaint.wrong.value,
                "text": complaint.text,
            }
            for complaint in complaints
        ]
        rows.write(columns, [[record[name] for name in columns] for record in records], format, out)
        return
    console.print_line(f"{name}: {len(complaints) or 'nothing'} {'to mend' if complaints else 'wrong'}", bold=True)
    for complaint in complaints:
        where = f"{complaint.statement.name}: " if complaint.statement else ""
        console.print_line(f"{where}{complaint.text} ({complaint.wrong})", indent=2)


def write_compared(
    names: tuple[str, str],
    gains: Sequence[Gain],
    losses: Sequence[Gain],
    format: str,
    out: Out,
    console: Console,
) -> None:
    """Who gains by the second of two policies, and who loses."""
    both = [("gains", names[1], gain) for gain in gains] + [("loses", names[0], loss) for loss in losses]
    if format != "text":
        columns = ["who", *_STATEMENT, "reach", "reach_at_most", "why", "witness"]
        records = [
            {
                "who": who,
                "policy": name,
                "statement": gain.statement.index,
                "sid": gain.statement.sid,
                "line": gain.statement.line,
                "reach": gain.reached.low.value,
                "reach_at_most": gain.reached.high.value,
                "why": str(gain.reached.why) if gain.reached.low is not gain.reached.high else None,
                "witness": _witness(gain.reached),
            }
            for who, name, gain in both
        ]
        rows.write(columns, [[record[name] for name in columns] for record in records], format, out)
        return
    if not both:
        console.print_line("nobody gains, and nobody loses")
    for who, name, gain in both:
        console.print_line(f"{who}: {_range(gain.reached)}, by {gain.statement.name} of {name}", bold=True)
        if gain.reached.witness is not None:
            console.print_line(request_in_words(gain.reached.witness), indent=2)
        if gain.reached.low is not gain.reached.high:
            console.print_line(f"not known: {gain.reached.why}", indent=2)


def write_decided(
    name: str, request: Request, decision: Decision, format: str, out: Out, console: Console
) -> None:
    """What comes of a request, and which statements decide it."""
    if format == "json":
        told = {
            "policy": name,
            "request": request.plain,
            "outcome": decision.outcome.value,
            "allowing": [said.index for said in decision.allowing],
            "denying": [said.index for said in decision.denying],
            "why": None if decision.unknown is None else str(decision.unknown),
        }
        out.write(f"{json_text(told, indent=True)}\n")
        return
    console.print_line(f"{decision.outcome.value}: {request_in_words(request)}", bold=True)
    for verb, statements in (("allowed", decision.allowing), ("denied", decision.denying)):
        for said in statements:
            perhaps = "perhaps " if decision.unknown is not None else ""
            console.print_line(f"{perhaps}{verb} by {said.name}: {sentence(said)}", indent=2)
    if decision.unknown is not None:
        console.print_line(f"not known: {decision.unknown}", indent=2)


def write_permitted(
    action: str,
    resource: str,
    may: Sequence[May],
    outside: Sequence[Outside],
    format: str,
    out: Out,
    console: Console,
) -> None:
    """Who may do something, surely or perhaps, and by what; and whom the resource's own policy lets in."""
    if format != "text":
        columns = ["principal", "allowed", "because", *ALL_GUARDRAILS, "why", "witness"]
        records: list[list[Any]] = [
            [
                each.principal,
                None if isinstance(each.effective.allowed, Unknown) else True,
                [step_in_words(step) for step in each.effective.because],
                *(_guardrail(each.effective, name) for name in ALL_GUARDRAILS),
                str(each.effective.allowed) if isinstance(each.effective.allowed, Unknown) else None,
                None if each.witness is None else each.witness.plain,
            ]
            for each in may
        ]
        for statement in outside:
            reached = statement.reached
            known = reached.low is reached.high
            why = None if known else str(reached.why)
            by = [f"{statement.statement.name} of the resource's policy"]
            guardrails = ["none", str(statement.rcp), "none", str(statement.s3)]
            records.append([_range(reached), True if known else None, by, *guardrails, why, _witness(reached)])
        rows.write(columns, records, format, out)
        return
    console.print_line(f"{action} on {resource}", bold=True)
    for each in may:
        write_may(each.principal, each.effective, each.witness, console)
    for statement in outside:
        reached = statement.reached
        console.print_line(f"{_range(reached)}, by {statement.statement.name} of its policy", indent=2)
        if reached.low is not reached.high:
            console.print_line(f"not known: {reached.why}", indent=4)
        if reached.witness is not None:
            console.print_line(f"gets in: {request_in_words(reached.witness)}", indent=4)
    if not may and not outside:
        console.print_line("nobody of what was read", indent=2)
    told = [each.effective.guardrails.get("scp") for each in may] + [statement.rcp for statement in outside]
    if any(state is Guardrail.UNKNOWN for state in told):
        console.print_line(NOT_COUNTED, indent=2)


NOT_COUNTED: Final = "control policies of the organization that were not read are not counted"


def write_may(title: str, comes: Effective, witness: Request | None, console: Console) -> None:
    """Somebody who may, or perhaps: by what, and with which request where it hangs on what that carries."""
    unsure = isinstance(comes.allowed, Unknown)
    console.print_line(f"{'perhaps ' if unsure else ''}{title}", indent=2)
    for step in comes.because:
        console.print_line(step_in_words(step), indent=4)
    if isinstance(comes.allowed, Unknown):
        console.print_line(f"not known: {comes.allowed}", indent=4)
        if witness is not None:
            console.print_line(f"gets in: {request_in_words(witness)}", indent=4)


GUARDRAILS: Final = ("scp", "rcp", "boundary")
ALL_GUARDRAILS: Final = (*GUARDRAILS, "s3")


def _guardrail(comes: Effective, name: str) -> str:
    state = comes.guardrails.get(name)
    return state.value if state else "unknown"


def step_in_words(step: Because) -> str:
    """One step of an answer: its layer, what came of it, and by which statements."""
    by = f" by {', '.join(step.statements)}" if step.statements else ""
    of = f" of {step.policy}" if step.policy else ""
    reason = f": {step.reason}" if step.reason else ""
    return f"{step.layer}: {step.outcome.value}{by}{of}{reason}"
