"""Who may do what: users and roles for one resource, and actions for one principal, each by which statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from msgspec.structs import replace

from demarcate.access.effective import Effective, Guardrail
from demarcate.access.evaluating import Request
from demarcate.access.wording import request_in_words
from demarcate.estate.schema.unknown import Unknown
from demarcate.permitted.asking import May
from demarcate.permitted.holders import TOLD
from demarcate.permitted.listing import Can
from demarcate.permitted.outside import Outside
from demarcate.report import rows
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.policies import range_of, witness_of


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
                each.effective.steps,
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
            by = [statement.by]
            guardrails = ["none", str(statement.rcp), "none", str(statement.s3)]
            records.append([range_of(reached), True if known else None, by, *guardrails, why, witness_of(reached)])
        rows.write(columns, records, format, out)
        return
    console.print_line(f"{action} on {resource}", bold=True)
    for each in may:
        write_may(each.principal, each.effective, each.witness, console)
    for statement in outside:
        reached = statement.reached
        console.print_line(f"{range_of(reached)}, by {statement.by}", indent=2)
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
    steps = comes.steps
    for step in steps:
        console.print_line(step, indent=4)
    if isinstance(comes.allowed, Unknown):
        if not any(str(comes.allowed) in step for step in steps):
            console.print_line(f"not known: {comes.allowed}", indent=4)
        if witness is not None:
            console.print_line(f"gets in: {_in_words(witness)}", indent=4)


def _in_words(witness: Request) -> str:
    """A request of a principal that gets in, with what it carries besides what all of its requests do."""
    carried = {key: given for key, given in witness.context.items() if key not in TOLD}
    return request_in_words(replace(witness, context=carried))


GUARDRAILS: Final = ("scp", "rcp", "boundary")
ALL_GUARDRAILS: Final = (*GUARDRAILS, "s3")


def _guardrail(comes: Effective, name: str) -> str:
    state = comes.guardrails.get(name)
    return state.value if state else "unknown"


# --- what somebody may do -----------------------------------------------------------------------------------

MOST_NAMED: Final = 4
"""How many actions of a line are named; of the others it is said how many they are."""


def write_allowed(principal: str, cans: Sequence[Can], format: str, out: Out, console: Console) -> None:
    """What somebody may do, by service and access level, on which resources, surely or perhaps, and by what."""
    if format != "text":
        columns = [
            *("principal", "service", "level", "actions", "resource", "whole", "allowed", "because"),
            *(*ALL_GUARDRAILS, "why", "witness"),
        ]
        rows.write(columns, (_record(principal, can) for can in cans), format, out)
        return
    console.print_line(principal, bold=True)
    ordered = sorted(cans, key=lambda can: (can.service, can.level))
    for service, of_it in groupby(ordered, key=lambda can: can.service):
        console.print_line("actions that are not known" if service == "*" else service, indent=2)
        before: list[str] = []
        for can in of_it:
            console.print_line(_line(can), indent=4)
            by = list(_by(can))
            for line in by if by != before else ():
                console.print_line(line, indent=6)
            before = by
    if not cans:
        console.print_line("nothing of what was read", indent=2)
    if any(can.effective.guardrails.get("scp") is Guardrail.UNKNOWN for can in cans):
        console.print_line(NOT_COUNTED, indent=2)


def _line(can: Can) -> str:
    names = [name.partition(":")[2] for name in can.actions]
    if len(names) > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} others"]
    perhaps = "perhaps " if isinstance(can.effective.allowed, Unknown) else ""
    some = "" if can.whole else "some of "
    level = f"{can.level}: " if can.level else ""
    return f"{perhaps}{level}{', '.join(names) or 'whatever it allows'} on {some}{can.resource}"


def _by(can: Can) -> Iterator[str]:
    """By what it may: told once for several lines that have it in common."""
    allowed = can.effective.allowed
    yield from can.effective.steps
    if isinstance(allowed, Unknown):
        yield f"not known: {allowed}"
    if can.witness is not None and (isinstance(allowed, Unknown) or not can.whole):
        carried = {key: given for key, given in can.witness.context.items() if key not in TOLD}
        told = [f"{key} = {', '.join(given)}" if given else f"no {key}" for key, given in carried.items()]
        yield f"gets in: on {can.witness.resource}{', with ' if told else ''}{'; '.join(told)}"


def _record(principal: str, can: Can) -> list[Any]:
    allowed = can.effective.allowed
    unsure = isinstance(allowed, Unknown)
    return [
        *(principal, can.service, can.level, list(can.actions), can.resource, can.whole),
        None if unsure else True,
        can.effective.steps,
        *(_guardrail(can.effective, name) for name in ALL_GUARDRAILS),
        str(allowed) if unsure else None,
        None if can.witness is None else can.witness.plain,
    ]
