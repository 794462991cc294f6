"""The files that Config delivers, and which of them are read: the newest snapshot and what came after."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from demarcate.base.arn import is_region
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.config.budget import Budget
from demarcate.estate.sources.config.damage import Damaged
from demarcate.estate.sources.config.scanning import Stream, items

_NAME = re.compile(
    r"(?P<account>[0-9]{12})_Config_(?P<region>[a-z0-9-]+)_"
    r"(?:ConfigSnapshot_(?P<taken>\d{8}T\d{6}Z)_[\w-]+"
    r"|ConfigHistory_.+?_\d{8}T\d{6}Z_(?P<until>\d{8}T\d{6}Z)_\d+)\.json(?:\.gz)?"
)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Readable(Protocol):
    """Something with items in it that can be read more than once."""

    @property
    def name(self) -> str:
        """What people call it."""

    def items(self, header: dict[str, Any], budget: Budget) -> Iterator[Any]:
        """Its items, each counted. `header` gets what stands beside them. Raises Damaged."""


class Delivery(msgspec.Struct, frozen=True):
    """One file that Config delivered. `name` is how people would write it, `open` gives its bytes.

    What its own name does not say is "": then its items say it. `time` is when a snapshot was taken, or until
    when a history goes. `open` raises OSError or Damaged.
    """

    name: str
    open: Callable[[], Stream]
    account: str = ""
    region: str = ""
    time: datetime = LONG_AGO
    snapshot: bool = False

    @property
    def named(self) -> bool:
        """Whether its name says what it is."""
        return bool(self.account)

    def items(self, header: dict[str, Any], budget: Budget) -> Iterator[Any]:
        """Its items, as they come. Raises Damaged."""
        try:
            stream = self.open()
        except OSError as error:
            raise Damaged(f"cannot be read: {error.strerror or error}", Kind.UNREADABLE) from error
        with contextlib.closing(stream):
            yield from items(stream, header, budget)


def delivery(name: str, opened: Callable[[], Stream]) -> Delivery:
    """A delivery, with what its name says."""
    named = _NAME.fullmatch(re.split(r"[/\\]", name)[-1])
    try:
        time = datetime.strptime(named["taken"] or named["until"], "%Y%m%dT%H%M%SZ") if named else None
    except ValueError:  # digits that are no date
        time = None
    if named is None or time is None or not is_region(named["region"]):
        return Delivery(name, opened)
    taken = named["taken"] is not None
    return Delivery(name, opened, named["account"], named["region"], time.replace(tzinfo=UTC), taken)


class Group(msgspec.Struct, frozen=True):
    """What is read of one account and region, oldest first. `time` is when the newest of it was made.

    Unless it is `complete`, it tells only what changed. With `once`, each resource is in it once.
    """

    account: str
    region: str
    readings: tuple[Readable, ...]
    time: datetime
    complete: bool
    once: bool = False


def grouped(named: Iterable[Delivery]) -> list[Group]:
    """The deliveries to read: of each account and region the newest snapshot, and the histories after it.

    A resource that an older snapshot has and the newest has not is deleted: older ones are not read.
    """
    snapshots: dict[tuple[str, str], Delivery] = {}
    histories: dict[tuple[str, str], list[Delivery]] = {}
    for each in named:
        place = (each.account, each.region)
        if not each.snapshot:
            histories.setdefault(place, []).append(each)
        elif place not in snapshots or _order(snapshots[place]) < _order(each):
            snapshots[place] = each
    groups = []
    for place in sorted({*snapshots, *histories}):
        first = snapshots.get(place)
        later = [each for each in histories.get(place, ()) if first is None or _order(each) > _order(first)]
        read = (*((first,) if first else ()), *sorted(later, key=_order))
        groups.append(Group(*place, read, read[-1].time, first is not None, once=not later))
    return groups


def _order(of: Delivery) -> tuple[datetime, str]:
    return of.time, of.name
