"""AWS Database Migration Service: replication instances."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Bulk,
    Call,
    Each,
    From,
    Json,
    Table,
    Tags,
    Text,
    Time,
)


def _flat(actions: list[list[Any]]) -> list[Any]:
    return [action for pending in actions for action in pending]


REPLICATION_INSTANCE = Table(
    "aws_dms_replication_instance",
    "A replication instance of DMS.",
    service="dms",
    live=Each("dms.describe_replication_instances", "ReplicationInstances[]"),
    details={
        "maintenance": Bulk(
            Each("dms.describe_pending_maintenance_actions", "PendingMaintenanceActions[]"),
            key="ResourceIdentifier",
            of="ReplicationInstanceArn",
        ),
        "tags": Call("dms.list_tags_for_resource", inputs={"ResourceArn": "ReplicationInstanceArn"}),
    },
    cloudformation="AWS::DMS::ReplicationInstance",
    gone=("status", "deleting", "failed"),
    columns=(
        Text("replication_instance_identifier", live="ReplicationInstanceIdentifier"),
        Arn(live="ReplicationInstanceArn", cloudformation=REF),
        Text("status", live="ReplicationInstanceStatus"),
        Text("engine_version", live="EngineVersion"),
        Bool(
            "auto_minor_version_upgrade",
            live="AutoMinorVersionUpgrade",
            cloudformation=From("AutoMinorVersionUpgrade", absent=True),
        ),
        Text(
            "preferred_maintenance_window",
            live="PreferredMaintenanceWindow",
            cloudformation=From("PreferredMaintenanceWindow", absent=""),
        ),
        Bool("publicly_accessible", live="PubliclyAccessible"),
        Json(
            "pending_maintenance_actions",
            live=From("@maintenance[].PendingMaintenanceActionDetails", _flat),
            absent=[],
        ),
        Time("instance_create_time", live="InstanceCreateTime"),
        Tags(live="@tags.TagList"),
    ),
)
