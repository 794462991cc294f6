"""Who may delete what lies in a place, and who may both write and read there.

Users and roles of the snapshot are asked about, surely or perhaps. Actions:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from demarcate.estate.schema.unknown import Kind as Why
from demarcate.estate.schema.unknown import Unknown
from demarcate.logs.coverage.places import BUCKET, NOT_ASKED, Place
from demarcate.permitted.asking import May as Asked
from demarcate.permitted.asking import Policies
from demarcate.permitted.narrowing import Narrowing

_SOMETHING: Final = "AWSLogs/log"
"""The key of an object that stands for all."""

_STREAM: Final = "log"
"""The same of a log group's streams."""


@dataclass(frozen=True, slots=True)
class May:
    """The principals that may do something, and those of which it is not known."""

    surely: tuple[str, ...]
    perhaps: tuple[str, ...]


class Holders:
    """The users and roles of a snapshot. An account whose identities were not read has none: ask elsewhere first."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._told: dict[tuple[str, ...], May] = {}

    def deleters(self, place: Place) -> May | Unknown:
        """Who may delete a log: an object of a bucket, or its version where it has any; a whole log group."""
        if place.row is None:
            return place.unknown or NOT_ASKED
        if place.kind == BUCKET:
            versions = place.row["versioning_enabled"]
            if isinstance(versions, Unknown):
                return versions
            return self._may(place, "s3:DeleteObjectVersion" if versions else "s3:DeleteObject")
        return self._may(place, "logs:DeleteLogGroup")

    def writers_that_read(self, place: Place) -> May | Unknown:
        """Who may write a log and read it too."""
        if place.row is None:
            return place.unknown or NOT_ASKED
        actions = ("s3:PutObject", "s3:GetObject") if place.kind == BUCKET else _WRITES_AND_READS
        writes, reads = (self._may(place, action) for action in actions)
        if isinstance(writes, Unknown) or isinstance(reads, Unknown):
            return writes if isinstance(writes, Unknown) else reads
        both = set(writes.surely) & set(reads.surely)
        maybe = ({*writes.surely, *writes.perhaps} & {*reads.surely, *reads.perhaps}) - both
        return May(tuple(sorted(both)), tuple(sorted(maybe)))

    def _may(self, place: Place, action: str) -> May | Unknown:
        row = place.row or {}
        arn = row["arn"]
        if type(arn) is not str or not arn.startswith("arn:"):
            return arn if isinstance(arn, Unknown) else Unknown(Why.DEPLOYMENT, "its ARN is known once deployed")
        if (arn, action) not in self._told:
            self._told[arn, action] = self._asked(place, action, arn)
        return self._told[arn, action]

    def _asked(self, place: Place, action: str, arn: str) -> May:
        if place.kind == BUCKET:
            may = self._policies.who_can(action, f"{arn}/{_SOMETHING}", place.account)[0]
        else:
            may = self._by_themselves(
                action, f"{arn}:log-stream:{_STREAM}" if action in _WRITES_AND_READS else f"{arn}:*"
            )
        surely = {each.principal for each in may if each.effective.allowed is True}
        return May(tuple(sorted(surely)), tuple(sorted({each.principal for each in may} - surely)))

    def _by_themselves(self, action: str, resource: str) -> list[Asked]:
        """Who may do something by policies of their own: those of CloudWatch Logs let services in, and are not read."""
        around, narrowing = self._policies.around(None, resource), Narrowing(action, resource)
        weighed = (self._policies.weighed(holder, around, narrowing) for holder in self._policies.holders)
        return [each for each in weighed if each is not None]


_WRITES_AND_READS: Final = ("logs:PutLogEvents", "logs:GetLogEvents")
