"""A snapshot as a database: its tables under their names, and what is known to be missing from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from demarcate.base.connection import Limits, connect
from demarcate.base.sql import identifier, literal, parquet
from demarcate.checks.facts import facts_of
from demarcate.checks.names import ROW, partly_read
from demarcate.checks.structs import Check
from demarcate.checks.whys import cause
from demarcate.estate.schema.table import Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot, Unread
from demarcate.estate.sources.registry import collected_from
from demarcate.estate.tables import all_tables

if TYPE_CHECKING:
    import duckdb

MANY_ROWS = 200_000
"""From so many rows on, one query is worth several threads."""


MEMORY, MEMORY_OF_A_ROW = 256_000_000, 2_000
"""Bytes that judging may take, and for each row of the snapshot: what needs more is not the estate's size, but how a
check looks from each row at each other one.
"""


def concerns(gap: Unread, check: Check, name: str) -> bool:
    """Whether rows that are missing from a table may matter to a check."""
    return gap.of is None or gap.of in owners_of(check, name)


def owners_of(check: Check, name: str) -> set[str]:
    """The tables from whose rows come the rows of a derived table that may matter to a check."""
    demands = [demand for demand in check.demands if demand.table == name]
    return {
        derived.of
        for derived in all_tables()[name].derived
        if not demands or any(demand.allows(derived.known) for demand in demands)
    }


def _column(name: str, type_: str, held: str | None) -> str:
    """SQL for a column in today's type, whatever type it is held in, if any. What has no value in it is not known."""
    if held == type_:
        return identifier(name)
    return (
        f"{'NULL' if held is None else f'TRY_CAST({identifier(name)} AS {type_})'}::{type_} AS {identifier(name)}"
    )


class Database:
    """The tables of one snapshot, each made when it is first needed, with all columns of today's schema."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.source = collected_from(snapshot)
        rows = sum(part.rows for held in snapshot.manifest.tables.values() for part in held.parts)
        # Queries over few rows run side by side, so that each needs but one thread.
        # Findings are ordered when they are read.
        self.memory = MEMORY + rows * MEMORY_OF_A_ROW
        limits = Limits(memory=self.memory, threads=1 if rows < MANY_ROWS else None, ordered=False)
        self._connection = connect(snapshot.folder, limits=limits)
        self._ready: set[str] = set()
        self._stale: dict[str, str] = {}
        self._gaps: dict[str, list[Unread]] = {}
        for unread in snapshot.unread:
            for name in unread.missing:
                self._gaps.setdefault(name, []).append(unread)
        self._lost_template = next((unread for unread in snapshot.unread if unread.file is not None), None)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to this database, with the variables that compiled predicates use.

        Cursors may be used side by side, one a thread. Tables are made beforehand (`prepare`).
        """
        cursor = self._connection.cursor()
        moment = self.snapshot.moment.replace(tzinfo=None).isoformat()
        settings = [f"SET VARIABLE now = TIMESTAMP {literal(moment)}"]
        settings += [
            f"SET VARIABLE {identifier(partly_read(name))} = true"
            for name in sorted(self._ready)
            if self.why_partly_read(name)
        ]
        cursor.execute("; ".join(settings))
        return cursor

    def prepare(self, names: Iterable[str]) -> None:
        """Make tables readable under their names. Raises duckdb.Error for a damaged file."""
        for name in names:
            if name not in self._ready:
                self._ready.add(name)
                self._make(all_tables()[name])

    def has_rows(self, table: Table) -> bool:
        """Whether there is anything in it, from the snapshot or from facts."""
        return bool(self.snapshot.files(table.name)) or (table.facts and facts_of(table.name) is not None)

    def rows(self, table: Table) -> int:
        """How many rows a table has, by the snapshot's record."""
        held = self.snapshot.manifest.tables.get(table.name)
        return sum(part.rows for part in held.parts) if held else 0

    def _make(self, table: Table) -> None:
        files = self.snapshot.files(table.name)
        facts = facts_of(table.name) if table.facts and not files else None
        if facts is not None:
            stale = facts.stale(self.snapshot.moment)
            if stale is not None:
                self._stale[table.name] = stale
            self._make_facts(table, facts.rows)
            return
        if not files:
            nothing = ", ".join(f"NULL::{c.type} AS {identifier(c.name)}" for c in table.all_columns)
            self._connection.execute(f"CREATE VIEW {table.name} AS SELECT {nothing} WHERE false")
            return
        source = parquet(files)
        held = {column.name: column.type for column in table.all_columns}
        if not self.snapshot.fresh:  # another version may have written it, or somebody else
            described = self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
            held = {row[0]: row[1] for row in described}
        columns = ", ".join(_column(c.name, c.type, held.get(c.name)) for c in table.all_columns)
        self._connection.execute(f"CREATE VIEW {table.name} AS SELECT {columns} FROM {source}")

    def _make_facts(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        types = {column.name: column.type for column in table.all_columns}
        selected = ", ".join(f"row.{identifier(name)}" for name in types)
        self._connection.execute(
            f"CREATE TABLE {table.name} AS SELECT {selected} FROM "
            f"(SELECT unnest(from_json($rows, {literal(msgspec.json.encode([types]).decode())})) AS row)",
            {"rows": msgspec.json.encode(rows).decode()},
        )

    # --- what is missing ----------------------------------------------------------------------------

    def gaps(self, table: str) -> list[Unread]:
        """The parts of a table that could not be read."""
        return self._gaps.get(table, [])

    def why_absent(self, table: Table) -> Unknown | None:
        """Why the snapshot has nothing of a table; None where it has, or has tried."""
        if table.name in self.snapshot.manifest.tables or self.gaps(table.name):
            return None
        return self.source.why_absent(table)

    def why_partly_read(self, name: str) -> Unknown | None:
        """Why a table may have rows that are not in the snapshot, anywhere; None where it has them all."""
        if self._is_known_of_the_world(name):
            return None
        absent = self.why_absent(all_tables()[name])
        if absent is None and self._lost_template is not None:
            lost = self._lost_template
            return Unknown(lost.kind, f"{name} may have rows in what could not be read: {lost}")
        return absent

    def _is_known_of_the_world(self, name: str) -> bool:
        """Whether facts fill a table, which are the same everywhere; not where AWS was asked and did not answer."""
        table = all_tables()[name]
        return table.facts and self.has_rows(table) and not self.gaps(name)

    def unread_where(self, name: str, check: Check | None = None) -> str | None:
        """SQL for: this table was not read where the judged row is. None where it was read everywhere."""
        return " OR ".join(f"({where})" for where, _ in self._unread_places(name, check)) or None

    def partly(self, name: str, used: Sequence[str], check: Check) -> Iterator[str]:
        """SQL for the causes why columns of a table looked into are not known."""
        derived = {one.of: one.needs for one in all_tables()[name].derived if one.of in owners_of(check, name)}
        for unread in self.snapshot.unread:
            needs = used if unread.table == name else derived.get(unread.table or "", ())
            if set(needs) & set(unread.columns):
                place = self._place(unread, all_tables()[unread.table or name].scope)
                yield f"CASE WHEN {place} THEN {cause(unread.kind, f'{name} is not known whole: {unread}')} END"

    def _place(self, gap: Unread, scope: str) -> str:
        same = f"{ROW}.account_id IS NOT DISTINCT FROM {literal(gap.account)}"
        if scope == "region" and gap.region != "global":
            same += f" AND {ROW}.region IN ({literal(gap.region)}, 'global')"
        return same

    def why_unread(self, name: str, check: Check | None = None) -> str | None:
        """SQL for the cause, where `unread_where` is true."""
        whens = " ".join(f"WHEN {where} THEN {why}" for where, why in self._unread_places(name, check))
        return f"CASE {whens} END" if whens else None

    def _unread_places(self, name: str, check: Check | None = None) -> Iterator[tuple[str, str]]:
        """SQL for each place of rows for which a table was not read, with SQL for the cause."""
        if name in self._stale:
            yield "true", cause(Kind.STALE, f"{name}: {self._stale[name]}")
            return
        if self._is_known_of_the_world(name):
            return
        for gap in self.gaps(name):
            if gap.tables:
                continue  # nothing was read of that account, so that no row is there to look from
            if check is not None and not concerns(gap, check, name):
                continue
            yield self._place(gap, all_tables()[name].scope), cause(gap.kind, f"{name} could not be read: {gap}")
        if all_tables()[name].scope == "region":
            for gap in self.snapshot.unread:
                if gap.operation == "ec2:DescribeRegions" and gap.table is None:
                    same = (
                        f"{ROW}.account_id IS NOT DISTINCT FROM {literal(gap.account)} AND {ROW}.region = 'global'"
                    )
                    yield same, cause(gap.kind, f"{name} may be in other regions: {gap}")

    def why_null(self, table: Table, name: str) -> Unknown:
        """Why a column is NULL in a row that does not say so itself."""
        column = table.column(name)
        if column in table.columns and column is not None and not table.derived:
            if self.source.place(table, column) is None:
                return Unknown(Kind.UNTOLD, self.source.untold)
            held = self.snapshot.manifest.tables.get(table.name)
            if held is not None and name not in held.columns:
                return Unknown(Kind.NOT_COLLECTED, "was not collected")
        return Unknown(Kind.UNSET, self.source.unset)
