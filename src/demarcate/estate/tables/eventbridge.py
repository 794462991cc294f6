"""Amazon EventBridge: buses and rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Companion,
    Each,
    From,
    Int,
    Json,
    ManagedBy,
    Table,
    Tags,
    Text,
    Texts,
)
from demarcate.estate.schema.transforms import document, each, present
from demarcate.estate.schema.unknown import Unknown, first_unknown


def _matches(key: str) -> Callable[[Any], Any]:
    """What an event pattern takes for one member: values, "x*" for a prefix, ["*"] where it takes any."""

    def function(value: Any) -> Any:
        pattern = document(value)
        if isinstance(pattern, Unknown):
            return pattern
        if key not in pattern:
            return ["*"]
        return first_unknown(pattern[key]) or [_match(condition) for condition in pattern[key]]

    return function


def _match(condition: Any) -> str:
    if isinstance(condition, str):
        return condition
    if isinstance(condition.get("prefix"), str):
        return f"{condition['prefix']}*"
    if isinstance(condition.get("wildcard"), str):
        return str(condition["wildcard"])
    raise ValueError("a comparison that lists of values cannot show")


BUS = Table(
    "aws_eventbridge_bus",
    "An event bus.",
    service="eventbridge",
    live=Each("events.list_event_buses", "EventBuses[]"),
    details={"tags": Call("events.list_tags_for_resource", inputs={"ResourceARN": "Arn"})},
    cloudformation="AWS::Events::EventBus",
    ref_property="Name",
    companions={"policies": Companion("AWS::Events::EventBusPolicy", "EventBusName", many=True)},
    columns=(
        Text("name", live="Name", cloudformation=REF),
        Arn(live="Arn"),
        Bool("has_policy", live=From("Policy", present), absent=False),
        Json(
            "separate_policies",
            live=From("Name", lambda _: []),
            cloudformation="@policies",
            about="In a template: the AWS::Events::EventBusPolicy resources that name the bus.",
        ),
        Json("policy", live=From("Policy", document), absent={}),
        ManagedBy(live="ManagedBy"),
        Tags(live="@tags.Tags"),
    ),
)

RULE = Table(
    "aws_eventbridge_rule",
    "A rule that sends the events of a bus that match a pattern, or a schedule's, to targets.",
    service="eventbridge",
    live=(
        Each("events.list_event_buses", "EventBuses[]"),
        Each("events.list_rules", "Rules[]", inputs={"EventBusName": "Name"}),
    ),
    details={
        "targets": Call("events.list_targets_by_rule", inputs={"Rule": "Name", "EventBusName": "EventBusName"}),
        "tags": Call("events.list_tags_for_resource", inputs={"ResourceARN": "Arn"}),
    },
    cloudformation="AWS::Events::Rule",
    ref_property="Name",
    columns=(
        Text("name", live="Name", cloudformation=REF),
        Arn(live="Arn"),
        Text("state", live="State", cloudformation=From("State", absent="ENABLED")),
        Text("event_bus_name", live="EventBusName", absent="default"),
        Text("description", live="Description", absent=""),
        Text("schedule_expression", live="ScheduleExpression", absent=""),
        Text(
            "managed_by",
            live="ManagedBy",
            cloudformation=From("@", lambda _: ""),
            absent="",
            about="The service that made it; '' for the customer.",
        ),
        Json(
            "event_pattern",
            live=From("EventPattern", document),
            absent={},
        ),
        Texts(
            "event_sources",
            live=From("EventPattern", _matches("source")),
            absent=[],
            about="The sources that its pattern takes: 'x*' for a prefix, '*' for any.",
        ),
        Texts(
            "event_detail_types",
            live=From("EventPattern", _matches("detail-type")),
            absent=[],
            about="The detail types that its pattern takes: 'x*' for a prefix, '*' for any.",
        ),
        Texts(
            "target_arns",
            live=From("@targets.Targets", each("Arn")),
            cloudformation=From("Targets", each("Arn")),
            absent=[],
        ),
        Int(
            "target_count",
            live=From("@targets.Targets", len),
            cloudformation=From("Targets", len),
            absent=0,
        ),
        Tags(live="@tags.Tags"),
    ),
)
