"""Verify a ledger: that no entry was edited, deleted, inserted or moved, and that none was cut off since a pin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise

from demarcate.ledger.entry import START, Stored, decoded, digest
from demarcate.ledger.ledger import Head


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
    """How many entries there are, the last of them, and what is wrong.

    `earlier` are the numbers of entries whose time is before that of the entry before them. The chain says in which
    order they were written, so this is no fault: a clock was set back, or clocks of several machines differ.
    """

    entries: int
    head: Head | None
    faults: tuple[Fault, ...]
    earlier: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Link:
    """An entry in the chain.

    `number` is where it stands, and `place` where it was written: for one that cannot be believed (`fault`), where it
    would have been by the one before. `hash` is what the database has for it, `own` the one of its text.
    """

    number: int
    place: int
    hash: str
    own: str
    fault: str = ""
    previous: str = ""
    ledger: str = ""
    at: str = ""


def verify(rows: Iterable[Stored], pins: Sequence[Head] = ()) -> Verification:
    """Verify entries as a database has them, in order of their numbers, against pins that were kept elsewhere.

    Whoever can write to the database can write a whole chain anew from some entry on, and only a pin tells that.
    """
    links = list(_links(rows))
    ledger = _ledger(links, pins)
    faults = {link.number: Fault(Damage.EDITED, link.number, link.fault) for link in links if link.fault}
    for fault in _foreign(links, ledger):
        faults.setdefault(fault.number, fault)
    chain, twice = _chain(links)
    for fault in (*twice, *_chain_faults(chain, faults)):
        faults.setdefault(fault.number, fault)
    others = [*_missing(chain), *_moved(links), *_pin_faults(chain, ledger, pins)]
    head = Head(ledger=ledger, number=links[-1].number, hash=links[-1].hash) if links else None
    whole = [link for link in chain if not link.fault]
    return Verification(
        entries=len(links),
        head=head,
        faults=tuple(sorted([*faults.values(), *others], key=lambda fault: fault.number)),
        earlier=tuple(link.number for before, link in pairwise(whole) if link.at < before.at),
    )


def _links(rows: Iterable[Stored]) -> Iterator[_Link]:
    shift = 0
    for row in rows:
        own = digest(row.entry)
        try:
            entry = decoded(row)
        except ValueError as error:
            yield _Link(row.number, row.number + shift, row.hash, own, fault=str(error))
        else:
            shift = entry.number - row.number
            yield _Link(row.number, entry.number, row.hash, own, "", entry.previous, entry.ledger, entry.at)


def _ledger(links: Iterable[_Link], pins: Iterable[Head]) -> str:
    """The ledger that is meant: one that was pinned, or the one that most entries are of. Empty where none says it."""
    names = Counter(link.ledger for link in links if not link.fault)
    pinned = (pin.ledger for pin in pins if pin.ledger in names)
    return next(pinned, max(names, key=names.__getitem__, default=""))


def _foreign(links: Iterable[_Link], ledger: str) -> Iterator[Fault]:
    for link in links:
        if not link.fault and link.ledger != ledger:
            yield Fault(Damage.INSERTED, link.number, "it is of another ledger")


def _chain(links: Sequence[_Link]) -> tuple[list[_Link], list[Fault]]:
    """Entries in the order in which they were written, one for each place, and what more there is of a place."""
    followed = {link.previous for link in links}
    chain: list[_Link] = []
    faults: list[Fault] = []
    for place, group in groupby(sorted(links, key=lambda link: link.place), key=lambda link: link.place):
        same = list(group)
        if place < 1:
            faults += (Fault(Damage.INSERTED, link.number, "entries count from 1") for link in same)
            continue
        of_chain = [link for link in same if link.hash in followed]
        genuine = min(of_chain or same, key=lambda link: link.number != place)
        chain.append(genuine)
        if len(same) > 1:
            # Where nothing was written after any of them, or after several, nobody can say which one was there.
            is_one = len({link.hash for link in of_chain}) == 1
            extra = [link for link in same if link is not genuine] if is_one else same
            told = " and ".join(str(link.number) for link in same)
            faults += (
                Fault(Damage.INSERTED, link.number, f"{told} were all written as entry {place}") for link in extra
            )
    return chain, faults


def _chain_faults(chain: Sequence[_Link], known: Mapping[int, Fault]) -> Iterator[Fault]:
    """Entries of the chain that do not follow the one before, or that the next one does not follow."""
    followed = {link.previous for link in chain}
    if chain and chain[0].place == 1 and not chain[0].fault and chain[0].previous != START:
        yield Fault(Damage.EDITED, chain[0].number, "it is the first, and was written after another one")
    guilty = set(known)
    for before, link in pairwise(chain):
        if link.fault or link.previous == before.hash or link.place != before.place + 1:
            continue
        if {before.number, link.number} & guilty:
            continue
        after = Fault(
            Damage.EDITED, before.number, f"it is not the one that entry {link.number} was written after"
        )
        not_after = Fault(Damage.EDITED, link.number, f"it was not written after entry {before.number}")
        if link.hash in followed:
            told = [after]
        elif link is not chain[-1]:
            told = [not_after]
        else:  # nothing was written after it that would tell which of the two was edited
            told = [after, not_after]
        guilty.update(fault.number for fault in told)
        yield from told


def _missing(chain: Sequence[_Link]) -> Iterator[Fault]:
    expected, hash_before = 1, START
    for link in chain:
        if link.place != expected:
            if not link.fault and link.previous == hash_before:
                yield Fault(Damage.INSERTED, link.number, f"it was written after entry {expected - 1}")
            else:
                numbers = f"{expected}" if link.place == expected + 1 else f"{expected} to {link.place - 1}"
                yield Fault(Damage.DELETED, expected, f"missing: {numbers}")
        expected, hash_before = link.place + 1, link.hash


def _moved(links: Iterable[_Link]) -> Iterator[Fault]:
    """Entries that stand elsewhere than they were written; those that were moved together are one fault."""
    for shift, group in groupby(links, key=lambda link: link.place - link.number):
        moved = [link for link in group if not link.fault]
        if shift and moved:
            first, more = moved[0], len(moved) - 1
            others = f", and the {more:,} after it likewise" if more else ""
            yield Fault(Damage.MOVED, first.number, f"it was written as entry {first.place}{others}")


def _pin_faults(chain: Sequence[_Link], ledger: str, pins: Sequence[Head]) -> Iterator[Fault]:
    by_place = {link.place: link for link in chain}
    last = chain[-1].place if chain else 0
    for pin in pins:
        link = by_place.get(pin.number)
        if chain and pin.ledger != ledger:
            yield Fault(Damage.REPLACED, pin.number, f"the ledger {pin.ledger} was pinned, and this is {ledger}")
        elif pin.number > last:
            what = f"the ledger ends at {last}, and was pinned at {pin.number}"
            yield Fault(Damage.TRUNCATED, last + 1, what)
        elif link is not None and link.own != pin.hash:
            yield Fault(Damage.REPLACED, link.number, "it is not the one that was pinned")
