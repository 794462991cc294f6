"""Amazon DynamoDB: tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Each,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
    Within,
    attribute,
)
from demarcate.estate.schema.transforms import document, each, equals
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.tables.backup import SELECTED, selected


def _sse_type(specification: Mapping[str, Any]) -> Any:
    enabled = specification.get("SSEEnabled", False)
    if isinstance(enabled, Unknown):
        return enabled
    return specification.get("SSEType", "KMS") if enabled else ""


def _replicas(properties: Mapping[str, Any]) -> Iterator[Any]:
    """The replicas of a global table, each as a table of its region."""
    shared = {name: value for name, value in properties.items() if name != "Replicas"}
    encryption = properties.get("SSESpecification", {})
    replicas = properties.get("Replicas", [])
    for replica in [replicas] if isinstance(replicas, Unknown) else replicas:
        if isinstance(replica, Unknown) or isinstance(encryption, Unknown):
            yield replica if isinstance(replica, Unknown) else {**shared, **replica}
            continue
        own = replica.get("SSESpecification", {})
        whole = own if isinstance(own, Unknown) else {**encryption, **own}
        yield {**shared, **replica, **({"SSESpecification": whole} if whole else {})}


TABLE = Table(
    "aws_dynamodb_table",
    "A DynamoDB table.",
    service="dynamodb",
    live=(
        Each("dynamodb.list_tables", "TableNames[]"),
        Each("dynamodb.describe_table", "Table", inputs={"TableName": "@"}, by={"TableName": "name"}),
    ),
    details={
        "backups": Call("dynamodb.describe_continuous_backups", inputs={"TableName": "TableName"}),
        "policy": Call(
            "dynamodb.get_resource_policy",
            inputs={"ResourceArn": "TableArn"},
            absent=("PolicyNotFoundException",),
        ),
        "tags": Call("dynamodb.list_tags_of_resource", inputs={"ResourceArn": "TableArn"}),
        "ttl": Call("dynamodb.describe_time_to_live", inputs={"TableName": "TableName"}),
    },
    cloudformation="AWS::DynamoDB::Table",
    within=(Within("AWS::DynamoDB::GlobalTable", _replicas, named=True),),
    ref_property="TableName",
    companions={"selected": SELECTED},
    gone=("table_status", "DELETING"),
    columns=(
        Text("name", live="TableName", cloudformation=REF),
        Arn(live="TableArn", cloudformation=attribute("Arn")),
        Text("table_status", live="TableStatus"),
        Text(
            "billing_mode",
            live="BillingModeSummary.BillingMode",
            cloudformation="BillingMode",
            absent="PROVISIONED",
        ),
        Text("table_class", live="TableClassSummary.TableClass", cloudformation="TableClass", absent="STANDARD"),
        Bool(
            "deletion_protection_enabled",
            live="DeletionProtectionEnabled",
            absent=False,
        ),
        Text(
            "sse_type",
            live="SSEDescription.SSEType",
            cloudformation=From("SSESpecification", _sse_type),
            absent="",
            about="KMS where a key of the account encrypts it; empty where AWS's own key does.",
        ),
        Text(
            "kms_key_arn",
            live="SSEDescription.KMSMasterKeyArn",
            cloudformation="SSESpecification.KMSMasterKeyId",
            absent="",
        ),
        Bool(
            "point_in_time_recovery_enabled",
            live=From(
                "@backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus",
                equals("ENABLED"),
            ),
            cloudformation="PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
            absent=False,
        ),
        Int(
            "point_in_time_recovery_days",
            live="@backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.RecoveryPeriodInDays",
            cloudformation="PointInTimeRecoverySpecification.RecoveryPeriodInDays",
        ),
        Bool(
            "ttl_enabled",
            live=From("@ttl.TimeToLiveDescription.TimeToLiveStatus", equals("ENABLED", "ENABLING")),
            cloudformation="TimeToLiveSpecification.Enabled",
            absent=False,
        ),
        Texts(
            "replica_regions",
            live=From("Replicas", each("RegionName")),
            absent=[],
            about="The other regions of a global table.",
        ),
        Json(
            "policy",
            live=From("@policy.Policy", document),
            cloudformation=From("ResourcePolicy.PolicyDocument", document),
            absent={},
        ),
        Time("creation_date_time", live="CreationDateTime"),
        selected(),
        Tags(live="@tags.Tags"),
    ),
)
