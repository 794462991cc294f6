"""Deliveries in S3, read as they come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.aws.answers import told
from demarcate.estate.sources.aws.bounds import OBJECT
from demarcate.estate.sources.aws.clients import client_of
from demarcate.estate.sources.aws.failures import FAILED, why
from demarcate.estate.sources.aws.guard import WHERE_A_BUCKET_IS
from demarcate.estate.sources.aws.paging import paged
from demarcate.estate.sources.aws.session import credentials_of
from demarcate.estate.sources.config.budget import Budget
from demarcate.estate.sources.config.damage import Damaged
from demarcate.estate.sources.config.deliveries import Delivery, delivery
from demarcate.estate.sources.config.files import BUCKET
from demarcate.estate.sources.config.opening import Opened, open_deliveries
from demarcate.estate.sources.config.scanning import Stream

if TYPE_CHECKING:
    import boto3


class _Body:
    """The body of an object, whose failures are those of a delivery."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int, /) -> bytes:
        try:
            return bytes(self._body.read(size))
        except (*FAILED, ValueError) as error:  # botocore reads a checksum that is none
            cause = why(error)
            raise Damaged(cause.reason, cause.kind) from error

    def close(self) -> None:
        self._body.close()


@contextmanager
def open_bucket(url: str, session: boto3.Session, endpoint_url: str | None, budget: Budget) -> Iterator[Opened]:
    """The deliveries under s3://BUCKET/PREFIX.

    Raises DemarcateError where the bucket cannot be listed or has none there.
    """
    bucket, _, prefix = url.removeprefix(BUCKET).partition("/")
    if not bucket:
        raise DemarcateError(f"{url}: name a bucket: s3://BUCKET or s3://BUCKET/PREFIX")
    credentials_of(session)
    listing = client_of(session, "s3", endpoint_url, may=("s3.list_objects_v2", WHERE_A_BUCKET_IS))
    reading = client_of(session, "s3", endpoint_url, may=("s3.get_object", WHERE_A_BUCKET_IS), bounds=OBJECT)
    try:
        deliveries = list(_listed(listing, reading, bucket, prefix))
    except FAILED as error:
        raise DemarcateError(
            f"{url}: s3:ListBucket: {why(error).reason}. Reading it needs s3:ListBucket and s3:GetObject"
        ) from error
    if not deliveries:
        raise DemarcateError(f"{url}: there is no delivery of AWS Config under it")
    with open_deliveries(deliveries, budget) as opened:
        yield opened


def _listed(listing: Any, reading: Any, bucket: str, prefix: str) -> Iterator[Delivery]:
    for page in paged(listing, "list_objects_v2", {"Bucket": bucket, "Prefix": prefix}):
        for entry in page.get("Contents", ()):
            key = told(entry, "Key")
            named = delivery(f"{BUCKET}{bucket}/{key}", partial(_open, reading, bucket, key))
            # Other files are passed over, unless one is named itself.
            if named.named or key == prefix:
                yield named


def _open(client: Any, bucket: str, key: str) -> Stream:
    try:
        return _Body(told(client.get_object(Bucket=bucket, Key=key), "Body"))
    except FAILED as error:
        cause = why(error)
        raise Damaged(f"s3:GetObject: {cause.reason}", cause.kind) from error
