"""Amazon Redshift: clusters and their parameter groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.conversion import convert
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Bulk,
    Call,
    Each,
    From,
    Int,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import each, equals, present
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown


def _encrypted(properties: Mapping[str, Any]) -> Any:
    """Whether a template's cluster is encrypted: a new one is, a restored one as its snapshot was."""
    declared = properties.get("Encrypted")
    if declared is not None:
        return declared
    if properties.get("SnapshotIdentifier") is not None:
        return Unknown(Kind.INDIRECT, "Encrypted is not given: SnapshotIdentifier decides it")
    return True


def _require_ssl(parameters: list[Mapping[str, Any]]) -> Any:
    for parameter in parameters:
        name = parameter if isinstance(parameter, Unknown) else parameter.get("ParameterName")
        if isinstance(name, Unknown):
            return name
        if name == "require_ssl":
            value = parameter.get("ParameterValue", ABSENT)
            return value if value is ABSENT else convert("BOOLEAN", value, "require_ssl")
    return ABSENT


def _require_ssl_declared(properties: Mapping[str, Any]) -> Any:
    """Whether a template's parameter group makes TLS compulsory; the family redshift-1.0 does not by itself."""
    parameters = properties.get("Parameters") or []
    required = parameters if isinstance(parameters, Unknown) else _require_ssl(parameters)
    if required is ABSENT and properties.get("ParameterGroupFamily") == "redshift-1.0":
        return False
    return required


def _targets(revisions: list[Mapping[str, Any]]) -> Any:
    """The revisions to which a cluster can be moved, of what AWS tells of its own."""
    if not revisions:
        return ABSENT
    targets = [target for revision in revisions for target in revision.get("RevisionTargets") or ()]
    return first_unknown(targets) or [target["DatabaseRevision"] for target in targets]


CLUSTER = Table(
    "aws_redshift_cluster",
    "A provisioned Redshift cluster.",
    service="redshift",
    live=Each("redshift.describe_clusters", "Clusters[]", by={"ClusterIdentifier": "cluster_identifier"}),
    details={
        "logging": Call("redshift.describe_logging_status", inputs={"ClusterIdentifier": "ClusterIdentifier"}),
        "revisions": Bulk(
            Each("redshift.describe_cluster_db_revisions", "ClusterDbRevisions[]"),
            key="ClusterIdentifier",
            of="ClusterIdentifier",
        ),
    },
    cloudformation="AWS::Redshift::Cluster",
    ref_property="ClusterIdentifier",
    gone=("cluster_status", "deleting", "final-snapshot"),
    columns=(
        Text("cluster_identifier", live="ClusterIdentifier", cloudformation=REF),
        Arn("arn:{partition}:redshift:{region}:{account_id}:cluster:{cluster_identifier}", cloudformation=REF),
        Text("cluster_status", live="ClusterStatus"),
        Text("node_type", live="NodeType"),
        Int("number_of_nodes", live="NumberOfNodes", cloudformation=From("NumberOfNodes", absent=1)),
        Text("cluster_version", live="ClusterVersion"),
        Text("cluster_revision_number", live="ClusterRevisionNumber", about="Of the engine, such as 11420."),
        Texts(
            "revision_targets",
            live=From("@revisions", _targets),
            about="The revisions of the engine to which it can be moved.",
        ),
        Bool(
            "allow_version_upgrade",
            live="AllowVersionUpgrade",
            cloudformation=From("AllowVersionUpgrade", absent=True),
        ),
        Text(
            "maintenance_track_name",
            live="MaintenanceTrackName",
            cloudformation=From("MaintenanceTrackName", absent="current"),
        ),
        Text(
            "preferred_maintenance_window",
            live="PreferredMaintenanceWindow",
            cloudformation=From("PreferredMaintenanceWindow", absent=""),
            about="In a template, empty where AWS is left to pick one.",
        ),
        Time("next_maintenance_window_start_time", live="NextMaintenanceWindowStartTime"),
        Texts(
            "deferred_maintenance_identifiers",
            live=From("DeferredMaintenanceWindows", each("DeferMaintenanceIdentifier")),
            absent=[],
        ),
        Bool("encrypted", live="Encrypted", cloudformation=From("@", _encrypted)),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Bool(
            "publicly_accessible",
            live="PubliclyAccessible",
            cloudformation=From("PubliclyAccessible", absent=False),
        ),
        Bool(
            "enhanced_vpc_routing",
            live="EnhancedVpcRouting",
            cloudformation=From("EnhancedVpcRouting", absent=False),
        ),
        Bool(
            "logging_enabled",
            live="@logging.LoggingEnabled",
            cloudformation=From("LoggingProperties", present, absent=False),
            about="Whether connections and queries are logged outside of the cluster.",
        ),
        Text(
            "logging_bucket",
            live="@logging.BucketName",
            cloudformation="LoggingProperties.BucketName",
            absent="",
        ),
        Int(
            "automated_snapshot_retention_period",
            live="AutomatedSnapshotRetentionPeriod",
            cloudformation=From("AutomatedSnapshotRetentionPeriod", absent=1),
            about="Days; 0 where automatic snapshots are off.",
        ),
        Text(
            "snapshot_copy_region",
            live="ClusterSnapshotCopyStatus.DestinationRegion",
            cloudformation="DestinationRegion",
            absent="",
            about="The other region that snapshots are copied to.",
        ),
        Bool(
            "multi_az",
            live=From("MultiAZ", equals("Enabled", "enabled", "true")),
            cloudformation="MultiAZ",
            absent=False,
        ),
        Bool(
            "master_password_managed",
            live=From("MasterPasswordSecretArn", present),
            cloudformation="ManageMasterPassword",
            absent=False,
            about="Whether Secrets Manager holds and rotates the admin's password.",
        ),
        Text("master_username", live="MasterUsername"),
        Text("db_name", live="DBName", cloudformation=From("DBName", absent="dev")),
        Int("port", live="Endpoint.Port", cloudformation=From("Port", absent=5439)),
        Text(
            "cluster_parameter_group_name",
            live="ClusterParameterGroups[0].ParameterGroupName",
            cloudformation="ClusterParameterGroupName",
        ),
        Text("vpc_id", live="VpcId"),
        Texts(
            "vpc_security_group_ids",
            live=From("VpcSecurityGroups", each("VpcSecurityGroupId")),
            cloudformation="VpcSecurityGroupIds",
        ),
        Time("cluster_create_time", live="ClusterCreateTime"),
        Tags(live="Tags"),
    ),
)

PARAMETER_GROUP = Table(
    "aws_redshift_parameter_group",
    "A parameter group of Redshift clusters.",
    service="redshift",
    live=Each("redshift.describe_cluster_parameter_groups", "ParameterGroups[]"),
    details={
        "parameters": Call(
            "redshift.describe_cluster_parameters", inputs={"ParameterGroupName": "ParameterGroupName"}
        ),
    },
    cloudformation="AWS::Redshift::ClusterParameterGroup",
    ref_property="ParameterGroupName",
    columns=(
        Text("name", live="ParameterGroupName", cloudformation=REF),
        Arn("arn:{partition}:redshift:{region}:{account_id}:parametergroup:{name}", cloudformation=REF),
        Text("family", live="ParameterGroupFamily"),
        Bool(
            "require_ssl",
            live=From("@parameters.Parameters", _require_ssl),
            cloudformation=From("@", _require_ssl_declared),
            about="Whether connections without TLS are refused.",
        ),
        Tags(live="Tags"),
    ),
)
