"""AWS Secrets Manager: secrets, never their values."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.standins import DYNAMIC, StandIn
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
    Time,
)
from demarcate.estate.schema.transforms import document, each, not_empty, present
from demarcate.estate.schema.unknown import first_unknown

SECRET = Table(
    "aws_secretsmanager_secret",
    "A secret in Secrets Manager: how it is kept and renewed, not what it holds.",
    service="secrets-manager",
    live=Each("secretsmanager.list_secrets", "SecretList[]"),
    details={
        "whole": Call("secretsmanager.describe_secret", inputs={"SecretId": "ARN"}, only=("PrimaryRegion",)),
        "policy": Call("secretsmanager.get_resource_policy", inputs={"SecretId": "ARN"}),
    },
    cloudformation="AWS::SecretsManager::Secret",
    ref_attributes=("Id",),
    companions={
        "rotation": Companion("AWS::SecretsManager::RotationSchedule", "SecretId"),
        "policy": Companion("AWS::SecretsManager::ResourcePolicy", "SecretId"),
    },
    columns=(
        Text("name", live="Name"),
        Arn(live="ARN", cloudformation=REF),
        Text("description", live="Description", absent=""),
        Text(
            "kms_key_id",
            live="KmsKeyId",
            absent="",
            about="'' where the AWS managed key aws/secretsmanager is used.",
        ),
        Bool(
            "rotation_enabled", live="RotationEnabled", cloudformation=From("@rotation", not_empty), absent=False
        ),
        Text(
            "rotation_lambda_arn",
            live="RotationLambdaARN",
            cloudformation="@rotation.RotationLambdaARN",
            absent="",
        ),
        Json("rotation_rules", live="RotationRules", cloudformation="@rotation.RotationRules", absent={}),
        Int(
            "rotation_automatically_after_days",
            live="RotationRules.AutomaticallyAfterDays",
            cloudformation="@rotation.RotationRules.AutomaticallyAfterDays",
            about="Unknown where it rotates by a schedule expression, or not at all.",
        ),
        Time("last_rotated_date", live="LastRotatedDate"),
        Bool("ever_rotated", live=From("LastRotatedDate", present), absent=False),
        Time("next_rotation_date", live="NextRotationDate"),
        Time("last_changed_date", live="LastChangedDate"),
        Time("last_accessed_date", live="LastAccessedDate"),
        Bool("ever_accessed", live=From("LastAccessedDate", present), absent=False),
        Time("created_date", live="CreatedDate"),
        Time("deleted_date", live="DeletedDate"),
        Text("owning_service", live="OwningService", absent="", about="The AWS service that manages it, or ''."),
        Text(
            "primary_region",
            live="PrimaryRegion",
            cloudformation=From("@", lambda _: ""),
            absent="",
            about="Of a replicated secret, or ''.",
        ),
        Bool(
            "has_plain_value",
            live=From("Name", lambda _: False),
            cloudformation=From("SecretString", lambda value: _is_written(value)),
            absent=False,
            about="Whether a template holds the secret's value as text.",
        ),
        Json(
            "policy",
            live=From("@policy.ResourcePolicy", document),
            cloudformation=From("@policy.ResourcePolicy", document),
            absent={},
        ),
        Texts(
            "replica_regions",
            live=From("@whole.ReplicationStatus", each("Region")),
            cloudformation=From("ReplicaRegions", each("Region")),
            absent=[],
        ),
        ManagedBy(live="OwningService"),
        Tags(live="Tags"),
    ),
)


def _is_written(value: Any) -> Any:
    """Whether text is the secret itself, not a dynamic reference to where it is kept."""
    if isinstance(value, StandIn):
        return False if value.refers_to(DYNAMIC) else value.unknown
    return first_unknown(value) or True
