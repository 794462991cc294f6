"""The status of patching: one row a resource, the worst first, and who patches one resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from demarcate.patching.structs import PatchState, PatchStatus
from demarcate.patching.whose import Share, Whose
from demarcate.report import rows
from demarcate.report.console import Console, Text
from demarcate.report.halves import PARTIES
from demarcate.report.out import Out

COLUMNS = [
    "kind",
    "name",
    "state",
    "party",
    "version",
    "newest",
    "behind_by",
    "support_ends",
    "window",
    "next_date",
    "next_action",
    "reasons",
    "account_id",
    "region",
    "resource",
    "table",
    "tags",
]

NEVER = date(9999, 12, 31)
"""The day that stands for an end that nobody has announced."""

ORDER = (PatchState.OVERDUE, PatchState.BEHIND, PatchState.UNKNOWN, PatchState.CURRENT)

_STYLES = {
    PatchState.OVERDUE: "bold red",
    PatchState.BEHIND: "yellow",
    PatchState.UNKNOWN: "bold yellow",
    PatchState.CURRENT: "green",
}

_SIGNS = {
    PatchState.OVERDUE: "×",
    PatchState.BEHIND: "!",
    PatchState.UNKNOWN: "?",
    PatchState.CURRENT: "✓",
}


def write(statuses: Sequence[PatchStatus], format: str, out: Out, console: Console) -> None:
    """Write them: for people grouped by state, for programs one row a resource with all that is known of it."""
    if format != "text":
        rows.write(COLUMNS, map(_record, statuses), format, out)
        return
    counts = Counter(status.state for status in statuses)
    console.print_line(
        f"{len(statuses):,} resource{'' if len(statuses) == 1 else 's'}: "
        + ", ".join(f"{counts[state]:,} {state.value}" for state in ORDER if counts[state])
        if statuses
        else "nothing to patch was found",
        bold=True,
    )
    for state in ORDER:
        held = [status for status in statuses if status.state is state]
        if held:
            console.print()
            console.print(Text(f"{state.value} ({len(held):,})", style=_STYLES[state]))
        for status in held:
            _print(console, status)


def _print(console: Console, status: PatchStatus) -> None:
    where = " ".join(filter(None, (status.account_id, status.region)))
    console.print_line(f"{_SIGNS[status.state]} {status.kind} {status.name or '(not read)'}  {where}", indent=0)
    facts = ", ".join(_facts(status))
    if facts:
        console.print_line(facts, indent=4)
    for reason in status.reasons:
        console.print_line(reason, indent=4)


def _facts(status: PatchStatus) -> Iterator[str]:
    if status.version:
        yield status.version
    if status.newest is not None and status.behind_by:
        yield f"{status.behind_by} behind {status.newest}"
    if status.support_ends is not None and status.support_ends < NEVER:
        yield f"support ends {status.support_ends}"
    if status.window:
        yield f"window {status.window}"
    if status.next_date is not None:
        yield f"{status.next_action or 'next'} {status.next_date:%Y-%m-%d %H:%M} UTC"
    if status.party is not None:
        yield f"patched by {PARTIES[status.party]}"


def _record(status: PatchStatus) -> list[Any]:
    told = {
        "kind": status.kind,
        "name": status.name,
        "state": status.state.value,
        "party": status.party,
        "version": status.version,
        "newest": status.newest,
        "behind_by": status.behind_by,
        "support_ends": status.support_ends,
        "window": status.window,
        "next_date": status.next_date,
        "next_action": status.next_action,
        "reasons": list(status.reasons),
        "account_id": status.account_id,
        "region": status.region,
        "resource": status.resource,
        "table": status.table,
        "tags": status.tags,
    }
    return [told[name] for name in COLUMNS]


WHO_COLUMNS = [
    "resource",
    "service",
    "managed_by",
    "party",
    "responsibility",
    "what",
    "applies",
    "because",
    "state",
    "told",
    "proof",
    "support_ends",
    "next_date",
    "next_action",
    "window",
]


def write_whose(
    shared: Sequence[Whose], dates: Iterable[PatchStatus], format: str, out: Out, console: Console
) -> None:
    """Write who patches a resource, what, by when, and what proves it; for programs one row a responsibility."""
    by_table = {status.table: status for status in dates}
    if format != "text":
        records = (
            _who_record(whose, share, by_table.get(whose.table)) for whose in shared for share in whose.shares
        )
        rows.write(WHO_COLUMNS, records, format, out)
        return
    for whose in shared:
        console.print()
        console.print_line(f"{whose.resource}  {whose.service}", bold=True)
        if whose.managed_by:
            console.print_line(f"Operated by {whose.managed_by}, which patches it.")
        for party, title in (("aws", "AWS patches"), ("customer", "You patch")):
            shares = [share for share in whose.shares if share.party == party]
            console.print()
            console.print(Text(title, style="bold"))
            for share in shares:
                _print_share(console, share)
            if not shares:
                console.print_line("nothing that its settings tell", indent=2)
        status = by_table.get(whose.table)
        if status is not None:
            console.print()
            console.print(Text("By when", style="bold"))
            for line in _by_when(status):
                console.print_line(line, indent=2)


def _print_share(console: Console, share: Share) -> None:
    console.print_line(f"{share.what}{'' if share.applies else '  ? cannot be told'}", indent=2)
    console.print_line(share.description, indent=4)
    if share.because:
        console.print_line(f"→ {share.because}", indent=4)
    if share.party == "customer" and share.state is not None:
        console.print_line(f"{share.state}: {share.told}" if share.told else share.state, indent=4)
    for proof in share.proof:
        console.print_line(f"proven by {proof}", indent=4)


def _by_when(status: PatchStatus) -> Iterator[str]:
    """The dates of a resource, and the reasons of its state."""
    yield f"{status.state.value}: {'; '.join(status.reasons)}" if status.reasons else status.state.value
    if status.next_date is not None:
        yield f"{status.next_action or 'next'}: {status.next_date:%Y-%m-%d %H:%M} UTC"
    if status.window:
        yield f"window: {status.window}"
    if status.support_ends is None:
        yield "end of support: not known"
    elif status.support_ends < NEVER:
        yield f"end of support: {status.support_ends}"
    else:
        yield "end of support: none is announced"


def _who_record(whose: Whose, share: Share, status: PatchStatus | None) -> list[Any]:
    dates = (
        [status.support_ends, status.next_date, status.next_action, status.window]
        if status is not None
        else [None, None, None, None]
    )
    return [
        whose.resource,
        whose.service,
        whose.managed_by or None,
        share.party,
        share.responsibility,
        share.what,
        share.applies,
        share.because,
        share.state,
        share.told or None,
        list(share.proof),
        *dates,
    ]
