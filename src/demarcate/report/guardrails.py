"""Guardrails: what is proposed and what it would keep, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demarcate.guardrails.filling import Choices, Policy, missing, policies
from demarcate.guardrails.load import limits
from demarcate.guardrails.proposing import Proposal
from demarcate.guardrails.structs import TITLES, TYPES, UNCOVERED, Guardrail
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.safe import json_text


def write(proposals: Sequence[Proposal], choices: Choices, console: Console, *, full: bool = False) -> None:
    """What is proposed, by kind: what it keeps, whom it can hurt, what it leaves open; with `full` also what is not."""
    chosen = [proposal for proposal in proposals if proposal.proposed]
    console.print_line(f"{len(chosen)} of {len(proposals)} guardrails would keep what is so here", bold=True)
    for kind, title in TITLES.items():
        mine = [proposal for proposal in chosen if proposal.guardrail.kind == kind]
        if not mine:
            continue
        console.print()
        console.print_line(f"{title} ({len(mine)})", bold=True)
        for proposal in mine:
            _proposal(proposal, choices, console)
        console.print_line(f"none of these reaches {UNCOVERED[kind]}", indent=2)
    _sizes(packed(chosen, choices), console)
    if full:
        _left(proposals, console)


def _proposal(proposal: Proposal, choices: Choices, console: Console) -> None:
    guardrail = proposal.guardrail
    console.print_line(f"{guardrail.id}: {guardrail.title}", indent=2)
    kept = [f"{name} (met)" for name in proposal.met]
    kept += [f"{check} ({count:,} pass)" for check, count in proposal.passing.items()]
    console.print_line(f"keeps {', '.join(kept)}", indent=4)
    console.print_line(f"hurts: {guardrail.hurts}", indent=4)
    console.print_line(f"leaves open: {guardrail.uncovered}", indent=4)
    if guardrail.locks_out:
        console.print_line("may lock somebody out", indent=4)
    for name in missing(guardrail, choices):
        console.print_line(f"needs --set {name}=…: {guardrail.parameters[name].about}", indent=4)


def _sizes(made: Sequence[Policy], console: Console) -> None:
    if made:
        console.print()
        console.print_line(f"as {len(made)} {'policy' if len(made) == 1 else 'policies'}", bold=True)
    for kind in dict.fromkeys(policy.kind for policy in made):
        sizes = [len(policy.text) for policy in made if policy.kind == kind]
        limit = limits()[kind]
        told = ", ".join(f"{size:,}" for size in sizes)
        console.print_line(f"{TITLES[kind]}: {told} of {limit.characters:,} characters", indent=2)
        if len(sizes) > limit.attached:
            console.print_line(f"AWS attaches {limit.attached} of them to one target at most", indent=4)


def _left(proposals: Sequence[Proposal], console: Console) -> None:
    left = [proposal for proposal in proposals if not proposal.proposed]
    console.print()
    console.print_line(f"not proposed ({len(left)})", bold=True)
    for proposal in left:
        console.print_line(f"{proposal.guardrail.id}: {proposal.why_not}", indent=2)


def packed(chosen: Sequence[Proposal], choices: Choices) -> list[Policy]:
    """The policies of what is proposed, but for what waits for a value."""
    return policies([item.guardrail for item in chosen if not missing(item.guardrail, choices)], choices)


def write_json(proposals: Sequence[Proposal], choices: Choices, out: Out) -> None:
    """All guardrails with what is proposed, and the policies that they make."""
    chosen = [proposal for proposal in proposals if proposal.proposed]
    document = {
        "guardrails": [
            {
                **_told(proposal.guardrail),
                "proposed": proposal.proposed,
                "why_not": proposal.why_not,
                "met": proposal.met,
                "passing": proposal.passing,
                "failing": proposal.failing,
                "missing": missing(proposal.guardrail, choices),
            }
            for proposal in proposals
        ],
        "policies": [
            {
                "name": policy.name,
                "type": TYPES[policy.kind],
                "guardrails": [guardrail.id for guardrail in policy.guardrails],
                "characters": len(policy.text),
                "most": limits()[policy.kind].characters,
                "content": policy.text,
            }
            for policy in packed(chosen, choices)
        ],
    }
    out.write(json_text(document) + "\n")


def _told(guardrail: Guardrail) -> dict[str, Any]:
    return {
        "id": guardrail.id,
        "kind": guardrail.kind,
        "title": guardrail.title,
        "control": guardrail.control or None,
        "keeps": guardrail.keeps,
        "checks": guardrail.checks,
        "hurts": guardrail.hurts,
        "uncovered": [guardrail.uncovered, UNCOVERED[guardrail.kind]],
        "locks_out": guardrail.locks_out,
        "source": guardrail.source,
    }


def write_one(guardrail: Guardrail, console: Console) -> None:
    """All that is known of one guardrail but its policy."""
    console.print_line(f"{guardrail.id} ({guardrail.kind})", bold=True)
    console.print_line(guardrail.title)
    for title, told in {
        "keeps": ", ".join(guardrail.keeps),
        "checks": ", ".join(guardrail.checks),
        "hurts": guardrail.hurts,
        "leaves open": f"{guardrail.uncovered} And {UNCOVERED[guardrail.kind]}.",
        "control": guardrail.control,
        "risk": "may lock somebody out" if guardrail.locks_out else "",
        "source": guardrail.source,
    }.items():
        if told:
            console.print_line(f"{title}: {told}", indent=2)
    for name, parameter in guardrail.parameters.items():
        default = f" (default: {', '.join(parameter.default)})" if parameter.default else ""
        console.print_line(f"--set {name}=…: {parameter.about}{default}", indent=2)


def listed(guardrails: Sequence[Guardrail]) -> tuple[list[str], list[list[Any]]]:
    """Guardrails as columns and rows."""
    columns = ["guardrail", "kind", "keeps", "checks", "parameters", "title"]
    return columns, [
        [
            guardrail.id,
            guardrail.kind,
            list(guardrail.keeps),
            list(guardrail.checks),
            list(guardrail.parameters),
            guardrail.title,
        ]
        for guardrail in guardrails
    ]
