"""A trail's bucket itself, whose objects have the signatures of digests in their metadata, and AWS's keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.sources.aws.answers import told
from demarcate.estate.sources.aws.clients import client_of
from demarcate.estate.sources.aws.failures import FAILED, why
from demarcate.estate.sources.aws.paging import paged
from demarcate.logs.integrity.digests import ChainName, chain_of
from demarcate.logs.integrity.keys import Keys
from demarcate.logs.store.buckets import SCHEME, Bucket
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.entries import Days
from demarcate.logs.store.inflating import MAX_PACKED

if TYPE_CHECKING:
    import boto3

OTHERS = frozenset(
    {"Config", "CloudTrail-Insight", "vpcflowlogs", "vpcdnsquerylogs", "WAFLogs", "elasticloadbalancing"}
)
"""Folders with what no digest covers."""

SPARE = timedelta(hours=2)
"""A key may have been changed in the hour of a digest: keys of some hours beside it are asked for, too."""


class Online:
    """A bucket. Raises DemarcateError as `Bucket` does."""

    far = True

    def __init__(self, url: str, session: boto3.Session, endpoint_url: str | None, days: Days) -> None:
        self._bucket = Bucket(url, session, endpoint_url, days, passed_over=OTHERS)
        self.unread: list[Unread] = []
        self._signatures: dict[str, str] = {}

    def names(self) -> Iterator[str]:
        """The keys of all files of the days that are asked for."""
        for entry in self._bucket.entries(self.unread.append):
            yield entry.name.removeprefix(f"{SCHEME}{self._bucket.bucket}/")

    def read(self, bucket: str, key: str) -> bytes | None:
        """An object; None where it is not there. Raises Damaged where it cannot be read."""
        try:
            data, metadata = self._bucket.get(key, MAX_PACKED, bucket or None)
        except Damaged as damage:
            if damage.kind is Kind.NOT_GIVEN:
                return None
            raise
        if chain_of(key) is not None and "signature" in metadata:
            self._signatures[key] = metadata["signature"]
        return data

    def signature(self, _: str, key: str) -> str | None:
        """The signature in the metadata of a digest that was read."""
        return self._signatures.get(key)

    def bucket(self) -> str:
        """Its name."""
        return self._bucket.bucket


class Learning:
    """Asks AWS for the keys of a chain's time, in the region that its trail is of.

    Where it does not give them, `refuse` is told: the chain is not known to be valid, and the others are verified.
    """

    def __init__(
        self, keys: Keys, session: boto3.Session, endpoint_url: str | None, refuse: Callable[[Unread], object]
    ) -> None:
        self._keys, self._session, self._endpoint, self._refuse = keys, session, endpoint_url, refuse

    def __call__(self, chain: ChainName, start: datetime, end: datetime) -> None:
        """Learn the keys."""
        client = client_of(
            self._session, "cloudtrail", self._endpoint, may=("cloudtrail.list_public_keys",), region=chain.home
        )
        times = {"StartTime": start - SPARE, "EndTime": end + SPARE}
        try:
            for page in paged(client, "list_public_keys", times):
                for key in page.get("PublicKeyList", ()):
                    self._keys.add(told(key, "Fingerprint"), told(key, "Value"))
        except FAILED as error:
            self._tell(chain, why(error).kind, why(error).reason)
        except ValueError as error:
            self._tell(chain, Kind.MALFORMED, f"a key is none: {error}")

    def _tell(self, chain: ChainName, kind: Kind, reason: str) -> None:
        self._refuse(
            Unread(
                kind=kind,
                reason=f"{reason}. Name files with keys (--keys) instead",
                operation="cloudtrail:ListPublicKeys",
                account=chain.account,
                region=chain.home,
            )
        )
