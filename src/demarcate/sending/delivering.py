"""Deliver what waits for a destination: in order, one run at a time, until something must wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from demarcate.ledger.ledger import Held, Ledger
from demarcate.sending import outbox
from demarcate.sending.destinations import Destination, is_as_severe
from demarcate.sending.structs import SEVERITIES, Answer, Delivery, Later, Severity, Transport

ALONE = 3
"""After so many tries deliveries are sent one by one, so that one that a receiver cannot bear is known."""


@dataclass(slots=True)
class Outcome:
    """What became of a queue: how many were delivered and given up, how many wait, and why the first of them does."""

    delivered: int = 0
    dead: int = 0
    waiting: int = 0
    why: str = ""
    failed: bool = False


def deliver(
    ledger: Ledger,
    name: str,
    destination: Destination,
    transport: Transport,
    *,
    now: Callable[[], datetime],
    flush: bool = False,
) -> Outcome:
    """Deliver what is due. With `flush`, all that waits, whatever it waits for.

    Another run that is at the same destination is left to it. Raises LedgerError.
    """
    outcome = Outcome()
    try:
        with ledger.hold(f"send {name}") as still:
            tried: set[int] = set()
            while batch := _next(ledger, name, destination, transport, now(), outcome, flush=flush, tried=tried):
                still()
                if not _send(ledger, transport, batch, now(), outcome):
                    break
    except Held:
        outcome.why = "another run is sending to it"
    outcome.waiting = outbox.counts(ledger).get((name, outbox.WAITING), 0)
    return outcome


def _next(
    ledger: Ledger,
    name: str,
    destination: Destination,
    transport: Transport,
    moment: datetime,
    outcome: Outcome,
    *,
    flush: bool,
    tried: set[int],
) -> list[Delivery]:
    """What is sent next: nothing where what is first must wait."""
    urgent = None if flush else _allowed(destination, moment, outcome)
    queue = outbox.waiting(ledger, name, transport.most, urgent)
    if not queue:
        return []
    first = queue[0]
    if first.number in tried:  # it waits again: once a run is enough
        return []
    if not flush:
        if _moment(first.due) > moment:
            outcome.why = f"it is tried again at {first.due}"
            return []
        if destination.digest is not None:
            ready = _moment(first.added) + timedelta(minutes=destination.digest)
            if ready > moment:
                outcome.why = f"gathered until {ready:%Y-%m-%dT%H:%M:%SZ}"
                return []
    batch = queue[:1] if first.faults >= ALONE else queue
    tried.update(each.number for each in batch)
    return batch


def _allowed(destination: Destination, moment: datetime, outcome: Outcome) -> tuple[Severity, ...] | None:
    """The severities that are sent now: in quiet hours those that overtake the rest. None means all."""
    quiet = destination.quiet
    until = quiet.until(moment) if quiet is not None else None
    if quiet is None or until is None:
        return None
    outcome.why = f"quiet until {until:%Y-%m-%dT%H:%M:%SZ}"
    return tuple(severity for severity in SEVERITIES if is_as_severe(severity, quiet.but))


def _send(ledger: Ledger, transport: Transport, batch: list[Delivery], moment: datetime, outcome: Outcome) -> bool:
    """Send a batch, and write down what became of it; whether the next may be sent."""
    try:
        answer: Answer = transport.send(batch)
    except Later as later:
        alone = len(batch) == 1
        given_up = outbox.postpone(ledger, batch[0], str(later), moment, counts=later.counts, alone=alone)
        outcome.why, outcome.failed = str(later), True
        outcome.dead += given_up
        return given_up
    outbox.settle(ledger, batch, answer, moment)
    outcome.delivered += len(batch) - len(answer.refused) - len(answer.later)
    outcome.dead += len(answer.refused)
    if answer.refused or answer.later:
        outcome.failed = True
        outcome.why = next(iter([*answer.later.values(), *answer.refused.values()]))
    return not answer.later


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
