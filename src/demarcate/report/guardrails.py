"""Guardrails: what is proposed and what it would keep, for people and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from demarcate.guardrails.filling import Choices, Policy, missing, policies
from demarcate.guardrails.load import limits
from demarcate.guardrails.proposing import Proposal
from demarcate.guardrails.replaying import MOST, Outcome, Times, What
from demarcate.guardrails.structs import TITLES, TYPES, UNCOVERED, Guardrail
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.safe import counted, json_text


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


SHOWN: Final = 20
"""How many people's calls are shown of each kind, unless all are asked for."""

NEVER_TOLD: Final = (
    "What is not recorded cannot be tested: passing a role and tagging what is made are no calls of their own "
    "(iam:PassRole, ec2:CreateTags), and what a service does by itself may be in no trail."
)


def write_test(
    outcome: Outcome,
    console: Console,
    *,
    others: int,
    management: str | None,
    full: bool = False,
    of: str = "calls",
) -> None:
    """Who would have been denied what, what is not known of, and what the test says nothing of.

    `of` is what the policy is for: calls of accounts, or their resources.
    """
    calls = outcome.calls
    span = f" from {_short(calls.first)} to {_short(calls.last)}" if calls.count else ""
    console.print_line(f"{counted(calls.count, 'call')}{span}", bold=True)
    console.print_line(
        f"{outcome.denied_count:,} denied, {outcome.unknown_count:,} not known, {outcome.allowed:,} not denied"
    )
    for count, told in (
        (outcome.refused, "were refused then, too"),
        (outcome.elsewhere, "are of other accounts"),
        (outcome.again, "are recorded a second time"),
        *((count, f"are by {who}, whom no such policy binds") for who, count in sorted(outcome.free.items())),
    ):
        if count:
            console.print_line(f"{count:,} {told}", indent=2)
    _groups("denied", outcome.denied, outcome.denied_more, console, full=full)
    _groups("not known", outcome.unknown, outcome.unknown_more, console, full=full)
    console.print()
    console.print_line("statements", bold=True)
    for name, count in outcome.statements.items():
        console.print_line(f"{name}: {counted(count, 'call')} that it denies or may deny", indent=2)
    console.print()
    for told in _untold(outcome, others, management, of):
        console.print_line(told)


def _groups(title: str, groups: Mapping[What, Times], more: int, console: Console, *, full: bool) -> None:
    if not groups:
        return
    people: dict[tuple[str, str], list[tuple[What, Times]]] = {}
    for what, times in groups.items():
        people.setdefault((what.principal, what.account), []).append((what, times))
    ordered = sorted(people.items(), key=lambda pair: (-sum(times.count for _, times in pair[1]), pair[0]))
    console.print()
    console.print_line(f"{title} ({sum(times.count for times in groups.values()) + more:,})", bold=True)
    for (principal, account), of in ordered[: None if full else SHOWN]:
        console.print_line(f"{principal} ({account or 'no account'})", indent=2)
        for what, times in sorted(of, key=lambda pair: (-pair[1].count, pair[0].event, pair[0].statement)):
            when = (
                _short(times.first)
                if times.first == times.last
                else f"{_short(times.first)} to {_short(times.last)}"
            )
            count = "once" if times.count == 1 else f"{times.count:,} times"
            console.print_line(f"{what.event}: {count}, {when}, by {what.statement}", indent=4)
            if what.unknown:
                console.print_line(f"not known: {what.unknown}", indent=6)
    if not full and len(ordered) > SHOWN:
        console.print_line(f"… and {len(ordered) - SHOWN:,} more: --full shows them", indent=2)
    if more:
        console.print_line(
            f"{more:,} calls beyond {MOST:,} kinds of them are counted, and not told apart", indent=2
        )


def _untold(outcome: Outcome, others: int, management: str | None, of: str) -> Sequence[str]:
    """What the test says nothing of."""
    told = [NEVER_TOLD]
    if not outcome.data_events:
        told.append(
            "There are no data events here: of objects that are read or functions that are invoked nothing is known."
        )
    if of == "boundary":
        told.append(
            "What the policy of a resource allows to a user or a session of a role itself, no boundary denies for want "
            "of a statement."
        )
    elif management is None:
        told.append(
            f"{of.capitalize()} of the management account are not bound: name it with --management-account."
        )
    if others:
        told.append(f"{others} statements allow: what the policy leaves out of them is not tested.")
    return told


def write_test_json(outcome: Outcome, out: Out, *, others: int, management: str | None, of: str = "calls") -> None:
    """The same as one JSON document."""
    document = {
        "calls": {"count": outcome.calls.count, "first": outcome.calls.first, "last": outcome.calls.last},
        "denied": outcome.denied_count,
        "unknown": outcome.unknown_count,
        "allowed": outcome.allowed,
        "refused": outcome.refused,
        "elsewhere": outcome.elsewhere,
        "again": outcome.again,
        "free": outcome.free,
        "no_calls": outcome.no_calls,
        "data_events": outcome.data_events,
        "statements": outcome.statements,
        "who": [
            {
                "outcome": name,
                "principal": what.principal,
                "account": what.account,
                "event": what.event,
                "statement": what.statement,
                "unknown": what.unknown or None,
                "count": times.count,
                "first": times.first,
                "last": times.last,
                "regions": sorted(times.regions),
            }
            for name, groups in (("denied", outcome.denied), ("unknown", outcome.unknown))
            for what, times in groups.items()
        ],
        "untold": list(_untold(outcome, others, management, of)),
        "problems": [str(problem) for problem in outcome.problems],
    }
    out.write(json_text(document) + "\n")


def _short(moment: str) -> str:
    return moment[:16].replace("T", " ")
