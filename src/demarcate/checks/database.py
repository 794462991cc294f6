"""A database to judge in: the tables of some accounts under their names, and what follows from a check's looks."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from demarcate.base import duckdb
from demarcate.base.connection import Limits, connect, short
from demarcate.base.encoding import to_json
from demarcate.base.sql import identifier, literal
from demarcate.checks.missing import Missing, Place, shipped_facts
from demarcate.checks.names import Look, partly_read
from demarcate.checks.standins import Ask, asks_of
from demarcate.checks.structs import Check
from demarcate.estate.schema.table import ALTERNATIVES, Table
from demarcate.estate.snapshots.manifest import Unread, damaged_part, own_name
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.tabular import rows_in
from demarcate.estate.tables import all_tables

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

MANY_ROWS = 200_000
"""From so many rows on, one query is worth several threads."""

KEPT_ROWS = 10_000
"""Up to so many rows of a table are read once: to plan that its files are read costs more, in every query that looks
into it and as often as that does.
"""

MEMORY, MEMORY_OF_A_ROW, MOST_MEMORY = 256_000_000, 2_000, 300_000_000
"""Bytes that judging may take, and for each row of the snapshot, up to the last: what needs more is not the estate's
size, but how a check looks from each row at each other one. What does not fit is spilled.
"""

CONDITIONAL: Final = "_conditional"
"""The column that says why it is not known whether a row is there."""

Scans = Iterable[tuple[Table, Sequence[Check]]]
"""Tables with the checks that judge them together."""


def rows_of(snapshot: Snapshot) -> int:
    """How many rows a snapshot has, by its own record."""
    return sum(part.rows for held in snapshot.manifest.tables.values() for part in held.parts)


class Database:
    """A database in memory that may open one snapshot's folders. Groups of its accounts are schemas of it.

    `memory` (bytes), `threads` and `temp` are what it may use, and where it puts what does not fit into its memory.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        threads: int | None = None,
        memory: int | None = None,
        temp: Path | None = None,
    ) -> None:
        rows = rows_of(snapshot)
        # Queries over few rows run side by side, so that each needs but one thread.
        # Findings are ordered when they are read.
        self.memory = min(MEMORY + rows * MEMORY_OF_A_ROW, MOST_MEMORY) if memory is None else memory
        self.threads = threads or os.cpu_count() or 1
        """How many queries may run side by side."""
        each = 1 if rows < MANY_ROWS else threads
        self.connection = connect(
            *snapshot.folders, limits=Limits(memory=self.memory, threads=each, ordered=False, temp=temp)
        )
        self._groups = 0

    def group(self, snapshot: Snapshot) -> Group:
        """The tables of a part of the snapshot, in a schema of their own."""
        self._groups += 1
        return Group(self, snapshot, f"group {self._groups}")


class Group:
    """The tables of some accounts, with all columns of today's schema, and what is missing from them.

    Tables are made with `prepare`, and readable by cursors that are made later.
    """

    def __init__(self, database: Database, snapshot: Snapshot, schema: str) -> None:
        self.database, self.snapshot = database, snapshot
        self.missing = Missing(snapshot)
        self._schema = schema
        self._ready: set[str] = set()
        self._looked: set[str] = set()
        self._places: dict[str, list[Place]] = {}
        self._doubtful: dict[str, AbstractSet[str]] = {}
        self._reads: Mapping[str, AbstractSet[str]] = {}
        self._asks: Mapping[str, Sequence[Ask]] = {}
        database.connection.execute(f"CREATE SCHEMA {identifier(schema)}")

    def drop(self) -> None:
        """Forget its tables."""
        self.database.connection.execute(f"DROP SCHEMA {identifier(self._schema)} CASCADE")

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to these tables, with the variables that compiled predicates use.

        Cursors may be used side by side, one a thread.
        """
        cursor = self.database.connection.cursor()
        moment = self.snapshot.moment.replace(tzinfo=None).isoformat()
        settings = [f"USE {identifier(self._schema)}", f"SET VARIABLE now = TIMESTAMP {literal(moment)}"]
        settings += [
            f"SET VARIABLE {identifier(partly_read(name))} = true"
            for name in sorted(self._looked)
            if self.missing.why_partly_read(name)
        ]
        cursor.execute("; ".join(settings))
        return cursor

    def prepare(self, scans: Scans, reads: Mapping[str, AbstractSet[str]]) -> None:
        """Make the tables that judging these reads, of which `reads` are the columns. Raises duckdb.Error for a
        damaged file.
        """
        self._reads = reads
        self._asks = asks_of(check.asks for _, checks in scans for check in checks)
        looking: dict[str, set[str]] = {}
        doubts: dict[str, set[str]] = {}
        for table, checks in scans:
            if self.has_rows(table):
                looking.setdefault(table.name, set())
                for check in checks:
                    self._looked.update(check.lookups)
                    for look in check.looks.values():
                        if look.sure and self.has_rows(all_tables()[look.table]):
                            doubts.setdefault(look.table, set()).update(look.doubts)
                    # A look into an empty table is no query, whatever else it looks into.
                    if any(self.has_rows(all_tables()[look.table]) for look in check.looks.values()):
                        for name in check.lookups:
                            looking.setdefault(name, set()).add(table.name)
        unmade = [all_tables()[name] for name in looking if name not in self._ready]
        names = {name for name in looking if shipped_facts(all_tables()[name]) is not None}
        facts = [table for table in unmade if table.name in names]
        # Each takes about as long to plan as a scan. What facts are made of is there before them.
        with ThreadPoolExecutor(self.database.threads) as pool:
            deque(pool.map(self._make, (table for table in unmade if table not in facts)), 0)
            deque(pool.map(lambda table: self._make_facts(table, looking[table.name] - names), facts), 0)
            few = [name for name in doubts if self.rows(all_tables()[name]) <= KEPT_ROWS]
            deque(pool.map(lambda name: self._find_doubts(name, doubts[name]), few), 0)

    def make_whole(self, names: Iterable[str]) -> None:
        """Make tables whole, for SQL that is not a check's; facts stand wherever a row of another one of them is.

        Raises duckdb.Error for a damaged file.
        """
        tables = [all_tables()[name] for name in names if name not in self._ready]
        facts = [table for table in tables if shipped_facts(table) is not None]
        self._reads = {table.name: {column.name for column in table.all_columns} for table in tables}
        for table in tables:
            if table not in facts:
                self._make(table)
        for table in facts:
            self._make_facts(table, {other.name for other in tables} - {fact.name for fact in facts})

    def has_rows(self, table: Table) -> bool:
        """Whether there is anything in it, from the snapshot or from facts."""
        return self.snapshot.has_rows(table.name) or shipped_facts(table) is not None

    def sql_of(self, look: Look) -> str:
        """SQL for what a look gives: the shortest that gives the same, as far as is known of the rows there."""
        if not self.has_rows(all_tables()[look.table]):
            return look.empty
        return look.sure if self.is_sure(look) else look.sql

    def is_sure(self, look: Look) -> bool:
        """Whether no row of the table that is looked into leaves a look open."""
        doubtful = self._doubtful.get(look.table)
        return bool(look.sure) and doubtful is not None and doubtful.isdisjoint((*look.doubts, CONDITIONAL))

    def _find_doubts(self, table: str, columns: AbstractSet[str]) -> None:
        """Find which of some columns are NULL in any row of a table, and whether it has rows under a condition."""
        doubtful = {name: f"count({identifier(name)}) < count(*)" for name in sorted(columns)}
        doubtful[CONDITIONAL] = f"count({identifier(CONDITIONAL)}) > 0"
        with contextlib.suppress(duckdb.Error):  # what cannot be computed of one is told of the checks that use it
            row = (
                self._execute(f"SELECT {', '.join(doubtful.values())} FROM {self._named(table)}").fetchone() or ()
            )
            self._doubtful[table] = {name for name, is_so in zip(doubtful, row, strict=True) if is_so}

    def rows(self, table: Table) -> int:
        """How many rows a table has, by the snapshot's record."""
        held = self.snapshot.manifest.tables.get(table.name)
        return sum(part.rows for part in held.parts) if held else 0

    def places(self, name: str) -> list[Place]:
        """The accounts and regions that rows of a table are of."""
        if name not in self._places:
            self._places[name] = self._execute(
                f"SELECT DISTINCT account_id, region FROM {self._named(name)} ORDER BY ALL"
            ).fetchall()
        return self._places[name]

    def damaged(self, reads: Mapping[str, AbstractSet[str]]) -> dict[str, Unread]:
        """The parts that cannot be read, by their files. `reads` are columns of tables."""
        damaged = {}
        for name, columns in sorted(reads.items()):
            self.snapshot.files(name)  # which are there from now on
            held = self.snapshot.manifest.tables.get(name)
            for part in held.parts if held else ():
                if part.file and (why := self._why_damaged(part.file, columns)) is not None:
                    damaged[part.file] = damaged_part(name, part, f"is damaged: {why}")
        return damaged

    def _why_damaged(self, file: str, columns: AbstractSet[str]) -> str | None:
        path = f"{os.path.realpath(self.snapshot.folder)}/{file}"
        source = rows_in([path])
        try:
            described = self._execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
            read = ", ".join(identifier(row[0]) for row in described if row[0] in columns)
            if read:
                self._execute(f"SELECT bit_xor(hash({read})) FROM {source}")
        except duckdb.OutOfMemoryException:
            return None
        except duckdb.Error as error:
            return short(error).replace(path, own_name(file))
        return None

    def _execute(self, sql: str, given: Mapping[str, Any] | None = None) -> duckdb.DuckDBPyConnection:
        return self.database.connection.cursor().execute(sql, given)

    def _named(self, name: str) -> str:
        return f"{identifier(self._schema)}.{identifier(name)}"

    def _make(self, table: Table) -> None:
        if not self.snapshot.has_rows(table.name):
            nothing = ", ".join(f"NULL::{c.type} AS {identifier(c.name)}" for c in table.all_columns)
            self._execute(
                f"CREATE VIEW {self._named(table.name)} AS {self._asked(table, f'SELECT {nothing} WHERE false')}"
            )
        elif self.marked(table):  # what is asked of stand-ins takes more than to keep the answers
            rows = self._asked(table, self._read(table))
            self._execute(f"CREATE TABLE {self._named(table.name)} AS {rows}")
        elif self.rows(table) <= KEPT_ROWS:
            kept = self._named(f"{table.name} kept" if self._asks.get(table.name) else table.name)
            self._execute(f"CREATE TABLE {kept} AS {self._read(table)}")
            if self._asks.get(table.name):  # which a row may make fail, and then what asks it
                rows = self._asked(table, f"SELECT * FROM {kept}")
                self._execute(f"CREATE VIEW {self._named(table.name)} AS {rows}")
        else:
            rows = self._asked(table, self._select(table))
            self._execute(f"CREATE VIEW {self._named(table.name)} AS {rows}")
        self._ready.add(table.name)

    def marked(self, table: Table) -> frozenset[str]:
        """The columns of a table that hold stand-ins."""
        held = self.snapshot.manifest.tables.get(table.name)
        return frozenset(name for part in held.parts for name in part.assigned) if held else frozenset()

    def companions(self, table: Table) -> tuple[str, ...]:
        """The companions of a table of which rows tell alone."""
        held = self.snapshot.manifest.tables.get(table.name)
        return tuple(sorted({name for part in held.parts for name in part.companions})) if held else ()

    def alternatives(self, table: Table) -> str | None:
        """SQL for the rows that those of a table may be, with what is asked of them; None where there are none.

        Each has beside its own columns which alternative it belongs to (`_of`), and `_alternatives` a list of all.
        """
        held = self.snapshot.manifest.tables.get(table.name)
        if not held or not any(part.alternatives for part in held.parts):
            return None
        types = {column.name: column.type for column in table.all_columns if column.name != ALTERNATIVES}
        form = literal(to_json([[types]]).decode())
        several = (
            f"SELECT from_json({ALTERNATIVES}, {form}) AS several "
            f"FROM ({self._select(table)}) WHERE {ALTERNATIVES} IS NOT NULL"
        )
        each = (
            f"SELECT len(several) AS _alternatives, unnest(range(len(several))) AS _of, several FROM ({several})"
        )
        rows = f"SELECT _alternatives, _of, unnest(several[_of + 1], recursive := true) FROM ({each})"
        return self._asked(table, rows, marked=frozenset(types))

    def _asked(self, table: Table, rows: str, marked: frozenset[str] | None = None) -> str:
        """SQL for rows, each with what is asked of its columns."""
        marked = self.marked(table) if marked is None else marked
        asks = [
            f"{ask.sql(marked=ask.column in marked)} AS {identifier(ask.name)}"
            for ask in self._asks.get(table.name, ())
        ]
        return f"SELECT {', '.join(['*', *asks])} FROM ({rows})" if asks else rows

    def _read(self, table: Table) -> str:
        """SQL for the rows of a table, in those columns that judging reads."""
        read = [identifier(column.name) for column in table.all_columns if column.name in self._reads[table.name]]
        return f"SELECT {', '.join(read)} FROM ({self._select(table)})"

    def _select(self, table: Table) -> str:
        """SQL for the rows of a table, in the columns and types that it has today."""
        source = self.snapshot.rows_in(table.name)
        held = {column.name: column.type for column in table.all_columns}
        if not self.snapshot.fresh:  # another version may have written it, or somebody else
            described = self._execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
            held = {row[0]: row[1] for row in described}
        columns = ", ".join(_column(c.name, c.type, held.get(c.name)) for c in table.all_columns)
        return f"SELECT {columns} FROM {source}"

    def _make_facts(self, table: Table, looking: AbstractSet[str]) -> None:
        """Make a table of facts: the rows that an account told, and the facts that we have of all else, wherever a
        row looks.
        """
        facts = shipped_facts(table)
        rows = [fact.believed(self.snapshot.moment) for fact in facts.all()] if facts is not None else []
        places = {place for name in looking for place in self.places(name)}
        types = {column.name: column.type for column in table.all_columns}
        form = literal(to_json([types]).decode())
        of_place = {"account_id": "place[1] AS account_id", "region": "place[2] AS region"}
        columns = ", ".join(of_place.get(name, f"row.{identifier(name)}") for name in types)
        kept = f"{table.name} kept"
        self._execute(
            f"CREATE TABLE {self._named(kept)} AS SELECT {columns} "
            f"FROM (SELECT unnest(from_json($rows, {form})) AS row), "
            "(SELECT unnest(from_json($places, '[[\"VARCHAR\"]]')) AS place)",
            {
                "rows": to_json(rows).decode(),
                "places": to_json(sorted(places, key=str)).decode(),
            },
        )
        if self.snapshot.has_rows(table.name):
            told = self._select(table)
            same = ["account_id", *facts.key] if facts is not None else ["account_id"]
            of_key = " AND ".join(
                f"told.{name} IS NOT DISTINCT FROM kept.{name}" for name in map(identifier, same)
            )
            self._execute(
                f"DELETE FROM {self._named(kept)} AS kept WHERE EXISTS (SELECT 1 FROM ({told}) AS told "
                f"WHERE {of_key} AND (kept.region = 'global' OR told.region IS NOT DISTINCT FROM kept.region))"
            )
            self._execute(f"INSERT INTO {self._named(kept)} {told}")
        asked = self._asked(table, f"SELECT * FROM {self._named(kept)}")
        self._execute(f"CREATE VIEW {self._named(table.name)} AS {asked}")
        self._ready.add(table.name)


def _column(name: str, type_: str, held: str | None) -> str:
    """SQL for a column in today's type, whatever type it is held in, if any. What has no value in it is not known."""
    if held == type_:
        return identifier(name)
    return (
        f"{'NULL' if held is None else f'TRY_CAST({identifier(name)} AS {type_})'}::{type_} AS {identifier(name)}"
    )
