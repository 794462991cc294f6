"""The ledger: what is appended to it, and what is read from it."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import msgspec
from sqlalchemy import Connection, Select, insert, inspect, select, text

from demarcate.base.moments import utc
from demarcate.ledger.entry import FORMAT, START, Act, Actor, Entry, Stored, decoded, stored
from demarcate.ledger.opening import LedgerError, engine_of, holding, name_of, told, transaction, url_of
from demarcate.ledger.tables import ENTRIES

T = TypeVar("T")

PAGE: Final = 1000
"""How many entries are read at once."""


class Held(Exception):
    """Somebody else holds a name."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The last entry of a ledger: kept elsewhere, it tells whether entries were cut off."""

    ledger: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Writer:
    """A transaction in which nobody else appends."""

    connection: Connection
    actor: Actor
    now: Callable[[], datetime]

    def of_change(self, change: str) -> list[Entry]:
        """What is recorded of a change, in order."""
        rows = self.connection.execute(_ORDERED.where(ENTRIES.c.change == change))
        return [entry_of(_stored(row)) for row in rows]

    def append(self, act: Act) -> Entry:
        """Append one entry. It counts only when the transaction ends well."""
        last = self.last()
        entry = Entry(
            format=FORMAT,
            ledger=uuid.uuid4().hex if last is None else entry_of(last).ledger,
            number=1 if last is None else last.number + 1,
            at=utc(self.now()).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            person=self.actor.person,
            caller=self.actor.caller,
            act=act,
            previous=START if last is None else last.hash,
        )
        return self.store(entry)

    def last(self) -> Stored | None:
        """The last entry, to which the next one is chained; None where there is none."""
        row = self.connection.execute(_LAST).fetchone()
        return None if row is None else _stored(row)

    def store(self, entry: Entry) -> Entry:
        """Store an entry that has its place already, and return it as it will be read."""
        try:
            row = stored(entry)
            as_read = decoded(row)
        except ValueError as error:
            raise LedgerError(f"entry {entry.number} cannot be recorded: {error}") from error
        self.connection.execute(insert(ENTRIES).values(row._asdict()))
        return as_read


class Ledger:
    """A ledger that is open. With `existing`, none is made; with `reading`, nothing can be written either.

    All methods raise LedgerError where the database fails: then nothing was appended.
    """

    def __init__(
        self,
        where: str | None = None,
        *,
        reading: bool = False,
        existing: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.url = url_of(where)
        self.name = name_of(self.url)
        self._now = now
        self._engine = engine_of(self.url, reading=reading, existing=existing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def now(self) -> datetime:
        """The moment that an entry would have now."""
        return self._now()

    def append(self, actor: Actor, *acts: Act) -> list[Entry]:
        """Append acts, all or none."""
        return self.transact(actor, lambda writer: [writer.append(act) for act in acts])

    def transact(self, actor: Actor, work: Callable[[Writer], T]) -> T:
        """Look and append in one transaction, in which nobody else appends. Whatever `work` raises undoes it."""
        with told(self.url), transaction(self._engine) as connection:
            return work(Writer(connection, actor, self._now))

    def arrange(self, work: Callable[[Connection], T]) -> T:
        """Do what is no entry in one transaction, in which nobody else writes. Whatever `work` raises undoes it."""
        with told(self.url), transaction(self._engine) as connection:
            return work(connection)

    def look(self, work: Callable[[Connection], T]) -> T:
        """Look at what is no entry."""
        with told(self.url), self._engine.connect() as connection:
            return work(connection)

    @contextlib.contextmanager
    def hold(self, name: str) -> Iterator[Callable[[], None]]:
        """Be the only one, of all who use this ledger, who holds a name, until the block or the process ends.

        Gives what raises LedgerError where it is held no more. Raises Held where somebody else has it.
        """
        with contextlib.ExitStack() as stack:
            with told(self.url):  # what fails within the block is not the ledger's
                held = stack.enter_context(holding(self._engine, self.url, name))
            if held is None:
                raise Held(name)
            yield held

    def entries(self, *, kinds: Sequence[str] = (), change: str | None = None) -> Iterator[Entry]:
        """Entries in order: of these kinds and this change, or all. Raises LedgerError for one that is damaged."""
        chosen = _ORDERED
        if kinds:
            chosen = chosen.where(ENTRIES.c.kind.in_(kinds))
        if change is not None:
            chosen = chosen.where(ENTRIES.c.change == change)
        for row in self._rows(chosen):
            yield entry_of(row)

    def stored(self) -> Iterator[Stored]:
        """All entries as the database has them, in order."""
        return self._rows(_ORDERED)

    def head(self) -> Head | None:
        """The last entry; None where there is none."""
        with told(self.url), self._engine.connect() as connection:
            row = connection.execute(_LAST).fetchone()
        if row is None:
            return None
        last = _stored(row)
        return Head(ledger=entry_of(last).ledger, number=last.number, hash=last.hash)

    def check_database(self) -> None:
        """Check that the table of entries is the one that was made, and have SQLite look through its file.

        Two entries of one number, or an index that is damaged, would show different entries to different questions.
        Raises LedgerError that says what is wrong.
        """
        answer = "ok"
        with told(self.url), self._engine.connect() as connection:
            inspector = inspect(connection)
            is_table = ENTRIES.name in inspector.get_table_names()
            if not is_table or inspector.get_pk_constraint(ENTRIES.name)["constrained_columns"] != ["number"]:
                raise LedgerError(f"{self.name}: {ENTRIES.name} is not the table that a ledger has")
            if self._engine.dialect.name == "sqlite":
                answer = connection.execute(text("PRAGMA integrity_check(1)")).scalar_one()
        if answer != "ok":
            raise LedgerError(f"{self.name}: the file is damaged: {answer}")

    def _rows(self, chosen: Select[tuple[int, str, str | None, str, str]]) -> Iterator[Stored]:
        """Rows, a page at a time: nobody who reads slowly keeps others from writing."""
        after: int | None = None
        while True:
            page = chosen if after is None else chosen.where(ENTRIES.c.number > after)
            with told(self.url), self._engine.connect() as connection:
                rows = list(map(_stored, connection.execute(page.limit(PAGE)).all()))
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1].number


_ORDERED = select(ENTRIES.c.number, ENTRIES.c.kind, ENTRIES.c.change, ENTRIES.c.entry, ENTRIES.c.hash).order_by(
    ENTRIES.c.number
)

_LAST = _ORDERED.order_by(None).order_by(ENTRIES.c.number.desc()).limit(1)


def _stored(row: Sequence[Any]) -> Stored:
    """A row as it is. SQLite keeps values of any type in any column, and none of another type is the same as a text."""
    number, kind, change, entry, hash = row
    if not isinstance(number, int):
        raise LedgerError(f"{ENTRIES.name} is not the table that a ledger has: {number!r} is no number")
    return Stored(number, _text(kind), None if change is None else _text(change), _text(entry), _text(hash))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value!r}, and no text"


def entry_of(row: Stored) -> Entry:
    """The entry of a row. Raises LedgerError where it is damaged."""
    try:
        entry = decoded(row)
        if entry.number != row.number:
            raise ValueError(f"it was written as entry {entry.number}")
    except ValueError as error:
        raise LedgerError(
            f"entry {row.number} of the ledger is damaged: {error}; see what demarcate ledger verify says"
        ) from error
    return entry
