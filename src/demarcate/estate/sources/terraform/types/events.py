"""EventBridge: buses, their policies, rules and targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from demarcate.base.encoding import from_json
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.sources.terraform.forms import members
from demarcate.estate.sources.terraform.mapped import NOTHING, Mapped, Values


def _condition(values: Values) -> Any:
    """The condition of a permission to an event bus."""
    return members("condition", {"type": "Type", "key": "Key", "value": "Value"})(values)


def _statements(values: Values) -> Iterator[Values]:
    """The statements of an event bus's policy, which a template has one by one. Raises ValueError for no policy."""
    policy = values.get("policy")
    document: Any = from_json(policy) if isinstance(policy, str) and not isinstance(policy, StandIn) else policy
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        yield {"#statement": statement, "event_bus_name": values.get("event_bus_name", "default")}


def _targets_of(values: Values) -> Any:
    return [{"Arn": values.get("arn"), "Id": values.get("target_id") or "terraform"}]


_EVENT_BUS: Final = {"EventBusName": "event_bus_name"}

MAPPED = (
    Mapped("aws_cloudwatch_event_bus", "AWS::Events::EventBus", ref=("name", "id"), names={"Policy": NOTHING}),
    Mapped(
        "aws_cloudwatch_event_bus_policy",
        "AWS::Events::EventBusPolicy",
        names={"Statement": "#statement", "*": NOTHING, **_EVENT_BUS},
        each=_statements,
    ),
    Mapped(
        "aws_cloudwatch_event_permission",
        "AWS::Events::EventBusPolicy",
        names={"Condition": _condition, "Statement": NOTHING},
    ),
    Mapped(
        "aws_cloudwatch_event_rule",
        "AWS::Events::Rule",
        ref=("name", "id"),
        names={"Targets": NOTHING, "State": ("state",)},
    ),
    Mapped(
        "aws_cloudwatch_event_target",
        "AWS::Events::Rule",
        into="rule",
        within=_EVENT_BUS,
        names={"Targets": _targets_of},
    ),
)
