"""Amazon MemoryDB: clusters, and the engine versions on offer."""

from __future__ import annotations

from demarcate.estate.schema.table import REF, Arn, Bool, Call, Each, From, Table, Tags, Text, Texts, attribute
from demarcate.estate.schema.transforms import each

CLUSTER = Table(
    "aws_memorydb_cluster",
    "A MemoryDB cluster.",
    service="memorydb",
    live=Each("memorydb.describe_clusters", "Clusters[]"),
    details={"tags": Call("memorydb.list_tags", inputs={"ResourceArn": "ARN"})},
    cloudformation="AWS::MemoryDB::Cluster",
    ref_property="ClusterName",
    gone=("status", "deleting"),
    columns=(
        Text("name", live="Name", cloudformation=REF),
        Arn(live="ARN", cloudformation=attribute("ARN")),
        Text("status", live="Status"),
        Text("engine", live="Engine", cloudformation=From("Engine", absent="redis")),
        Text("engine_version", live="EngineVersion"),
        Text("engine_patch_version", live="EnginePatchVersion"),
        Bool(
            "auto_minor_version_upgrade",
            live="AutoMinorVersionUpgrade",
            cloudformation=From("AutoMinorVersionUpgrade", absent=True),
        ),
        Text("maintenance_window", live="MaintenanceWindow", cloudformation=From("MaintenanceWindow", absent="")),
        Texts(
            "pending_service_updates",
            live=From("PendingUpdates.ServiceUpdates", each("ServiceUpdateName")),
            absent=[],
            about="The service updates that are offered and not applied.",
        ),
        Tags(live="@tags.TagList"),
    ),
)

ENGINE_VERSION = Table(
    "aws_memorydb_engine_version",
    "A version of an engine that MemoryDB offers.",
    service="memorydb",
    live=Each("memorydb.describe_engine_versions", "EngineVersions[]"),
    on_offer=True,
    columns=(
        Text("engine", live="Engine", about="redis or valkey."),
        Text("engine_version", live="EngineVersion", about="Such as 7.2."),
        Text("engine_patch_version", live="EnginePatchVersion", about="Such as 7.2.6."),
        Arn("arn:{partition}:memorydb:{region}:{account_id}:engineversion/{engine}/{engine_patch_version}"),
        Text("parameter_group_family", live="ParameterGroupFamily"),
    ),
)
