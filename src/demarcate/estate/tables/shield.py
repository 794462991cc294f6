"""AWS Shield Advanced: the subscription, and what it protects."""

from __future__ import annotations

from demarcate.estate.schema.table import Arn, Call, Each, Table, Tags, Text, Texts, Time, attribute

_NO_SUBSCRIPTION = ("ResourceNotFoundException",)

SUBSCRIPTION = Table(
    "aws_shield_subscription",
    "The account's subscription to Shield Advanced.",
    service="shield",
    scope="account",
    live=Each("shield.describe_subscription", "Subscription", absent=_NO_SUBSCRIPTION),
    columns=(
        Arn("arn:{partition}:shield::{account_id}:subscription"),
        Text("auto_renew", live="AutoRenew"),
        Text("proactive_engagement_status", live="ProactiveEngagementStatus", absent="DISABLED"),
        Time("start_time", live="StartTime"),
        Time("end_time", live="EndTime"),
    ),
)

PROTECTION = Table(
    "aws_shield_protection",
    "A resource that Shield Advanced protects.",
    service="shield",
    scope="account",
    live=Each("shield.list_protections", "Protections[]", absent=_NO_SUBSCRIPTION),
    details={"tags": Call("shield.list_tags_for_resource", inputs={"ResourceARN": "ProtectionArn"})},
    cloudformation="AWS::Shield::Protection",
    columns=(
        Text("id", live="Id", cloudformation=attribute("ProtectionId")),
        Arn(live="ProtectionArn", cloudformation=attribute("ProtectionArn")),
        Text("name", live="Name"),
        Text("resource_arn", live="ResourceArn"),
        Texts("health_check_ids", live="HealthCheckIds", cloudformation="HealthCheckArns", absent=[]),
        Text(
            "automatic_response_status",
            live="ApplicationLayerAutomaticResponseConfiguration.Status",
            absent="DISABLED",
        ),
        Tags(live="@tags.Tags"),
    ),
)
