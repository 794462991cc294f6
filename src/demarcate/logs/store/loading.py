"""Makes files of rows of files of logs, a batch at a time: cut into records, spooled, and made rows by the database.

DuckDB reads JSON objects a line each three times as fast as one great array, and needs no help of Arrow for it
(measured in `bench/logs.py`): so records are written one a line to a spool, and the spool is copied to Parquet.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Final

from demarcate.base import duckdb
from demarcate.base.connection import Limits, connect, short
from demarcate.base.moments import milliseconds
from demarcate.base.sql import identifier, literal, path_text, pattern
from demarcate.estate.schema.unknown import Kind
from demarcate.logs.store import cutting, inflating
from demarcate.logs.store.catalog import SUFFIX, Part, Told
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.entries import Entry
from demarcate.logs.store.forms import vpc_flow
from demarcate.logs.store.forms.form import OTHER, Cut, Form, Table
from demarcate.logs.store.forms.security_lake import SECURITY_LAKE

SPOOLED: Final = 192 << 20
"""Bytes of records of which one file of rows is made. After each the database gives its memory back to the system, and
is given it anew, page by page: with half as many bytes that took a twelfth of the whole.
"""

MEMORY: Final = 200_000_000
"""Bytes that the database may take for one batch; several are made side by side."""

ROW_GROUP: Final = 10_240
"""How many rows are held in memory before they are written: more of them fit no cache, and files are hardly smaller."""

AS_PARTS: Final = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROW_GROUP}"
"""How rows are written."""

MOST_PLACES: Final = 200
"""Accounts and days of one batch that have files of their own. Hostile files have one for each row."""

LASTING: Final = frozenset({Kind.MALFORMED, Kind.TOO_MUCH})
"""Why a file cannot be read now, nor later as long as it stays what it is."""

_WAITING: Final = 16
"""Files that are fetched side by side, where they come by a network."""


@dataclass(slots=True)
class Loaded:
    """What became of a batch: files of rows in the working folder, what became of each file, and what was odd."""

    parts: list[tuple[Path, Part]] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    refused: list[tuple[Entry, Damaged]] = field(default_factory=list)
    odd: dict[str, int] = field(default_factory=dict)
    without_identity: int = 0


@dataclass(slots=True)
class _Spool:
    """Records of one form and header, on their way to rows."""

    form: Form
    header: str
    path: Path
    file: BinaryIO
    size: int = 0
    lines: int = 0
    counted: bool = False
    entries: list[Entry] = field(default_factory=list)


class Loader:
    """Makes batches, one after the other, for one thread. Works in a folder of its own."""

    def __init__(self, store: Path, work: Path) -> None:
        self._work = work
        work.mkdir()
        self._store = store
        self._spools: dict[tuple[str, str], _Spool] = {}
        self._free: list[Path] = []
        self._number = 0

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """A database, from the first batch on that this one is given."""
        limits = Limits(memory=MEMORY, threads=1, ordered=True, temp=self._work)
        return connect(self._store, self._work, limits=limits)

    def close(self) -> None:
        """Let go of the database."""
        for spool in self._spools.values():
            spool.file.close()
        if "_connection" in vars(self):
            self._connection.close()

    def load(self, entries: Sequence[Entry], *, far: bool) -> Loaded:
        """Make rows of some files. What cannot be read is told; the rest goes on. Raises OSError for a full disk."""
        loaded = Loaded()
        for entry, data in _read(entries, far=far):
            if isinstance(data, Damaged):
                self._refuse(loaded, entry, data)
            else:
                self._take(loaded, entry, data)
        for spool in list(self._spools.values()):
            self._flush(loaded, spool)
        return loaded

    def _take(self, loaded: Loaded, entry: Entry, data: bytes) -> None:
        if cutting.is_ready(data):
            self._take_ready(loaded, entry, data)
            return
        try:
            made = cutting.cut(data, entry.name)
        except Damaged as damage:
            self._refuse(loaded, entry, damage)
            return
        spool = self._spool(made)
        before = spool.size
        try:
            for piece in made.pieces:
                spool.file.write(piece)
                spool.size += len(piece)
        except Damaged as damage:
            # What came before it is rows that somebody saw: it stays out, since nobody could say what is missing.
            spool.file.seek(before)
            spool.file.truncate()
            spool.size = before
            self._refuse(loaded, entry, damage)
            return
        if made.odd:
            loaded.odd[entry.name] = made.odd
        spool.lines += made.lines or 0
        spool.counted = made.lines is not None
        spool.entries.append(entry)
        loaded.told[entry.name] = Told(entry.name, entry.stamp, 0)
        if spool.size >= SPOOLED:
            self._flush(loaded, spool)

    def _take_ready(self, loaded: Loaded, entry: Entry, data: bytes) -> None:
        """Make rows of a file that the database reads as it is, within its memory."""
        path = self._work / "ready.parquet"
        path.write_bytes(data)
        try:
            form, header = self._form(path)
            loaded.parts += self._rows(loaded, form, header, path)
            loaded.told[entry.name] = Told(entry.name, entry.stamp, 0)
        except Damaged as damage:
            self._refuse(loaded, entry, damage)
        except duckdb.Error as error:
            self._refuse(loaded, entry, Damaged(f"damaged: {short(error)}", _kind(error)))
        finally:
            path.unlink(missing_ok=True)

    def _form(self, path: Path) -> tuple[Form, str]:
        """The form of such a file, by its columns. Raises Damaged, and duckdb.Error."""
        rows = f"read_parquet({literal(pattern(path.absolute()))}, hive_partitioning = false)"
        names = [str(row[0]) for row in self._connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()]
        if {"class_uid", "metadata", "api"} <= set(names):
            return SECURITY_LAKE, ""
        if vpc_flow.header_of(" ".join(name.replace("_", "-") for name in names)):
            return vpc_flow.PARQUET, "\n".join(names)
        raise Damaged(
            "is OCSF, but no events of an API (class 6003)"
            if {"class_uid", "metadata"} <= set(names)
            else "is Parquet of no form of logs that is read here"
        )

    def _refuse(self, loaded: Loaded, entry: Entry, damage: Damaged) -> None:
        loaded.refused.append((entry, damage))
        if damage.kind in LASTING:
            loaded.told[entry.name] = Told(entry.name, entry.stamp, 0, str(damage))
        else:  # it is tried again the next time
            loaded.told.pop(entry.name, None)

    def _spool(self, made: Cut) -> _Spool:
        key = made.form.called, made.header
        if key not in self._spools:
            self._spools[key] = _Spool(made.form, made.header, *self._file())
        return self._spools[key]

    def _file(self) -> tuple[Path, BinaryIO]:
        """A file for a spool: what an earlier one was written to is written over, which costs half as much as anew."""
        if self._free:
            path = self._free.pop()
            return path, path.open("r+b", buffering=1 << 20)
        self._number += 1
        path = self._work / f"{self._number}.spool"
        return path, path.open("w+b", buffering=1 << 20)

    def _flush(self, loaded: Loaded, spool: _Spool) -> None:
        """Make rows of what is spooled; file by file, and carefully, where the database does not take all at once."""
        spool.file.truncate(spool.size)
        spool.file.close()
        del self._spools[spool.form.called, spool.header]
        try:
            if spool.size:
                parts = self._rows(loaded, spool.form, spool.header, spool.path)
                loaded.parts += parts
                less = spool.lines - sum(part.rows for _, part in parts)
                if spool.counted and less > 0:
                    others = f" and {len(spool.entries) - 1} others" if len(spool.entries) > 1 else ""
                    name = spool.entries[0].name + others
                    loaded.odd[name] = loaded.odd.get(name, 0) + less
        except duckdb.Error:
            for entry in spool.entries:
                self._carefully(loaded, entry)
        finally:
            self._free.append(spool.path)

    def _carefully(self, loaded: Loaded, entry: Entry) -> None:
        path = self._work / "careful.spool"
        try:
            made = cutting.cut(entry.read(inflating.MAX_PACKED), entry.name, carefully=True)
            with path.open("wb") as file:
                file.writelines(made.pieces)
            if path.stat().st_size:
                loaded.parts += self._rows(loaded, made.form, made.header, path)
            if made.odd:
                loaded.odd[entry.name] = made.odd
        except Damaged as damage:
            self._refuse(loaded, entry, damage)
        except duckdb.Error as error:
            self._refuse(loaded, entry, Damaged(f"damaged: {short(error)}", _kind(error)))
        finally:
            path.unlink(missing_ok=True)

    def _rows(self, loaded: Loaded, form: Form, header: str, spool: Path) -> list[tuple[Path, Part]]:
        """Files of rows of a spool, each of one account and day. Raises duckdb.Error."""
        table = form.table
        rows = form.select(literal(pattern(spool.absolute())), header)
        self._number += 1
        whole = self._work / f"{self._number}{SUFFIX}"
        ((_, count, size, stats, _),) = self._copy(rows, whole)
        if not count:
            whole.unlink()
            return []
        if table.identity is not None:
            loaded.without_identity += _nulls(stats, table.identity)
        place = _place(table, stats)
        if place is not None:
            return [(whole, _part(table, place, count, size, stats))]
        try:
            return self._divided(table, whole)
        finally:
            whole.unlink()

    def _copy(self, rows: str, to: Path, options: str = "") -> list[tuple[str, int, int, Any, Any]]:
        """Each file that was written: its name, rows, bytes, what the database counted, and its partition."""
        made = self._connection.execute(
            f"COPY ({rows}) TO {literal(path_text(to.absolute()))} ({AS_PARTS}, RETURN_STATS{options})"
        ).fetchall()
        return [(row[0], row[1], row[2], row[4], row[5]) for row in made]

    def _divided(self, table: Table, whole: Path) -> list[tuple[Path, Part]]:
        """A file of rows as files of one account and day each. Raises duckdb.Error."""
        rows = f"read_parquet({literal(pattern(whole.absolute()))}, hive_partitioning = false)"
        places = f"SELECT *, {account_of(table)} AS account, {day_of(table)} AS day FROM {rows}"
        kept = (
            f"SELECT account, day FROM ({places}) GROUP BY ALL ORDER BY count(*) DESC, account, day "
            f"LIMIT {MOST_PLACES}"
        )
        self._number += 1
        folder = self._work / f"{self._number}.parts"
        divided = (
            f"SELECT p.* REPLACE (if(k.day IS NULL, '{OTHER}', p.account) AS account, "
            f"if(k.day IS NULL, '{OTHER}', p.day) AS day) FROM ({places}) AS p "
            f"LEFT JOIN ({kept}) AS k ON p.account = k.account AND p.day = k.day"
        )
        made = self._copy(divided, folder, ", PARTITION_BY (account, day)")
        return [
            (Path(file), _part(table, (keys["account"], keys["day"]), count, size, stats))
            for file, count, size, stats, keys in made
        ]


def account_of(table: Table) -> str:
    """SQL for the partition of a row by its account."""
    if table.account is None:
        return f"'{OTHER}'"
    name = identifier(table.account)
    return f"CASE WHEN regexp_full_match({name}, '[0-9]{{12}}') THEN {name} ELSE '{OTHER}' END"


def day_of(table: Table) -> str:
    """SQL for the partition of a row by its day in UTC."""
    name = f"make_timestamp(epoch_us({identifier(table.moment)}))"
    return (
        f"CASE WHEN {name} >= '1970-01-01'::TIMESTAMP AND {name} < '2100-01-01'::TIMESTAMP "
        f"THEN strftime({name}, '%Y-%m-%d') ELSE '{OTHER}' END"
    )


def _read(entries: Sequence[Entry], *, far: bool) -> Iterator[tuple[Entry, bytes | Damaged]]:
    """What is in each file, in order. A few are read ahead where that is waiting for a network."""
    if not far:
        for entry in entries:
            yield entry, _data(entry)
        return
    with ThreadPoolExecutor(_WAITING, thread_name_prefix="fetch") as pool:
        ahead = 4 * _WAITING
        waiting = [pool.submit(_data, entry) for entry in entries[:ahead]]
        for number, entry in enumerate(entries):
            data = waiting.pop(0).result()
            if number + ahead < len(entries):
                waiting.append(pool.submit(_data, entries[number + ahead]))
            yield entry, data


def _data(entry: Entry) -> bytes | Damaged:
    try:
        return entry.read(inflating.MAX_PACKED)
    except Damaged as damage:
        return damage


def _kind(error: duckdb.Error) -> Kind:
    return Kind.TOO_MUCH if isinstance(error, duckdb.OutOfMemoryException) else Kind.MALFORMED


def _stat(stats: Any, column: str, what: str) -> str | None:
    of_column = stats.get(f'"{column}"') or {}
    value = of_column.get(what)
    return None if value is None else str(value)


def _nulls(stats: Any, column: str) -> int:
    return int(_stat(stats, column, "null_count") or 0)


def _place(table: Table, stats: Any) -> tuple[str, str] | None:
    """The account and day of all rows of a file, by what the database counted as it wrote it; None for several."""
    account = OTHER
    if table.account is not None:
        least, most = (_exact(stats, table.account, what) for what in ("min", "max"))
        if least is None or least != most or _nulls(stats, table.account):
            return None
        if not (least.isascii() and least.isdigit() and len(least) == 12):
            return None
        account = least
    first, last = (_exact(stats, table.moment, what) for what in ("min", "max"))
    if first is None or last is None or first[:10] != last[:10] or _nulls(stats, table.moment):
        return None
    day = first[:10]
    return (account, day) if "1970-01-01" <= day < "2100-01-01" and first[10:11] == " " else None


def _exact(stats: Any, column: str, what: str) -> str | None:
    value = _stat(stats, column, what)
    return value if _stat(stats, column, f"{what}_is_exact") in (None, "true") else None


def _part(table: Table, place: tuple[str, str], count: int, size: int, stats: Any) -> Part:
    account, day = place
    file = f"{table.name}/account={account}/day={day}/{uuid.uuid4().hex}{SUFFIX}"
    low, high = (_seconds(_stat(stats, table.moment, what)) for what in ("min", "max"))
    return Part(file, table.name, account, day, count, size, low, high)


def _seconds(text: str | None) -> float | None:
    """A moment as the database writes it in its counts, as seconds since 1970; None where it is none."""
    try:
        return None if text is None else milliseconds(datetime.fromisoformat(text)) / 1000
    except ValueError:  # infinity, or a year that Python does not have
        return None
