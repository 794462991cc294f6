"""AWS Health: what AWS has to say of the account."""

from __future__ import annotations

from demarcate.estate.schema.table import Arn, Each, Table, Text, Time

EVENT = Table(
    "aws_health_event",
    "An event that is open or upcoming. AWS tells it only to accounts with a support plan that has the API.",
    service="health",
    scope="account",
    live=Each("health.describe_events", "events[]", params={"filter": {"eventStatusCodes": ["open", "upcoming"]}}),
    columns=(
        Arn(live="arn"),
        Text("region", live="region"),
        Text("service", live="service"),
        Text("event_type_code", live="eventTypeCode"),
        Text("event_type_category", live="eventTypeCategory"),
        Text("event_scope_code", live="eventScopeCode"),
        Text("status_code", live="statusCode"),
        Text("actionability", live="actionability"),
        Text("availability_zone", live="availabilityZone", absent=""),
        Time("start_time", live="startTime"),
        Time("end_time", live="endTime"),
        Time("last_updated_time", live="lastUpdatedTime"),
    ),
)
