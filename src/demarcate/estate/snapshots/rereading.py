"""Rows as they were when they were written: with what is unknown in them, and with their stand-ins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demarcate.base.connection import Limits, connect
from demarcate.base.encoding import from_json
from demarcate.base.sql import literal
from demarcate.estate.schema import partial
from demarcate.estate.schema.standins import unmarked
from demarcate.estate.schema.table import PARTIAL, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.tabular import rows_in

if TYPE_CHECKING:
    from demarcate.base import duckdb

MEMORY = 160_000_000
"""Bytes that reading may take, beside a page of rows."""

PAGE = 1_000
"""How many rows are held at once."""


class Rereading:
    """Reads files of rows below a folder, by a connection that is there or its own. Use as a context manager."""

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        self._folder = folder
        self._connection = connection or connect(folder, limits=Limits(memory=MEMORY, threads=1))

    def __enter__(self) -> Rereading:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(
        self, table: Table, files: Sequence[str], columns: Sequence[str], nulls: Mapping[str, Unknown]
    ) -> Iterator[dict[str, Any]]:
        """The rows of a table in some files of the snapshot, in their order, with these columns.

        What is NULL in a row that does not say why is what `nulls` says of its column, if anything; so is a column that
        the files do not have.
        """
        if not files:
            return
        types = {column.name: column.type for column in table.all_columns}
        wanted = dict.fromkeys((*columns, *_NOTES))
        source = rows_in(f"{self._folder}/{file}" for file in files)
        cursor = self._connection.cursor()
        listed = ", ".join(map(literal, [*wanted, "resource"]))
        result = cursor.execute(f"SELECT COLUMNS(lambda name: name IN ({listed})) FROM {source}")
        there = [column[0] for column in result.description or ()]
        while page := result.fetchmany(PAGE):
            for values in page:
                told = dict(zip(there, values, strict=True))
                row = {name: told.get(name) for name in wanted}
                unknown, assigned, partly = (from_json(row.pop(name) or "{}") for name in _NOTES)
                for name in columns:
                    value = row[name]
                    if value is None:
                        why = _why(unknown.get(name)) or nulls.get(name)
                        row[name] = partial.whole(partly[name]) if name in partly else why
                        continue
                    if types[name] == "JSON":
                        value = from_json(value)
                    row[name] = unmarked(value, assigned[name]) if name in assigned else value
                yield row


_NOTES = ("_unknown", "_assigned", PARTIAL)
_KINDS = {kind.value: kind for kind in Kind}


def _why(told: Mapping[str, str] | None) -> Unknown | None:
    return Unknown(_KINDS[told["kind"]], told["reason"]) if told else None
