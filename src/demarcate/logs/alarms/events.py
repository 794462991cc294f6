"""The events of which somebody must be told, as EventBridge has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from demarcate.estate.schema.alarm_events import alarm_events, samples

GLOBAL: Final = "us-east-1"
"""Where events of global services are recorded in the commercial partition."""


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """An event by its name: its source, whether it reads, and all the forms in which it comes by region."""

    name: str
    source: str
    reads: bool
    forms: Mapping[str, tuple[Mapping[str, Any], ...]]

    @property
    def everywhere(self) -> bool:
        """Whether it is recorded in whatever region it happens, and not in one for all."""
        return set(self.forms) != {GLOBAL}


@cache
def events() -> Mapping[str, tuple[Event, ...]]:
    """The events of each alarm, by the alarm's name."""
    return {alarm: tuple(map(_event, names)) for alarm, names in alarm_events().items()}


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
