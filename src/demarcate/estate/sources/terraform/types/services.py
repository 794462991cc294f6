"""Messages, logs and watching, builds, organizations, Systems Manager, and what else there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.terraform.forms import always, blocks, given, listed, within
from demarcate.estate.sources.terraform.mapped import BLOCK, NOTHING, REF, Mapped, Values
from demarcate.estate.sources.terraform.shaping import at


def _features(values: Values) -> Any:
    """The protections that a detector says itself, in the block that came before they had resources of their own."""
    paths = {
        "S3_DATA_EVENTS": "datasources.s3_logs.enable",
        "EKS_AUDIT_LOGS": "datasources.kubernetes.audit_logs.enable",
        "EBS_MALWARE_PROTECTION": (
            "datasources.malware_protection.scan_ec2_instance_with_findings.ebs_volumes.enable"
        ),
    }
    told = [
        {"Name": name, "Status": value if isinstance(value, Unknown) else "ENABLED" if value else "DISABLED"}
        for name, path in paths.items()
        if (value := at(values, path)) not in (ABSENT, None)
    ]
    return told or ABSENT


def _feature(values: Values) -> Any:
    """A protection of a resource of its own."""
    more = [
        {"Name": each.get("name"), "Status": each.get("status")}
        for each in blocks(values, "additional_configuration")
    ]
    feature = {"Name": values.get("name"), "Status": values.get("status")}
    return [feature | ({"AdditionalConfiguration": more} if more else {})]


def _metrics(values: Values) -> Any:
    """The metrics that an alarm computes with."""
    several = blocks(values, "metric_query")
    if isinstance(several, Unknown):
        return several
    return [_metric(each) for each in several] or ABSENT


def _metric(block: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        "Id": block.get("id"),
        "Expression": block.get("expression"),
        "Label": block.get("label"),
        "ReturnData": block.get("return_data"),
        "Period": block.get("period"),
        "AccountId": block.get("account_id"),
    }
    name = at(block, "metric.metric_name")
    if name is not ABSENT:
        dimensions = at(block, "metric.dimensions")
        told["MetricStat"] = {
            "Metric": {
                "MetricName": name,
                "Namespace": at(block, "metric.namespace"),
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]
                if isinstance(dimensions, Mapping)
                else [],
            },
            "Period": at(block, "metric.period"),
            "Stat": at(block, "metric.stat"),
        }
    return {key: value for key, value in told.items() if value not in (None, "", ABSENT)}


def _approvals(values: Values) -> Any:
    """The rules of a baseline, as a template nests them."""
    several = blocks(values, "approval_rule")
    if isinstance(several, Unknown):
        return several
    return {"PatchRules": [each if isinstance(each, Unknown) else _patch_rule(each) for each in several]}


def _patch_rule(block: Mapping[str, Any]) -> dict[str, Any]:
    filters = blocks(block, "patch_filter")
    told = {
        "ApproveAfterDays": block.get("approve_after_days"),
        "ApproveUntilDate": block.get("approve_until_date"),
        "ComplianceLevel": block.get("compliance_level"),
        "EnableNonSecurity": block.get("enable_non_security"),
        "PatchFilterGroup": filters
        if isinstance(filters, Unknown)
        else {"PatchFilters": [{"Key": each.get("key"), "Values": each.get("values")} for each in filters]},
    }
    return {key: value for key, value in told.items() if value not in (None, "")}


def _destinations(values: Values) -> Any:
    group = values.get("log_destination")
    return [{"CloudWatchLogsLogGroup": {"LogGroupArn": group}}] if group else ABSENT


def _command(values: Values) -> Any:
    """The parameters of a command, as a map."""
    several = blocks(values, "parameter")
    if isinstance(several, Unknown):
        return several
    return {each["name"]: each.get("values") for each in several} or ABSENT


def _published(values: Values) -> Any:
    """The logs that a domain publishes, by their types."""
    several = blocks(values, "log_publishing_options")
    if isinstance(several, Unknown):
        return several
    return {
        each["log_type"]: {
            "CloudWatchLogsLogGroupArn": each.get("cloudwatch_log_group_arn"),
            "Enabled": each.get("enabled", True),
        }
        for each in several
    } or ABSENT


_DOMAIN: Final[Mapping[str, Any]] = {
    "EncryptionAtRestOptions": "encrypt_at_rest",
    "NodeToNodeEncryptionOptions": "node_to_node_encryption",
    "LogPublishingOptions": _published,
}


def _tls(values: Values) -> Any:
    """Authentication by certificates: there are authorities where it is on."""
    authorities = at(values, "tls.certificate_authority_arns")
    if authorities in (ABSENT, None, []):
        return ABSENT
    return {"Enabled": True, "CertificateAuthorityArnList": authorities}


MAPPED = (
    Mapped(
        "aws_sns_topic",
        "AWS::SNS::Topic",
        ref=("arn", "id"),
        names={"TopicName": "name", "Subscription": NOTHING},
    ),
    Mapped(
        "aws_sns_topic",
        "AWS::SNS::TopicPolicy",
        names={"Topics": listed(REF), "PolicyDocument": "policy"},
        each=given("policy"),
    ),
    Mapped(
        "aws_sns_topic_policy",
        "AWS::SNS::TopicPolicy",
        names={"Topics": listed("arn"), "PolicyDocument": "policy"},
    ),
    Mapped("aws_sns_topic_subscription", "AWS::SNS::Subscription", ref=("arn", "id")),
    Mapped(
        "aws_sqs_queue",
        "AWS::SQS::Queue",
        ref=("url", "id"),
        names={
            "QueueName": "name",
            "MessageRetentionPeriod": "message_retention_seconds",
            "MaximumMessageSize": "max_message_size",
            "ReceiveMessageWaitTimeSeconds": "receive_wait_time_seconds",
            "VisibilityTimeout": "visibility_timeout_seconds",
        },
    ),
    Mapped(
        "aws_sqs_queue",
        "AWS::SQS::QueuePolicy",
        names={"Queues": listed(REF), "PolicyDocument": "policy"},
        each=given("policy"),
    ),
    Mapped(
        "aws_sqs_queue_policy",
        "AWS::SQS::QueuePolicy",
        names={"Queues": listed("queue_url"), "PolicyDocument": "policy"},
    ),
    Mapped(
        "aws_sqs_queue_redrive_policy",
        "AWS::SQS::Queue",
        into="queue_url",
        names={"RedrivePolicy": "redrive_policy"},
    ),
    Mapped(
        "aws_cloudwatch_metric_alarm",
        "AWS::CloudWatch::Alarm",
        ref=("alarm_name", "id"),
        names={"Metrics": _metrics},
    ),
    Mapped("aws_cloudwatch_composite_alarm", "AWS::CloudWatch::CompositeAlarm", ref=("alarm_name", "id")),
    Mapped("aws_route53_resolver_query_log_config", "AWS::Route53Resolver::ResolverQueryLoggingConfig"),
    Mapped(
        "aws_route53_resolver_query_log_config_association",
        "AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation",
    ),
    Mapped(
        "aws_securityhub_automation_rule",
        "AWS::SecurityHub::AutomationRule",
        ref=("arn", "id"),
        names={"Actions.FindingFieldsUpdate.Severity.Normalized": NOTHING},
    ),
    Mapped("aws_cloudwatch_dashboard", "AWS::CloudWatch::Dashboard", ref=("dashboard_name", "id")),
    Mapped(
        "aws_cloudwatch_log_group",
        "AWS::Logs::LogGroup",
        ref=("name", "id"),
        names={"LogGroupName": "name", "DataProtectionPolicy": NOTHING},
    ),
    Mapped(
        "aws_cloudwatch_log_data_protection_policy",
        "AWS::Logs::LogGroup",
        into="log_group_name",
        names={"DataProtectionPolicy": "policy_document"},
    ),
    Mapped(
        "aws_cloudwatch_log_metric_filter",
        "AWS::Logs::MetricFilter",
        ref=("name", "id"),
        names={
            "FilterName": "name",
            "FilterPattern": "pattern",
            "FieldSelectionCriteria": NOTHING,
            "MetricTransformations.MetricName": "name",
            "MetricTransformations.MetricNamespace": "namespace",
            "MetricTransformations.MetricValue": "value",
        },
    ),
    Mapped(
        "aws_cloudwatch_log_subscription_filter",
        "AWS::Logs::SubscriptionFilter",
        ref=("name", "id"),
        names={"FilterName": "name"},
    ),
    Mapped(
        "aws_cloudwatch_log_delivery",
        "AWS::Logs::Delivery",
        names={
            "S3EnableHiveCompatiblePath": "s3_delivery_configuration.enable_hive_compatible_path",
            "S3SuffixPath": "s3_delivery_configuration.suffix_path",
        },
    ),
    Mapped("aws_cloudwatch_log_delivery_source", "AWS::Logs::DeliverySource", ref=("name",)),
    Mapped(
        "aws_cloudtrail",
        "AWS::CloudTrail::Trail",
        ref=("name", "id"),
        names={
            "TrailName": "name",
            "CloudWatchLogsLogGroupArn": "cloud_watch_logs_group_arn",
            "IsLogging": "enable_logging",
            "EventSelectors.ReadWriteType": "read_write_type",
        },
    ),
    Mapped("aws_cloudtrail_event_data_store", "AWS::CloudTrail::EventDataStore", ref=("arn", "id")),
    Mapped(
        "aws_codebuild_project",
        "AWS::CodeBuild::Project",
        ref=("name", "id"),
        names={
            "TimeoutInMinutes": "build_timeout",
            "Visibility": "project_visibility",
            "Source.BuildSpec": "buildspec",
        },
    ),
    Mapped(
        "aws_codebuild_report_group",
        "AWS::CodeBuild::ReportGroup",
        ref=("arn", "id"),
        names={"ExportConfig.ExportConfigType": "type"},
    ),
    Mapped(
        "aws_config_config_rule", "AWS::Config::ConfigRule", ref=("name", "id"), names={"ConfigRuleName": "name"}
    ),
    Mapped(
        "aws_config_configuration_aggregator",
        "AWS::Config::ConfigurationAggregator",
        ref=("name", "id"),
        names={
            "AccountAggregationSources": "account_aggregation_source",
            "AccountAggregationSources.AllAwsRegions": "all_regions",
            "AccountAggregationSources.AwsRegions": "regions",
            "OrganizationAggregationSource.AllAwsRegions": "all_regions",
            "OrganizationAggregationSource.AwsRegions": "regions",
        },
    ),
    Mapped(
        "aws_config_configuration_recorder",
        "AWS::Config::ConfigurationRecorder",
        ref=("name", "id"),
        names={"StartedOnCreate": always(False)},
    ),
    Mapped(
        "aws_config_configuration_recorder_status",
        "AWS::Config::ConfigurationRecorder",
        into="name",
        names={"StartedOnCreate": "is_enabled"},
    ),
    Mapped(
        "aws_config_conformance_pack",
        "AWS::Config::ConformancePack",
        ref=("name", "id"),
        names={"ConformancePackName": "name", "ConformancePackInputParameters": "input_parameter"},
    ),
    Mapped(
        "aws_config_delivery_channel",
        "AWS::Config::DeliveryChannel",
        ref=("name", "id"),
        names={"ConfigSnapshotDeliveryProperties": "snapshot_delivery_properties"},
    ),
    Mapped("aws_accessanalyzer_analyzer", "AWS::AccessAnalyzer::Analyzer", ref=("arn",)),
    Mapped("aws_mq_broker", "AWS::AmazonMQ::Broker"),
    Mapped(
        "aws_cloudhsm_v2_cluster",
        "AWS::CloudHSM::Cluster",
        ref=("cluster_id", "id"),
        names={"BackupRetentionPolicy": NOTHING},
    ),
    Mapped("aws_opensearch_domain", "AWS::OpenSearchService::Domain", ref=("domain_name", "id"), names=_DOMAIN),
    Mapped(
        "aws_elasticsearch_domain",
        "AWS::Elasticsearch::Domain",
        ref=("domain_name", "id"),
        names={
            **_DOMAIN,
            "AdvancedSecurityOptions.AnonymousAuthEnabled": NOTHING,
            "ElasticsearchClusterConfig": "cluster_config",
        },
    ),
    *(
        Mapped(resource, type_, into="domain_name", names={"AccessPolicies": "access_policies"})
        for resource, type_ in (
            ("aws_opensearch_domain_policy", "AWS::OpenSearchService::Domain"),
            ("aws_elasticsearch_domain_policy", "AWS::Elasticsearch::Domain"),
        )
    ),
    Mapped(
        "aws_glue_connection",
        "AWS::Glue::Connection",
        ref=("name", "id"),
        names={"ConnectionInput": BLOCK, "ConnectionInput.*": NOTHING},
    ),
    Mapped("aws_glue_data_catalog_encryption_settings", "AWS::Glue::DataCatalogEncryptionSettings"),
    Mapped("aws_glue_job", "AWS::Glue::Job", ref=("name", "id"), names={"Role": "role_arn"}),
    Mapped("aws_glue_ml_transform", "AWS::Glue::MLTransform", names={"TransformEncryption": NOTHING}),
    Mapped("aws_guardduty_detector", "AWS::GuardDuty::Detector", names={"Features": _features}),
    Mapped(
        "aws_guardduty_detector_feature",
        "AWS::GuardDuty::Detector",
        into="detector_id",
        names={"Features": _feature},
    ),
    Mapped(
        "aws_msk_cluster",
        "AWS::MSK::Cluster",
        ref=("arn", "id"),
        names={
            "EncryptionInfo.EncryptionAtRest": within("DataVolumeKMSKeyId", "encryption_at_rest_kms_key_arn"),
            "ClientAuthentication.Unauthenticated": within("Enabled", "unauthenticated"),
            "ClientAuthentication.Sasl.Iam": within("Enabled", "iam"),
            "ClientAuthentication.Sasl.Scram": within("Enabled", "scram"),
            "ClientAuthentication.Tls": _tls,
        },
    ),
    Mapped("aws_macie2_account", "AWS::Macie::Session"),
    Mapped("aws_organizations_account", "AWS::Organizations::Account", names={"AccountName": "name"}),
    Mapped("aws_organizations_organization", "AWS::Organizations::Organization"),
    Mapped("aws_organizations_policy", "AWS::Organizations::Policy", names={"TargetIds": NOTHING}),
    Mapped(
        "aws_organizations_policy_attachment",
        "AWS::Organizations::Policy",
        into="policy_id",
        names={"TargetIds": listed("target_id")},
    ),
    Mapped("aws_securityhub_account", "AWS::SecurityHub::Hub", ref=("arn",), names={"Tags": NOTHING}),
    Mapped("aws_securityhub_standards_subscription", "AWS::SecurityHub::Standard"),
    Mapped(
        "aws_securityhub_finding_aggregator",
        "AWS::SecurityHub::FindingAggregator",
        names={"RegionLinkingMode": "linking_mode", "Regions": "specified_regions"},
    ),
    Mapped(
        "aws_codepipeline",
        "AWS::CodePipeline::Pipeline",
        ref=("name", "id"),
        names={
            "Stages": "stage",
            "Stages.Actions": "action",
            "Stages.Actions.ActionTypeId": BLOCK,
        },
    ),
    Mapped(
        "aws_imagebuilder_image_pipeline",
        "AWS::ImageBuilder::ImagePipeline",
        ref=("arn", "id"),
        names={"Schedule.ScheduleExpression": "schedule_expression"},
    ),
    Mapped(
        "aws_sfn_state_machine",
        "AWS::StepFunctions::StateMachine",
        ref=("arn", "id"),
        names={
            "StateMachineName": "name",
            "StateMachineType": "type",
            "LoggingConfiguration.Destinations": _destinations,
        },
    ),
    Mapped("aws_ssm_association", "AWS::SSM::Association", names={"ScheduleOffset": NOTHING}),
    Mapped("aws_ssm_document", "AWS::SSM::Document", ref=("name", "id")),
    Mapped("aws_ssm_maintenance_window", "AWS::SSM::MaintenanceWindow"),
    Mapped("aws_ssm_maintenance_window_target", "AWS::SSM::MaintenanceWindowTarget"),
    Mapped(
        "aws_ssm_maintenance_window_task",
        "AWS::SSM::MaintenanceWindowTask",
        names={
            "TaskInvocationParameters.MaintenanceWindowRunCommandParameters": "run_command_parameters",
            "TaskInvocationParameters.MaintenanceWindowRunCommandParameters.Parameters": _command,
            "TaskInvocationParameters.MaintenanceWindowAutomationParameters": "automation_parameters",
            "TaskInvocationParameters.MaintenanceWindowAutomationParameters.Parameters": _command,
            "TaskInvocationParameters.MaintenanceWindowLambdaParameters": "lambda_parameters",
            "TaskInvocationParameters.MaintenanceWindowStepFunctionsParameters": "step_functions_parameters",
        },
    ),
    Mapped("aws_ssm_parameter", "AWS::SSM::Parameter", ref=("name", "id")),
    Mapped(
        "aws_ssm_patch_baseline",
        "AWS::SSM::PatchBaseline",
        names={"ApprovalRules": _approvals, "DefaultBaseline": NOTHING, "PatchGroups": NOTHING},
    ),
    Mapped(
        "aws_ssm_default_patch_baseline",
        "AWS::SSM::PatchBaseline",
        into="baseline_id",
        names={"DefaultBaseline": lambda _: True},
    ),
    Mapped(
        "aws_ssm_patch_group",
        "AWS::SSM::PatchBaseline",
        into="baseline_id",
        names={"PatchGroups": listed("patch_group")},
    ),
    Mapped(
        "aws_ssmincidents_response_plan",
        "AWS::SSMIncidents::ResponsePlan",
        ref=("arn", "id"),
        names={
            "Actions.SsmAutomation.Parameters.Key": "name",
            "ChatChannel": within("ChatbotSns", "chat_channel"),
        },
    ),
    Mapped(
        "aws_ssmquicksetup_configuration_manager", "AWS::SSMQuickSetup::ConfigurationManager", ref=("manager_arn",)
    ),
)
