"""AWS Database Migration Service: replication instances, and the engine versions on offer."""

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
    Texts,
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

ENGINE_VERSION = Table(
    "aws_dms_engine_version",
    "A version of the replication engine of DMS, and what becomes of instances that have it.",
    service="dms",
    live=Each("dms.describe_engine_versions", "EngineVersions[]"),
    on_offer=True,
    columns=(
        Text("version", live="Version", about="Such as 3.5.4."),
        Arn("arn:{partition}:dms:{region}:{account_id}:engineversion/{version}"),
        Text("lifecycle", live="Lifecycle", about="ACTIVE, DEFAULT_VERSION or DEPRECATED."),
        Text("release_status", live="ReleaseStatus", about="prod or beta."),
        Time("launch_date", live="LaunchDate"),
        Time(
            "auto_upgrade_date",
            live="AutoUpgradeDate",
            about="From this day instances with automatic minor upgrades are moved.",
        ),
        Time("deprecation_date", live="DeprecationDate", about="From this day no new instance may have it."),
        Time("force_upgrade_date", live="ForceUpgradeDate", about="From this day AWS moves every instance."),
        Texts(
            "available_upgrades",
            live="AvailableUpgrades",
            absent=[],
            about="The versions to which instances that have it can be moved.",
        ),
    ),
)
