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


def test_a_secret_in_the_outputs_of_a_stack_is_told_and_not_kept(aws: Aws) -> None:
    body = {
        "Parameters": {"DbPassword": {"Type": "String"}, "Stage": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"Url": {"Value": "postgres://app:c0rrecthorse@db/app"}, "Topic": {"Value": {"Ref": "Topic"}}},
    }
    parameters = [
        {"ParameterKey": "DbPassword", "ParameterValue": "****"},  # as AWS tells what is NoEcho
        {"ParameterKey": "Stage", "ParameterValue": "prod"},
    ]
    aws.client("cloudformation").create_stack(
        StackName="shop", TemplateBody=json.dumps(body), Parameters=parameters
    )
    (row,) = aws.rows("aws_cloudformation_stack")
    assert row["plaintext_secret_names"] == ["Url"]
    assert "c0rrecthorse" not in str(row)
