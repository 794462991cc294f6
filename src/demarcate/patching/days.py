"""The days of the history, a file each: what was recorded often on a day is put together, and no row is lost by it.

A recording is a file of its own as long as its day is young, so that nothing is written twice. A later recording puts
the files of the days before it together, and those of its own day once there are many. The file of a day is there whole
before the others go; whoever is killed between leaves rows that stand twice, which say no more than once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from demarcate.base.errors import DemarcateError
from demarcate.base.files import alone, walk
from demarcate.estate.snapshots.tabular import SUFFIX, rows_in, save_table
from demarcate.patching.rows import COLUMNS, NO_ROWS, OF_ITS_DAY, day_of, is_whole

if TYPE_CHECKING:
    from demarcate.base import duckdb

WHOLE: Final = f"day{SUFFIX}"
"""The name of the file of a day."""

MANY: Final = 24
"""How many recordings of a day are put together before it is over."""

_WAIT: Final = 5.0
"""Seconds in which somebody else may be at it; then it is theirs, or the next recording's."""

_OF = ("observed_at", "account_id", "region", "kind")
"""What a recording is of: of the same again, the later holds."""


def put_together(folder: Path, latest: Path) -> list[str]:
    """Put the files of days together, after `latest` was recorded. Returned is what could not be, and why: it stays."""
    notes: list[str] = []
    days: dict[Path, list[Path]] = {}
    try:
        with alone(folder / "days", _WAIT):
            for file in walk(folder, [folder], _is_of_history, lambda *_: None):
                if day_of(file) is not None and file.parent.parent == folder:
                    days.setdefault(file.parent, []).append(file)
            for day, files in sorted(days.items()):
                if len(files) >= (MANY if day == latest.parent else 2):
                    notes += _one_file(day, files)
    except (OSError, DemarcateError) as error:
        notes.append(f"{folder}: its days are not put together: {error}")
    return notes


def _is_of_history(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.startswith(".")


def _one_file(day: Path, files: list[Path]) -> list[str]:
    """Put files of a day together, and return what of them is broken. Raises OSError and DemarcateError."""
    from demarcate.base import duckdb
    from demarcate.base.connection import Limits, connect, short

    broken: list[str] = []
    taken: list[Path] = []
    whole = day / WHOLE
    try:
        with connect(day, limits=Limits(threads=1)) as connection:
            connection.execute(NO_ROWS.format(table="whole"))
            # That of the day itself first: a recording that is there beside it is a later one.
            for file in sorted(files, key=lambda file: (file != whole, file)):
                try:
                    _take(connection, file)
                except (duckdb.Error, DemarcateError) as error:
                    broken.append(f"{file}: {short(error)}")
                else:
                    taken.append(file)
            if len(taken) > 1 and (whole in taken or not whole.exists()):
                save_table(connection, "whole", whole)
                for file in taken:
                    if file != whole:
                        file.unlink(missing_ok=True)
    except duckdb.Error as error:
        raise DemarcateError(f"{day.name}: {short(error)}") from error
    return broken


def _take(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Add the rows of a file, in the place of those that are of the same."""
    if not is_whole(file):
        raise DemarcateError("it is no file of the history")
    connection.execute(NO_ROWS.format(table="seen"))
    rows = f"SELECT {', '.join(COLUMNS)} FROM {rows_in([str(file)])} WHERE {OF_ITS_DAY}"
    connection.execute(f"INSERT INTO seen {rows}", {"its_day": day_of(file)})
    same = " AND ".join(f"whole.{name} = other.{name}" for name in _OF)
    connection.execute(
        f"DELETE FROM whole USING (SELECT DISTINCT {', '.join(_OF)} FROM seen) AS other WHERE {same}"
    )
    connection.execute("INSERT INTO whole FROM seen")
