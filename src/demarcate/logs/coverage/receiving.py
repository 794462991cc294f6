"""Until when logs came: AWS is asked for the newest event of a log group, and for objects of today and yesterday.

Sources: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html (streams by
their last event, which is told within an hour of it), and for where objects lie in a bucket, `sources.yaml`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from demarcate.base.moments import since_1970, utc
from demarcate.changes.planning import Reader
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Operation, Read
from demarcate.estate.schema.unknown import Kind as Why
from demarcate.estate.schema.unknown import Unknown
from demarcate.logs.coverage.places import BUCKET, GROUP, NOT_ASKED, Place

STREAMS: Final = "logs.describe_log_streams"
OBJECTS: Final = "s3.list_objects_v2"
READS: Final = frozenset({STREAMS, OBJECTS})

_LAYOUT: Final = Unknown(Why.INDIRECT, "where a day's objects lie in the bucket is not known")


class Receiving:
    """Asks AWS about places. `now` is the day that is today."""

    def __init__(self, reader: Reader, now: datetime) -> None:
        self._reader, self._now = reader, now
        self._told: dict[tuple[str, ...], datetime | Unknown | None] = {}

    def newest(self, place: Place) -> datetime | Unknown | None:
        """When the newest log came, at least; None where nothing did (in a bucket: today or yesterday)."""
        if place.newest is not NOT_ASKED:
            return place.newest
        if place.row is None:
            return place.unknown or NOT_ASKED
        key = (*place.key, place.prefix, place.day)
        if key not in self._told:
            try:
                self._told[key] = self._group(place) if place.kind == GROUP else self._bucket(place)
            except NotDone as error:
                self._told[key] = Unknown(Why.DENIED, str(error))
        return self._told[key]

    def _group(self, place: Place) -> datetime | Unknown | None:
        asked: dict[str, Any] = {
            **{"logGroupName": place.name, "orderBy": "LastEventTime"},
            **{"descending": True, "limit": 1},
        }
        last = self._ask(place, STREAMS, asked, "logStreams[0].lastEventTimestamp")
        return None if last is None else since_1970(last / 1000)

    def _bucket(self, place: Place) -> datetime | Unknown | None:
        """The newest object of the first page of today's, or of yesterday's: so a later one may be there."""
        if place.kind != BUCKET or not place.day:
            return _LAYOUT
        for day in (self._now, self._now - timedelta(days=1)):
            prefix = place.prefix + place.day.replace("{y}", f"{day:%Y}").replace("{m}", f"{day:%m}").replace(
                "{d}", f"{day:%d}"
            )
            told = self._ask(place, OBJECTS, {"Bucket": place.name, "Prefix": prefix}, "Contents[].LastModified")
            if told:
                return max(utc(datetime.fromisoformat(text)) for text in told)
        return None

    def _ask(self, place: Place, operation: str, asked: dict[str, Any], state: str) -> Any:
        read = Read(operation=Operation(name=operation, parameters=asked), state=state)
        return self._reader.read(place.account, place.region, read)
