"""Stands where rows are written: keeps them, and what could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from demarcate.base.encoding import to_json
from demarcate.estate.schema.rows import Row, spooled
from demarcate.estate.schema.table import COMMON, PARTIAL, Table
from demarcate.estate.snapshots.manifest import Unread

_PLACE = {column.name for column in COMMON} - {"region", "resource", "_unknown", "_assigned", PARTIAL}


class Kept:
    """A writer of snapshots, and its units, as far as readers use them; rows are as they would be written."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.problems: list[Unread] = []
        self.resources: dict[str, int] = {}

    def unit(self, table: str, account: str, region: str) -> Kept:
        return self

    def part(self, table: Table, columns: Sequence[str], *_: Any) -> _Part:
        return _Part(table, self.rows.setdefault(table.name, []))

    def unread(self, *what: Unread) -> None:
        self.problems += what

    def seal(self, *, empty: bool = False) -> None:
        """Nothing is written."""

    def discard(self, *what: Unread) -> None:
        self.problems += what


class _Part:
    size = width = 0

    def __init__(self, table: Table, rows: list[Row]) -> None:
        self.table = table
        self._types = {column.name: column.type for column in table.all_columns}
        self._own = {column.name for column in table.columns}
        self._rows = rows

    def append(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._rows.append(written(row, self._own, self._types))

    def seal(self) -> None:
        """Nothing is written."""


def written(row: Row, own: set[str], types: Mapping[str, str]) -> Row:
    """A row as it is in a snapshot's files, without where it is."""
    kept: Row = json.loads(to_json(spooled(row, types)))
    return {name: value for name, value in kept.items() if name in own or name not in _PLACE}
