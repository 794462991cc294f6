"""Verify a ledger: that no entry was edited, deleted, inserted or moved, and that none was cut off since a pin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from demarcate.ledger.entry import START, Entry, decode, digest
from demarcate.ledger.ledger import Head, Stored


class Damage(StrEnum):
    """What was done to a ledger."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    MOVED = "moved"
    TRUNCATED = "truncated"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and at which number."""

    damage: Damage
    number: int
    message: str

    def __str__(self) -> str:
        return f"entry {self.number}: {self.damage}: {self.message}"


@dataclass(frozen=True, slots=True)
class Verification:
    """How many entries there are, the last of them, and what is wrong."""

    entries: int
    head: Head | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Link:
    """An entry in the chain. `hash` is the one that its text has: `stored` says what the database has for it."""

    number: int
    entry: Entry | None
    hash: str
    stored: Stored


def verify(rows: Iterable[Stored], pins: Sequence[Head] = ()) -> Verification:
    """Verify entries as a database has them, in order of their numbers, against pins that were kept elsewhere.

    Whoever can write to the database can write a whole chain anew from some entry on, and only a pin tells that.
    """
    links = [_link(row) for row in rows]
    faults = [fault for fault in map(_edited, links) if fault is not None]
    broken = {fault.number for fault in faults}
    faults += _chain_faults(links, broken)
    faults += _pin_faults(links, pins)
    last = links[-1] if links else None
    ledger = next((link.entry.ledger for link in reversed(links) if link.entry is not None), "")
    head = None if last is None else Head(ledger=ledger, number=last.number, hash=last.hash)
    return Verification(len(links), head, tuple(sorted(faults, key=lambda fault: fault.number)))


def _link(row: Stored) -> _Link:
    try:
        entry = decode(row.entry)
    except msgspec.MsgspecError:
        entry = None
    return _Link(row.number, entry, digest(row.entry), row)


def _edited(link: _Link) -> Fault | None:
    """What is wrong with an entry by itself."""
    row, entry = link.stored, link.entry
    if link.hash != row.hash:
        return Fault(Damage.EDITED, link.number, "its text does not have its hash")
    if entry is None:
        return Fault(Damage.EDITED, link.number, "it is no entry")
    if entry.text != row.entry:
        return Fault(Damage.EDITED, link.number, "it has what no entry has")
    if (entry.act.kind, entry.act.change) != (row.kind, row.change):
        return Fault(Damage.EDITED, link.number, "what stands beside its text is not what the text says")
    if entry.number != row.number:
        return Fault(Damage.MOVED, link.number, f"it was written as entry {entry.number}")
    return None


def _chain_faults(links: Sequence[_Link], broken: set[int]) -> list[Fault]:
    """What is wrong between entries: numbers that are missing, and entries that do not follow the one before."""
    faults: list[Fault] = []
    followed = {link.entry.previous for link in links if link.entry is not None}
    hashes = {link.stored.hash for link in links}
    ledger = next((link.entry.ledger for link in links if link.entry is not None), None)
    before: _Link | None = None
    for link in links:
        expected = 1 if before is None else before.number + 1
        if link.number != expected:
            missing = f"{expected}" if link.number == expected + 1 else f"{expected} to {link.number - 1}"
            faults.append(Fault(Damage.DELETED, expected, f"missing: {missing}"))
        elif link.entry is not None and link.number not in broken:
            previous = START if before is None else before.stored.hash
            if link.entry.ledger != ledger:
                faults.append(Fault(Damage.INSERTED, link.number, "it is of another ledger"))
            elif link.entry.previous != previous:
                faults.append(_unfollowed(link, before, followed, hashes))
        before = link
    return faults


def _unfollowed(link: _Link, before: _Link | None, followed: set[str], hashes: set[str]) -> Fault:
    """What happened where an entry does not follow the one before it."""
    if before is not None and before.stored.hash not in followed and link.entry is not None:
        if link.entry.previous in hashes or link.entry.previous == START:
            return Fault(Damage.INSERTED, before.number, f"entry {link.number} was written after another one")
        return Fault(Damage.EDITED, before.number, f"it is not the one that entry {link.number} was written after")
    return Fault(Damage.INSERTED, link.number, "it was not written after the entry before it")


def _pin_faults(links: Sequence[_Link], pins: Sequence[Head]) -> list[Fault]:
    by_number = {link.number: link for link in links}
    last = links[-1].number if links else 0
    faults = []
    for pin in pins:
        link = by_number.get(pin.number)
        if link is None and pin.number > last:
            what = f"the ledger ends at {last}, and was pinned at {pin.number}"
            faults.append(Fault(Damage.TRUNCATED, last + 1, what))
        elif link is not None and link.hash != pin.hash:
            faults.append(Fault(Damage.REPLACED, pin.number, "it is not the one that was pinned"))
    return faults
