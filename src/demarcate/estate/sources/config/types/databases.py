"""RDS, DynamoDB, Redshift and OpenSearch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.table import From
from demarcate.estate.sources.config.forms import changed, encryption_type
from demarcate.estate.sources.config.recorded import Recorded, Told

_TYPE = {"storage_encryption_type": From("@", encryption_type)}


def _older(domain: Mapping[str, Any], _: Any) -> dict[str, Any]:
    """What the older type calls otherwise."""
    version = domain.get("elasticsearchVersion")
    return {"engineVersion": None if version is None else f"Elasticsearch_{version}"}


def _in_network(domain: dict[str, Any], _: Any) -> Iterator[dict[str, Any]]:
    """A domain; one on the internet may have options of a VPC in which there is nothing."""
    options = domain.get("VPCOptions")
    inside = not isinstance(options, dict) or options.get("SubnetIds") or options.get("VPCId")
    yield domain if inside else {**domain, "VPCOptions": None}


_DOMAIN = ("in_vpc", "vpc_id", "kms_key_id", "audit_logs_enabled", "error_logs_enabled")

RECORDED = (
    Recorded(
        "AWS::RDS::DBInstance",
        "aws_rds_db_instance",
        columns=_TYPE,
        absent=(
            *("db_cluster_identifier", "kms_key_id", "enabled_cloudwatch_logs_exports", "monitoring_interval"),
            "read_replica_source_db_instance_identifier",
        ),
    ),
    Recorded(
        "AWS::RDS::DBCluster",
        "aws_rds_db_cluster",
        columns=_TYPE,
        absent=("kms_key_id", "enabled_cloudwatch_logs_exports", "backtrack_window", "members"),
    ),
    Recorded(
        "AWS::RDS::DBSnapshot",
        "aws_rds_db_snapshot",
        details={"attributes": Told("DBSnapshotAttributes", "DBSnapshotAttributesResult.DBSnapshotAttributes")},
        columns=_TYPE,
        absent=("kms_key_id",),
    ),
    Recorded(
        "AWS::RDS::DBClusterSnapshot",
        "aws_rds_db_cluster_snapshot",
        details={
            "attributes": Told(
                "DBClusterSnapshotAttributes",
                "DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes",
            ),
        },
        columns=_TYPE,
        absent=("kms_key_id",),
    ),
    Recorded(
        "AWS::RDS::EventSubscription",
        "aws_rds_db_event_subscription",
        absent=("source_type", "event_categories_list", "source_ids_list"),
    ),
    Recorded(
        "AWS::DynamoDB::Table",
        "aws_dynamodb_table",
        details={"backups": Told("ContinuousBackupsDescription", "ContinuousBackupsDescription")},
        absent=("billing_mode", "table_class", "sse_type", "kms_key_arn", "replica_regions"),
    ),
    Recorded(
        "AWS::Redshift::Cluster",
        "aws_redshift_cluster",
        details={"logging": Told("LoggingStatus")},
        absent=("kms_key_id", "snapshot_copy_region"),
    ),
    Recorded(
        "AWS::Redshift::ClusterParameterGroup",
        "aws_redshift_parameter_group",
        details={"parameters": Told("Parameters", "Parameters")},
    ),
    Recorded(
        "AWS::OpenSearch::Domain",
        "aws_opensearch_domain",
        each=_in_network,
        names={"Id": "DomainId"},
        absent=_DOMAIN,
    ),
    Recorded(
        "AWS::Elasticsearch::Domain",
        "aws_opensearch_domain",
        each=changed(_older),
        names={"elasticsearchClusterConfig": "ClusterConfig"},
        absent=_DOMAIN,
    ),
)
