"""A ledger as JSON lines for auditors, and such lines as a ledger again, with the chain intact."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

import msgspec

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import open_file
from demarcate.ledger.entry import LONGEST, START, Actor, Stored, decode, digest
from demarcate.ledger.ledger import Head, Ledger, Writer, entry_of
from demarcate.ledger.verifying import verify

COLUMNS: Final = (
    "number",
    "at",
    "kind",
    "person",
    "caller",
    "authority",
    "change",
    "finding",
    "responsibility",
    "account",
    "before",
    "after",
    "previous",
    "hash",
)
"""The columns of a table of entries."""

_ROOM: Final = 1000
"""How many bytes a line has beside the text of its entry, at most."""


def lines(rows: Iterable[Stored]) -> Iterator[str]:
    """Entries as lines, each with the text that is hashed and its hash, and behind them the head, as a pin has it.

    Without the head, nobody could tell a whole file from its first half. Raises LedgerError for an entry that is
    damaged.
    """
    head: Head | None = None
    for row in rows:
        entry = entry_of(row)
        head = Head(ledger=entry.ledger, number=row.number, hash=row.hash)
        yield f'{{"entry":{row.entry},"hash":"{row.hash}"}}\n'
    yield f"{msgspec.json.encode(_Last(head)).decode()}\n"


def cells(row: Stored) -> list[Any]:
    """An entry as cells of a table, in the order of `COLUMNS`. Raises LedgerError for one that is damaged."""
    entry = entry_of(row)
    act = entry.act
    return [
        entry.number,
        entry.at,
        act.kind,
        entry.person,
        entry.caller,
        act.authority,
        act.change,
        act.finding,
        act.responsibility,
        act.account,
        act.before,
        act.after,
        entry.previous,
        row.hash,
    ]


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    entry: msgspec.Raw
    hash: str


class _Last(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    head: Head | None


@dataclass(frozen=True, slots=True)
class Export:
    """A file of entries that verifies, and the hash of each of them."""

    path: Path
    hashes: tuple[str, ...]


def read_export(path: Path) -> Export:
    """Read a file through. Raises DemarcateError where it cannot be read, is not whole, or does not verify."""
    hashes: list[str] = []

    def rows() -> Iterator[Stored]:
        for row in _rows(path):
            hashes.append(row.hash)
            yield row

    verification = verify(rows())
    if verification.faults:
        raise DemarcateError(f"{path}: does not verify, so nothing is imported: {verification.faults[0]}")
    return Export(path, tuple(hashes))


def import_entries(export: Export, into: Ledger) -> int:
    """Append the entries of an export that a ledger does not have yet, and return how many they were.

    The ledger must be empty, or hold the beginning of the same one. Raises DemarcateError for another ledger, and for
    a file that is not the same any more: then nothing is imported.
    """

    def store(writer: Writer) -> int:
        last = writer.last()
        start = 0 if last is None else last.number
        if last is not None and (start > len(export.hashes) or export.hashes[start - 1] != last.hash):
            raise DemarcateError(
                f"{export.path}: is not of the ledger {into.name}, which has other entries: import it into an empty one"
            )
        previous = START if last is None else last.hash
        for row in _rows(export.path):
            if row.number > start:
                entry = decode(row.entry)
                if entry.previous != previous:
                    break
                writer.store(entry)
                previous = row.hash
        if previous != (export.hashes[-1] if export.hashes else START):
            raise DemarcateError(f"{export.path}: was changed while it was read, so nothing is imported")
        return len(export.hashes) - start

    # Each entry has its own person: the one who imports adds none.
    return into.transact(Actor(person=""), store)


def _rows(path: Path) -> Iterator[Stored]:
    try:
        with open_file(path) as raw, io.BufferedReader(cast(io.FileIO, raw)) as file:
            yield from _parsed(path, file)
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error


def _parsed(path: Path, file: IO[bytes]) -> Iterator[Stored]:
    """The entries of a file, numbered as they stand there. Each has its hash; the last is the one of the last line."""
    head: Head | None = None
    for number, text in enumerate(iter(lambda: file.readline(LONGEST + _ROOM), b""), 1):
        try:
            if text.startswith(b'{"head"'):
                if from_json(text, _Last).head != head:
                    raise ValueError("it ends with another entry than the one before this line")
                if file.read(1):
                    raise ValueError("there is more behind its last line")
                return
            line = from_json(text, _Line)
            entry = bytes(line.entry).decode()
            whole = decode(entry)
        except ValueError as error:
            raise DemarcateError(f"{path}:{number}: is no line of an exported ledger: {error}") from error
        if line.hash != digest(entry):
            raise DemarcateError(f"{path}:{number}: was edited: its text does not have its hash")
        head = Head(ledger=whole.ledger, number=whole.number, hash=line.hash)
        yield Stored(number, whole.act.kind, whole.act.change, entry, line.hash)
    raise DemarcateError(f"{path}: is not whole: the line with the head, with which an export ends, is missing")
