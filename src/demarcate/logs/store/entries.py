"""What there is to read: the files of a source, whether they lie in a folder or in a bucket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from demarcate.estate.snapshots.manifest import Unread


class Entry(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A file: its name within all sources, its bytes as it lies there, and what is another once it was changed.

    There are many, of a kind of its own for each kind of source: another process reads one as well.
    """

    name: str
    size: int
    stamp: str

    def read(self, limit: int) -> bytes:
        """Up to so many bytes of it. Raises Damaged where it cannot be read."""
        raise NotImplementedError


class Source(Protocol):
    """Where files come from."""

    name: str
    """What people call it."""

    far: bool
    """Whether reading a file is waiting for a network: then many are read side by side."""

    is_over: Callable[[str], bool]
    """Whether a day of it need not be listed; asked by whoever reads it, of the record of what was read."""

    over: list[str]
    """The days that were listed and to which nothing will be added."""

    def entries(self, refuse: Callable[[Unread], None]) -> Iterable[Entry]:
        """The files, each once. `refuse` is told of what cannot be listed; the rest goes on."""

    def done(self, outcome: Any) -> None:
        """All that was read is part of the store."""


_PLACE: Final = re.compile(r"AWSLogs/(?:o-[a-z0-9]+/)?([0-9]{12})/.*?/([0-9]{4})/([0-9]{2})/([0-9]{2})/")


def place_of(name: str) -> tuple[str, str]:
    """The account and day that AWS delivered a file for, by its name; empty texts where that says none.

    >>> place_of("s3://b/AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/2026/11/01/x.json.gz")
    ('111122223333', '2026-11-01')
    """
    return _place_of_folder(name[: name.rfind("/") + 1])


@lru_cache(maxsize=256)
def _place_of_folder(folder: str) -> tuple[str, str]:
    match = _PLACE.search(folder)
    return ("", "") if match is None else (match[1], "-".join(match.group(2, 3, 4)))


@dataclass(frozen=True, slots=True)
class Days:
    """A range of days, both ends among them; open where an end is None."""

    first: date | None = None
    last: date | None = None

    def has(self, day: str) -> bool:
        """Whether an ISO day is among them."""
        return (self.first is None or self.first.isoformat() <= day) and (
            self.last is None or day <= self.last.isoformat()
        )


def within(entries: Iterable[Entry], days: Days) -> Iterator[Entry]:
    """The files that were delivered in a range of days, and those whose names say no day."""
    for entry in entries:
        day = place_of(entry.name)[1]
        if not day or days.has(day):
            yield entry
