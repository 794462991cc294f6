"""AWS Config: the recorder, where it delivers, its rules, packs and aggregators."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.secrets import NOT_KEPT, secret_name, without_secrets
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
from demarcate.estate.schema.transforms import document, present, spelled


def _without_values(parameters: Any) -> Any:
    """The parameters of a conformance pack, without values that by their names are secrets."""
    return [
        {**parameter, "ParameterValue": NOT_KEPT}
        if isinstance(parameter, dict) and secret_name(str(parameter.get("ParameterName", "")))
        else parameter
        for parameter in parameters
    ]


def _all_supported(group: Any) -> Any:
    """A recording group that does not say so does not record all types."""
    return group.get("allSupported", False)


def _includes_global(group: Any) -> Any:
    return group.get("includeGlobalResourceTypes", False)


def _node(resource_id: str) -> str:
    """The node of a record of its patches, which has it behind `AWS::SSM::ManagedInstanceInventory/`."""
    return resource_id.rpartition("/")[2]


_status = spelled("Pending", "Success", "Failure", "Not_Applicable")
"""AWS Config answers SUCCESS and FAILURE, where its API's documentation has Success and Failure."""


RECORDER = Table(
    "aws_config_configuration_recorder",
    "The recorder of a region that the customer manages.",
    service="config",
    live=Each("config.describe_configuration_recorders", "ConfigurationRecorders[]"),
    details={"status": Call("config.describe_configuration_recorder_status")},
    cloudformation="AWS::Config::ConfigurationRecorder",
    columns=(
        Text("name", live="name", cloudformation=REF),
        Arn("arn:{partition}:config:{region}:{account_id}:configuration-recorder/{name}", cloudformation=REF),
        Text("role_arn", live="roleARN"),
        Bool(
            "status_recording",
            live="@status.ConfigurationRecordersStatus[0].recording",
            cloudformation=From("StartedOnCreate", absent=True),
            about="Whether it records now.",
        ),
        Text("last_status", live=From("@status.ConfigurationRecordersStatus[0].lastStatus", _status), absent=""),
        Text("last_error_code", live="@status.ConfigurationRecordersStatus[0].lastErrorCode", absent=""),
        Time("last_start_time", live="@status.ConfigurationRecordersStatus[0].lastStartTime"),
        Bool(
            "all_supported",
            live="recordingGroup.allSupported",
            cloudformation=From("RecordingGroup", _all_supported, absent=True),
        ),
        Bool(
            "include_global_resource_types",
            live="recordingGroup.includeGlobalResourceTypes",
            cloudformation=From("RecordingGroup", _includes_global, absent=False),
        ),
        Texts(
            "resource_types",
            live="recordingGroup.resourceTypes",
            absent=[],
        ),
        Texts(
            "excluded_resource_types",
            live="recordingGroup.exclusionByResourceTypes.resourceTypes",
            absent=[],
        ),
        Text(
            "recording_strategy",
            live="recordingGroup.recordingStrategy.useOnly",
            absent="",
        ),
        Text(
            "recording_frequency",
            live="recordingMode.recordingFrequency",
            absent="CONTINUOUS",
        ),
    ),
)

DELIVERY_CHANNEL = Table(
    "aws_config_delivery_channel",
    "Where AWS Config delivers what it records in a region.",
    service="config",
    live=Each("config.describe_delivery_channels", "DeliveryChannels[]"),
    details={"status": Call("config.describe_delivery_channel_status")},
    cloudformation="AWS::Config::DeliveryChannel",
    columns=(
        Text("name", live="name", cloudformation=REF),
        Arn("arn:{partition}:config:{region}:{account_id}:delivery-channel/{name}", cloudformation=REF),
        Text("s3_bucket_name", live="s3BucketName"),
        Text("s3_key_prefix", live="s3KeyPrefix", absent=""),
        Text("s3_kms_key_arn", live="s3KmsKeyArn", absent=""),
        Text("sns_topic_arn", live="snsTopicARN", absent=""),
        Text(
            "delivery_frequency",
            live="configSnapshotDeliveryProperties.deliveryFrequency",
        ),
        Text(
            "history_delivery_status",
            live=From("@status.DeliveryChannelsStatus[0].configHistoryDeliveryInfo.lastStatus", _status),
        ),
        Time(
            "history_delivery_last_successful_time",
            live="@status.DeliveryChannelsStatus[0].configHistoryDeliveryInfo.lastSuccessfulTime",
        ),
    ),
)

RULE = Table(
    "aws_config_rule",
    "A rule of AWS Config.",
    service="config",
    live=Each("config.describe_config_rules", "ConfigRules[]"),
    details={
        "compliance": Bulk(
            Each("config.describe_compliance_by_config_rule", "ComplianceByConfigRules[]"),
            key="ConfigRuleName",
            of="ConfigRuleName",
        )
    },
    cloudformation="AWS::Config::ConfigRule",
    ref_property="ConfigRuleName",
    gone=("rule_state", "DELETING"),
    columns=(
        Text("name", live="ConfigRuleName", cloudformation=REF),
        Arn(live="ConfigRuleArn"),
        Text("rule_id", live="ConfigRuleId"),
        Text("rule_state", live="ConfigRuleState"),
        Text("description", live="Description", absent=""),
        Text("created_by", live="CreatedBy", absent="", about="The service that made it; '' for the customer."),
        Text("source_owner", live="Source.Owner"),
        Text(
            "source_identifier",
            live="Source.SourceIdentifier",
            absent="",
        ),
        Text(
            "maximum_execution_frequency",
            live="MaximumExecutionFrequency",
            absent="",
        ),
        Text(
            "compliance_type",
            live="@compliance[0].Compliance.ComplianceType",
            about="What Config found of all that the rule is about: NON_COMPLIANT where anything is.",
        ),
        Json("scope", live="Scope", absent={}),
        Json(
            "input_parameters",
            live=From("InputParameters", lambda text: without_secrets(document(text))),
            absent={},
        ),
    ),
)

PATCH_COMPLIANCE = Table(
    "aws_config_patch_compliance",
    "What the rules of AWS Config say of a managed node's patches.",
    service="config",
    live=Each(
        "config.describe_compliance_by_resource",
        "ComplianceByResources[]",
        params={"ResourceType": "AWS::SSM::PatchCompliance"},
    ),
    columns=(
        Text("instance_id", live=From("ResourceId", _node), about="The managed node: i-… or mi-…."),
        Arn("arn:{partition}:ssm:{region}:{account_id}:managed-instance/{instance_id}/config-patch-compliance"),
        Text(
            "compliance_type",
            live="Compliance.ComplianceType",
            about="What all rules about it come to: NON_COMPLIANT where it breaks any.",
        ),
        Int("broken_rule_count", live="Compliance.ComplianceContributorCount.CappedCount", absent=0),
    ),
)

CONFORMANCE_PACK = Table(
    "aws_config_conformance_pack",
    "A conformance pack of AWS Config.",
    service="config",
    live=Each("config.describe_conformance_packs", "ConformancePackDetails[]"),
    cloudformation="AWS::Config::ConformancePack",
    ref_property="ConformancePackName",
    columns=(
        Text("name", live="ConformancePackName", cloudformation=REF),
        Arn(live="ConformancePackArn", cloudformation=attribute("ConformancePackArn")),
        Text("conformance_pack_id", live="ConformancePackId"),
        Text("created_by", live="CreatedBy", absent=""),
        Text("delivery_s3_bucket", live="DeliveryS3Bucket", absent=""),
        Json(
            "input_parameters",
            live=From("ConformancePackInputParameters", _without_values),
            absent=[],
        ),
        Time("last_update_requested_time", live="LastUpdateRequestedTime"),
    ),
)

AGGREGATOR = Table(
    "aws_config_configuration_aggregator",
    "An aggregator that collects what AWS Config records elsewhere.",
    service="config",
    live=Each("config.describe_configuration_aggregators", "ConfigurationAggregators[]"),
    details={"tags": Call("config.list_tags_for_resource", inputs={"ResourceArn": "ConfigurationAggregatorArn"})},
    cloudformation="AWS::Config::ConfigurationAggregator",
    ref_property="ConfigurationAggregatorName",
    columns=(
        Text("name", live="ConfigurationAggregatorName", cloudformation=REF),
        Arn(live="ConfigurationAggregatorArn", cloudformation=attribute("ConfigurationAggregatorArn")),
        Bool(
            "is_organization_aggregator",
            live=From("OrganizationAggregationSource", present),
            absent=False,
        ),
        Bool(
            "organization_all_aws_regions",
            live="OrganizationAggregationSource.AllAwsRegions",
            absent=False,
        ),
        Json(
            "account_aggregation_sources",
            live="AccountAggregationSources",
            absent=[],
        ),
        Time("creation_time", live="CreationTime"),
        Tags(live="@tags.Tags"),
    ),
)
