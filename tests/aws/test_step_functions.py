"""Step Functions tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws


def test_state_machines(aws: Aws) -> None:
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    made = aws.client("stepfunctions").create_state_machine(
        name="orders",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/steps",
        tracingConfiguration={"enabled": True},
        tags=[{"key": "env", "value": "prod"}],
    )
    (row,) = aws.rows("aws_sfn_state_machine")
    assert row["arn"] == made["stateMachineArn"]
    assert (row["name"], row["type"], row["tracing_enabled"]) == ("orders", "STANDARD", True)
    assert row["logging_level"] == "OFF"
    assert json.loads(row["definition"]) == definition
    assert json.loads(row["tags"]) == {"env": "prod"}


def test_a_secret_in_a_definition_is_told_and_not_kept(aws: Aws) -> None:
    call = {
        "Type": "Task",
        "Resource": "r",
        "Parameters": {"ApiKey": "a8q3xYz1", "Token.$": "$$.Task.Token"},
        "End": True,
    }
    aws.client("stepfunctions").create_state_machine(
        name="orders",
        definition=json.dumps({"StartAt": "Call", "States": {"Call": call}}),
        roleArn="arn:aws:iam::123456789012:role/steps",
    )
    (row,) = aws.rows("aws_sfn_state_machine")
    assert row["plaintext_secret_names"] == ["ApiKey"]
    assert "a8q3xYz1" not in str(row)
