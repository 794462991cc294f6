"""CloudFormation stacks over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws


def test_stack(aws: Aws) -> None:
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    made = aws.client("cloudformation").create_stack(
        StackName="shop", TemplateBody=json.dumps(body), EnableTerminationProtection=True
    )
    (row,) = aws.rows("aws_cloudformation_stack")
    assert (row["name"], row["arn"], row["status"]) == ("shop", made["StackId"], "CREATE_COMPLETE")
    assert row["enable_termination_protection"] is True
    assert row["parent_id"] == ""
    assert row["notification_arns"] == []
