"""A digest as CloudTrail writes it, where it lies, and what is signed of it.

Sources: the AWS CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log
file integrity validation"; and aws-cli's `cloudtrail validate-logs`, which verifies the same online.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.base.moments import utc
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.inflating import FREE, MAGIC, MAX_RATIO

_KEY: Final = re.compile(
    r"(?P<above>.*AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>[0-9]{12})/)CloudTrail-Digest/(?P<region>[a-z0-9-]+)/"
    r"(?P<day>[0-9]{4}/[0-9]{2}/[0-9]{2})/(?P<rest>[^/]+)_(?P<time>[0-9]{8}T[0-9]{6}Z)(?P<backfill>_backfill)?\.json\.gz"
)
_LOG: Final = re.compile(
    r".*AWSLogs/(?:o-[a-z0-9]+/)?[0-9]{12}/CloudTrail/[a-z0-9-]+/[0-9]{4}/[0-9]{2}/[0-9]{2}/[^/]+"
)


@dataclass(frozen=True, slots=True, order=True)
class ChainName:
    """A chain: digests of one account, region and trail, each of which names the one before. Backfill digests, which
    CloudTrail writes later for what it missed, are a chain of their own.
    """

    above: str
    account: str
    region: str
    trail: str
    home: str
    backfill: bool = False

    def __str__(self) -> str:
        return f"{self.account} {self.region} {self.trail}{' (backfill)' if self.backfill else ''}"


def chain_of(key: str) -> ChainName | None:
    """The chain that a digest belongs to, by its key; None for what is no digest.

    >>> at = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/01/"
    >>> str(chain_of(at + "111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20261101T010000Z.json.gz"))
    '111122223333 eu-west-1 main'
    """
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    account, region = match["account"], match["region"]
    named = match["rest"].removeprefix(f"{account}_CloudTrail-Digest_{region}_")
    trail, _, home = named.rpartition("_")
    return ChainName(match["above"], account, region, trail or named, home, match["backfill"] is not None)


_ROOT: Final = "AWSLogs/"


def tail(key: str) -> str:
    """A key from `AWSLogs` on: what stands above that in a bucket, a copy may not have.

    >>> tail("logs/AWSLogs/111122223333/x")
    'AWSLogs/111122223333/x'
    """
    at = key.find(_ROOT)
    return key[at:] if at >= 0 else key


def time_of(key: str) -> str:
    """The moment in a digest's key, which sorts as moments do."""
    match = _KEY.fullmatch(key)
    return match["time"] if match else ""


def is_log(key: str) -> bool:
    """Whether a key is that of a file of events, which a digest should cover."""
    return _LOG.fullmatch(key) is not None


class LogFile(msgspec.Struct, frozen=True, rename="camel"):
    """A file of events that a digest covers."""

    s3_bucket: str
    s3_object: str
    hash_value: str
    hash_algorithm: str


class Digest(msgspec.Struct, frozen=True, rename="camel"):
    """A digest."""

    digest_start_time: str
    digest_end_time: str
    digest_s3_bucket: str
    digest_s3_object: str
    digest_public_key_fingerprint: str
    log_files: list[LogFile]
    previous_digest_signature: str | None
    previous_digest_s3_bucket: str | None = None
    previous_digest_s3_object: str | None = None
    previous_digest_hash_value: str | None = None

    @property
    def start(self) -> datetime:
        """From when on files were delivered that it covers. Raises ValueError."""
        return utc(datetime.fromisoformat(self.digest_start_time))

    @property
    def end(self) -> datetime:
        """Until when. Raises ValueError."""
        return utc(datetime.fromisoformat(self.digest_end_time))

    def signed_text(self, unpacked: bytes) -> bytes:
        """What its signature is of."""
        previous = "null" if self.previous_digest_signature is None else self.previous_digest_signature
        place = f"{self.digest_s3_bucket}/{self.digest_s3_object}"
        return f"{self.digest_end_time}\n{place}\n{hashlib.sha256(unpacked).hexdigest()}\n{previous}".encode()


def unpack(data: bytes) -> bytes:
    """A digest, unpacked. Raises Damaged, also where anything follows it."""
    most = FREE + MAX_RATIO * len(data)
    unpacking = zlib.decompressobj(31)
    try:
        unpacked = unpacking.decompress(data, most)
    except zlib.error as error:
        raise Damaged(f"it is no gzip: {error}") from error
    if not unpacking.eof:
        raise Damaged("it is truncated")
    if unpacking.unused_data:
        raise Damaged("something was appended to it")
    return unpacked


def read(unpacked: bytes) -> Digest:
    """A digest of its JSON. Raises Damaged."""
    try:
        digest = from_json(unpacked, Digest)
        _ = digest.start, digest.end
    except ValueError as error:
        raise Damaged(f"it is no digest: {error}") from error
    return digest


def hash_of(data: bytes) -> str:
    """The SHA-256 of what a file of events unpacks to. Raises Damaged, also where anything follows it."""
    if data[:2] != MAGIC:
        raise Damaged("it is no gzip")
    digest, size, rest = hashlib.sha256(), 0, data
    unpacking = zlib.decompressobj(31)
    while not unpacking.eof:
        try:
            piece = unpacking.decompress(rest, 4 << 20)
        except zlib.error as error:
            raise Damaged(f"it is no gzip: {error}") from error
        rest, size = unpacking.unconsumed_tail, size + len(piece)
        if not piece and not rest and not unpacking.eof:
            raise Damaged("it is truncated")
        if size > FREE + MAX_RATIO * len(data):
            raise Damaged("it unpacks to more than any file of CloudTrail")
        digest.update(piece)
    if unpacking.unused_data:
        raise Damaged("something was appended to it")
    return digest.hexdigest()
