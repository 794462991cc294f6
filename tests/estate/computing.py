"""Snapshots that computed tables are made in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.computing import finish
from demarcate.estate.sources.registry import SOURCES
from demarcate.estate.tables import table
from demarcate.estate.tables.cloudtrail import ALARM_EVENT

Row = dict[str, Any]
LIVE = next(source for source in SOURCES if source.name == "live")
DENIED = Unknown(Kind.DENIED, "denied")


def collected(tables: Mapping[str, Iterable[Row]], *unread: Unread, computed: str = ALARM_EVENT.name) -> Snapshot:
    """What a live collection of these rows ends in."""
    with SnapshotWriter(LIVE.name, "test") as writer:
        for name, rows in tables.items():
            of = table(name)
            held: dict[tuple[str, str], list[Row]] = {}
            for row in rows:
                held.setdefault((row["account_id"], row["region"]), []).append(row)
            for (account, region), here in held.items():
                part = writer.part(of, [column.name for column in of.all_columns], account, region)
                part.append(here)
                part.seal()
        writer.unread(*unread)
        return finish(writer, {computed: None}, LIVE)
