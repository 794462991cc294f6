"""AWS CloudFormation: stacks, and whether they have drifted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.secrets import plaintext_secrets, without_secrets
from demarcate.estate.schema.table import Arn, Bool, Each, From, Json, ManagedBy, Table, Tags, Text, Texts, Time


def _named(outputs: Any) -> Any:
    """Outputs without their values, which anybody may have made of anything."""
    return without_secrets(outputs, frozenset(("outputvalue",)))


def _secrets(stack: Mapping[str, Any]) -> Any:
    """The names of outputs and parameters that hold a secret: all who may see the stack see them."""
    return plaintext_secrets(
        {
            parameter["ParameterKey"]: parameter.get("ParameterValue", "")
            for parameter in stack.get("Parameters", [])
        }
        | {output["OutputKey"]: output.get("OutputValue", "") for output in stack.get("Outputs", [])}
    )


_OPERATED = {
    "awseb-": "elasticbeanstalk.amazonaws.com",
    "StackSet-": "stacksets.cloudformation.amazonaws.com",
}
"""How stacks are called that Elastic Beanstalk makes for its environments, and those of a stack set: what is set there
is set for the environment, and for the set in the account that administers it."""


def _operator(name: str) -> str:
    return next((service for prefix, service in _OPERATED.items() if name.startswith(prefix)), "")


STACK = Table(
    "aws_cloudformation_stack",
    "A stack.",
    service="cloudformation",
    live=Each("cloudformation.describe_stacks", "Stacks[]"),
    gone=("status", "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS"),
    columns=(
        Text("name", live="StackName"),
        Arn(live="StackId"),
        Text("status", live="StackStatus"),
        Text("status_reason", live="StackStatusReason", absent=""),
        Text("description", live="Description", absent=""),
        Bool("enable_termination_protection", live="EnableTerminationProtection", absent=False),
        Text("stack_drift_status", live="DriftInformation.StackDriftStatus"),
        Time("drift_last_check_timestamp", live="DriftInformation.LastCheckTimestamp"),
        Text("role_arn", live="RoleARN", absent=""),
        Text("parent_id", live="ParentId", absent="", about="The stack that it is nested in; '' where it is not."),
        Text("root_id", live="RootId", absent=""),
        Bool("disable_rollback", live="DisableRollback"),
        Texts("notification_arns", live="NotificationARNs", absent=[]),
        Texts("capabilities", live="Capabilities", absent=[]),
        Json("outputs", live=From("Outputs", _named), absent=[], about="Their names; no value is kept."),
        Texts(
            "plaintext_secret_names",
            live=From("@", _secrets),
            about="Outputs and parameters that hold secrets as plain text, by their names or values.",
        ),
        Time("creation_time", live="CreationTime"),
        Time("last_updated_time", live="LastUpdatedTime"),
        ManagedBy(live=From("StackName", _operator)),
        Tags(live="Tags", cloudformation=None),
    ),
)

STACK_RESOURCE = Table(
    "aws_cloudformation_stack_resource",
    "A resource of a stack: what a template calls it, and what AWS does.",
    service="cloudformation",
    live=(
        Each("cloudformation.describe_stacks", "Stacks[]"),
        Each("cloudformation.list_stack_resources", "StackResourceSummaries[]", inputs={"StackName": "StackId"}),
    ),
    gone=("resource_status", "DELETE_COMPLETE"),
    columns=(
        Text("stack_name", live="^.StackName"),
        Text("stack_id", live="^.StackId"),
        Text("logical_resource_id", live="LogicalResourceId"),
        Text("physical_resource_id", live="PhysicalResourceId", absent=""),
        Text("resource_type", live="ResourceType"),
        Text("resource_status", live="ResourceStatus"),
        Text(
            "drift_status",
            live="DriftInformation.StackResourceDriftStatus",
            about="What AWS's own drift detection said when it last looked.",
        ),
        Time("drift_last_check_timestamp", live="DriftInformation.LastCheckTimestamp"),
        Time("last_updated_timestamp", live="LastUpdatedTimestamp"),
        Arn("{stack_id}/{logical_resource_id}"),
    ),
)
