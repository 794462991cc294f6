"""Where items come from: files, a bucket, an aggregator. What each names becomes groups to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder
from demarcate.base.moments import utc
from demarcate.base.stopping import TemporaryFolder
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.sources.config.budget import Budget
from demarcate.estate.sources.config.damage import Damaged
from demarcate.estate.sources.config.deliveries import LONG_AGO, Delivery, Group, grouped
from demarcate.estate.sources.config.files import delivery_at, files_in, is_delivery
from demarcate.estate.sources.config.spooling import Region, Spools


@dataclass(slots=True)
class Opened:
    """What there is to read, within a budget. `moment` is when the newest of it was made; None for now.

    `unread` is what could not be read, `failed` why nothing is known of a type.
    """

    groups: list[Group]
    budget: Budget
    moment: datetime | None = None
    unread: list[Unread] = field(default_factory=list)
    failed: dict[str, Unread] = field(default_factory=dict)


@contextmanager
def open_files(paths: Sequence[Path], budget: Budget) -> Iterator[Opened]:
    """Deliveries in files and folders. Other files in a folder are passed over.

    Raises DemarcateError where a path has none.
    """
    deliveries: list[Delivery] = []
    unread: list[Unread] = []
    within = [path if is_folder(path) else path.parent for path in paths]

    def refuse(path: Path, why: str) -> None:
        unread.append(Unread(kind=Kind.UNREADABLE, reason=why, file=str(path)))

    for path in paths:
        if is_folder(path):
            before = len(deliveries)
            for file in files_in(path, within, refuse):
                try:
                    if is_delivery(file):
                        deliveries.append(delivery_at(file))
                except Damaged as damage:
                    unread.append(damage.unread(str(file)))
            if len(deliveries) == before:
                why = f" that can be read: {unread[0]}" if unread else ""
                raise DemarcateError(f"{path}: there is no delivery of AWS Config in it{why}")
        else:
            deliveries.append(delivery_at(path))
    with open_deliveries(deliveries, budget) as opened:
        opened.unread += unread
        yield opened


@contextmanager
def open_deliveries(deliveries: Iterable[Delivery], budget: Budget) -> Iterator[Opened]:
    """The groups of some deliveries. Those without Config's names are read and sorted by what they hold."""
    deliveries = list(deliveries)
    groups = grouped(each for each in deliveries if each.named)
    opened = Opened(groups, budget)
    with TemporaryFolder() as folder:
        spools = Spools(folder)
        whole: set[Region] = set()
        for each in deliveries:
            if not each.named:
                _sort(each, spools, whole, opened)
        latest = _moment(spools.latest)
        _add_spools(opened, spools, whole, latest)
        times = [group.time for group in groups] + [latest]
        opened.moment = max((time for time in times if time != LONG_AGO), default=None)
        yield opened


def _sort(of: Delivery, spools: Spools, whole: set[Region], opened: Opened) -> None:
    """Put the items of a delivery where they belong. Only a snapshot has the id of a snapshot."""
    header: dict[str, Any] = {}
    places: set[Region] = set()
    odd = 0
    try:
        for raw in of.items(header, opened.budget):
            place = spools.add(raw)
            if place is None:
                odd += 1
            else:
                places.add(place)
    except Damaged as damage:
        opened.unread.append(damage.unread(of.name))
    else:
        if "configSnapshotId" in header:
            whole |= places
        else:
            opened.unread.append(only_changes(of.name))
    if odd:
        opened.unread.append(odd_items(odd, of.name))


def only_changes(file: str) -> Unread:
    """What is said of a delivery that is no configuration snapshot."""
    why = "tells only what changed (it is no configuration snapshot): other resources are not known"
    return Unread(kind=Kind.INCOMPLETE, reason=why, file=file)


def odd_items(count: int, file: str) -> Unread:
    """What is said of items that do not say which resource they are of."""
    items = "one item has" if count == 1 else f"{count} items have"
    why = f"{items} no resourceType, resourceId, account or region"
    return Unread(kind=Kind.MALFORMED, reason=why, file=file)


def _add_spools(opened: Opened, spools: Spools, whole: set[Region], latest: datetime) -> None:
    by_place = {(group.account, group.region): number for number, group in enumerate(opened.groups)}
    for place, spool in spools.spools().items():
        number = by_place.get(place)
        if number is None:
            opened.groups.append(Group(*place, (spool,), latest, place in whole))
        else:
            group = opened.groups[number]
            opened.groups[number] = replace(
                group,
                readings=(spool, *group.readings),
                time=max(group.time, latest),
                complete=group.complete or place in whole,
                once=False,
            )


def _moment(text: str) -> datetime:
    try:
        return utc(datetime.fromisoformat(text))
    except ValueError:
        return LONG_AGO
