"""Verifies chains of digests, and the files of events that they cover.

A digest is signed, and carries the signature of the one before it. So plain copies of the files and the keys that were
pinned verify all digests but the newest of each chain, whose signature stands in the metadata of its object alone; in
the bucket itself that is verified as well.

What is told of each file:

    valid       its signature is AWS's, or its hash is that of a digest that is valid
    altered     it is there, and it is not what AWS delivered
    missing     a digest names it, and it is not there
    gap         a time for which there is no digest: it was off, or digests were deleted, however many in a row
    unknown     nothing says what it should be: no digest covers it, or the digest itself is not known to be valid
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

from demarcate.estate.schema.unknown import Kind
from demarcate.logs.integrity.digests import (
    ChainName,
    Digest,
    LogFile,
    chain_of,
    hash_of,
    is_log,
    read,
    tail,
    time_of,
    unpack,
)
from demarcate.logs.integrity.keys import Keys
from demarcate.logs.store.damage import Damaged

HOURLY: Final = timedelta(hours=1, minutes=5)
"""The time of one digest, which CloudTrail writes an hour."""


_FAR: Final = 16
"""Files that are read side by side, where they come by a network."""


class State(StrEnum):
    """What is told of a file, or of a time."""

    VALID = "valid"
    ALTERED = "altered"
    MISSING = "missing"
    GAP = "gap"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Told:
    """What is not valid: a digest, a log or a time, and why."""

    state: State
    what: str
    name: str
    why: str


class Place(Protocol):
    """Where digests and logs lie: a bucket, or a folder with copies of it."""

    def names(self) -> Iterable[str]:
        """The keys of all files below the place, as they are in the bucket."""

    def read(self, bucket: str, key: str) -> bytes | None:
        """A file; None where it is not there. Raises Damaged where it cannot be read."""

    def signature(self, bucket: str, key: str) -> str | None:
        """The signature in a digest's metadata; None where the place does not have that."""

    def bucket(self) -> str | None:
        """The bucket that it is; None where it is a copy of any."""

    far: bool
    """Whether reading a file is waiting for a network."""


@dataclass(slots=True)
class Verified:
    """What came of it: what is not valid, and how many there are of each, by chain."""

    told: list[Told] = field(default_factory=list)
    counts: Counter[tuple[str, str, State]] = field(default_factory=Counter)

    def add(self, chain: str, told: Told) -> None:
        """Add something that is not valid."""
        self.told.append(told)
        self.counts[chain, told.what, told.state] += 1

    def has(self, *states: State) -> bool:
        """Whether anything is in one of these states."""
        return any(state in states for _, _, state in self.counts)


@dataclass(slots=True)
class _Link:
    """A digest of a chain: where it lies, what it says where it can be read, and how it stands."""

    at: str
    key: str
    unpacked: bytes = b""
    digest: Digest | None = None
    why: str = ""
    state: State = State.UNKNOWN


def verify(
    place: Place,
    keys: Keys,
    *,
    learn: Callable[[ChainName, datetime, datetime], object] = lambda *_: None,
    wanted: Callable[[str], bool] = lambda _: True,
    progress: Callable[[int], object] = lambda _: None,
) -> Verified:
    """Verify all digests of a place whose days are wanted, and the logs that they cover.

    `learn` is told of each chain, and of the time that it is about, before keys are needed for it.
    """
    verified = Verified()
    chains: dict[ChainName, list[str]] = {}
    logs: dict[str, str] = {}
    for key in place.names():
        chain = chain_of(key)
        if chain is not None:
            chains.setdefault(chain, []).append(key)
        elif is_log(key) and wanted(key):
            logs[tail(key)] = key
    covered: set[str] = set()
    with ThreadPoolExecutor(_FAR if place.far else os.cpu_count(), thread_name_prefix="verify") as pool:
        for name, names in sorted(chains.items()):
            _verify_chain(verified, place, keys, name, names, learn, wanted, covered, pool, progress)
    for key in sorted(logs[name] for name in logs.keys() - covered):
        verified.add("no digest", Told(State.UNKNOWN, "log", key, "no digest covers it that is as AWS wrote it"))
    return verified


def _verify_chain(
    verified: Verified,
    place: Place,
    keys: Keys,
    name: ChainName,
    names: Sequence[str],
    learn: Callable[[ChainName, datetime, datetime], object],
    wanted: Callable[[str], bool],
    covered: set[str],
    pool: ThreadPoolExecutor,
    progress: Callable[[int], object],
) -> None:
    links = list(pool.map(partial(_link, place), [key for key in sorted(names, key=time_of) if wanted(key)]))
    times = [digest for link in links if (digest := link.digest) is not None]
    if times:
        learn(name, min(digest.start for digest in times), max(digest.end for digest in times))
    _sign(place, links, keys)
    for told in _gaps(links, {tail(key) for key in names}):
        verified.add(str(name), told)
    for link in links:
        _tell(verified, str(name), link)
        digest = _believed(link)
        if digest is None:
            continue
        for told_of_log in pool.map(partial(_check_log, place, link), digest.log_files):
            if told_of_log is None:
                verified.counts[str(name), "log", State.VALID] += 1
            else:
                verified.add(str(name), told_of_log)
        covered.update(tail(log.s3_object) for log in digest.log_files)
        progress(len(digest.log_files))


def _link(place: Place, key: str) -> _Link:
    link = _Link(key, tail(key))
    try:
        data = place.read("", key)
        if data is None:
            raise Damaged("it is not there")
        link.unpacked = unpack(data)
        link.digest = read(link.unpacked)
    except Damaged as damage:
        link.why, link.state = str(damage), _state(damage)
        return link
    said, bucket = link.digest.digest_s3_object, place.bucket()
    moved = tail(said) != link.key if bucket is None else (said, link.digest.digest_s3_bucket) != (key, bucket)
    if moved:
        link.why, link.state = "it was moved: it says that it is another", State.ALTERED
    return link


def _sign(place: Place, links: Sequence[_Link], keys: Keys) -> None:
    """Verify the signature of each digest: as its object has it, else as the digest after it carries it."""
    carried: dict[str, str] = {}
    for link in links:
        digest = link.digest
        if digest is not None and digest.previous_digest_s3_object and digest.previous_digest_signature:
            carried[tail(digest.previous_digest_s3_object)] = digest.previous_digest_signature
    for link in links:
        if link.digest is None or link.state is State.ALTERED:
            continue
        fingerprint = link.digest.digest_public_key_fingerprint
        signature = place.signature(link.digest.digest_s3_bucket, link.at) or carried.get(link.key)
        if not keys.knows(fingerprint):
            link.why = f"its key {fingerprint[:64]} is not among those that are known"
        elif signature is None:
            link.why = "its signature is neither in a later digest nor in the metadata of an object here"
        elif keys.signed(fingerprint, signature, link.digest.signed_text(link.unpacked)):
            link.state = State.VALID
        else:
            link.why, link.state = "its signature is not that of its content", State.ALTERED


def _gaps(links: Sequence[_Link], there: Collection[str]) -> Iterator[Told]:
    """What is missing between two digests that follow each other here, and for how long. `there` are all of a chain."""
    before: _Link | None = None
    for link in links:
        digest = _believed(link)
        if digest is None:  # it is told of itself
            before = link
            continue
        named = tail(digest.previous_digest_s3_object) if digest.previous_digest_s3_object else None
        is_missing = named is not None and named not in there
        if before is None:
            if is_missing:
                why = "the first digest here names it as the one before: what came before is not here"
                yield Told(State.UNKNOWN, "digest", str(named), why)
        elif named != before.key:
            if is_missing:
                yield Told(State.MISSING, "digest", str(named), f"{link.key} names it as the one before")
            last = _believed(before)
            if last is not None:
                since, until = last.end, digest.start - (HOURLY if is_missing else timedelta())
                if until > since:
                    yield Told(State.GAP, "time", f"{_text(since)}/{_text(digest.start)}", _why_gap(named))
        before = link


def _believed(link: _Link) -> Digest | None:
    """What a digest says, where it is not one that was altered."""
    return None if link.state is State.ALTERED else link.digest


def _why_gap(named: str | None) -> str:
    if named is None:
        return "no digest covers it, and the next one begins anew: digests were off, or the chain was cut"
    return "no digest covers it, and the next one names one before it: several were deleted in a row"


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _tell(verified: Verified, chain: str, link: _Link) -> None:
    if link.state is State.VALID:
        verified.counts[chain, "digest", State.VALID] += 1
    else:
        verified.add(chain, Told(link.state, "digest", link.key, link.why))


def _check_log(place: Place, link: _Link, log: LogFile) -> Told | None:
    """What is to be told of a log that a digest covers; None where it is valid."""
    try:
        data = place.read(log.s3_bucket, log.s3_object)
        if data is None:
            return Told(State.MISSING, "log", log.s3_object, f"{link.key} names it")
        if log.hash_algorithm != "SHA-256" or hash_of(data) != log.hash_value.lower():
            return Told(State.ALTERED, "log", log.s3_object, "its SHA-256 is another than that of its digest")
    except Damaged as damage:
        return Told(_state(damage), "log", log.s3_object, str(damage))
    if link.state is not State.VALID:
        return Told(State.UNKNOWN, "log", log.s3_object, f"its digest is {link.state.value}")
    return None


def _state(damage: Damaged) -> State:
    """What a file is that cannot be read: what may not be read may be as it was."""
    return State.ALTERED if damage.kind is Kind.MALFORMED else State.UNKNOWN
