"""AWS Systems Manager: managed nodes, associations, documents, parameters and the settings of a region."""

from __future__ import annotations

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
)
from demarcate.estate.schema.transforms import document

PATCH_DOCUMENTS = ("AWS-RunPatchBaseline", "AWS-RunPatchBaselineAssociation", "AWS-RunPatchBaselineWithHooks")


def operation(parameters: Any) -> Any:
    """What a patching document is told to do: "Scan", "Install", or "" where it is told nothing."""
    value = document(parameters).get("Operation", "")
    return (value[0] if value else "") if isinstance(value, list) else value


def _path(name: str) -> str:
    return name.removeprefix("/")


def _public(accounts: Any) -> bool:
    return any(account.lower() == "all" for account in accounts)


def tags_of(kind: str, of: str) -> Call:
    """The tags of what Systems Manager knows by a kind and an id."""
    return Call("ssm.list_tags_for_resource", inputs={"ResourceId": of}, params={"ResourceType": kind})


MANAGED_INSTANCE = Table(
    "aws_ssm_managed_instance",
    "A node, in EC2 or elsewhere, that Systems Manager manages.",
    service="systems-manager",
    live=Each("ssm.describe_instance_information", "InstanceInformationList[]"),
    columns=(
        Text("instance_id", live="InstanceId"),
        Arn("arn:{partition}:ssm:{region}:{account_id}:managed-instance/{instance_id}"),
        Text("name", live="Name", absent=""),
        Text("resource_type", live="ResourceType"),
        Text("ping_status", live="PingStatus"),
        Time("last_ping_date_time", live="LastPingDateTime"),
        Text("agent_version", live="AgentVersion"),
        Bool("is_latest_version", live="IsLatestVersion", about="Not told of Windows nodes."),
        Text("platform_type", live="PlatformType"),
        Text("platform_name", live="PlatformName"),
        Text("platform_version", live="PlatformVersion"),
        Text("computer_name", live="ComputerName", absent=""),
        Text("ip_address", live="IPAddress", absent=""),
        Text("iam_role", live="IamRole", absent=""),
        Text("activation_id", live="ActivationId", absent=""),
        Text("association_status", live="AssociationStatus", absent="", about="'' where it has no association."),
        Time("last_association_execution_date", live="LastAssociationExecutionDate"),
        Time("last_successful_association_execution_date", live="LastSuccessfulAssociationExecutionDate"),
        Time("registration_date", live="RegistrationDate"),
    ),
)

COMPLIANCE_SUMMARY = Table(
    "aws_ssm_managed_instance_compliance",
    "Whether a managed node complies, by the type of compliance.",
    service="systems-manager",
    live=Each("ssm.list_resource_compliance_summaries", "ResourceComplianceSummaryItems[]"),
    columns=(
        Text("resource_id", live="ResourceId"),
        Text("compliance_type", live="ComplianceType", about="Association, Patch or Custom:…"),
        Arn(
            "arn:{partition}:ssm:{region}:{account_id}:managed-instance/{resource_id}/compliance/{compliance_type}"
        ),
        Text("resource_type", live="ResourceType"),
        Text("status", live="Status"),
        Text("overall_severity", live="OverallSeverity"),
        Int("non_compliant_count", live="NonCompliantSummary.NonCompliantCount"),
        Int("non_compliant_critical_count", live="NonCompliantSummary.SeveritySummary.CriticalCount"),
        Int("non_compliant_high_count", live="NonCompliantSummary.SeveritySummary.HighCount"),
        Time("execution_time", live="ExecutionSummary.ExecutionTime"),
        Text(
            "execution_id", live="ExecutionSummary.ExecutionId", absent="", about="Of a command, where it is one."
        ),
        Text("execution_type", live="ExecutionSummary.ExecutionType", absent="", about="Command, …"),
    ),
)

ASSOCIATION = Table(
    "aws_ssm_association",
    "An association of State Manager: a document that keeps nodes in a state.",
    service="systems-manager",
    live=Each("ssm.list_associations", "Associations[]"),
    details={
        "tags": tags_of("Association", "AssociationId"),
        "association": Call("ssm.describe_association", inputs={"AssociationId": "AssociationId"}),
    },
    cloudformation="AWS::SSM::Association",
    columns=(
        Text("association_id", live="AssociationId", cloudformation=REF),
        Arn("arn:{partition}:ssm:{region}:{account_id}:association/{association_id}", cloudformation=REF),
        Text("association_name", live="AssociationName", absent=""),
        Text("document_name", live="Name"),
        Text("document_version", live="DocumentVersion", absent=""),
        Text("schedule_expression", live="ScheduleExpression", absent=""),
        Int("schedule_offset", live="ScheduleOffset", absent=0, about="Days to wait after a cron expression."),
        Text("status", live="Overview.Status", absent="", about="'' where it has not run."),
        Time("last_execution_date", live="LastExecutionDate"),
        Time(
            "last_successful_execution_date",
            live="@association.AssociationDescription.LastSuccessfulExecutionDate",
        ),
        Text(
            "compliance_severity",
            live="@association.AssociationDescription.ComplianceSeverity",
            cloudformation="ComplianceSeverity",
            absent="UNSPECIFIED",
        ),
        Text(
            "patch_operation",
            live=From("@association.AssociationDescription.Parameters", operation),
            cloudformation=From("Parameters", operation),
            absent="",
            about="The parameter Operation of a patching document: Scan or Install.",
        ),
        Json("targets", live="Targets", absent=[]),
        Tags(live="@tags.TagList"),
    ),
)

DOCUMENT = Table(
    "aws_ssm_document",
    "A document that the account owns.",
    service="systems-manager",
    live=Each(
        "ssm.list_documents",
        "DocumentIdentifiers[]",
        params={"Filters": [{"Key": "Owner", "Values": ["Self"]}]},
    ),
    details={
        "sharing": Call(
            "ssm.describe_document_permission", inputs={"Name": "Name"}, params={"PermissionType": "Share"}
        ),
    },
    cloudformation="AWS::SSM::Document",
    ref_property="Name",
    columns=(
        Text("name", live="Name", cloudformation=REF),
        Arn("arn:{partition}:ssm:{region}:{account_id}:document/{name}", cloudformation=REF),
        Text("document_type", live="DocumentType"),
        Text("document_format", live="DocumentFormat", cloudformation=From("DocumentFormat", absent="JSON")),
        Text("document_version", live="DocumentVersion"),
        Text("schema_version", live="SchemaVersion"),
        Text("owner", live="Owner"),
        Bool(
            "is_public",
            live=From("@sharing.AccountIds", _public),
            cloudformation=From("@", lambda _: False),
            absent=False,
            about="Whether every AWS account may read it. A template can share none.",
        ),
        Texts("account_ids", live="@sharing.AccountIds", absent=[], about="The accounts that it is shared with."),
        Time("created_date", live="CreatedDate"),
        Tags(live="Tags"),
    ),
)

PARAMETER = Table(
    "aws_ssm_parameter",
    "A parameter of Parameter Store.",
    service="systems-manager",
    live=Each("ssm.describe_parameters", "Parameters[]"),
    details={
        "tags": tags_of("Parameter", "Name"),
    },
    cloudformation="AWS::SSM::Parameter",
    ref_property="Name",
    columns=(
        Text("name", live="Name", cloudformation=REF),
        Text("path", live=From("Name", _path), about="The name as the ARN has it, without a slash before it."),
        Arn("arn:{partition}:ssm:{region}:{account_id}:parameter/{path}"),
        Text("type", live="Type"),
        Text("data_type", live="DataType", absent="text"),
        Text("tier", live="Tier"),
        Text("key_id", live="KeyId", absent="", about="The KMS key of a SecureString; '' for other types."),
        Int("version", live="Version"),
        Time("last_modified_date", live="LastModifiedDate"),
        Text("last_modified_user", live="LastModifiedUser"),
        Tags(live="@tags.TagList"),
    ),
)


def _setting(name: str) -> Call:
    return Call("ssm.get_service_setting", params={"SettingId": name}, absent=("ServiceSettingNotFound",))


REGIONAL_SETTINGS = Table(
    "aws_ssm_regional_settings",
    "What Systems Manager is set to do in one region of the account.",
    service="systems-manager",
    live=Each(
        "ssm.get_service_setting",
        "ServiceSetting",
        params={"SettingId": "/ssm/documents/console/public-sharing-permission"},
    ),
    details={
        "log": _setting("/ssm/automation/customer-script-log-destination"),
        "role": _setting("/ssm/managed-instance/default-ec2-instance-management-role"),
    },
    columns=(
        Arn("arn:{partition}:ssm:{region}:{account_id}:regional-settings"),
        Text(
            "document_public_sharing_permission",
            live="SettingValue",
            about="Disable where public sharing of documents is blocked.",
        ),
        Text(
            "automation_log_destination",
            live="@log.ServiceSetting.SettingValue",
            absent="",
            about="CloudWatch where the output of Automation scripts is logged.",
        ),
        Text(
            "default_host_management_role",
            live="@role.ServiceSetting.SettingValue",
            absent="$None",
            about="The role by which instances without a profile are managed; $None for none.",
        ),
    ),
)

PLATFORM_SUPPORT = Table(
    "aws_ssm_platform_support",
    "Until when the maker of a managed node's operating system fixes it.",
    service="systems-manager",
    facts=True,
    columns=(
        Text("platform_name", about="How the name that a node tells begins, such as Red Hat Enterprise Linux."),
        Text("platform_version", about="How its version begins, such as 9; '' where the name tells it."),
        Time("end_of_support"),
    ),
)
