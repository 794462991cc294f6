"""The rows in which two snapshots of one source differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demarcate.base import duckdb
from demarcate.base.connection import connect, short
from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.tabular import rows_in


def differing(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """Each row that only one of two snapshots has, in the tables of the second: its table, whether it is of the first,
    and its columns.

    On which line of its file a row stands is no difference. Raises DemarcateError where a file cannot be read.
    """
    connection = connect(*before.folders, *after.folders)
    try:
        for table in after.manifest.tables:
            files = before.files(table), after.files(table)
            for was, (mine, theirs) in ((True, files), (False, files[::-1])):
                if not mine:
                    continue
                sql = f"SELECT * EXCLUDE (line) FROM {rows_in(mine)}"  # noqa: S608
                if theirs:
                    sql += f" EXCEPT ALL SELECT * EXCLUDE (line) FROM {rows_in(theirs)}"  # noqa: S608
                answer = connection.execute(sql)
                names = [column[0] for column in answer.description or ()]
                for values in answer.fetchall():
                    yield table, was, dict(zip(names, values, strict=True))
    except duckdb.Error as error:
        raise DemarcateError(f"the snapshots cannot be compared: {short(error)}") from error
    finally:
        connection.close()
