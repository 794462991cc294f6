"""SQL from people over a snapshot, behind a fence: one SELECT, over the snapshot's tables, and nothing else."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from demarcate.base import duckdb
from demarcate.base.connection import Limits, TookTooLong, bounded, connect, deadline, select_of, short
from demarcate.base.errors import DemarcateError
from demarcate.base.sql import identifier
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.tables import all_tables

T = TypeVar("T")

MAX_TEXT = 1_000_000
"""How many characters a query may have."""

MAX_VALUE = 10_000_000
"""How many characters a text that it gives may have: whoever writes it makes several copies."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a query reaches beside a snapshot, or alone: a folder, and tables as SELECTs over files in it.

    They stand in a schema of this name, and without it where the snapshot has no table that is called so.
    """

    folder: Path
    schema: str
    tables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What one query may take: seconds, bytes of memory, and rows that it may give.

    Raises DemarcateError for what no clock and no machine has.
    """

    seconds: float = 300.0
    memory: int = 2_000_000_000
    rows: int = 1_000_000

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= 1_000_000:
            raise DemarcateError(f"a query may have up to 1,000,000 seconds (--max-seconds), not {self.seconds:g}")
        if not 0 < self.memory <= 1 << 50:
            raise DemarcateError(
                f"a query may have up to 1,000,000,000 MB (--max-memory), not {self.memory // 1_000_000:,}"
            )


@dataclass(frozen=True, slots=True)
class Made:
    """A table that is made for one query: the types of its columns, and its rows."""

    types: Mapping[str, str]
    rows: Sequence[Sequence[Any]]


def tables_of(sql: str) -> list[str]:
    """The tables that a query names, or may name: words of it, so that nothing of it is run to find out.

    Raises DemarcateError for anything but one SELECT.
    """
    with connect(limits=Limits(threads=1)) as connection:
        _select(connection, sql)
    return _named(sql)


def _named(sql: str) -> list[str]:
    """The words of a text that are tables, in order."""
    return sorted(set(re.findall(r"\w+", sql.lower())) & set(all_tables()))


def run(
    sql: str,
    snapshot: Snapshot | None,
    limits: QueryLimits = QueryLimits(),
    beside: Beside | None = None,
    made: Mapping[str, Made] = MappingProxyType({}),
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """The columns and rows of a query. It can read the folders of the snapshot and of what is beside it, and no file
    elsewhere, and write nothing. `made` are tables that are no files, by their names.

    Raises DemarcateError, also while rows are read, with DuckDB's reason for a query that fails, and for one that
    takes more than it may.
    """
    rows = _run(sql, snapshot, limits, beside, made)
    columns: list[str] = list(next(rows))
    return columns, rows


def _run(
    sql: str, snapshot: Snapshot | None, limits: QueryLimits, beside: Beside | None, made: Mapping[str, Made]
) -> Iterator[tuple[Any, ...]]:
    """The names of the columns, then the rows."""
    folders = [*(snapshot.folders if snapshot else ()), *([beside.folder] if beside else ())]
    with _connected(folders, limits) as connection, _told(limits):
        select = _select(connection, sql)
        named = _named(sql) if snapshot else []
        if snapshot is not None:
            views = {name: _rows_of(snapshot, name) for name in named}
            _make_views(connection, snapshot.folders[0], views, "collect the snapshot again")
        if beside is not None:
            _make_beside(connection, sql, beside, named)
        for name, table in made.items():
            _make_table(connection, name, table)
        left = limits.seconds  # without the time for which whoever reads the rows lets us wait

        def within(work: Callable[[], T]) -> T:
            nonlocal left
            began = time.monotonic()
            with bounded(limits.memory), deadline(connection, left):
                answer = work()
            left -= time.monotonic() - began
            return answer

        result = within(lambda: connection.execute(select))
        yield tuple(column[0] for column in result.description or ())
        given = 0
        while rows := within(lambda: connection.fetchmany(1000)):
            if any(isinstance(value, str | bytes) and len(value) > MAX_VALUE for row in rows for value in row):
                raise DemarcateError(f"the query gives a text of more than {MAX_VALUE:,} characters")
            yield from rows[: limits.rows - given]
            given += len(rows)
            if given > limits.rows:
                raise DemarcateError(f"the query gives more than {limits.rows:,} rows: add LIMIT, or --max-rows")


@contextlib.contextmanager
def _connected(folders: Sequence[Path], limits: QueryLimits) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to some folders. What is still at work on it at the end is interrupted.

    A query gives rows while it goes on, and closing waits for it: for ever, where a recursion has no end.
    """
    with connect(*folders, limits=Limits(memory=limits.memory)) as connection:
        try:
            yield connection
        finally:
            connection.interrupt()


def _make_views(
    connection: duckdb.DuckDBPyConnection, folder: Path, views: Mapping[str, str], then: str, schema: str = "main"
) -> None:
    try:
        for name, select in views.items():
            connection.execute(f"CREATE VIEW {identifier(schema)}.{identifier(name)} AS {select}")
    except duckdb.Error as error:
        raise DemarcateError(f"{folder}: cannot be read: {short(error)}; {then}") from error


def _make_beside(connection: duckdb.DuckDBPyConnection, sql: str, beside: Beside, taken: Collection[str]) -> None:
    words = set(re.findall(r"\w+", sql.lower()))
    views = {name: select for name, select in beside.tables.items() if name in words}
    connection.execute(f"CREATE SCHEMA {identifier(beside.schema)}")
    _make_views(connection, beside.folder, views, "it may have been changed", beside.schema)
    short_names = {name: f"SELECT * FROM {identifier(beside.schema)}.{identifier(name)}" for name in views}
    _make_views(
        connection,
        beside.folder,
        {name: select for name, select in short_names.items() if name not in taken},
        "it may have been changed",
    )


def _make_table(connection: duckdb.DuckDBPyConnection, name: str, table: Made) -> None:
    columns = ", ".join(
        f"unnest(${place}::{type_}[]) AS {identifier(column)}"
        for place, (column, type_) in enumerate(table.types.items(), 1)
    )
    values = [[row[place] for row in table.rows] for place in range(len(table.types))]
    connection.execute(f"CREATE TABLE {identifier(name)} AS SELECT {columns}", values)


def _select(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    if len(sql) > MAX_TEXT:
        raise DemarcateError(f"the query has {len(sql):,} characters; at most {MAX_TEXT:,} are read")
    try:
        return select_of(connection, sql)
    except DemarcateError as error:
        raise DemarcateError(f"the query: {error}") from error


def _rows_of(snapshot: Snapshot, table: str) -> str:
    """A SELECT of all rows of a table."""
    if snapshot.has_rows(table):
        return f"SELECT * FROM {snapshot.rows_in(table)}"
    columns = all_tables()[table].all_columns
    return "SELECT " + ", ".join(f"NULL::{c.type} AS {identifier(c.name)}" for c in columns) + " WHERE false"


@contextlib.contextmanager
def _told(limits: QueryLimits) -> Iterator[None]:
    """Errors of the database as errors that people see."""
    try:
        yield
    except TookTooLong as error:
        raise DemarcateError(f"the query takes longer than {limits.seconds:g} s (--max-seconds)") from error
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise DemarcateError(
            f"the query needs more than {limits.memory:,} bytes of memory (--max-memory)"
        ) from error
    except duckdb.Error as error:
        raise DemarcateError(f"the query failed: {short(error)}") from error
