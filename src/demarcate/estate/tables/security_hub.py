"""AWS Security Hub: whether it is on, and which standards it checks."""

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
from demarcate.estate.schema.transforms import each
from demarcate.estate.schema.unknown import first_unknown

_NOT_ENABLED = (
    "InvalidAccessException: is not subscribed",
    "InvalidAccessException: is not enabled for securityhub",
    "ResourceNotFoundException",
)


def _standard(arn: Any) -> Any:
    """The standard of an ARN: "aws-foundational-security-best-practices/v/1.0.0"."""
    return arn.partition("/")[2]


def _suppresses(actions: Any) -> Any:
    """Whether any action sets the workflow to SUPPRESSED."""
    set_to = [action.get("FindingFieldsUpdate", {}).get("Workflow", {}).get("Status") for action in actions]
    return "SUPPRESSED" in set_to or first_unknown(set_to) or False


HUB = Table(
    "aws_securityhub_hub",
    "Security Hub CSPM in a region where it is on.",
    service="security-hub",
    live=Each("securityhub.describe_hub", "@", absent=_NOT_ENABLED),
    details={
        "standards": Call("securityhub.get_enabled_standards", absent=_NOT_ENABLED),
        "tags": Call("securityhub.list_tags_for_resource", inputs={"ResourceArn": "HubArn"}),
    },
    cloudformation="AWS::SecurityHub::Hub",
    columns=(
        Text("hub_arn", live="HubArn", cloudformation=REF),
        Arn(live="HubArn", cloudformation=REF),
        Bool(
            "auto_enable_controls",
            live="AutoEnableControls",
            cloudformation=From("AutoEnableControls", absent=True),
        ),
        Text(
            "control_finding_generator",
            live="ControlFindingGenerator",
        ),
        Texts(
            "enabled_standards_arns",
            live=From("@standards.StandardsSubscriptions", each("StandardsArn")),
            absent=[],
        ),
        Bool(
            "enables_default_standards",
            live=From("@", lambda _: False),
            cloudformation=From("EnableDefaultStandards", absent=True),
            about="Whether a template's hub starts with the default standards; false live, where they are listed.",
        ),
        Time("subscribed_at", live=From("SubscribedAt", str)),
        Tags(live="@tags.Tags"),
    ),
)

STANDARDS_SUBSCRIPTION = Table(
    "aws_securityhub_standards_subscription",
    "A standard that Security Hub checks in a region.",
    service="security-hub",
    live=Each("securityhub.get_enabled_standards", "StandardsSubscriptions[]", absent=_NOT_ENABLED),
    cloudformation="AWS::SecurityHub::Standard",
    gone=("standards_status", "DELETING"),
    columns=(
        Text("name", live=From("StandardsArn", _standard)),
        Text("standards_arn", live="StandardsArn"),
        Arn(live="StandardsSubscriptionArn", cloudformation=REF),
        Text("standards_status", live="StandardsStatus"),
        Text("standards_status_reason_code", live="StandardsStatusReason.StatusReasonCode", absent=""),
    ),
)

FINDING_AGGREGATOR = Table(
    "aws_securityhub_finding_aggregator",
    "What brings the findings of several regions together in one.",
    service="security-hub",
    live=(
        Each("securityhub.list_finding_aggregators", "FindingAggregators[]", absent=_NOT_ENABLED),
        Each(
            "securityhub.get_finding_aggregator",
            "@",
            inputs={"FindingAggregatorArn": "FindingAggregatorArn"},
        ),
    ),
    cloudformation="AWS::SecurityHub::FindingAggregator",
    columns=(
        Arn(live="FindingAggregatorArn", cloudformation=REF),
        Text("finding_aggregation_region", live="FindingAggregationRegion"),
        Text("region_linking_mode", live="RegionLinkingMode"),
        Texts("regions", live="Regions", absent=[]),
    ),
)

AUTOMATION_RULE = Table(
    "aws_securityhub_automation_rule",
    "A rule by which Security Hub changes findings as they come, such as to suppress them.",
    service="security-hub",
    live=(
        Each("securityhub.list_automation_rules", "AutomationRulesMetadata[]", absent=_NOT_ENABLED),
        Each(
            "securityhub.batch_get_automation_rules",
            "Rules[]",
            inputs={"AutomationRulesArns": "RuleArn"},
            batch="AutomationRulesArns",
            failures="UnprocessedAutomationRules",
        ),
    ),
    cloudformation="AWS::SecurityHub::AutomationRule",
    columns=(
        Text("name", live="RuleName"),
        Arn(live="RuleArn", cloudformation=REF),
        Text("rule_status", live="RuleStatus", cloudformation=From("RuleStatus", absent="ENABLED")),
        Int("rule_order", live="RuleOrder"),
        Bool("is_terminal", live="IsTerminal", absent=False),
        Text("description", live="Description"),
        Json("criteria", live="Criteria"),
        Json("actions", live="Actions"),
        Bool(
            "suppresses",
            live=From("Actions", _suppresses),
            about="Whether it sets the workflow of findings to SUPPRESSED.",
        ),
    ),
)
