"""SQL from people over a snapshot, behind a fence: one SELECT, over the snapshot's tables, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshot import Snapshot
from demarcate.estate.tables import all_tables


def tables_of(sql: str) -> list[str]:
    """The tables that a query names. Raises DemarcateError for anything but one SELECT."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise DemarcateError(f"the query is not SQL: {_short(error)}") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise DemarcateError("expected one SELECT; nothing else may be run")
    try:
        named = duckdb.get_table_names(sql)
    except duckdb.Error as error:
        raise DemarcateError(f"the query cannot be read: {_short(error)}") from error
    return sorted(name for name in named if name in all_tables())


def run(sql: str, snapshot: Snapshot) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """The columns and rows of a query. It can read the snapshot's files and no others, and write nothing.

    Raises DemarcateError with DuckDB's reason for a query that fails.
    """
    names = tables_of(sql)
    connection = duckdb.connect()
    for name in names:
        files = snapshot.files(name)
        columns = [(column.name, column.type) for column in all_tables()[name].all_columns]
        if files:
            listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
            source = f"SELECT * FROM read_parquet([{listed}], union_by_name = true)"
        else:
            source = "SELECT " + ", ".join(f'NULL::{t} AS "{n}"' for n, t in columns) + " WHERE false"
        connection.execute(f'CREATE VIEW "{name}" AS {source}')
    folder = str(snapshot.folder.resolve()).replace("'", "''")
    given = str(snapshot.folder).replace("'", "''")
    connection.execute(f"SET allowed_directories = ['{folder}', '{given}']")
    connection.execute("SET enable_external_access = false; SET lock_configuration = true")
    try:
        result = connection.execute(sql)
        return [column[0] for column in result.description or ()], _fetch(connection)
    except duckdb.Error as error:
        raise DemarcateError(f"the query failed: {_short(error)}") from error


def _fetch(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    try:
        while rows := connection.fetchmany(1000):
            yield from rows
    except duckdb.Error as error:
        raise DemarcateError(f"the query failed: {_short(error)}") from error


def _short(error: Exception) -> str:
    """DuckDB's message without its picture of the query."""
    return " ".join(str(error).split("\n\nLINE", maxsplit=1)[0].split())
