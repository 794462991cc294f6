"""Who changed what drifted, and when: the calls that CloudTrail's event history has of it, of the last 90 days, and the
moments at which AWS Config recorded that it was different.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
https://docs.aws.amazon.com/config/latest/APIReference/API_GetResourceConfigHistory.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from msgspec.structs import replace

from demarcate.drift.structs import Cause, Comparison, Drift, DriftKind
from demarcate.estate.sources.aws.clients import Clients, client_of, without_prefix
from demarcate.estate.sources.aws.failures import FAILED, code_of, why
from demarcate.estate.sources.aws.session import identify, session_of
from demarcate.estate.sources.config.recorded import types_of
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table

LOOKUP: Final = "cloudtrail.lookup_events"
HISTORY: Final = "config.get_resource_config_history"

_UNRECORDED: Final = ("NoAvailableConfigurationRecorderException", "ResourceNotDiscoveredException")
"""Config's errors that say that it has recorded nothing."""

SHOWN: Final = 3
"""How many calls are told of one resource, the last first."""

ASKED: Final = 50
"""Of how many resources CloudTrail is asked: it answers two requests a second."""


def with_causes(comparison: Comparison, options: Options) -> Comparison:
    """The same, with the calls that changed each resource last, and when Config recorded it anew, where CloudTrail and
    Config of its account can be read.

    Of resources of another account than that of the credentials they are not asked. Raises DemarcateError without
    credentials.
    """
    session = session_of(options)
    own = Clients(session, options.endpoint_url)
    caller = identify(session, own, options.regions)
    clients: dict[tuple[str, str], Any] = {}
    known: dict[tuple[str, str], tuple[Cause, ...]] = {}

    def client(operation: str, region: str) -> Any:
        if (operation, region) not in clients:
            service = operation.partition(".")[0]
            made = client_of(session, service, options.endpoint_url, may=(operation,), region=region)
            made.meta.events.register("before-sign", without_prefix)
            clients[operation, region] = made
        return clients[operation, region]

    def causes(drift: Drift) -> tuple[Cause, ...]:
        if drift.kind not in (DriftKind.CHANGED, DriftKind.UNDECLARED) or drift.account != caller.account:
            return ()
        region = caller.home if drift.region in (None, "global") else str(drift.region)
        key = (region, drift.resource)
        if key not in known and len(known) < ASKED:
            calls = _calls(client(LOOKUP, region), drift.resource)
            items = _items(client(HISTORY, region), types_of(table(drift.table)), drift.resource)
            known[key] = (*calls, *items)
        return known.get(key, ())

    drifts = tuple(replace(drift, causes=causes(drift)) for drift in comparison.drifts)
    own.close()
    return replace(comparison, drifts=drifts)


def _calls(client: Any, resource: str) -> Iterator[Cause]:
    """The last calls that changed a resource, by its id or its ARN."""
    events: list[Any] = []
    for name in _names(resource):
        attribute = {"AttributeKey": "ResourceName", "AttributeValue": name}
        try:
            events += client.lookup_events(LookupAttributes=[attribute], MaxResults=50).get("Events", [])
        except FAILED as error:
            yield Cause(event=LOOKUP, by=f"could not be read: {why(error).reason}", at="")
            return
    changing = [event for event in events if event.get("ReadOnly") != "true" and event.get("EventTime")]
    changing.sort(key=lambda event: event["EventTime"], reverse=True)
    for event in changing[:SHOWN]:
        yield Cause(
            event=str(event.get("EventName")),
            by=str(event.get("Username") or "an AWS service"),
            at=event["EventTime"].isoformat(timespec="seconds"),
        )


def _items(client: Any, types: tuple[str, ...], resource: str) -> Iterator[Cause]:
    """The last moments at which Config recorded a resource as it then was, by its id or its ARN."""
    for type_, name in product(types, _names(resource)):
        try:
            told = client.get_resource_config_history(resourceType=type_, resourceId=name, limit=SHOWN)
        except FAILED as error:
            if code_of(error) in _UNRECORDED:
                continue
            yield Cause(event=HISTORY, by=f"could not be read: {why(error).reason}", at="")
            return
        items = [item for item in told.get("configurationItems", []) if item.get("configurationItemCaptureTime")]
        for item in items:
            yield Cause(
                event=str(item.get("configurationItemStatus")),
                by="AWS Config",
                at=item["configurationItemCaptureTime"].isoformat(timespec="seconds"),
            )
        if items:
            return


def _names(resource: str) -> tuple[str, ...]:
    """What a resource may be called: its id, and its ARN."""
    return tuple(dict.fromkeys((resource.rpartition(":")[2].rpartition("/")[2], resource)))
