"""Rows of a snapshot for what is said of patching: a few columns of a few tables, and why some are not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from demarcate.base.encoding import from_json
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of

Wanted = Mapping[str, Iterable[str]]
"""The columns that are read, by table."""

Place = tuple[str | None, str | None]
"""An account and region."""

_OF_ALL = ("resource", "account_id", "region", "file", "_unknown")


class Row(dict[str, Any]):
    """The columns of a row that were asked for; None is not known."""

    @property
    def place(self) -> Place:
        """Where it is."""
        return self["account_id"], self["region"]

    @property
    def resource(self) -> str:
        """What findings call it."""
        return self["resource"] or ""

    def why(self, *columns: str) -> str:
        """Why the first of some columns that is not known is not; empty where all are."""
        reasons = self.json("_unknown") or {}
        for column in columns:
            if self[column] is None:
                told = reasons.get(column)
                return f"{column}: {told['reason'] if isinstance(told, dict) else told or 'it is not told'}"
        return ""

    def json(self, column: str) -> Any:
        """The value of a column of JSON."""
        value = self[column]
        return from_json(value) if isinstance(value, str) else value

    def records(self, column: str) -> list[Mapping[str, Any]]:
        """The mappings in a list of JSON; what is none, there or in the place of the list, is an empty one."""
        value = self.json(column)
        items = value if isinstance(value, list) else [] if value is None else [value]
        return [item if isinstance(item, Mapping) else {} for item in items]

    @property
    def tags(self) -> dict[str, str]:
        """Its tags; none where they are not known."""
        tags = self.json("tags")
        return {key: str(value) for key, value in tags.items()} if isinstance(tags, dict) else {}


def read(snapshot: Snapshot, wanted: Wanted) -> dict[str, list[Row]]:
    """The rows of each table, in the order of their resources. A column that the snapshot is too old for is not known.

    Raises DemarcateError where a file cannot be read.
    """
    return {table: list(each_row(snapshot, table, columns)) for table, columns in wanted.items()}


def each_row(snapshot: Snapshot, table: str, columns: Iterable[str], *, ordered: bool = True) -> Iterator[Row]:
    """The rows of a table as they are read, in the order of their resources unless that does not matter.

    Raises DemarcateError where a file cannot be read.
    """
    for values in rows_of(snapshot, table, [*_OF_ALL, *columns], ordered=ordered):
        yield Row(values)


def lost(snapshot: Snapshot, tables: Iterable[str]) -> dict[Place, str]:
    """Where some of these tables, or columns of them, could not be read, and the first reason for it."""
    chosen = set(tables)
    places: dict[Place, str] = {}
    for gap in snapshot.unread:
        if chosen & {*gap.missing, *([gap.table] if gap.table else [])}:
            places.setdefault((gap.account, gap.region), str(gap))
    return places
