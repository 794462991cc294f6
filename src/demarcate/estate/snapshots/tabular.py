"""Files of rows: how they are written, and read again in SQL. Nobody else knows that they are Parquet."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from demarcate.base.encoding import to_json
from demarcate.base.errors import TooMuchMemory
from demarcate.base.files import open_file
from demarcate.base.sql import identifier, literal, path_text, pattern

if TYPE_CHECKING:
    import pyarrow as pa

    from demarcate.base import duckdb

SUFFIX = ".parquet"
"""How the name of a file of rows ends."""

ROW_GROUP = 30_720
"""How many rows are held in memory before they are written, and read at once."""


def rows_in(files: Iterable[str]) -> str:
    """SQL for the rows in some files: theirs alone, whatever the names of their folders.

    DuckDB would take a folder `encrypted=true` for a column.

    >>> rows_in(["a/b.parquet"])
    "read_parquet(['a/b.parquet'], union_by_name = true, hive_partitioning = false)"
    """
    listed = ", ".join(literal(pattern(file)) for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


class Lines(NamedTuple):
    """Rows that are in no file of rows yet: a file with a JSON object a line, of up to `longest` bytes.

    `types` are the columns.
    """

    spool: Path
    types: Mapping[str, str]
    longest: int
    rows: int


def rows_of_lines(several: Sequence[Lines]) -> str:
    """SQL for the rows of some lines, which all have the same columns."""
    listed = ", ".join(literal(pattern(lines.spool.absolute())) for lines in several)
    columns = ", ".join(f"{literal(name)}: {literal(type_)}" for name, type_ in several[0].types.items())
    longest = max(lines.longest for lines in several)
    return (
        f"read_json([{listed}], format = 'newline_delimited', columns = {{{columns}}}, "
        f"maximum_object_size = {max(1 << 16, longest + 1)}, hive_partitioning = false)"
    )


def write_lines(connection: duckdb.DuckDBPyConnection, lines: Lines, file: Path) -> None:
    """Make a file of rows of lines.

    Raises OSError where it cannot be written, and TooMuchMemory where it takes more than the connection has.
    """
    from demarcate.base import duckdb
    from demarcate.base.connection import short

    copy = (
        f"COPY (SELECT * FROM {rows_of_lines([lines])}) TO {literal(path_text(file.absolute()))} "
        f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
    )
    try:
        connection.execute(copy)
    except duckdb.OutOfMemoryException as error:
        raise TooMuchMemory(errno.ENOMEM, "its rows take more memory than they may", str(file)) from error
    except duckdb.Error as error:
        raise OSError(errno.EIO, short(error), str(file)) from error


def write_rows(
    connection: duckdb.DuckDBPyConnection, rows: Iterable[dict[str, Any]], types: Mapping[str, str], file: Path
) -> None:
    """Make a file of rows, which are on disk and not in memory meanwhile. Raises OSError as `write_lines` does."""
    spool, longest, count = file.with_suffix(".ndjson"), 0, 0
    with spool.open("wb") as to:
        for row in rows:
            line = to_json(row)
            longest, count = max(longest, len(line)), count + 1
            to.write(line + b"\n")
    write_lines(connection, Lines(spool, types, longest, count), file)
    spool.unlink()


def save_rows(rows: Iterable[dict[str, Any]], types: Mapping[str, str], file: Path) -> None:
    """A file of rows that is there, whole, or not at all. Raises OSError as `write_lines` does."""
    from demarcate.base.connection import Limits, connect
    from demarcate.base.stopping import ending_with

    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.parent / f".{file.stem}.{os.urandom(6).hex()}{SUFFIX}"

    def tidy() -> None:
        for left in (aside, aside.with_suffix(".ndjson")):
            left.unlink(missing_ok=True)

    with ending_with(tidy):
        try:
            with connect(file.parent, limits=Limits(threads=1)) as connection:
                write_rows(connection, rows, types, aside)
            with aside.open("rb") as written:
                os.fsync(written.fileno())
            aside.replace(file)
        finally:
            tidy()


def save_table(connection: duckdb.DuckDBPyConnection, table: str, file: Path) -> None:
    """A file of the rows of a table, in order: it is there, whole, or not at all. Raises OSError as `write_lines` does.

    The connection may write into the folder of the file.
    """
    from demarcate.base import duckdb
    from demarcate.base.connection import short
    from demarcate.base.stopping import ending_with

    aside = file.parent / f".{file.stem}.{os.urandom(6).hex()}{SUFFIX}"
    with ending_with(lambda: aside.unlink(missing_ok=True)):
        try:
            connection.execute(
                f"COPY (FROM {identifier(table)} ORDER BY ALL) TO {literal(path_text(aside.absolute()))} "
                f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
            )
            with aside.open("rb") as written:
                os.fsync(written.fileno())
            aside.replace(file)
        except duckdb.Error as error:
            raise OSError(errno.EIO, short(error), str(file)) from error
        finally:
            aside.unlink(missing_ok=True)


class RowFile(msgspec.Struct, frozen=True):
    """A file of rows as it was written: its name, how many rows it has, and its SHA-256."""

    name: str
    rows: int
    digest: str


def write_batches(batches: Iterable[pa.RecordBatch], schema: pa.Schema, folder: Path, name: str) -> RowFile:
    """Make a file of rows in a folder, a batch at a time: it is there, whole, or not at all. Raises OSError.

    Where there is no row, there is no file.
    """
    import pyarrow.parquet as pq

    from demarcate.base.stopping import ending_with

    folder.mkdir(exist_ok=True)
    aside, file, rows = folder / f".{name}", folder / f"{name}{SUFFIX}", 0
    with ending_with(lambda: aside.unlink(missing_ok=True)):
        try:
            with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)
                    rows += batch.num_rows
            digest = digest_of(aside)
            if rows:
                aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)
    return RowFile(file.name, rows, digest)


def digest_of(file: Path) -> str:
    """The SHA-256 of a file. Raises OSError."""
    digest = sha256()
    with open_file(file) as stream:
        while data := stream.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()


def ends_well(path: Path, *, follow: bool = True) -> bool:
    """Whether a file ends as a file of rows ends. Raises OSError as `open_file` does, for an empty file as well."""
    with open_file(path, follow=follow) as file:
        file.seek(-4, os.SEEK_END)
        return file.read(4) == b"PAR1"
