"""AWS Security Hub: whether it is on, and which standards it checks."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import REF, Arn, Bool, Call, Each, From, Table, Tags, Text, Texts, Time
from demarcate.estate.schema.transforms import each

_NOT_ENABLED = (
    "InvalidAccessException: is not subscribed",
    "InvalidAccessException: is not enabled for securityhub",
    "ResourceNotFoundException",
)


def _standard(arn: Any) -> Any:
    """The standard of an ARN: "aws-foundational-security-best-practices/v/1.0.0"."""
    return arn.partition("/")[2]


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
