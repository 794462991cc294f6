"""Who may delete what lies in a place, and who may both write and read there.

Users and roles of the snapshot are asked about, surely or perhaps; control policies of the organization are not
counted. Actions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from demarcate.access.effective import Around, Named, effective
from demarcate.access.evaluating import Request, Who, names_action
from demarcate.estate.schema.unknown import Kind as Why
from demarcate.estate.schema.unknown import Unknown
from demarcate.logs.coverage.places import BUCKET, NOT_ASKED, Place
from demarcate.permitted.asking import Policies
from demarcate.permitted.holders import context_of

_SOMETHING: Final = "AWSLogs/log"
"""The key of an object that stands for all."""


@dataclass(frozen=True, slots=True)
class May:
    """The principals that may do something, and those of which it is not known."""

    surely: tuple[str, ...]
    perhaps: tuple[str, ...]


class Holders:
    """The users and roles of a snapshot. An account whose identities were not read has none: ask elsewhere first."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._all = list(policies.holders())
        self._named: dict[str, list[tuple[Who, Around]]] = {}
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
        named, resource = None, f"{arn}:*"
        if place.kind == BUCKET:
            resource = f"{arn}/{_SOMETHING}"
            owned = self._policies.of(arn)
            named = None if owned is None or owned.document is None else Named("the bucket's policy", owned.policy)
        surely: list[str] = []
        perhaps: list[str] = []
        for who, around in self._asking(action) if named is None else self._all:
            whole = replace(around, resource=named, resource_account=place.account)
            allowed = effective(Request(who, action, resource, context_of(who)), whole).allowed
            if allowed is not False:
                (surely if allowed is True else perhaps).append(str(who))
        return May(tuple(sorted(surely)), tuple(sorted(perhaps)))

    def _asking(self, action: str) -> Sequence[tuple[Who, Around]]:
        """Those of whose own policies any may be about an action: all others may not do it."""
        if action not in self._named:
            self._named[action] = [each for each in self._all if _is_about(each[1], action)]
        return self._named[action]


_WRITES_AND_READS: Final = ("logs:PutLogEvents", "logs:GetLogEvents")


def _is_about(around: Around, action: str) -> bool:
    if isinstance(around.identity, Unknown):
        return True
    return any(
        named.policy.unknown is not None
        or any(
            said.allows is not False and names_action(said, action) is not False
            for said in named.policy.statements
        )
        for named in around.identity
    )
