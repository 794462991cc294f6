"""Reads a store: its tables as SQL over the files of rows that count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_within
from demarcate.base.sql import identifier, literal, pattern
from demarcate.estate.snapshots.querying import Beside
from demarcate.estate.tables import all_tables
from demarcate.logs.store.catalog import Catalog
from demarcate.logs.store.forms.form import Table
from demarcate.logs.store.forms.tables import TABLES

SCHEMA: Final = "logs"
"""Where the tables stand in a query beside those of an estate, of which one has the same name."""


def tables_of(store: Path) -> Beside:
    """The tables of a store for a query; those of which there is no row yet as well.

    Raises DemarcateError for what is no store.
    """
    with Catalog(store) as catalog:
        files: dict[str, list[Path]] = {name: [] for name in TABLES}
        for part in catalog.parts():
            files.setdefault(part.kind, []).append(_there(store, part.file))
    return Beside(
        store, SCHEMA, {name: in_utc(TABLES[name], rows_of(TABLES[name], files[name])) for name in TABLES}
    )


_TEXT = re.compile(r"'[^']*'")


def asks_logs(sql: str) -> bool:
    """Whether a query names a table of a store: by its schema, or one that no estate has.

    >>> asks_logs("SELECT count(*) FROM logs.aws_cloudtrail_log"), asks_logs("SELECT logs.name FROM aws_s3_bucket logs")
    (True, False)
    """
    own = "|".join(sorted(TABLES.keys() - all_tables().keys()))
    asked = rf"""\b(?:from|join)\s+"?(?:{SCHEMA}"?\s*\.|(?:{own})\b)"""
    return re.search(asked, _TEXT.sub("''", sql), re.IGNORECASE) is not None


def in_utc(table: Table, rows: str) -> str:
    """A SELECT of the same rows with moments in UTC and without an offset, as the tables of an estate have them.

    What is shown of them, and compared with them, does not hang on the zone of the machine then.
    """
    moments = [name for name, type_ in table.columns.items() if type_ == "TIMESTAMPTZ"]
    replaced = ", ".join(f"make_timestamp(epoch_us({identifier(name)})) AS {identifier(name)}" for name in moments)
    return f"SELECT * REPLACE ({replaced}) FROM ({rows})"


def rows_of(table: Table, files: Iterable[Path]) -> str:
    """A SELECT of the rows of a table in some files."""
    listed = ", ".join(literal(pattern(file)) for file in files)
    if not listed:
        return table.empty()
    # What an older version wrote lacks columns that have come since: there they are NULL.
    return (
        f"{table.empty()} UNION ALL BY NAME "
        f"SELECT * FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    )


def _there(store: Path, file: str) -> Path:
    """Where a file of rows lies. Raises DemarcateError where a link leads out of the store."""
    path = store / file
    if not is_within(path, [store]):
        raise DemarcateError(f"{path}: is a link that leads out of the log store")
    return path
