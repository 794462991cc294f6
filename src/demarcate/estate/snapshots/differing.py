"""The rows in which two snapshots of one source differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demarcate.base import duckdb
from demarcate.base.connection import connect, short
from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot


def differing(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """Each row that only one of two snapshots has, in the tables of the second: its table, whether it is of the first,
    and its columns.

    On which line of its file a row stands is no difference. Raises DemarcateError where a file cannot be read.
    """
    connection = connect(*before.folders, *after.folders)
    try:
        for table in after.manifest.tables:
            for was, mine, theirs in ((True, before, after), (False, after, before)):
                if not mine.has_rows(table):
                    continue
                sql = f"SELECT * EXCLUDE (line) FROM {mine.rows_in(table)}"  # noqa: S608
                if theirs.has_rows(table):
                    sql += f" EXCEPT ALL SELECT * EXCLUDE (line) FROM {theirs.rows_in(table)}"  # noqa: S608
                answer = connection.execute(sql)
                names = [column[0] for column in answer.description or ()]
                for values in answer.fetchall():
                    yield table, was, dict(zip(names, values, strict=True))
    except duckdb.Error as error:
        raise DemarcateError(f"the snapshots cannot be compared: {short(error)}") from error
    finally:
        connection.close()
