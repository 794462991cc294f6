"""Policies: each statement in a sentence with how far it reaches, what is wrong, who gains, what comes of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from demarcate.access.comparing import Gain
from demarcate.access.evaluating import Decision, Request
from demarcate.access.linting import Complaint
from demarcate.access.reach import Reached, Reading
from demarcate.access.statements import Policy, PolicyKind
from demarcate.access.wording import request_in_words, sentence
from demarcate.report import rows
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.safe import json_text

_STATEMENT: Final = ["policy", "statement", "sid", "line"]


def range_of(reached: Reached) -> str:
    low, high = reached.low.value, reached.high.value
    return low if low == high else f"{low} to {high}"


def witness_of(reached: Reached) -> Any:
    return None if reached.witness is None else reached.witness.plain


def write_explained(
    policies: Sequence[tuple[str, PolicyKind, Policy, Reading]], format: str, out: Out, console: Console
) -> None:
    """Each statement of some policies: what it says, how far it reaches, and a request that gets in."""
    if format == "text":
        for name, kind, policy, reading in policies:
            _explain(name, policy, kind, reading, console)
        return
    columns = [*_STATEMENT, "kind", "effect", "says", "reach", "reach_at_most", "reach_alone", "why", "witness"]
    records: list[dict[str, Any]] = []
    for name, kind, policy, reading in policies:
        if policy.unknown is not None and not policy.statements:
            records.append({"policy": name, "kind": kind.value, "why": str(policy.unknown)})
        for said, left, alone in zip(policy.statements, reading.left, reading.alone, strict=True):
            records.append(
                {
                    "policy": name,
                    "statement": said.index,
                    "sid": said.sid,
                    "line": said.line,
                    "kind": kind.value,
                    "effect": said.effect,
                    "says": sentence(said),
                    "reach": left.low.value if kind.names_principals else None,
                    "reach_at_most": left.high.value if kind.names_principals else None,
                    "reach_alone": alone.low.value if kind.names_principals else None,
                    "why": str(left.why) if left.low is not left.high else None,
                    "witness": witness_of(left),
                }
            )
    rows.write(columns, [[record.get(name) for name in columns] for record in records], format, out)


def _explain(name: str, policy: Policy, kind: PolicyKind, reading: Reading, console: Console) -> None:
    console.print_line(f"{name} ({kind})", bold=True)
    if policy.unknown is not None:
        console.print_line(f"not known: {policy.unknown}", indent=2)
    for said, left, alone in zip(policy.statements, reading.left, reading.alone, strict=True):
        console.print_line(f"{said.name}: {sentence(said)}", indent=2)
        if not kind.names_principals:
            continue
        console.print_line(f"reaches {range_of(left)}", indent=4)
        if alone.low is not left.low:
            console.print_line(f"by itself, without the Denies: {range_of(alone)}", indent=4)
        if left.low is not left.high:
            console.print_line(f"not known: {left.why}", indent=4)
        if left.witness is not None:
            console.print_line(f"gets in: {request_in_words(left.witness)}", indent=4)


def write_linted(
    name: str, wrong: Sequence[tuple[str, Complaint]], format: str, out: Out, console: Console
) -> None:
    """What is wrong with a policy, or with those of a template, statement by statement."""
    if format != "text":
        columns = [*_STATEMENT, "wrong", "text"]
        records = [
            {
                "policy": policy,
                "statement": complaint.statement.index if complaint.statement else None,
                "sid": complaint.statement.sid if complaint.statement else None,
                "line": complaint.statement.line if complaint.statement else None,
                "wrong": complaint.wrong.value,
                "text": complaint.text,
            }
            for policy, complaint in wrong
        ]
        rows.write(columns, [[record[name] for name in columns] for record in records], format, out)
        return
    console.print_line(f"{name}: {len(wrong) or 'nothing'} {'to mend' if wrong else 'wrong'}", bold=True)
    for policy, complaint in wrong:
        of = "" if policy == name else f"{policy}: "
        where = f"{complaint.statement.name}: " if complaint.statement else ""
        console.print_line(f"{of}{where}{complaint.text} ({complaint.wrong})", indent=2)


@dataclass(frozen=True, slots=True)
class Compared:
    """Who gains by a policy that takes the place of another, or loses: by the statement of the policy that lets it in.

    `whoever` says whose policy it is, where it names no principals.
    """

    policy: str
    gain: Gain
    loses: bool = False
    whoever: str = ""

    @property
    def whom(self) -> str:
        """Who that is."""
        return self.whoever or range_of(self.gain.reached)


def write_compared(told: Sequence[Compared], format: str, out: Out, console: Console) -> None:
    """Who gains by the second of two policies, and who loses."""
    both = [("loses" if each.loses else "gains", each.policy, each.gain) for each in told]
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
                "witness": witness_of(gain.reached),
            }
            for who, name, gain in both
        ]
        rows.write(columns, [[record[name] for name in columns] for record in records], format, out)
        return
    if not both:
        console.print_line("nobody gains, and nobody loses")
    for compared, (who, name, gain) in zip(told, both, strict=True):
        perhaps = "perhaps " if compared.whoever and gain.reached.low is not gain.reached.high else ""
        console.print_line(f"{perhaps}{who}: {compared.whom}, by {gain.statement.name} of {name}", bold=True)
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
    if format != "text":
        columns = ["policy", *request.plain, "outcome", "allowing", "denying", "why"]
        why = None if decision.unknown is None else str(decision.unknown)
        by = [[said.name for said in statements] for statements in (decision.allowing, decision.denying)]
        rows.write(columns, [[name, *request.plain.values(), decision.outcome.value, *by, why]], format, out)
        return
    console.print_line(f"{decision.outcome.value}: {request_in_words(request)}", bold=True)
    for verb, statements in (("allowed", decision.allowing), ("denied", decision.denying)):
        for said in statements:
            perhaps = "perhaps " if decision.unknown is not None else ""
            console.print_line(f"{perhaps}{verb} by {said.name}: {sentence(said)}", indent=2)
    if decision.unknown is not None:
        console.print_line(f"not known: {decision.unknown}", indent=2)
