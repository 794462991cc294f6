"""AWS Step Functions: state machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.secrets import secret_members, without_secrets
from demarcate.estate.schema.table import Arn, Bool, Call, Each, From, Json, Table, Tags, Text, Texts, Time
from demarcate.estate.schema.transforms import document
from demarcate.estate.schema.unknown import Kind, Unknown


def _declared_secrets(properties: Mapping[str, Any]) -> Any:
    """The same of a template, which may have the definition as JSON, or leave it to a file."""
    for name in ("definition", "DefinitionString"):
        if name in properties:
            return secret_members(document(properties[name]))
    return Unknown(Kind.NOT_GIVEN, "the definition stands in a file of S3")


STATE_MACHINE = Table(
    "aws_sfn_state_machine",
    "A Step Functions state machine.",
    service="step-functions",
    live=(
        Each("stepfunctions.list_state_machines", "stateMachines[]"),
        # A definition may be encrypted with a key that the reader may not use; all else is told without it.
        Each(
            "stepfunctions.describe_state_machine",
            "@",
            params={"includedData": "METADATA_ONLY"},
            inputs={"stateMachineArn": "stateMachineArn"},
            by={"stateMachineArn": "arn"},
        ),
    ),
    details={
        "whole": Call("stepfunctions.describe_state_machine", inputs={"stateMachineArn": "stateMachineArn"}),
        "tags": Call("stepfunctions.list_tags_for_resource", inputs={"resourceArn": "stateMachineArn"}),
    },
    cloudformation="AWS::StepFunctions::StateMachine",
    gone=("status", "DELETING"),
    columns=(
        Text("name", live="name", cloudformation="StateMachineName"),
        Arn(live="stateMachineArn"),
        Text("status", live="status"),
        Text(
            "type",
            live="type",
            cloudformation=From("StateMachineType", absent="STANDARD"),
            about="STANDARD or EXPRESS.",
        ),
        Text("role_arn", live="roleArn"),
        Json(
            "definition",
            live=From("@whole.definition", lambda text: without_secrets(document(text))),
            cloudformation=From("Definition", without_secrets),
        ),
        Texts(
            "plaintext_secret_names",
            live=From("@whole.definition", lambda text: secret_members(document(text))),
            cloudformation=From("@", _declared_secrets),
            about="Members of the definition that hold secrets as plain text, by their names or values.",
        ),
        Text(
            "logging_level",
            live="loggingConfiguration.level",
            absent="OFF",
            about="ALL, ERROR, FATAL or OFF.",
        ),
        Bool(
            "logging_include_execution_data",
            live="loggingConfiguration.includeExecutionData",
            absent=False,
        ),
        Text(
            "log_group_arn",
            live="loggingConfiguration.destinations[0].cloudWatchLogsLogGroup.logGroupArn",
            absent="",
        ),
        Bool(
            "tracing_enabled",
            live="tracingConfiguration.enabled",
            absent=False,
        ),
        Text(
            "encryption_type",
            live="encryptionConfiguration.type",
            absent="AWS_OWNED_KEY",
            about="AWS_OWNED_KEY or CUSTOMER_MANAGED_KMS_KEY.",
        ),
        Text(
            "kms_key_id",
            live="encryptionConfiguration.kmsKeyId",
            absent="",
        ),
        Time("creation_date", live="creationDate"),
        Tags(live="@tags.tags"),
    ),
)
