"""Which events of a log store match which rules, a part of the store at a time: in this process, or in one of its own.

A part is some of the store's files of rows, in the order of days. To match is the dear half of detecting, and one part
knows nothing of another; what depends on the order of events is looked at afterwards, in one place, over the few that
matched (`running.py`). So it makes no difference who matched which part. A file that cannot be read, or that a process
dies of, costs its own events and no others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from demarcate.base import duckdb
from demarcate.base.children import end_with_parent, run_child
from demarcate.base.connection import Limits, connect, short
from demarcate.base.files import read_bytes
from demarcate.base.moments import milliseconds
from demarcate.base.stopping import TemporaryFolder
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.logs.detecting.running import Detector
from demarcate.logs.detecting.structs import Matches
from demarcate.logs.events import TABLE
from demarcate.logs.sigma.structs import Rule
from demarcate.logs.store.catalog import Catalog, Part
from demarcate.logs.store.forms.cloudtrail import EVENTS
from demarcate.logs.store.reading import rows_of
from demarcate.version import __version__

SIZE: Final = 32_000_000
"""Bytes, as they lie there, of the files that are matched at once: some hundred thousand events."""

MEMORY: Final = 1_000_000_000

RELATION: Final = "events"

LARGEST: Final = 10_000_000_000
"""How many bytes of rules, and of what they match, pass between processes of ours."""

TRIES: Final = 2
"""How often one file is given to a process of its own: what ended the first may have been meant for that process."""

Group = tuple[Part, ...]
Run = Callable[[Path, Detector, Sequence[Group]], Iterator["Matched"]]
"""What matches groups, and tells what each came to, in their order."""


class Matched(msgspec.Struct, kw_only=True):
    """What a group came to, and which of its files could not be read."""

    matches: list[Matches] = msgspec.field(default_factory=list)
    unread: list[Unread] = msgspec.field(default_factory=list)

    def add(self, other: Matched) -> None:
        """Take what another came to as well."""
        self.matches += other.matches
        self.unread += other.unread


def groups_of(store: Path) -> list[Group]:
    """The files of events that a store has, in groups. Raises DemarcateError for what is no store."""
    with Catalog(store) as catalog:
        return grouped(catalog.parts(TABLE))


def grouped(parts: Iterable[Part]) -> list[Group]:
    """Files of rows in the order of days, so many at once; those of no day come first, since they may be of any."""
    groups: list[Group] = []
    group: list[Part] = []
    size = 0
    for part in sorted(parts, key=lambda part: (beginning(part.day) or 0, part.account, part.file)):
        if group and size + part.size > SIZE:
            groups.append(tuple(group))
            group, size = [], 0
        group.append(part)
        size += part.size
    return [*groups, tuple(group)] if group else groups


def settled_by(groups: Sequence[Group]) -> list[int | None]:
    """For each group the moment before which no later one has an event, in microseconds since 1970; None for none."""
    return [*(beginning(after[0].day) for after in groups[1:]), *([None] if groups else [])]


def beginning(day: str) -> int | None:
    """When a day begins, in microseconds since 1970; None for what is no day."""
    try:
        return milliseconds(datetime.fromisoformat(day)) * 1_000
    except ValueError:
        return None


def match_here(store: Path, detector: Detector, groups: Sequence[Group]) -> Iterator[Matched]:
    """What groups come to, in this process."""
    with connect(store, limits=Limits(memory=MEMORY)) as connection:
        for group in groups:
            yield _matched(connection, store, detector, group)


def _matched(connection: duckdb.DuckDBPyConnection, store: Path, detector: Detector, group: Group) -> Matched:
    """What a group comes to; where some of it cannot be read, by halves, down to the file that cannot."""
    files = [store / part.file for part in group]
    try:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {RELATION} AS {rows_of(EVENTS, files)}")
        return Matched(matches=[detector.match(connection, RELATION)])
    except duckdb.Error as error:
        if len(group) == 1:
            return _unread(store, group[0], f"cannot be read: {short(error)}")
    matched = Matched()
    for half in _halves(group):
        matched.add(_matched(connection, store, detector, half))
    return matched


def _halves(group: Group) -> tuple[Group, Group]:
    middle = len(group) // 2
    return group[:middle], group[middle:]


def _unread(store: Path, part: Part, why: str) -> Matched:
    reason = f"events of {part.account} on {part.day} {why}"
    return Matched(unread=[Unread(kind=Kind.UNREADABLE, reason=reason, file=str(store / part.file))])


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a process of its own is to match."""

    store: str
    rules: tuple[Rule, ...]
    group: Group = ()
    threads: int | None = None
    demarcate: str = __version__


def match_apart(work: Work, *, started: Callable[[int], object] | None = None) -> Matched:
    """What a group comes to, matched in a process of its own; where that dies, by halves, down to the file it dies of.

    `started` is told the id of each process. Raises OSError where this machine can keep nothing.
    """
    return _apart(work, started, TRIES)


def _apart(work: Work, started: Callable[[int], object] | None, tries: int) -> Matched:
    with TemporaryFolder() as folder:
        (folder / "work").write_bytes(msgspec.msgpack.encode(work))
        why_dead = run_child(__name__, folder, started=started)
        if why_dead is None:
            return decode(read_bytes(folder / "matched", LARGEST))
    if len(work.group) > 1:
        matched = Matched()
        for half in _halves(work.group):
            matched.add(_apart(msgspec.structs.replace(work, group=half), started, tries))
        return matched
    if tries > 1:
        return _apart(work, started, tries - 1)
    return _unread(Path(work.store), work.group[0], f"are not judged: the process that read them {why_dead}")


def encode(matched: Matched) -> bytes:
    """What a group came to, for another process."""
    return msgspec.msgpack.encode(matched)


def decode(data: bytes) -> Matched:
    """What was encoded."""
    return msgspec.msgpack.decode(data, type=Matched)


def do_work(folder: Path) -> None:
    """What the process of `match_apart` does: the work that lies in a folder, which takes the result."""
    end_with_parent(folder)
    work = msgspec.msgpack.decode(read_bytes(folder / "work", LARGEST), type=Work)
    store = Path(work.store)
    limits = Limits(memory=MEMORY, threads=work.threads, temp=folder)
    with connect(store, limits=limits) as connection:
        matched = _matched(connection, store, Detector(work.rules), work.group)
    (folder / "matched").write_bytes(encode(matched))


if __name__ == "__main__":
    do_work(Path(sys.argv[1]))
