"""What a form of logs is: its table, how a file of it is cut into records, and the SQL that makes rows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from demarcate.base.sql import identifier, literal

Select = Callable[[str, str], str]
"""SQL for the rows of records: of the file they lie in, as SQL, and of what the header of their files says."""

OTHER: Final = "other"
"""The partition of what says no account, or no day."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the store: its columns with their types in order, which of them say when, whose and which event.

    `identity` is what two records of the same event have in common; None where records have nothing like it.
    """

    name: str
    columns: Mapping[str, str]
    moment: str
    account: str | None
    identity: str | None

    def empty(self) -> str:
        """SQL for no row of it."""
        columns = ", ".join(f"NULL::{type_} AS {identifier(name)}" for name, type_ in self.columns.items())
        return f"SELECT {columns} WHERE false"


@dataclass(frozen=True, slots=True)
class Form:
    """One form. `ready` says that a file of it is read by the database as it is, and not cut into records."""

    called: str
    table: Table
    select: Select
    ready: bool = False


@dataclass(slots=True)
class Cut:
    """A file, cut: of which form, what its header says, and its records, each of which ends with a line feed.

    `odd` counts what stood among them and is none; `lines` the records, where the database may leave out some of them.
    Reading the pieces may raise Damaged.
    """

    form: Form
    pieces: Iterable[bytes]
    header: str = ""
    odd: int = 0
    lines: int | None = None


LONGEST: Final = 2 << 20
"""Bytes that one record may have. AWS's largest are some hundred kilobytes."""


def lines_of(file: str) -> str:
    """SQL for the lines of a file as the column `line`. `file` is SQL.

    Nothing separates, and nothing quotes or stands for NULL: U+0001 and U+0002 are in no line (`lines.py`).
    """
    return (
        f"read_csv({file}, columns = {{'line': 'VARCHAR'}}, delim = chr(1), quote = '', escape = '', header = false, "
        f"auto_detect = false, max_line_size = {LONGEST}, null_padding = false, hive_partitioning = false, "
        "comment = '', nullstr = chr(2))"
    )


def json_lines(file: str, members: Mapping[str, str]) -> str:
    """SQL for JSON objects, one a line: their members by the types that are given. `file` is SQL."""
    columns = ", ".join(f"{literal(name)}: {literal(type_)}" for name, type_ in members.items())
    return (
        f"read_json({file}, format = 'newline_delimited', columns = {{{columns}}}, "
        f"maximum_object_size = {LONGEST}, hive_partitioning = false)"
    )


def selected(table: Table, expressions: Mapping[str, str], rows: str) -> str:
    """SQL for rows of a table: each column by its expression over `rows`, and NULL where there is none."""
    columns = ", ".join(
        f"{expressions.get(name, f'NULL::{type_}')} AS {identifier(name)}" for name, type_ in table.columns.items()
    )
    return f"SELECT {columns} FROM {rows}"


def moment(value: str) -> str:
    """SQL for the moment of an ISO 8601 text; NULL where it is none. One without a zone is taken to be in UTC."""
    in_utc = f"make_timestamptz(epoch_us(TRY_CAST({value} AS TIMESTAMP)))"
    zoned = f"regexp_matches({value}, '[0-9][+-][0-9]{{2}}:?[0-9]{{2}}$')"
    other = f"CASE WHEN {zoned} THEN TRY_CAST({value} AS TIMESTAMPTZ) ELSE {in_utc} END"
    return f"CASE WHEN ends_with({value}, 'Z') THEN {in_utc} ELSE {other} END"
