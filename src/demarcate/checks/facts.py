"""Facts that age: tables filled from data files, each row with its source, its date and how long it is believed.

A file `facts/<table>.yaml` holds the rows of a table that AWS's API does not tell, or that the source of a
snapshot cannot. Where the snapshot has a row of the table itself, that wins. What lay ahead when it was compared is
believed for a time; an end that has passed by then stays one.

A user may be more current than the release: `update` keeps such rows in a file of the user's own, and of two rows of
one thing the one that was compared last is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec

from demarcate.base import cache as results
from demarcate.base.documents import DocumentError, compose, convert, read, read_text
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_file, write_whole
from demarcate.base.folders import data_folder
from demarcate.estate.schema.table import Column, Table
from demarcate.estate.tables import all_tables

FOLDER = Path(__file__).parent / "facts"

NAME = "facts.yaml"
"""The user's own file, in the folder of the user's data."""


class Comparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rows that were compared with one source on one day."""

    source: Annotated[str, msgspec.Meta(pattern=r"^https://[^\s]+$")]
    checked: date
    rows: tuple[dict[str, Any], ...]

    def until(self, days: int) -> date:
        """The last day on which what lies ahead is believed."""
        return self.checked + timedelta(days=days)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One row, where it comes from, and the last day on which what it says of the days ahead is believed."""

    row: dict[str, Any]
    source: str
    checked: date
    until: date
    own: bool
    """Whether it is of the user's own file."""

    @property
    def ahead(self) -> bool:
        """Whether it says something of the days after those for which it is believed."""
        return any((day := day_of(value)) is not None and day > self.until for value in self.row.values())

    def believed(self, moment: datetime) -> dict[str, Any]:
        """The row as far as it is believed at a moment: ends that lay ahead when it was last believed are NULL.

        One that has passed by then is no plan any more: it stays, however old the row is.
        """
        if moment.date() <= self.until:
            return self.row
        return {
            name: None if (day := day_of(value)) is not None and day > self.until else value
            for name, value in self.row.items()
        }


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of facts. `key` are the columns that tell what a row is of."""

    key: tuple[str, ...]
    believed_for_days: int
    compared: tuple[Comparison, ...]
    own: tuple[Comparison, ...] = ()
    """What the user's own file has of the table."""

    def all(self) -> list[Fact]:
        """One fact for each thing that there is a row of: the one that was compared last, the user's on a tie."""
        newest: dict[tuple[Any, ...], Fact] = {}
        for own, compared in ((False, self.compared), (True, self.own)):
            for part in compared:
                for row in part.rows:
                    of = tuple(row[name] for name in self.key)
                    if of not in newest or newest[of].checked <= part.checked:
                        until = part.until(self.believed_for_days)
                        newest[of] = Fact(row=row, source=part.source, checked=part.checked, until=until, own=own)
        return list(newest.values())

    def stale(self, moment: datetime) -> str | None:
        """Why some of these are not believed at a moment, or None where all are."""
        old = [fact for fact in self.all() if fact.until < moment.date() and fact.ahead]
        if not old:
            return None
        first = min(old, key=lambda fact: fact.checked)
        return (
            f"what these facts say of the days ahead is of {first.checked} and believed for "
            f"{self.believed_for_days} days, to {first.until}: upgrade demarcate, or see: demarcate facts check"
        )


def day_of(value: Any) -> date | None:
    """The day of a moment or date in a row; None for what is neither.

    >>> day_of("2022-04-30T23:59:59Z")
    datetime.date(2022, 4, 30)
    """
    try:
        return datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


@cache
def facts_of(table: str) -> Facts | None:
    """The facts that fill a table, or None where there are none. Raises DocumentError, DemarcateError."""
    path = FOLDER / f"{table}.yaml"
    if not path.is_file():
        return None
    return msgspec.structs.replace(read(path, Facts), own=_own().get(table, ()))


def tables_of_facts() -> Iterator[tuple[Table, Facts]]:
    """Each table that facts fill, and these. Raises as `facts_of` does."""
    for table in all_tables().values():
        facts = facts_of(table.name) if table.facts else None
        if facts is not None:
            yield table, facts


def fingerprint(tables: Iterable[str]) -> str:
    """A name for the facts of some tables: what was judged by the same ones has the same."""
    facts = {name: facts_of(name) for name in sorted(tables)}
    return results.fingerprint(
        part
        for name, of in facts.items()
        if of is not None
        for part in (name.encode(), *sorted(to_json(fact, order="deterministic") for fact in of.all()))
    )


def own_file() -> Path:
    """Where the user's own facts are kept. Raises DemarcateError where there is no home."""
    try:
        return data_folder() / NAME
    except RuntimeError as error:
        raise DemarcateError("there is no home directory to keep facts in; set XDG_DATA_HOME or HOME") from error


def own_text() -> str:
    """The user's own file as it is, once all of it was found to be right; "" where there is none.

    Raises DemarcateError.
    """
    return read_text(own_file()) if _own() else ""


Update = dict[str, tuple[Comparison, ...]]
"""What a file of the user's own holds: comparisons, by the table that they are of."""


@cache
def _own() -> Update:
    try:
        path = data_folder() / NAME
    except RuntimeError:  # without a home there is nothing of the user's own
        return {}
    if not is_file(path):
        return {}
    try:
        return checked(read_text(path), str(path))
    except DocumentError as error:
        raise DemarcateError(f"{error} (update these facts again, or remove the file)") from error


def update(text: str, name: str, today: date) -> Update:
    """Put a document of facts in the place of the user's own file, and return what is in it.

    Nothing is replaced before all of it was found to be right. Raises DocumentError where it is not, DemarcateError
    where it cannot be written.
    """
    facts = checked(text, name)
    for table, compared in facts.items():
        for part in compared:
            if part.checked > today:
                raise DocumentError(f"{table}: compared on {part.checked}, which is not yet", name)
    path = own_file()
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error
    facts_of.cache_clear()
    _own.cache_clear()
    return facts


def checked(text: str, name: str) -> Update:
    """A document of facts, each row of which fits its table. Raises DocumentError."""
    facts = convert(compose(text, name), Update, name)
    if not facts:
        raise DocumentError("has no facts; expected tables, each with a list of source, checked and rows", name)
    for table, compared in facts.items():
        of = all_tables().get(table)
        shipped = FOLDER / f"{table}.yaml"
        if of is None or not of.facts or not shipped.is_file():
            raise DocumentError(f"{table}: no table that facts fill (see: demarcate facts list)", name)
        check_rows(of, read(shipped, Facts).key, compared, name)
    return facts


def check_rows(table: Table, key: tuple[str, ...], compared: Iterable[Comparison], name: str) -> None:
    """Raise DocumentError unless each row has the columns of its table, in their types, and is the only one of its
    key.
    """
    columns = {column.name: column for column in table.columns}
    known: set[tuple[Any, ...]] = set()
    for part in compared:
        for row in part.rows:
            shown = ", ".join(str(row.get(column)) for column in key)
            for column, value in row.items():
                if column not in columns:
                    raise DocumentError(f"{table.name}: {shown}: there is no column {column!r}", name)
                if not _is_of(columns[column], value):
                    raise DocumentError(f"{table.name}: {shown}: {column} is no {columns[column].type}", name)
            of = tuple(row.get(column) for column in key)
            if None in of:
                raise DocumentError(
                    f"{table.name}: a row lacks {' or '.join(key)}, by which rows are told apart", name
                )
            if of in known:
                raise DocumentError(f"{table.name}: {shown}: there are two rows of it", name)
            known.add(of)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "VARCHAR": lambda value: isinstance(value, str),
    "BOOLEAN": lambda value: isinstance(value, bool),
    "BIGINT": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "TIMESTAMP": lambda value: day_of(value) is not None,
}


def _is_of(column: Column, value: Any) -> bool:
    return column.type in _TYPES and _TYPES[column.type](value)
