"""Deletes what is kept no longer: rows of days that are past the time for which their table is kept."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from demarcate.base.connection import Limits, connect
from demarcate.base.errors import DemarcateError
from demarcate.base.sql import identifier, literal, path_text, pattern
from demarcate.logs.store.catalog import SUFFIX, Catalog, Part, check_store, owned
from demarcate.logs.store.forms.form import OTHER
from demarcate.logs.store.forms.tables import TABLES
from demarcate.logs.store.ingesting import MEMORY
from demarcate.logs.store.loading import AS_PARTS

FOREVER: Final = 0
"""The days of what is never deleted."""

ALL: Final = "*"
"""What stands for all tables that have no time of their own."""

MOST: Final = 36_500
"""Days for which anything can be kept."""


def prune(
    folder: Path,
    keep: Mapping[str, int | None],
    now: datetime | None = None,
    usual: Mapping[str, int] | None = None,
) -> tuple[dict[str, int], Counter[str]]:
    """Set for how many days this store keeps tables, and delete what is older. None is as long as is `usual`.

    Returns the days of each table, of all that have any, and how many rows were deleted. What was read is known as
    before: it is not brought in again. Raises DemarcateError for a folder that is no store, a table that there is not,
    and a time that is none.
    """
    for kind, days in (*(usual or {}).items(), *keep.items()):
        if kind != ALL and kind not in TABLES:
            raise DemarcateError(
                f"there is no table {kind!r} of logs: there are {', '.join(TABLES)}, and {ALL} for all"
            )
        if days is not None and not FOREVER <= days <= MOST:
            raise DemarcateError(f"{kind} can be kept for 1 to {MOST:,} days, not {days:,}")
    check_store(folder)
    today = (now or datetime.now(UTC)).date()
    deleted: Counter[str] = Counter()
    with owned(folder) as (catalog, work):
        for kind, days in keep.items():
            catalog.keep(kind, days)
        kept = {**(usual or {}), **catalog.settings()}
        for kind in catalog.kinds():
            if kind in TABLES and (limit := kept.get(kind, kept.get(ALL, FOREVER))) != FOREVER:
                deleted[kind] = _delete(catalog, work, kind, today - timedelta(days=limit))
    return kept, +deleted


def _delete(catalog: Catalog, work: Path, kind: str, first: date) -> int:
    """Delete the rows of a table before a day. Returns how many there were."""
    parts = catalog.parts(kind)
    gone = [part for part in parts if part.day != OTHER and part.day < first.isoformat()]
    fresh: list[Part] = []
    for part in parts:
        # Rows of many days lie together there: those of the days that are past are taken out.
        if part.day == OTHER and part.low is not None and part.low < _seconds(first):
            made = _without(catalog.folder, work, part, first)
            gone.append(part)
            fresh += [made] if made.rows else []
    for part in fresh:
        (work / Path(part.file).name).replace(catalog.folder / part.file)
    catalog.change(fresh, [part.file for part in gone], ())
    return sum(part.rows for part in gone) - sum(part.rows for part in fresh)


def _without(store: Path, work: Path, part: Part, first: date) -> Part:
    name = f"{uuid.uuid4().hex}{SUFFIX}"
    moment = identifier(TABLES[part.kind].moment)
    with connect(store, work, limits=Limits(memory=MEMORY, threads=1, temp=work)) as connection:
        ((count,),) = connection.execute(
            f"COPY (SELECT * FROM read_parquet({literal(pattern((store / part.file).absolute()))}, "
            f"hive_partitioning = false) WHERE {moment} IS NULL OR {moment} >= "
            f"make_timestamptz({_seconds(first)} * 1000000::BIGINT)) "
            f"TO {literal(path_text((work / name).absolute()))} ({AS_PARTS})"
        ).fetchall()
    file = f"{part.file.rpartition('/')[0]}/{name}"
    return replace(part, file=file, rows=count, size=(work / name).stat().st_size, low=float(_seconds(first)))


def _seconds(day: date) -> int:
    """The beginning of a day in UTC, in seconds since 1970."""
    return (day - date(1970, 1, 1)).days * 86_400
