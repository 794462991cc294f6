"""Amazon OpenSearch Service: domains, of OpenSearch and of Elasticsearch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
    attribute,
)
from demarcate.estate.schema.transforms import document, present
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown


def _cluster(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """A member of the cluster's configuration, which the older template type calls otherwise."""

    def value(properties: Mapping[str, Any]) -> Any:
        config = properties.get("ClusterConfig", properties.get("ElasticsearchClusterConfig", {}))
        return config if isinstance(config, Unknown) else config.get(name, ABSENT)

    return value


def _primary_nodes(properties: Mapping[str, Any]) -> Any:
    """How many dedicated primary nodes a template asks for: where it asks for some, AWS decides unless it says."""
    count, enabled = _cluster("DedicatedMasterCount")(properties), _cluster("DedicatedMasterEnabled")(properties)
    if count is not ABSENT or enabled is ABSENT or enabled is False:
        return count
    return enabled if isinstance(enabled, Unknown) else Unknown(Kind.UNSET, "DedicatedMasterCount is not set")


def _policy(value: Any) -> Any:
    """The access policy; AWS gives empty text where there is none."""
    return ABSENT if value == "" else document(value)


def _engine_version(properties: Mapping[str, Any]) -> Any:
    if "EngineVersion" in properties:
        return properties["EngineVersion"]
    version = properties.get("ElasticsearchVersion", ABSENT)
    return version if version is ABSENT or isinstance(version, Unknown) else f"Elasticsearch_{version}"


def _flat(versions: list[Any]) -> Any:
    """The versions that lists of them have."""
    return first_unknown(versions) or [version for listed in versions for version in listed]


def _time_of_day(start: Mapping[str, Any]) -> Any:
    hours, minutes = start["Hours"], start["Minutes"]
    return first_unknown([hours, minutes]) or f"{int(hours):02}:{int(minutes):02}"


DOMAIN = Table(
    "aws_opensearch_domain",
    "A domain of OpenSearch Service, running OpenSearch or Elasticsearch.",
    service="opensearch",
    live=(
        Each("opensearch.list_domain_names", "DomainNames[]"),
        Each(
            "opensearch.describe_domains",
            "DomainStatusList[]",
            inputs={"DomainNames": "DomainName"},
            batch="DomainNames",
            size=5,
        ),
    ),
    details={
        "tags": Call("opensearch.list_tags", inputs={"ARN": "ARN"}),
        "compatible": Bulk(
            Each("opensearch.get_compatible_versions", "CompatibleVersions[]"),
            key="SourceVersion",
            of="EngineVersion",
        ),
    },
    cloudformation=("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"),
    ref_property="DomainName",
    columns=(
        Text("domain_name", live="DomainName", cloudformation=REF),
        Arn(live="ARN", cloudformation=attribute("Arn")),
        Text("domain_id", live="DomainId"),
        Text("engine_version", live="EngineVersion", cloudformation=From("@", _engine_version)),
        Texts(
            "compatible_versions",
            live=From("@compatible[].TargetVersions", _flat),
            about="The versions to which it can be moved.",
        ),
        Bool(
            "in_vpc",
            live=From("VPCOptions", present),
            absent=False,
            about="Whether it has its endpoint in a VPC rather than on the internet.",
        ),
        Text("vpc_id", live="VPCOptions.VPCId", absent=""),
        Json(
            "access_policies",
            live=From("AccessPolicies", _policy),
            absent={},
        ),
        Bool(
            "encryption_at_rest_enabled",
            live="EncryptionAtRestOptions.Enabled",
            absent=False,
        ),
        Text(
            "kms_key_id",
            live="EncryptionAtRestOptions.KmsKeyId",
            absent="",
        ),
        Bool(
            "node_to_node_encryption_options_enabled",
            live="NodeToNodeEncryptionOptions.Enabled",
            absent=False,
        ),
        Bool(
            "enforce_https",
            live="DomainEndpointOptions.EnforceHTTPS",
            absent=False,
        ),
        Text(
            "tls_security_policy",
            live="DomainEndpointOptions.TLSSecurityPolicy",
        ),
        Bool(
            "fine_grained_access_control_enabled",
            live="AdvancedSecurityOptions.Enabled",
            absent=False,
        ),
        Bool(
            "internal_user_database_enabled",
            live="AdvancedSecurityOptions.InternalUserDatabaseEnabled",
            absent=False,
        ),
        Bool(
            "anonymous_auth_enabled",
            live="AdvancedSecurityOptions.AnonymousAuthEnabled",
            absent=False,
        ),
        Bool(
            "cognito_enabled",
            live="CognitoOptions.Enabled",
            absent=False,
        ),
        Bool(
            "audit_logs_enabled",
            live="LogPublishingOptions.AUDIT_LOGS.Enabled",
            absent=False,
        ),
        Bool(
            "error_logs_enabled",
            live="LogPublishingOptions.ES_APPLICATION_LOGS.Enabled",
            absent=False,
        ),
        Bool(
            "auto_software_update_enabled",
            live="SoftwareUpdateOptions.AutoSoftwareUpdateEnabled",
            cloudformation="SoftwareUpdateOptions.AutoSoftwareUpdateEnabled",
        ),
        Bool("service_software_update_available", live="ServiceSoftwareOptions.UpdateAvailable"),
        Text("service_software_update_status", live="ServiceSoftwareOptions.UpdateStatus"),
        Time(
            "automated_update_date",
            live="ServiceSoftwareOptions.AutomatedUpdateDate",
            about="Until when the owner may choose the time of the update that is waiting.",
        ),
        Bool("off_peak_window_enabled", live="OffPeakWindowOptions.Enabled"),
        Text(
            "off_peak_window_start",
            live=From("OffPeakWindowOptions.OffPeakWindow.WindowStartTime", _time_of_day),
            about="When the ten hours begin in which updates are made, in UTC: 22:00.",
        ),
        Text("auto_tune_state", live="AutoTuneOptions.State"),
        Int(
            "instance_count",
            live="ClusterConfig.InstanceCount",
            cloudformation=From("@", _cluster("InstanceCount")),
        ),
        Text(
            "instance_type", live="ClusterConfig.InstanceType", cloudformation=From("@", _cluster("InstanceType"))
        ),
        Bool(
            "dedicated_master_enabled",
            live="ClusterConfig.DedicatedMasterEnabled",
            cloudformation=From("@", _cluster("DedicatedMasterEnabled")),
            absent=False,
        ),
        Int(
            "dedicated_master_count",
            live="ClusterConfig.DedicatedMasterCount",
            cloudformation=From("@", _primary_nodes),
            absent=0,
        ),
        Bool(
            "zone_awareness_enabled",
            live="ClusterConfig.ZoneAwarenessEnabled",
            cloudformation=From("@", _cluster("ZoneAwarenessEnabled")),
            absent=False,
        ),
        Tags(live="@tags.TagList"),
    ),
)

ENGINE_VERSION = Table(
    "aws_opensearch_engine_version",
    "Until when OpenSearch Service supports a version of OpenSearch or Elasticsearch.",
    service="opensearch",
    facts=True,
    columns=(
        Text("engine_version", about="As a domain names it, such as OpenSearch_2.19."),
        Time("end_of_standard_support", about="From this day AWS adds no fixes but those that are paid for."),
        Time("end_of_extended_support", about="From this day it adds none."),
    ),
)
