"""Pins of the ledger in S3, where an object lock keeps them from whoever writes to the ledger.

This is the one write to AWS that is no change: an object in a bucket that is named for it, which alters no other object
and which nobody can undo, or that would be no pin. It has a client of its own, which can do that and nothing else.
Each pin is a version of one object, and all versions are read: a later one hides none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.reach import plain
from demarcate.estate.sources.aws.clients import client_of
from demarcate.estate.sources.aws.failures import FAILED, code_of, why
from demarcate.estate.sources.aws.guard import WHERE_A_BUCKET_IS
from demarcate.estate.sources.aws.paging import paged
from demarcate.estate.sources.aws.session import credentials_of, session_of
from demarcate.estate.sources.interface import Options
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Head, Ledger
from demarcate.ledger.pins import LARGEST, parse_pins, pin_line

SCHEME: Final = "s3://"

BEGUN: Final = "pin-begun"
WRITTEN: Final = "pin-written"
"""Kinds of entries: that a pin is about to be sent to S3, and that S3 has it."""

_WRITES: Final = ("s3.put_object",)
_READS: Final = (
    "s3.get_object_lock_configuration",
    "s3.list_object_versions",
    "s3.get_object",
    WHERE_A_BUCKET_IS,
)


class Vault:
    """A place in S3, s3://BUCKET/KEY, whose versions are pins. Raises DemarcateError for what is none."""

    def __init__(self, url: str, options: Options) -> None:
        self.url = url
        self._bucket, _, self._key = url.removeprefix(SCHEME).partition("/")
        if not self._bucket or not self._key or self._key.endswith("/"):
            raise DemarcateError(f"{url}: name a bucket and a key: s3://BUCKET/KEY")
        session = session_of(options)
        credentials_of(session)
        self._client = client_of(session, "s3", options.endpoint_url, may=_READS, writes=_WRITES)

    def check_locked(self, *, retained: bool) -> None:
        """Check that the bucket locks objects, and for how long where that is not `retained` otherwise.

        Raises DemarcateError where it does not, and where that cannot be read.
        """
        try:
            told = self._client.get_object_lock_configuration(Bucket=self._bucket)["ObjectLockConfiguration"]
        except FAILED as error:
            if code_of(error) != "ObjectLockConfigurationNotFoundError":
                raise self._failed("cannot be asked for its object lock", error) from error
            told = {}
        if told.get("ObjectLockEnabled") != "Enabled":
            raise DemarcateError(
                f"{self.url}: the bucket has no object lock, so that a pin there could be deleted: name one that has"
            )
        if not retained and not told.get("Rule", {}).get("DefaultRetention"):
            raise DemarcateError(
                f"{self.url}: the bucket keeps nothing by itself: say for how long the pin is kept (--retain-days)"
            )

    def pins(self) -> list[Head]:
        """The pins of all versions. Raises DemarcateError where one cannot be read, or is none."""
        try:
            return [pin for version in self._versions() for pin in self._read(version)]
        except FAILED as error:
            raise self._failed("cannot be read", error) from error

    def pin(self, ledger: Ledger, actor: Actor, days: int | None) -> Head:
        """Send the head of a ledger, of which the ledger has an entry before and one after; return that head.

        It is kept for so many days, or as long as the bucket keeps everything. Raises DemarcateError.
        """
        (begun,) = ledger.append(actor, Act(kind=BEGUN, after={"to": self.url, "days": days}))
        head = ledger.head()
        if head is None or head.number < begun.number:
            raise DemarcateError(f"{ledger.name}: the entry of the pin is not there")
        retention: dict[str, Any] = {}
        if days is not None:
            until = ledger.now() + timedelta(days=days)
            retention = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        try:
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=self._key,
                Body=f"{pin_line(head)}\n".encode(),
                ContentType="application/json",
                **retention,
            )
        except FAILED as error:
            raise self._failed("the pin was not written, or nobody knows whether it was", error) from error
        ledger.append(
            actor, Act(kind=WRITTEN, after={"to": self.url, "version": plain(answer).get("VersionId", "")})
        )
        return head

    def _versions(self) -> Iterator[str]:
        listed = paged(self._client, "list_object_versions", {"Bucket": self._bucket, "Prefix": self._key})
        for page in listed:
            for version in page.get("Versions", ()):
                if version["Key"] == self._key:
                    yield version["VersionId"]

    def _read(self, version: str) -> list[Head]:
        place = f"{self.url} (version {version})"
        told = self._client.get_object(Bucket=self._bucket, Key=self._key, VersionId=version)
        with told["Body"] as body:
            data = body.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise DemarcateError(f"{place}: is no pin: it has more than {LARGEST:,} bytes")
        return parse_pins(data, place)

    def _failed(self, what: str, error: Exception) -> DemarcateError:
        return DemarcateError(f"{self.url}: {what}: {why(error).reason}")
