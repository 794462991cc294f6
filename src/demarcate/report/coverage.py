"""What is logged: each kind of log by account and region, where it lies, until when it came, who may delete it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import msgspec

from demarcate.logs.coverage.covering import Covered, Destination
from demarcate.report import rows
from demarcate.report.console import Console
from demarcate.report.out import Out
from demarcate.report.safe import json_text

_SHOWN: Final = 5
"""How many resources or principals are named on a terminal."""

COLUMNS: Final = (
    *("account_id", "region", "source", "resources", "on", "off", "not_known"),
    *("place", "name", "place_account_id", "place_region", "received_until", "receives", "kept_days", "immutable"),
    *(
        "deleters",
        "perhaps_deleters",
        "writers_that_read",
        "perhaps_writers_that_read",
        "other_account",
        "why_not_known",
    ),
)


def write(told: Sequence[Covered], format: str, out: Out, console: Console) -> None:
    """Every kind in every region that has a resource of it. What is not known says why."""
    if format == "text":
        _text(told, console)
    elif format == "json":
        out.write(json_text([_plain(each) for each in told]) + "\n")
    else:
        rows.write(COLUMNS, (row for each in told for row in _rows(each)), format, out)


def _plain(each: Covered) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(each)
    return {**plain, "account_id": each.account_id or None, "region": each.region or None}


def _rows(each: Covered) -> Iterator[list[Any]]:
    """A row for each place; one without a place where there is none."""
    why = [f"{said.resource}: {said.reason}" if said.resource else said.reason for said in each.unknown]
    told = [
        each.account_id or None,
        each.region or None,
        each.source,
        each.resources,
        each.on,
        list(each.off),
        why,
    ]
    for place in each.destinations:
        yield [
            *told,
            *(place.place, place.name, place.account_id, place.region, place.received_until),
            *(place.receives, place.kept_days, place.immutable, place.deleters, place.perhaps_deleters),
            *(place.writers_that_read, place.perhaps_writers_that_read, place.other_account),
            [f"{name}: {reason}" for name, reason in place.unknown.items()],
        ]
    if not each.destinations:
        yield [*told, *[None] * 6, each.kept_by_service, *[None] * 7]


# --- for people -------------------------------------------------------------------------------------------


def _text(told: Sequence[Covered], console: Console) -> None:
    for (account, region), of in groupby(told, lambda each: (each.account_id, each.region)):
        where = ", ".join(part for part in (f"account {account}" if account else "", region) if part)
        console.print_line(where or "what was read", bold=True)
        for each in of:
            _source(each, console)
    if not told:
        console.print_line("nothing that is logged was read")


def _source(each: Covered, console: Console) -> None:
    kept = f", kept {each.kept_by_service} days" if each.kept_by_service else ""
    counts = f"on for {each.on} of {each.resources}" if each.resources else "not all was read"
    console.print_line(f"{each.title}: {counts}{kept}", indent=2)
    if each.off:
        console.print_line(f"off: {_named(each.off)}", indent=4)
    for reason, said in groupby(sorted(each.unknown, key=lambda why: why.reason), lambda why: why.reason):
        names = [why.resource for why in said if why.resource]
        console.print_line(f"unknown: {_named(names)}{': ' if names else ''}{reason}", indent=4)
    alike: dict[tuple[str, ...], list[Destination]] = {}
    for place in each.destinations:
        alike.setdefault((place.place, *_lines(place)), []).append(place)
    for (kind, *lines), places in alike.items():
        console.print_line(f"{kind} {_named(place.name for place in places)}", indent=4)
        for line in (*_received(places), *lines):
            console.print_line(line, indent=6)


def _received(places: Sequence[Destination]) -> Iterator[str]:
    """Until when logs came to places, and to which nothing did."""
    moments = sorted(place.received_until for place in places if isinstance(place.received_until, datetime))
    if moments:
        first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in (moments[0], moments[-1]))
        yield f"received until {last}" if first == last else f"received until {first} to {last}"
    late = [place.name for place in places if place.receives is False and place.received_until]
    if late:
        yield f"fell silent: {_named(late)}, for two days or more"
    silent = [place.name for place in places if place.received_until == ""]
    if silent:
        yield "nothing was received" if len(silent) == len(places) else f"nothing was received by {_named(silent)}"


def _lines(place: Destination) -> Iterator[str]:
    """What is known of a place but until when logs came, in lines; then what is not, one for each reason."""
    if place.kept_days is not None:
        yield f"kept {place.kept_days} days" if place.kept_days else "never expires"
    if place.immutable is not None:
        yield (
            f"kept from being deleted by {place.immutable}"
            if place.immutable
            else "nothing keeps it from deletion"
        )
    if place.deleters is not None:
        yield f"may delete: {_people(place.deleters, place.perhaps_deleters or ())}"
    if place.writers_that_read is not None:
        yield f"may write and read: {_people(place.writers_that_read, place.perhaps_writers_that_read or ())}"
    if place.other_account is not None:
        yield "in another account" if place.other_account else "in the same account"
    for reason in dict.fromkeys(place.unknown.values()):
        names = [name.replace("_", " ") for name, said in place.unknown.items() if said == reason]
        yield f"unknown {', '.join(names)}: {reason}"


def _people(surely: Sequence[str], perhaps: Sequence[str]) -> str:
    more = f"{len(perhaps)} perhaps" if perhaps else ""
    return "; ".join(part for part in (_named(surely), more) if part) or "nobody that was read"


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
