"""The events of which somebody must be told, as EventBridge has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.documents import read
from demarcate.estate.schema.alarm_events import alarm_events, samples

GLOBAL: Final = "us-east-1"
"""Where events of global services are recorded in the commercial partition."""


class Only(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"equals": "is"}):
    """What a column of a row must be."""

    column: str
    equals: str


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"equals": "is"}):
    """A table of which a row says where a service is on: any row, or one whose column is something."""

    table: str
    column: str = ""
    equals: str = ""


class Gathered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of which a row names the region to which events of all regions are sent."""

    table: str
    column: str
    only: Only


class OwnEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event that a service sends to EventBridge itself: see `own_events.yaml`."""

    alarm: str
    event: str
    service: str
    source: str
    detail_type: str
    details: tuple[dict[str, Any], ...]
    where: Where | None = None
    gathered: Gathered | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """An event by its name: its source, whether it reads, and all the forms in which it comes by region."""

    name: str
    source: str
    reads: bool
    forms: Mapping[str, tuple[Mapping[str, Any], ...]]
    own: OwnEvent | None = None
    """What a service sends itself, without a trail; None for an event of CloudTrail."""

    @property
    def everywhere(self) -> bool:
        """Whether it is recorded in whatever region it happens, and not in one for all."""
        return self.own is not None or set(self.forms) != {GLOBAL}


@cache
def events() -> Mapping[str, tuple[Event, ...]]:
    """The events of each alarm, by the alarm's name: those of CloudTrail, then what services send themselves."""
    recorded = {alarm: tuple(map(_event, names)) for alarm, names in alarm_events().items()}
    return recorded | {each.alarm: (_own(each),) for each in own_events()}


@cache
def own_events() -> tuple[OwnEvent, ...]:
    """The events that are not of CloudTrail."""
    return read(Path(__file__).with_name("own_events.yaml"), tuple[OwnEvent, ...])


def _own(told: OwnEvent) -> Event:
    common = {"version": "0", "id": "1", "detail-type": told.detail_type, "source": told.source, "resources": []}
    sent = {"account": "111122223333", "time": "2026-01-01T00:00:00Z", "region": GLOBAL}
    forms = tuple({**common, **sent, "detail": detail} for detail in told.details)
    return Event(told.event, told.source, False, {GLOBAL: forms}, told)


def _event(name: str) -> Event:
    told = [sample.json for sample in samples()[name]]
    by_region: dict[str, list[Mapping[str, Any]]] = {}
    for detail in told:
        by_region.setdefault(detail["awsRegion"], []).append(envelope(detail))
    return Event(
        name,
        told[0]["eventSource"],
        bool(told[0].get("readOnly")),
        {region: tuple(forms) for region, forms in by_region.items()},
    )


_DETAIL_TYPES: Final = {
    "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
}
"""Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html"""


def envelope(detail: Mapping[str, Any]) -> dict[str, Any]:
    """An event of CloudTrail as EventBridge hands it on."""
    service = str(detail["eventSource"]).partition(".")[0]
    return {
        "version": "0",
        "id": detail["eventID"],
        "detail-type": _DETAIL_TYPES.get(str(detail.get("eventType")), "AWS API Call via CloudTrail"),
        "source": f"aws.{service}",
        "account": detail["recipientAccountId"],
        "time": detail["eventTime"],
        "region": detail["awsRegion"],
        "resources": [],
        "detail": detail,
    }
