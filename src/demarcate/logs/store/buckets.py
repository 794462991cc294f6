"""Logs in S3, listed day by day: never a bucket as a whole, and a day that is over only once.

AWS's services deliver below folders of years, months and days (`2026/11/01`, `year=2026/month=11/day=01`, or
`eventDay=20261101`). What is above them is found by listing folders alone; days outside of the range that was asked for
are not looked into. What lies beside such folders, as S3's own access logs do, is listed as it lies there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.sources.aws.answers import told
from demarcate.estate.sources.aws.bounds import OBJECT
from demarcate.estate.sources.aws.clients import client_of
from demarcate.estate.sources.aws.failures import FAILED, code_of, why
from demarcate.estate.sources.aws.guard import WHERE_A_BUCKET_IS
from demarcate.estate.sources.aws.paging import paged
from demarcate.estate.sources.aws.session import credentials_of
from demarcate.logs.store.damage import Damaged
from demarcate.logs.store.entries import Days, Entry

if TYPE_CHECKING:
    import boto3

SCHEME: Final = "s3://"

DEEPEST: Final = 16
"""How many folders above days are looked into. AWS's layouts have up to nine."""

OVER: Final = timedelta(days=3)
"""How long after a day nothing comes for it any more. CloudTrail delivers within minutes, seldom within a day."""

PASSED_OVER: Final = frozenset({"CloudTrail-Digest", "Config"})
"""Folders with something else than logs."""

_DATED: Final = re.compile(r"eventDay=([0-9]{4})([0-9]{2})([0-9]{2})")
_PART: Final = re.compile(r"(?:(?:year|month|day)=)?([0-9]{2,4})")


class _Object(Entry, frozen=True, eq=False, gc=False):
    """An object of a bucket."""

    bucket: Bucket
    key: str

    def read(self, limit: int) -> bytes:
        """What is in it."""
        return self.bucket.get(self.key, limit)[0]


class Bucket:
    """A bucket as far as one prefix. Raises DemarcateError for no name of one, and where there are no credentials."""

    far = True

    def __init__(
        self,
        url: str,
        session: boto3.Session,
        endpoint_url: str | None = None,
        days: Days = Days(),
        *,
        is_over: Callable[[str], bool] = lambda _: False,
        passed_over: frozenset[str] = PASSED_OVER,
    ) -> None:
        self.bucket, _, self.prefix = url.removeprefix(SCHEME).partition("/")
        if not self.bucket:
            raise DemarcateError(f"{url}: name a bucket: s3://BUCKET or s3://BUCKET/PREFIX")
        credentials_of(session)
        self.name = url
        self.days = days
        self.is_over = is_over
        self.over: list[str] = []
        """The days that were listed after they were over: once all of their files are read, no more is to come."""
        self._passed_over = passed_over
        self._listing = client_of(session, "s3", endpoint_url, may=("s3.list_objects_v2", WHERE_A_BUCKET_IS))
        self._reading = client_of(
            session, "s3", endpoint_url, may=("s3.get_object", WHERE_A_BUCKET_IS), bounds=OBJECT
        )

    def entries(self, refuse: Callable[[Unread], None]) -> Iterator[Entry]:
        """The files of the days that are asked for. What cannot be listed is told, and the rest goes on.

        Raises DemarcateError where the prefix itself cannot be listed.
        """
        yield from self._below(self.prefix, (), DEEPEST, refuse)

    def done(self, _: object) -> None:
        """Nothing is to be done once all is read."""

    def _below(
        self, prefix: str, parts: tuple[int, ...], depth: int, refuse: Callable[[Unread], None]
    ) -> Iterator[Entry]:
        """The files below a prefix. `parts` are the year, and the month, that it is within."""
        try:
            folders: list[str] = []
            for page in paged(
                self._listing, "list_objects_v2", {"Bucket": self.bucket, "Prefix": prefix, "Delimiter": "/"}
            ):
                folders += [told(folder, "Prefix") for folder in page.get("CommonPrefixes", ())]
                yield from self._files(page)
        except FAILED as error:
            self._cannot_list(prefix, error, refuse)
            return
        for folder in folders:
            name = folder.removesuffix("/").rpartition("/")[2]
            if name in self._passed_over:
                continue
            if depth == 0:
                refuse(Unread(kind=Kind.TOO_MUCH, reason="lies too deep to be logs", file=self._shown(folder)))
                continue
            within = _date_parts(name, parts)
            if len(within) == 3:
                yield from self._day(folder, within, refuse)
            elif self._may_have(within):
                yield from self._below(folder, within, depth - 1, refuse)

    def _day(self, folder: str, parts: tuple[int, ...], refuse: Callable[[Unread], None]) -> Iterator[Entry]:
        try:
            day = date(*parts)
        except ValueError:
            day = None
        shown = self._shown(folder)
        if (day is not None and not self.days.has(day.isoformat())) or self.is_over(shown):
            return
        try:
            for page in paged(self._listing, "list_objects_v2", {"Bucket": self.bucket, "Prefix": folder}):
                yield from self._files(page)
        except FAILED as error:
            self._cannot_list(folder, error, refuse)
            return
        if day is not None and datetime.now(UTC).date() - day > OVER:
            self.over.append(shown)

    def _may_have(self, parts: tuple[int, ...]) -> bool:
        """Whether a year, or a month of one, has days that are asked for."""
        if not parts:
            return True
        named = "-".join(f"{part:04d}" if number == 0 else f"{part:02d}" for number, part in enumerate(parts))
        first, last = (end.isoformat()[: len(named)] if end else None for end in (self.days.first, self.days.last))
        return (first is None or first <= named) and (last is None or named <= last)

    def _files(self, page: Any) -> Iterator[Entry]:
        for item in page.get("Contents", ()):
            key, size = told(item, "Key"), told(item, "Size")
            if size and not key.endswith("/"):
                yield self.entry(key, size, str(item.get("ETag")))

    def entry(self, key: str, size: int, tag: str) -> Entry:
        """An object as a file to read. `tag` is its ETag."""
        tag = tag.strip('"')
        return _Object(self._shown(key), size, f"{tag}-{size}", self, key)

    def get(self, key: str, limit: int, bucket: str | None = None) -> tuple[bytes, dict[str, str]]:
        """An object and its metadata. Raises Damaged where it cannot be read, of the kind `not-given` if it is gone."""
        try:
            answer = self._reading.get_object(Bucket=bucket or self.bucket, Key=key)
            body = told(answer, "Body")
            try:
                data = bytes(body.read(limit + 1))
            finally:
                body.close()
        except (*FAILED, ValueError, OSError) as error:  # botocore reads a checksum that is none
            cause = why(error)
            gone = code_of(error) == "NoSuchKey"
            raise Damaged(f"s3:GetObject: {cause.reason}", Kind.NOT_GIVEN if gone else cause.kind) from error
        if len(data) > limit:
            raise Damaged(f"it has more than {limit:,} bytes; at most {limit:,} are read", Kind.TOO_MUCH)
        return data, dict(answer.get("Metadata") or {})

    def _cannot_list(self, prefix: str, error: Exception, refuse: Callable[[Unread], None]) -> None:
        cause = why(error)
        shown = self._shown(prefix)
        if prefix == self.prefix:
            raise DemarcateError(
                f"{shown}: s3:ListBucket: {cause.reason}. Reading it needs s3:ListBucket and s3:GetObject"
            ) from error
        refuse(Unread(kind=cause.kind, reason=f"s3:ListBucket: {cause.reason}", file=shown))

    def _shown(self, key: str) -> str:
        return f"{SCHEME}{self.bucket}/{key}"


def _date_parts(name: str, parts: tuple[int, ...]) -> tuple[int, ...]:
    """The year, month and day that a folder is within, by its name and what those above it say."""
    if dated := _DATED.fullmatch(name):
        return tuple(map(int, dated.groups()))
    match = _PART.fullmatch(name)
    if match is None:
        return ()
    digits = match[1]
    if not parts:
        return (int(digits),) if len(digits) == 4 and digits.startswith("20") else ()
    return (*parts, int(digits)) if len(digits) == 2 else ()
