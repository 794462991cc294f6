"""An entry of the ledger: who did what, when and on whose authority, chained to the entry before it."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final, NamedTuple

import msgspec

from demarcate.base.encoding import NestedTooDeeply, from_json, to_json

FORMAT: Final = 1
"""Of entries. A later one may be hashed in another way."""

START: Final = "0" * 64
"""What the first entry of a ledger has for the hash of the entry before it."""

LONGEST: Final = 50_000_000
"""How many characters the text of an entry may have."""

LEVELS: Final = 100
"""How deep the values of an entry may be nested."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: a person, and whose AWS credentials (an ARN) they act with, where AWS is asked or changed."""

    person: str
    caller: str | None = None


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be recorded.

    `kind` is one of a closed list of each room ("change-planned", "attested"). `authority` is that on which it was
    done: a policy, an approval, a person's own. `before` and `after` are JSON values that the kind decides. The others
    say what it is about.
    """

    kind: str
    authority: str = ""
    change: str | None = None
    finding: str | None = None
    responsibility: str | None = None
    account: str | None = None
    before: Any = None
    after: Any = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An act in its place: `number` counts from 1, `at` is UTC with microseconds, `previous` the hash before it."""

    format: int
    ledger: str
    number: int
    at: str
    person: str
    caller: str | None
    act: Act
    previous: str

    @property
    def text(self) -> str:
        """What is hashed: JSON with sorted keys, without spaces, in ASCII that can be printed.

        So no database's encoding and nothing that it is printed by makes another text of it, and whoever has it can
        compute the hash with `sha256sum`.
        """
        return _UNPRINTABLE.sub(_escaped, to_json(self, order="sorted").decode())


class Stored(NamedTuple):
    """An entry as a database or a file has it, whatever somebody made of it."""

    number: int
    kind: str
    change: str | None
    entry: str
    hash: str


_UNPRINTABLE: Final = re.compile("[^ -~]+")


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def digest(text: str) -> str:
    """The hash of an entry, from its text: SHA-256 in hexadecimal.

    >>> digest("{}")[:8]
    '44136fa3'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def stored(entry: Entry) -> Stored:
    """An entry as it is stored. Raises ValueError for one that is too long, or nested too deeply."""
    try:
        text = entry.text
    except RecursionError:
        raise NestedTooDeeply from None
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text):,} characters, and may have {LONGEST:,}")
    return Stored(entry.number, entry.act.kind, entry.act.change, text, digest(text))


def decode(text: str) -> Entry:
    """The entry of a text. Raises ValueError for what is none, and for one of a later format."""
    try:
        entry = from_json(text, Entry)
    except ValueError:
        _check_format(from_json(text, _Format).format)
        raise
    _check_format(entry.format)
    _check_levels((entry.act.before, entry.act.after), LEVELS)
    return entry


def _check_levels(value: Any, left: int) -> None:
    if isinstance(value, list | tuple | dict):
        if not left:
            raise NestedTooDeeply
        for item in value.values() if isinstance(value, dict) else value:
            _check_levels(item, left - 1)


class _Format(msgspec.Struct, frozen=True):
    format: int


def _check_format(format: int) -> None:
    if format != FORMAT:
        raise ValueError(f"it is of format {format}, and this program knows {FORMAT}: use a newer one")


def decoded(row: Stored) -> Entry:
    """The entry that was stored so. Raises ValueError for one that was edited, and says how that is seen."""
    if digest(row.entry) != row.hash:
        raise ValueError("its text does not have its hash")
    entry = decode(row.entry)
    if entry.text != row.entry:
        raise ValueError("it has what no entry has")
    if (entry.act.kind, entry.act.change) != (row.kind, row.change):
        raise ValueError("what stands beside its text is not what the text says")
    return entry
