"""EventBridge tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


def test_rule(aws: Aws) -> None:
    events = aws.client("events")
    pattern = {"source": ["aws.guardduty", {"prefix": "aws.health"}]}
    events.put_rule(Name="findings", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="findings", Targets=[{"Id": "1", "Arn": TOPIC}])
    (row,) = aws.rows("aws_eventbridge_rule")
    assert (row["name"], row["state"], row["event_bus_name"]) == ("findings", "ENABLED", "default")
    assert row["event_sources"] == ["aws.guardduty", "aws.health*"]
    assert row["event_detail_types"] == ["*"]
    assert (row["target_arns"], row["target_count"]) == ([TOPIC], 1)


def test_scheduled_rule(aws: Aws) -> None:
    aws.client("events").put_rule(Name="daily", ScheduleExpression="rate(1 day)")
    (row,) = aws.rows("aws_eventbridge_rule")
    assert (row["event_sources"], row["target_count"]) == ([], 0)


def test_bus(aws: Aws) -> None:
    aws.client("events").create_event_bus(Name="orders")
    assert {row["name"] for row in aws.rows("aws_eventbridge_bus")} == {"default", "orders"}
