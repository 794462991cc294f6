"""A ledger as JSON lines for auditors, and such lines as a ledger again, with the chain intact."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import open_file
from demarcate.ledger.entry import Actor, decode, digest
from demarcate.ledger.ledger import Ledger, Stored, Writer, decoded
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

LONGEST: Final = 50_000_000
"""How many bytes a line may have that is imported."""


def line(row: Stored) -> str:
    """An entry as a line: the text that is hashed, and its hash."""
    return f'{{"entry":{row.entry},"hash":"{row.hash}"}}\n'


def cells(row: Stored) -> list[Any]:
    """An entry as cells of a table, in the order of `COLUMNS`. Raises LedgerError for one that is damaged."""
    entry = decoded(row)
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


def import_file(path: Path, into: Ledger) -> int:
    """Append the entries of an export that a ledger does not have yet, and return how many they were.

    The ledger must be empty, or hold the beginning of the same one. Raises DemarcateError for a file that cannot be
    read, that does not verify, and for another ledger: then nothing is imported.
    """
    rows = list(_rows(path))
    verification = verify(rows)
    if verification.faults:
        raise DemarcateError(f"{path}: does not verify, so nothing is imported: {verification.faults[0]}")
    head = into.head()
    if head is not None and (head.number > len(rows) or rows[head.number - 1].hash != head.hash):
        raise DemarcateError(
            f"{path}: is not of the ledger {into.name}, which has other entries: import it into an empty one"
        )
    start = 0 if head is None else head.number

    def store(writer: Writer) -> int:
        for row in rows[start:]:
            writer.store(decode(row.entry))
        return len(rows) - start

    # Each entry has its own person: the one who imports adds none.
    return into.transact(Actor(person=""), store)


def _rows(path: Path) -> Iterator[Stored]:
    try:
        with open_file(path) as file:
            yield from _parsed(path, io.BufferedReader(file))
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error


def _parsed(path: Path, file: Any) -> Iterable[Stored]:
    for number, text in enumerate(iter(lambda: file.readline(LONGEST), b""), 1):
        try:
            parsed = msgspec.json.decode(text, type=_Line)
            entry = bytes(parsed.entry).decode()
            whole = decode(entry)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DemarcateError(f"{path}:{number}: is no entry of a ledger: {error}") from error
        if parsed.hash != digest(entry):
            raise DemarcateError(f"{path}:{number}: was edited: its text does not have its hash")
        yield Stored(whole.number, whole.act.kind, whole.act.change, entry, parsed.hash)
