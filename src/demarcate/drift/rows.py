"""The rows of two snapshots on one connection, which can open nothing but these."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from demarcate.base import duckdb
from demarcate.base.connection import connect, short
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.sql import identifier
from demarcate.drift.pairing import Physical, Stack
from demarcate.estate.schema.table import Column, Table
from demarcate.estate.snapshots.snapshot import Snapshot

STACK_RESOURCES: Final = "aws_cloudformation_stack_resource"

PAGE: Final = 2000

_NOTES: Final = ("_unknown", "_assigned", "_conditional", "_companion")
_WHERE: Final = ("resource", "account_id", "region", "file", "line", *_NOTES)
"""Columns of every row that a comparison looks at."""

_PAIRS: Final = {
    "file": "VARCHAR",
    "logical_id": "VARCHAR",
    "stack": "VARCHAR",
    "physical_id": "VARCHAR",
    "type": "VARCHAR",
    "account": "VARCHAR",
    "region": "VARCHAR",
}


class Rows:
    """What is declared and what is live, table by table. Raises DemarcateError where a file cannot be read."""

    def __init__(self, declared: Snapshot, live: Snapshot) -> None:
        self.declared, self.live = declared, live
        self._connection = connect(*declared.folders, *live.folders)
        self._held: dict[str, frozenset[str]] = {}

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def stacks(self) -> list[Stack]:
        """The live stacks, with their resources."""
        stacks: dict[str, Stack] = {}
        names = ("stack_id", "stack_name", "account_id", "region", *_RESOURCE)
        for row in self._select(self._view(self.live, STACK_RESOURCES, names), names):
            stack = stacks.setdefault(
                row["stack_id"], Stack(row["stack_id"], row["stack_name"], row["account_id"], row["region"])
            )
            if row["physical_resource_id"]:
                stack.resources[row["logical_resource_id"]] = Physical(
                    row["physical_resource_id"], row["resource_type"]
                )
        return list(stacks.values())

    def logical_ids(self, tables: Sequence[Table]) -> dict[str, set[str]]:
        """The logical ids of each file that is declared."""
        ids: dict[str, set[str]] = {}
        for table in tables:
            names = ("file", "resource")
            for row in self._select(self._view(self.declared, table.name, names), names):
                if row["file"] is not None and row["resource"] is not None:
                    ids.setdefault(row["file"], set()).add(row["resource"])
        return ids

    def pair(self, stacks: Mapping[str, Sequence[Stack]]) -> None:
        """Have the resources of the stacks that each file is."""
        rows = [
            {
                "file": file,
                "logical_id": logical,
                "stack": stack.id,
                "physical_id": physical.id,
                "type": physical.type,
                "account": stack.account,
                "region": stack.region,
            }
            for file, of_file in stacks.items()
            for stack in of_file
            for logical, physical in stack.resources.items()
        ]
        self._execute(
            "CREATE OR REPLACE TABLE pairs AS SELECT unnest(from_json($rows, $form), recursive := true)",
            {"rows": to_json(rows).decode(), "form": to_json([_PAIRS]).decode()},
        )

    def declared_only(self, table: Table, columns: Sequence[str]) -> Iterator[Row]:
        """The declared rows of a table."""
        names = (*_WHERE, *columns)
        return self._select(self._view(self.declared, table.name, names), names)

    def declared_rows(self, table: Table, columns: Sequence[str]) -> Iterator[tuple[Row, Row]]:
        """Each declared row, with the resource that its stack has for it."""
        for pair, row, _ in self._paired(table, columns, ""):
            yield pair, row

    def declared_and_live(self, table: Table, columns: Sequence[str]) -> Iterator[tuple[Row, Row, Row | None]]:
        """The same, with the live row of that resource."""
        theirs = self._keyed(table, (*_WHERE, *columns))
        return self._paired(table, columns, theirs)

    def _paired(self, table: Table, columns: Sequence[str], theirs: str) -> Iterator[tuple[Row, Row, Row | None]]:
        """Declared rows, and their live rows where there are any to look at."""
        names = (*_WHERE, *columns)
        told = [f"p.{identifier(name)}" for name in _PAIRS] + [f"d.{identifier(name)}" for name in names]
        sql = (
            f"FROM ({self._view(self.declared, table.name, names)}) d "
            "LEFT JOIN pairs p ON p.file = d.file AND p.logical_id = d.resource"
        )
        if theirs:
            told += ["l._key", *(f"l.{identifier(name)}" for name in names)]
            sql += f" LEFT JOIN ({theirs}) l ON l._key = p.physical_id AND l.account_id = p.account"
        pairs, count = tuple(_PAIRS), len(names)
        for values in self._rows(f"SELECT {', '.join(told)} {sql}"):
            pair = dict(zip(pairs, values, strict=False))
            declared = dict(zip(names, values[len(pairs) :], strict=False))
            rest = values[len(pairs) + count :]
            yield pair, declared, dict(zip(names, rest[1:], strict=True)) if rest and rest[0] is not None else None

    def both(self, table: Table, columns: Sequence[str]) -> Iterator[tuple[Row | None, Row | None]]:
        """Rows of a baseline that was read live and of today that are not the same, or that only one of them has.

        Rows of which a resource has several have no identity of their own: they are compared as a whole.
        """
        names = (*_WHERE, *columns)
        mine, theirs = (self._view(of, table.name, names) for of in (self.declared, self.live))
        same = ", ".join(f"d.{identifier(name)} IS NOT DISTINCT FROM l.{identifier(name)}" for name in columns)
        told = [f"{side}.{identifier(name)}" for side in "dl" for name in names]
        sql = (
            f"SELECT {', '.join(told)} FROM ({mine}) d FULL OUTER JOIN ({theirs}) l ON d.resource = l.resource "
            "AND d.account_id IS NOT DISTINCT FROM l.account_id AND d.region IS NOT DISTINCT FROM l.region "
            "AND d.file IS NOT DISTINCT FROM l.file "
            f"WHERE d.resource IS NULL OR l.resource IS NULL OR NOT ({same.replace(', ', ' AND ') or 'true'})"
        )
        for values in self._rows(sql):
            before, now = (dict(zip(names, part, strict=True)) for part in _halves(values))
            yield (
                before if before["resource"] is not None else None,
                now if now["resource"] is not None else None,
            )

    def count(self, snapshot: Snapshot, table: Table) -> int:
        """How many resources a snapshot has of a table."""
        view = self._view(snapshot, table.name, ("resource",))
        return int(next(self._rows(f"SELECT count(DISTINCT resource) FROM ({view})"))[0])

    def live_rows(self, table: Table, columns: Sequence[str]) -> Iterator[Row]:
        """The live rows of a table."""
        names = (*_WHERE, *columns)
        return self._select(self._view(self.live, table.name, names), names)

    def _keyed(self, table: Table, names: Sequence[str]) -> str:
        """The live rows of a table, each under everything that a stack may call it."""
        keys = table.keys
        view = self._view(self.live, table.name, (*names, *keys))
        listed = ", ".join(["resource", *map(identifier, keys)])
        return f"SELECT *, unnest(list_distinct([{listed}])) AS _key FROM ({view})"

    def _view(self, snapshot: Snapshot, table: str, names: Sequence[str]) -> str:
        """The rows of a table with these columns: NULL where the snapshot does not have one."""
        wanted = dict.fromkeys(names)
        if not snapshot.has_rows(table):
            listed = ", ".join(f"NULL AS {identifier(name)}" for name in wanted)
            return f"SELECT {listed} WHERE false"
        source = snapshot.rows_in(table)
        held = self._columns(source)
        listed = ", ".join(identifier(name) if name in held else f"NULL AS {identifier(name)}" for name in wanted)
        return f"SELECT {listed} FROM {source}"

    def _columns(self, source: str) -> frozenset[str]:
        """The columns that rows have: asked once, for several look at the rows of one table."""
        if source not in self._held:
            described = self._execute(f"SELECT * FROM {source} LIMIT 0").description or ()
            self._held[source] = frozenset(column[0] for column in described)
        return self._held[source]

    def _select(self, sql: str, names: Sequence[str]) -> Iterator[Row]:
        for values in self._rows(sql):
            yield dict(zip(dict.fromkeys(names), values, strict=True))

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        result = self._execute(sql)
        while rows := result.fetchmany(PAGE):
            yield from rows

    def _execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.cursor().execute(sql, parameters)
        except duckdb.Error as error:
            raise DemarcateError(f"the snapshots cannot be compared: {short(error)}") from error


Row = dict[str, Any]
"""Column to value."""

_RESOURCE = ("logical_resource_id", "physical_resource_id", "resource_type")


def _halves(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    middle = len(values) // 2
    return values[:middle], values[middle:]


def plain_value(column: Column, value: Any) -> Any:
    """A value as it is compared: JSON as what it says."""
    if column.type == "JSON" and isinstance(value, str):
        return json.loads(value)
    return value
