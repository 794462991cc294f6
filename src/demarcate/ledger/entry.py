"""An entry of the ledger: who did what, when and on whose authority, chained to the entry before it."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec

FORMAT: Final = 1
"""Of entries. A later one may be hashed in another way."""

START: Final = "0" * 64
"""What the first entry of a ledger has for the hash of the entry before it."""


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
        """What is hashed: JSON with sorted keys, without spaces, in UTF-8.

        So whoever has it can compute the hash with `sha256sum`.
        """
        return _ENCODER.encode(self).decode()


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Entry)


def digest(text: str) -> str:
    """The hash of an entry, from its text: SHA-256 in hexadecimal.

    >>> digest("{}")[:8]
    '44136fa3'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def decode(text: str) -> Entry:
    """The entry of a text. Raises msgspec.MsgspecError for what is none."""
    return _DECODER.decode(text)
