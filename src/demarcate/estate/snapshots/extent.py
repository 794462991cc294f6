"""What a snapshot holds without its parts: how many rows of which tables, of which accounts and regions, and what could
not be read. Extents of many snapshots add up to that of a lake, whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from demarcate.estate.snapshots.manifest import FORMAT, AccountNote, Manifest, Part, TableParts, Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.version import __version__


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """What is held. `columns` are those that were asked for of each table, `rows` how many there are of it, and
    `places` the accounts and regions of which anything was read.
    """

    moment: datetime
    source: str
    origin: str
    columns: dict[str, tuple[str, ...]]
    rows: dict[str, int]
    places: tuple[tuple[str | None, str | None], ...]
    unread: tuple[Unread, ...]
    resources: dict[str, int] = {}
    accounts: tuple[AccountNote, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot) -> Extent:
        """That of one snapshot."""
        manifest = snapshot.manifest
        parts = [part for held in manifest.tables.values() for part in held.parts]
        return cls(
            moment=snapshot.moment,
            source=manifest.source,
            origin=manifest.origin,
            columns={name: held.columns for name, held in manifest.tables.items()},
            rows={name: sum(part.rows for part in held.parts) for name, held in manifest.tables.items()},
            places=tuple(sorted({(part.account, part.region) for part in parts}, key=str)),
            unread=snapshot.unread,
            resources=manifest.resources,
            accounts=manifest.accounts,
        )

    def manifest(self) -> Manifest:
        """It as a manifest that names no file: each place is an empty part of the first table."""
        tables = {name: TableParts(columns=columns, parts=()) for name, columns in sorted(self.columns.items())}
        if tables:
            first = next(iter(tables))
            parts = tuple(
                Part(account=account, region=region, rows=0, file=None) for account, region in self.places
            )
            tables[first] = TableParts(columns=tables[first].columns, parts=parts)
        return Manifest(
            format=FORMAT,
            demarcate=__version__,
            moment=self.moment,
            source=self.source,
            origin=self.origin,
            tables=tables,
            unread=self.unread,
            resources=self.resources,
            accounts=self.accounts,
        )


def together(extents: Iterable[Extent], origin: str) -> Extent | None:
    """Several as one, whose moment is that of the last; None where there are none.

    Where not all are of one source, its name is that of most accounts.
    """
    columns: dict[str, tuple[str, ...]] = {}
    rows: dict[str, int] = {}
    places: set[tuple[str | None, str | None]] = set()
    unread: dict[Unread, None] = {}
    notes: dict[str, AccountNote] = {}
    resources: dict[str, int] = {}
    sources: dict[str, int] = {}
    moments: list[datetime] = []
    for extent in extents:
        for name, of_table in extent.columns.items():
            columns[name] = columns.get(name) or of_table
        for counts, sums in ((extent.rows, rows), (extent.resources, resources)):
            for name, number in counts.items():
                sums[name] = sums.get(name, 0) + number
        places.update(extent.places)
        unread.update(dict.fromkeys(extent.unread))
        notes.update((note.id, note) for note in extent.accounts)
        sources[extent.source] = sources.get(extent.source, 0) + len({account for account, _ in extent.places})
        moments.append(extent.moment)
    if not moments:
        return None
    return Extent(
        moment=max(moments),
        source=max(sorted(sources), key=lambda name: sources[name]),
        origin=origin,
        columns=columns,
        rows=rows,
        places=tuple(sorted(places, key=str)),
        unread=tuple(unread),
        resources=resources,
        accounts=tuple(notes.values()),
    )
