"""The outbox: a queue of each destination in the ledger's database, in which nothing is lost.

An item is told once in each state that it comes to, and a detection again when it has grown. What was enqueued is
there until it was taken: a run that is killed after a receiver took something, and before that was written down, sends
it once more, under the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from demarcate.base.encoding import from_json, to_json
from demarcate.base.moments import utc
from demarcate.ledger.ledger import Ledger
from demarcate.sending.growing import has_grown, updated
from demarcate.sending.structs import Answer, Delivery, Item, plain

WAITING: Final = "waiting"
DELIVERED: Final = "delivered"
DEAD: Final = "dead"

MOST_FAULTS: Final = 20
"""How often a delivery is tried that a receiver which is there answers with an error, or not at all."""

LONGEST: Final = timedelta(hours=1)
"""How long is waited between two tries at most."""

_AT_ONCE: Final = 500
"""How many items are looked up in one transaction, so that nobody else waits for long."""

_CLOSING: Final = ("resolved", "waived")
"""States that are told only of what was told before."""


@dataclass(frozen=True, slots=True)
class Line:
    """A delivery that is not settled, as it is listed."""

    number: int
    destination: str
    status: str
    item: str
    state: str
    severity: str
    attempts: int
    added: str
    due: str
    why: str


def _text(moment: datetime) -> str:
    return utc(moment).isoformat(timespec="seconds").replace("+00:00", "Z")


def _table() -> Any:
    from demarcate.ledger.tables import DELIVERIES

    return DELIVERIES


def key_of(item: str, state: str, revision: int) -> str:
    """The idempotency key of the n-th state that a destination is told of an item."""
    return hashlib.sha256(to_json([item, state, revision])).hexdigest()[:32]


def enqueue(ledger: Ledger, destination: str, items: Iterable[Item], now: datetime, *, grown: bool = True) -> int:
    """Put into a queue what a destination was not told yet; how many that is.

    What was told of a later moment is not told of an earlier one. Without `grown`, a detection is not told again when
    it has more events than it had.
    """
    added, batch = 0, []
    for item in items:
        batch.append(item)
        if len(batch) == _AT_ONCE:
            added += _enqueue(ledger, destination, batch, now, grown)
            batch = []
    return added + (_enqueue(ledger, destination, batch, now, grown) if batch else 0)


def _enqueue(ledger: Ledger, destination: str, items: Sequence[Item], now: datetime, grown: bool) -> int:
    table = _table()

    def work(connection: Connection) -> int:
        added = 0
        last = _last(connection, destination, [item.id for item in items])
        for item in items:
            before = last.get(item.id)
            if before is None and item.state in _CLOSING:
                continue
            if before is not None and before[2] > item.moment:
                continue
            if before is not None and before[1] == item.state:
                if not (grown and item.kind == "detection" and has_grown(item, from_json(before[3], Item))):
                    continue
                item = updated(item)
            revision = 1 if before is None else before[0] + 1
            body = to_json(item).decode()
            connection.execute(
                insert(table).values(
                    destination=destination,
                    item=item.id,
                    revision=revision,
                    key=key_of(item.id, item.state, revision),
                    state=item.state,
                    severity=item.severity,
                    moment=item.moment,
                    status=WAITING,
                    attempts=0,
                    faults=0,
                    added=_text(now),
                    due=_text(now),
                    why="",
                    body=body,
                )
            )
            connection.execute(
                delete(table).where(
                    table.c.destination == destination,
                    table.c.item == item.id,
                    table.c.status == DELIVERED,
                    table.c.revision < revision,
                )
            )
            last[item.id] = (revision, item.state, item.moment, body)
            added += 1
        return added

    return ledger.arrange(work)


def _last(connection: Connection, destination: str, ids: Sequence[str]) -> dict[str, tuple[int, str, str, str]]:
    """The last revision, state, moment and body of items that a destination was told, or is to be."""
    table = _table()
    rows = connection.execute(
        select(table.c.item, table.c.revision, table.c.state, table.c.moment, table.c.body)
        .where(table.c.destination == destination, table.c.item.in_(ids))
        .order_by(table.c.revision)
    )
    return {item: (revision, state, moment, body) for item, revision, state, moment, body in rows}


def standing(ledger: Ledger, destination: str) -> Iterator[Item]:
    """The items that a destination knows as open or unknown, as they were told last."""
    table = _table()
    newest = (
        select(table.c.item, func.max(table.c.revision).label("revision"))
        .where(table.c.destination == destination)
        .group_by(table.c.item)
        .subquery()
    )
    chosen = (
        select(table.c.body)
        .join(newest, (table.c.item == newest.c.item) & (table.c.revision == newest.c.revision))
        .where(table.c.destination == destination, table.c.state.not_in(_CLOSING))
        .order_by(table.c.number)
    )
    for (body,) in ledger.look(lambda connection: connection.execute(chosen).all()):
        yield from_json(body, Item)


def waiting(
    ledger: Ledger, destination: str, most: int, severities: Sequence[str] | None = None
) -> list[Delivery]:
    """The next deliveries of a destination, in order: of these severities, or all."""
    table = _table()
    chosen = (
        select(
            *(table.c.number, table.c.key, table.c.body, table.c.attempts),
            *(table.c.faults, table.c.added, table.c.due),
        )
        .where(table.c.destination == destination, table.c.status == WAITING)
        .order_by(table.c.number)
        .limit(most)
    )
    if severities is not None:
        chosen = chosen.where(table.c.severity.in_(severities))
    rows = ledger.look(lambda connection: connection.execute(chosen).all())
    return [
        Delivery(number, key, from_json(body, Item), attempts, faults, added, due)
        for number, key, body, attempts, faults, added, due in rows
    ]


def settle(ledger: Ledger, sent: Sequence[Delivery], answer: Answer, now: datetime) -> None:
    """Write down what a receiver took and refused; what is to be tried later waits."""
    table = _table()
    refused, later = answer.refused, answer.later
    taken = [each.number for each in sent if each.number not in refused and each.number not in later]

    def work(connection: Connection) -> None:
        if taken:
            connection.execute(
                update(table).where(table.c.number.in_(taken)).values(status=DELIVERED, due=_text(now), why="")
            )
        for number, why in refused.items():
            connection.execute(
                update(table)
                .where(table.c.number == number)
                .values(status=DEAD, attempts=table.c.attempts + 1, due=_text(now), why=plain(why))
            )

    ledger.arrange(work)
    for each in sent:
        if each.number in later:
            postpone(ledger, each, later[each.number], now, counts=True, alone=True)


def postpone(ledger: Ledger, first: Delivery, why: str, now: datetime, *, counts: bool, alone: bool) -> bool:
    """Have a delivery wait, longer each time; where it was sent alone and failed often enough, give it up: whether so.

    What does not count is no fault of the delivery.
    """
    table = _table()
    attempts, faults = first.attempts + 1, first.faults + counts
    dead = counts and alone and faults >= MOST_FAULTS
    due = now + min(LONGEST, timedelta(seconds=5 * 2.0 ** min(attempts - 1, 12)))
    values: Mapping[str, Any] = {
        "status": DEAD if dead else WAITING,
        "attempts": attempts,
        "faults": faults,
        "due": _text(now if dead else due),
        "why": plain(why),
    }
    wait = update(table).where(table.c.number == first.number).values(values)
    ledger.arrange(lambda connection: connection.execute(wait))
    return dead


def lines(ledger: Ledger, destinations: Sequence[str] = (), *, dead: bool = False) -> list[Line]:
    """What is not delivered, by destination and in order; with `dead`, only what was given up."""
    table = _table()
    names = list(Line.__dataclass_fields__)
    chosen = (
        select(*(table.c[name] for name in names))
        .where(table.c.status == DEAD if dead else table.c.status != DELIVERED)
        .order_by(table.c.destination, table.c.number)
    )
    if destinations:
        chosen = chosen.where(table.c.destination.in_(destinations))
    return [Line(*row) for row in ledger.look(lambda connection: connection.execute(chosen).all())]


def retry(ledger: Ledger, numbers: Sequence[int], destinations: Sequence[str], now: datetime) -> int:
    """Have what was given up wait again, at the place that it had; how many that are. None named means all.

    What has another state since is dropped: that one is told, and an older one after it would be wrong.
    """
    table = _table()
    chosen = [table.c.status == DEAD]
    if numbers:
        chosen.append(table.c.number.in_(numbers))
    if destinations:
        chosen.append(table.c.destination.in_(destinations))
    later = table.alias()
    same = (later.c.destination == table.c.destination) & (later.c.item == table.c.item)
    is_old = exists().where(same & (later.c.revision > table.c.revision))

    def work(connection: Connection) -> int:
        connection.execute(delete(table).where(*chosen, is_old))
        again = update(table).where(*chosen).values(status=WAITING, attempts=0, faults=0, due=_text(now), why="")
        return connection.execute(again).rowcount

    return ledger.arrange(work)


def counts(ledger: Ledger) -> dict[tuple[str, str], int]:
    """How many deliveries there are, by destination and status."""
    table = _table()
    chosen = select(table.c.destination, table.c.status, func.count()).group_by(
        table.c.destination, table.c.status
    )
    return {
        (name, status): count
        for name, status, count in ledger.look(lambda connection: connection.execute(chosen).all())
    }
