"""Which kinds of logs are on, by account and region, where they lie, until when they came, and who may delete them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from demarcate.estate.schema.standins import shown
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import Row, why_not_read
from demarcate.logs.coverage import places as lying
from demarcate.logs.coverage.holders import Holders, May
from demarcate.logs.coverage.kinds import IDENTITIES, Kind, columns
from demarcate.logs.coverage.places import NOT_ASKED, Place
from demarcate.logs.coverage.receiving import Receiving
from demarcate.logs.coverage.switched import holds, logged
from demarcate.logs.estate import Estate
from demarcate.permitted.asking import Policies

BOUND: Final = timedelta(days=2)
"""Before what was read: of a bucket, objects of that day and of the day before are looked for."""

MOST_ASKED: Final = 100
"""Of a bucket, about how many prefixes of keys AWS is asked, by two calls each."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """A place where logs of one kind lie. What is None is not known, and `unknown` says why, by its name.

    `received_until` is "" where nothing came, and `receives` whether anything did within `BOUND`; `kept_days` is 0
    where nothing expires; `immutable` is "" for nothing that keeps logs from being deleted. Of those who may delete,
    and of those who may write and read too, `perhaps` are not known to.
    """

    place: str
    name: str
    account_id: str | None
    region: str | None
    received_until: datetime | str | None
    receives: bool | None
    kept_days: int | None
    immutable: str | None
    deleters: tuple[str, ...] | None
    perhaps_deleters: tuple[str, ...] | None
    writers_that_read: tuple[str, ...] | None
    perhaps_writers_that_read: tuple[str, ...] | None
    other_account: bool | None
    unknown: dict[str, str]


class Why(msgspec.Struct, frozen=True):
    """A resource of which it is not known whether it is logged, and why. Without a resource it is said of all."""

    resource: str
    reason: str


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of log in one region of an account: of which resources it is on, off, or not known to be."""

    account_id: str
    region: str
    source: str
    title: str
    resources: int
    on: int
    off: tuple[str, ...]
    unknown: tuple[Why, ...]
    kept_by_service: int | None
    destinations: tuple[Destination, ...]


def covered(snapshot: Snapshot, chosen: Sequence[Kind], receiving: Receiving | None = None) -> Iterator[Covered]:
    """What is logged, kind by kind. Without `receiving`, what AWS must be asked for is not known.

    Raises DemarcateError where a file cannot be read.
    """
    estate = Estate(snapshot, columns(chosen))
    with Policies(snapshot) as policies:
        finishing = _Finishing(snapshot, Holders(policies), receiving)
        for account in estate.accounts:
            for kind in chosen:
                yield from _of_kind(kind, account, estate, finishing)


def _of_kind(kind: Kind, account: str, estate: Estate, finishing: _Finishing) -> Iterator[Covered]:
    regions: dict[str, list[Row]] = defaultdict(list)
    for row in estate.by_account(kind.table).get(account, ()):
        if holds(row, kind.among) is not False:
            regions[row["region"] or ""].append(row)
    for region, listed in sorted(regions.items()):
        yield _in_region(kind, account, region, listed, estate, finishing)
    lacking = estate.lacks(kind.table, account)
    if lacking is not None:
        yield Covered(
            account_id=account,
            region="",
            source=kind.id,
            title=kind.title,
            resources=0,
            on=0,
            off=(),
            unknown=(Why("", lacking.reason),),
            kept_by_service=None,
            destinations=(),
        )


def _in_region(
    kind: Kind, account: str, region: str, listed: list[Row], estate: Estate, finishing: _Finishing
) -> Covered:
    on = 0
    off: list[str] = []
    unknown: list[Why] = []
    there: dict[tuple[str, ...], Place] = {}
    for row in listed:
        truth, lies = logged(row, kind, estate)
        named = shown(row[kind.named])
        name = named if type(named) is str else str(row["resource"])
        if isinstance(truth, Unknown):
            unknown.append(Why(name, truth.reason))
        elif truth:
            on += 1
        else:
            off.append(name)
        for place in lying.places(row, kind, lies, estate):
            if isinstance(place, Unknown):
                unknown.append(Why(name, place.reason))
            else:
                # Of several objects' prefixes in one bucket, each is asked for.
                there.setdefault((*place.key, place.prefix, place.day), place)
    return Covered(
        account_id=account,
        region=region,
        source=kind.id,
        title=kind.title,
        resources=len(listed),
        on=on,
        off=tuple(sorted(off)),
        unknown=tuple(dict.fromkeys(unknown)),
        kept_by_service=kind.kept if on else None,
        destinations=tuple(finishing.destinations(list(there.values()), account)),
    )


class _Finishing:
    """What is told of places once all is at hand."""

    def __init__(self, snapshot: Snapshot, holders: Holders, receiving: Receiving | None) -> None:
        self._snapshot, self._holders, self._receiving = snapshot, holders, receiving

    def destinations(self, there: list[Place], account: str) -> Iterator[Destination]:
        """A place each; of one that several prefixes share, the one that fell behind furthest tells until when."""
        together: dict[tuple[str, ...], list[Place]] = defaultdict(list)
        for place in there:
            together[place.key].append(place)
        for _, same in sorted(together.items()):
            yield self._told(same, account)

    def _told(self, same: list[Place], account: str) -> Destination:
        place = same[0]
        unknown: dict[str, str] = {}

        def known(name: str, value: Any) -> Any:
            if isinstance(value, Unknown):
                unknown[name] = value.reason
                return None
            return value

        until = known("received_until", self._newest(same))
        deleters = known("deleters", self._may(place, self._holders.deleters))
        readers = known("writers_that_read", self._may(place, self._holders.writers_that_read))
        return Destination(
            place=place.kind,
            name=place.name,
            account_id=place.account or None,
            region=place.region or None,
            received_until=until,
            receives=None if until is None else bool(until) and until >= self._snapshot.moment - BOUND,
            kept_days=known("kept_days", lying.kept_days(place)),
            immutable=known("immutable", lying.immutable(place)),
            deleters=deleters.surely if deleters else None,
            perhaps_deleters=deleters.perhaps if deleters else None,
            writers_that_read=readers.surely if readers else None,
            perhaps_writers_that_read=readers.perhaps if readers else None,
            other_account=known("other_account", lying.elsewhere(place, account)),
            unknown=unknown,
        )

    def _newest(self, same: list[Place]) -> datetime | str | Unknown:
        if self._receiving is not None and len(same) > MOST_ASKED:
            why = f"logs come to {len(same):,} places in it, and up to {MOST_ASKED} are asked about"
            return Unknown(NOT_ASKED.kind, why)
        told = [self._receiving.newest(place) if self._receiving else place.newest for place in same]
        unknown = next((each for each in told if isinstance(each, Unknown)), None)
        if unknown is not None:
            return unknown
        moments = [each for each in told if isinstance(each, datetime)]
        return min(moments) if len(moments) == len(told) else ""

    def _may(self, place: Place, ask: Any) -> May | Unknown:
        for name in IDENTITIES if place.row is not None else ():
            if why := why_not_read(self._snapshot, name, (), place.account or None, None):
                return Unknown(NOT_ASKED.kind, f"{name}: {why}")
        told: May | Unknown = ask(place)
        return told
