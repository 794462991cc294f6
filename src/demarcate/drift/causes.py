"""Who changed what drifted, and when: the calls that CloudTrail's event history has of it, of the last 90 days.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from demarcate.drift.structs import Cause, Comparison, Drift, DriftKind
from demarcate.estate.sources.aws.clients import Clients, client_of, without_prefix
from demarcate.estate.sources.aws.failures import FAILED, why
from demarcate.estate.sources.aws.session import identify, session_of
from demarcate.estate.sources.interface import Options

LOOKUP: Final = "cloudtrail.lookup_events"

SHOWN: Final = 3
"""How many calls are told of one resource, the last first."""

ASKED: Final = 50
"""Of how many resources CloudTrail is asked: it answers two requests a second."""


def with_causes(comparison: Comparison, options: Options) -> Comparison:
    """The same, with the calls that changed each resource last, where CloudTrail of its account can be read.

    Of resources of another account than that of the credentials it is not asked. Raises DemarcateError without
    credentials.
    """
    session = session_of(options)
    own = Clients(session, options.endpoint_url)
    caller = identify(session, own, options.regions)
    clients: dict[str, Any] = {}
    known: dict[tuple[str, str], tuple[Cause, ...]] = {}

    def causes(drift: Drift) -> tuple[Cause, ...]:
        if drift.kind not in (DriftKind.CHANGED, DriftKind.UNDECLARED) or drift.account != caller.account:
            return ()
        region = caller.home if drift.region in (None, "global") else str(drift.region)
        key = (region, drift.resource)
        if key not in known and len(known) < ASKED:
            if region not in clients:
                client = client_of(session, "cloudtrail", options.endpoint_url, may=(LOOKUP,), region=region)
                client.meta.events.register("before-sign", without_prefix)
                clients[region] = client
            known[key] = tuple(_calls(clients[region], drift.resource))
        return known.get(key, ())

    drifts = tuple(replace(drift, causes=causes(drift)) for drift in comparison.drifts)
    own.close()
    return replace(comparison, drifts=drifts)


def _calls(client: Any, resource: str) -> Iterator[Cause]:
    """The last calls that changed a resource, by its id or its ARN."""
    events: list[Any] = []
    for name in dict.fromkeys((resource.rpartition(":")[2].rpartition("/")[2], resource)):
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
