"""What was loaded becomes part of a store: duplicates dropped, small files made large, all of it at once.

Trails overlap, and a file may be delivered twice: of records with the same identity the first that came counts.
Looking for them reads one column of the days that something was added to, and only where there are any are files of
rows written anew.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from demarcate.base.sql import identifier, literal, path_text, pattern
from demarcate.logs.store.catalog import SUFFIX, Catalog, Part, Told
from demarcate.logs.store.forms.form import OTHER, Table
from demarcate.logs.store.loading import AS_PARTS

if TYPE_CHECKING:
    from demarcate.base import duckdb

SMALL: Final = 1 << 20
"""Bytes below which a file of rows is small."""

MANY: Final = 16
"""So many small files of one account and day are made into one."""


def merge(
    catalog: Catalog,
    connection: duckdb.DuckDBPyConnection,
    work: Path,
    loaded: Sequence[tuple[Path, Part]],
    told: Iterable[Told],
    tables: Mapping[str, Table],
) -> tuple[Counter[str], int]:
    """Have loaded files of rows count, without duplicates. Returns how many rows each table got, and how many none.

    Raises OSError, duckdb.Error, and DemarcateError where the catalog cannot be written: then nothing counts.
    """
    by_place: dict[tuple[str, str, str], list[tuple[Path, Part]]] = {}
    for path, part in loaded:
        by_place.setdefault(part.place, []).append((path, part))
    added: list[tuple[Path, Part]] = []
    gone: list[str] = []
    rows: Counter[str] = Counter()
    dropped = 0
    for place, fresh in by_place.items():
        there = catalog.parts(*place)
        before = sum(part.rows for _, part in fresh)
        kept = _without_duplicates(connection, work, catalog.folder, tables[place[0]], there, fresh)
        after = sum(part.rows for _, part in kept)
        rows[place[0]] += after
        dropped += before - after
        small = [part for part in there if part.size < SMALL]
        both = [(catalog.folder / part.file, part) for part in small]
        both += [(path, part) for path, part in kept if part.size < SMALL]
        if len(both) > MANY and (whole := _together(connection, work, both)) is not None:
            large = [(path, part) for path, part in kept if part.size >= SMALL]
            kept = [*large, whole]
            gone += [part.file for part in small]
        added += kept
    for path, part in added:
        to = catalog.folder / part.file
        to.parent.mkdir(parents=True, exist_ok=True)
        path.replace(to)
    catalog.change([part for _, part in added], gone, told)
    return rows, dropped


def _files(paths: Iterable[Path], options: str = "") -> str:
    listed = ", ".join(literal(pattern(path.absolute())) for path in paths)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false{options})"


def _without_duplicates(
    connection: duckdb.DuckDBPyConnection,
    work: Path,
    store: Path,
    table: Table,
    there: Sequence[Part],
    fresh: list[tuple[Path, Part]],
) -> list[tuple[Path, Part]]:
    if table.identity is None:
        return fresh
    name = identifier(table.identity)
    low = min((part.low for _, part in fresh if part.low is not None), default=None)
    high = max((part.high for _, part in fresh if part.high is not None), default=None)
    # The same event has the same moment: files of other hours of a day cannot have it.
    older = [store / part.file for part in there if _overlaps(part, low, high)]
    paths = [*older, *(path for path, _ in fresh)]
    rows = _files(paths)
    # Texts that differ may have the same hash, but texts that are the same never have another.
    ((count, distinct),) = connection.execute(
        f"SELECT count({name}), count(DISTINCT hash({name})) FROM {rows}"
    ).fetchall()
    if count == distinct:
        return fresh
    places = _files(paths, ", filename = true, file_row_number = true")
    orders = ", ".join(f"({literal(path_text(path.absolute()))}, {number})" for number, path in enumerate(paths))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE twice AS SELECT path, number FROM (SELECT p.filename AS path, "
        f"p.file_row_number AS number, row_number() OVER (PARTITION BY p.{name} ORDER BY o.number, "
        f"p.file_row_number) AS nth FROM {places} AS p "
        f"JOIN (VALUES {orders}) AS o(path, number) ON p.filename = o.path "
        f"WHERE p.{name} IN (SELECT {name} FROM {rows} GROUP BY {name} HAVING count(*) > 1)) WHERE nth > 1"
    )
    lost = dict(connection.execute("SELECT path, count(*) FROM twice GROUP BY path").fetchall())
    kept: list[tuple[Path, Part]] = []
    for path, part in fresh:
        less = lost.get(path_text(path.absolute()), 0)
        if less == 0:
            kept.append((path, part))
        elif less < part.rows:
            to = work / f"{uuid.uuid4().hex}{SUFFIX}"
            connection.execute(
                f"COPY (SELECT * EXCLUDE (file_row_number) FROM {_files([path], ', file_row_number = true')} "
                f"WHERE file_row_number NOT IN (SELECT number FROM twice WHERE path = "
                f"{literal(path_text(path.absolute()))})) TO {literal(path_text(to.absolute()))} ({AS_PARTS})"
            )
            kept.append((to, replace(part, rows=part.rows - less, size=to.stat().st_size)))
    connection.execute("DROP TABLE twice")
    return kept


def _overlaps(part: Part, low: float | None, high: float | None) -> bool:
    # Beside rows that have a moment there may be some without, where rows of many days lie together.
    if part.day == OTHER or low is None or high is None or part.low is None or part.high is None:
        return True
    return part.low <= high and low <= part.high


def _together(
    connection: duckdb.DuckDBPyConnection, work: Path, parts: Sequence[tuple[Path, Part]]
) -> tuple[Path, Part] | None:
    """Several files of rows of one account and day as one, in the order of time of their first rows.

    To put all rows in order takes several times the memory that they have as a file: within one they nearly are. None
    where even those of one row group are too large for the memory: then they stay as they are.
    """
    import duckdb

    parts = sorted(parts, key=lambda placed: (placed[1].low or 0, placed[1].file))
    to = work / f"{uuid.uuid4().hex}{SUFFIX}"
    try:
        connection.execute(
            f"COPY (SELECT * FROM {_files(path for path, _ in parts)}) "
            f"TO {literal(path_text(to.absolute()))} ({AS_PARTS})"
        )
    except duckdb.OutOfMemoryException:
        to.unlink(missing_ok=True)
        return None
    first = parts[0][1]
    lows = [part.low for _, part in parts if part.low is not None]
    highs = [part.high for _, part in parts if part.high is not None]
    return to, replace(
        first,
        file=f"{first.kind}/account={first.account}/day={first.day}/{uuid.uuid4().hex}{SUFFIX}",
        rows=sum(part.rows for _, part in parts),
        size=to.stat().st_size,
        low=min(lows, default=None) if len(lows) == len(parts) else None,
        high=max(highs, default=None) if len(highs) == len(parts) else None,
    )
