"""Responding to incidents: Incident Manager's response plans and AWS Security Incident Response."""

from __future__ import annotations

from demarcate.estate.schema.secrets import without_secrets
from demarcate.estate.schema.table import REF, Arn, Call, Each, From, Int, Json, Table, Tags, Text, Texts
from demarcate.estate.schema.transforms import each

RESPONSE_PLAN = Table(
    "aws_ssmincidents_response_plan",
    "A response plan of Incident Manager.",
    service="systems-manager",
    live=Each("ssm-incidents.list_response_plans", "responsePlanSummaries[]"),
    details={
        "tags": Call("ssm-incidents.list_tags_for_resource", inputs={"resourceArn": "arn"}),
        "plan": Call("ssm-incidents.get_response_plan", inputs={"arn": "arn"}),
    },
    cloudformation="AWS::SSMIncidents::ResponsePlan",
    columns=(
        Text("name", live="name"),
        Arn(live="arn", cloudformation=REF),
        Text("display_name", live="displayName", absent=""),
        Texts(
            "engagements",
            live="@plan.engagements",
            cloudformation="Engagements",
            absent=[],
            about="The contacts and escalation plans that are engaged.",
        ),
        Texts(
            "chat_sns_topics",
            live="@plan.chatChannel.chatbotSns",
            cloudformation="ChatChannel.ChatbotSns",
            absent=[],
        ),
        Int("action_count", live=From("@plan.actions", len), cloudformation=From("Actions", len), absent=0),
        Text("incident_title", live="@plan.incidentTemplate.title", cloudformation="IncidentTemplate.Title"),
        Int("incident_impact", live="@plan.incidentTemplate.impact", cloudformation="IncidentTemplate.Impact"),
        Texts(
            "notification_topic_arns",
            live=From("@plan.incidentTemplate.notificationTargets", each("snsTopicArn")),
            cloudformation=From("IncidentTemplate.NotificationTargets", each("SnsTopicArn")),
            absent=[],
        ),
        Json(
            "actions",
            live=From("@plan.actions", without_secrets),
            cloudformation=From("Actions", without_secrets),
            absent=[],
        ),
        Tags(live="@tags.tags"),
    ),
)

MEMBERSHIP = Table(
    "aws_securityir_membership",
    "A membership of AWS Security Incident Response.",
    service="security-incident-response",
    live=Each("security-ir.list_memberships", "items[]"),
    gone=("membership_status", "Cancelled", "Terminated"),
    columns=(
        Text("membership_id", live="membershipId"),
        Arn(live="membershipArn"),
        Text("membership_account_id", live="accountId"),
        Text("membership_status", live="membershipStatus"),
    ),
)
