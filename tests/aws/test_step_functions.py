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
