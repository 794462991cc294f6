"""Sorts items by account and region on disk, so that each can be read by itself whatever order they come in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.config.budget import Budget
from demarcate.estate.sources.config.damage import Damaged
from demarcate.estate.sources.config.items import item_of

HELD = 16 << 20
"""Bytes that are held before they are written."""

Region = tuple[str, str]
"""An account and a region."""


@dataclass(frozen=True, slots=True)
class Spool:
    """The items of one account and region, on disk."""

    name: str
    path: Path

    def items(self, _: dict[str, Any], budget: Budget) -> Iterator[Any]:
        """Its items, in the order in which they came. Raises Damaged."""
        try:
            with self.path.open("rb") as file:
                for line in file:
                    budget.spend_item(len(line))
                    yield msgspec.json.decode(line)
        except OSError as error:
            raise Damaged(f"cannot be read: {error.strerror}", Kind.UNREADABLE) from error


class Spools:
    """Takes items in any order. Safe for use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._held: dict[Region, bytearray] = {}
        self._size = 0
        self._files: dict[Region, Path] = {}
        self.latest = ""
        """When the newest of the items was recorded, as it says itself."""

    def add(self, raw: Any) -> Region | None:
        """Keep an item; None where it does not say what and where it is. Raises OSError (a full disk)."""
        item = item_of(raw)
        if item is None:
            return None
        place = (item.account, item.region)
        line = msgspec.json.encode(raw)
        with self._lock:
            self.latest = max(self.latest, item.time)
            held = self._held.setdefault(place, bytearray())
            held += line
            held += b"\n"
            self._size += len(line)
            if self._size > HELD:
                self._write()
        return place

    def _write(self) -> None:
        for place, held in self._held.items():
            path = self._files.setdefault(place, self._folder / f"{len(self._files)}.ndjson")
            with path.open("ab") as file:
                file.write(held)
        self._held, self._size = {}, 0

    def spools(self) -> dict[Region, Spool]:
        """What was kept, by account and region. Raises OSError (a full disk)."""
        with self._lock:
            self._write()
        return {place: Spool(" ".join(place), path) for place, path in sorted(self._files.items())}
