"""Amazon CloudWatch and CloudWatch Logs: alarms, dashboards, log groups and what is made of their events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from demarcate.estate.schema.alarm_events import events_matched
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.standins import settled
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Each,
    Float,
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
from demarcate.estate.schema.transforms import document, milliseconds
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown


def _group_arn(arn: str) -> str:
    return arn.removesuffix(":*")


def _dimension(name: str) -> Callable[[list[Mapping[str, str]]], Any]:
    """The value of one of a metric's dimensions."""
    return lambda dimensions: next(
        (dimension["Value"] for dimension in dimensions if dimension["Name"] == name), ABSENT
    )


def _destination(policy: Any) -> Any:
    """The destination of an account policy for subscriptions; '' for a policy of another type."""
    content = document(policy)
    return content if isinstance(content, Unknown) else content.get("DestinationArn", "")


def _matched(metric_filter: Mapping[str, Any]) -> Any:
    """The events that must raise an alarm and that a metric filter matches.

    What it does with events that are transformed first, or picked out by fields of the system, cannot be told.
    """
    pattern = settled(metric_filter.get("filterPattern", ""))
    narrowed = [metric_filter.get(name) for name in ("applyOnTransformedLogs", "fieldSelectionCriteria")]
    unknown = first_unknown([pattern, *narrowed])
    if unknown is not None:
        return unknown
    if any(narrowed):
        return Unknown(Kind.INDIRECT, "a transformer or fieldSelectionCriteria decide which events it gets")
    matched = events_matched(pattern)
    return matched if isinstance(matched, Unknown) else list(matched)


_TYPES: Final = ["CompositeAlarm", "MetricAlarm"]
"""Both tables ask for both, so that one listing serves them."""

ALARM = Table(
    "aws_cloudwatch_alarm",
    "An alarm on a metric.",
    service="cloudwatch",
    live=Each(
        "cloudwatch.describe_alarms",
        "MetricAlarms[]",
        params={"AlarmTypes": _TYPES},
        by={"AlarmNames[]": "name"},
    ),
    details={"tags": Call("cloudwatch.list_tags_for_resource", inputs={"ResourceARN": "AlarmArn"})},
    cloudformation="AWS::CloudWatch::Alarm",
    ref_property="AlarmName",
    columns=(
        Text("name", live="AlarmName", cloudformation=REF),
        Arn(live="AlarmArn"),
        Bool("actions_enabled", live="ActionsEnabled", cloudformation=From("ActionsEnabled", absent=True)),
        Texts("alarm_actions", live="AlarmActions", absent=[]),
        Texts("ok_actions", live="OKActions", absent=[]),
        Texts(
            "insufficient_data_actions",
            live="InsufficientDataActions",
            absent=[],
        ),
        Text("state_value", live="StateValue"),
        Time("state_updated_timestamp", live="StateUpdatedTimestamp"),
        Text("metric_name", live="MetricName", absent=""),
        Text("namespace", live="Namespace", absent=""),
        Text("statistic", live="Statistic", absent=""),
        Float("threshold", live="Threshold"),
        Text("comparison_operator", live="ComparisonOperator", absent=""),
        Int("period", live="Period", about="Seconds."),
        Int("evaluation_periods", live="EvaluationPeriods"),
        Text("treat_missing_data", live="TreatMissingData", absent="missing"),
        Text("alarm_description", live="AlarmDescription", absent=""),
        Json("dimensions", live="Dimensions", absent=[]),
        Json("metrics", live="Metrics", absent=[], about="For metric math."),
        Tags(live="@tags.Tags"),
    ),
)

COMPOSITE_ALARM = Table(
    "aws_cloudwatch_composite_alarm",
    "An alarm on the states of other alarms.",
    service="cloudwatch",
    live=Each(
        "cloudwatch.describe_alarms",
        "CompositeAlarms[]",
        params={"AlarmTypes": _TYPES},
        by={"AlarmNames[]": "name"},
    ),
    details={"tags": Call("cloudwatch.list_tags_for_resource", inputs={"ResourceARN": "AlarmArn"})},
    cloudformation="AWS::CloudWatch::CompositeAlarm",
    ref_property="AlarmName",
    columns=(
        Text("name", live="AlarmName", cloudformation=REF),
        Arn(live="AlarmArn", cloudformation=attribute("Arn")),
        Text("alarm_rule", live="AlarmRule", about='ALARM("one") OR ALARM("another").'),
        Bool("actions_enabled", live="ActionsEnabled", cloudformation=From("ActionsEnabled", absent=True)),
        Texts("alarm_actions", live="AlarmActions", absent=[]),
        Texts("ok_actions", live="OKActions", absent=[]),
        Texts("insufficient_data_actions", live="InsufficientDataActions", absent=[]),
        Text(
            "actions_suppressor",
            live="ActionsSuppressor",
            absent="",
            about="The alarm that keeps its actions back while it is in ALARM; '' without one.",
        ),
        Text("state_value", live="StateValue"),
        Time("state_updated_timestamp", live="StateUpdatedTimestamp"),
        Text("alarm_description", live="AlarmDescription", absent=""),
        Tags(live="@tags.Tags"),
    ),
)

DASHBOARD = Table(
    "aws_cloudwatch_dashboard",
    "A dashboard.",
    service="cloudwatch",
    scope="account",
    live=Each("cloudwatch.list_dashboards", "DashboardEntries[]"),
    cloudformation="AWS::CloudWatch::Dashboard",
    ref_property="DashboardName",
    columns=(
        Text("name", live="DashboardName", cloudformation=REF),
        Arn(live="DashboardArn", cloudformation=REF),
        Time("last_modified", live="LastModified"),
        Int("size", live="Size", about="Bytes of its body."),
    ),
)

LOG_GROUP = Table(
    "aws_cloudwatch_log_group",
    "A log group.",
    service="cloudwatch",
    live=Each("logs.describe_log_groups", "logGroups[]", by={"logGroupNamePrefix": "name"}),
    details={
        "protection": Call(
            "logs.get_data_protection_policy",
            inputs={"logGroupIdentifier": "logGroupName"},
            only=("dataProtectionStatus", "ACTIVATED", "DISABLED"),
        ),
        "tags": Call("logs.list_tags_for_resource", inputs={"resourceArn": "logGroupArn"}),
    },
    cloudformation="AWS::Logs::LogGroup",
    ref_property="LogGroupName",
    columns=(
        Text("name", live="logGroupName", cloudformation=REF),
        Arn(live=From("arn", _group_arn)),
        Int(
            "retention_in_days",
            live="retentionInDays",
            absent=0,
            about="0 where events never expire.",
        ),
        Text("kms_key_id", live="kmsKeyId", absent=""),
        Text("log_group_class", live="logGroupClass", absent="STANDARD"),
        Bool(
            "deletion_protection_enabled",
            live="deletionProtectionEnabled",
            absent=False,
        ),
        Text(
            "data_protection_status",
            live="dataProtectionStatus",
            absent="",
            about="'' where it never had a data protection policy.",
        ),
        Json(
            "data_protection_policy",
            live=From("@protection.policyDocument", document),
            cloudformation=From("DataProtectionPolicy", document),
            absent={},
        ),
        Int("metric_filter_count", live="metricFilterCount"),
        Int("stored_bytes", live="storedBytes"),
        Time("creation_time", live=From("creationTime", milliseconds)),
        Tags(live="@tags.tags"),
    ),
)

METRIC_FILTER = Table(
    "aws_cloudwatch_log_metric_filter",
    "A metric made of the events of a log group that match a pattern.",
    service="cloudwatch",
    live=Each("logs.describe_metric_filters", "metricFilters[]"),
    cloudformation="AWS::Logs::MetricFilter",
    ref_property="FilterName",
    columns=(
        Text("name", live="filterName", cloudformation=REF),
        Arn(
            "arn:{partition}:logs:{region}:{account_id}:log-group:{log_group_name}:metric-filter:{name}",
            cloudformation=REF,
        ),
        Text("log_group_name", live="logGroupName"),
        Text("filter_pattern", live="filterPattern", absent=""),
        Texts(
            "matched_events",
            live=From("@", _matched),
            cloudformation=From("@", _matched),
            about="Which events that must raise an alarm (aws_cloudtrail_alarm_event) it matches, whoever causes them "
            "and where; none where it matches ordinary ones as well.",
        ),
        Text(
            "metric_transformation_name",
            live="metricTransformations[0].metricName",
        ),
        Text(
            "metric_transformation_namespace",
            live="metricTransformations[0].metricNamespace",
        ),
        Text(
            "metric_transformation_value",
            live="metricTransformations[0].metricValue",
        ),
        Time("creation_time", live=From("creationTime", milliseconds)),
    ),
)

SUBSCRIPTION_FILTER = Table(
    "aws_cloudwatch_log_subscription_filter",
    # Listing the filters themselves takes a call for each log group, at ten a second.
    "A filter that sends the events of a log group on as they come. Live: one that did so in the last two weeks.",
    service="cloudwatch",
    live=Each(
        "cloudwatch.list_metrics",
        "Metrics[]",
        params={"Namespace": "AWS/Logs", "MetricName": "ForwardedLogEvents"},
    ),
    cloudformation="AWS::Logs::SubscriptionFilter",
    ref_property="FilterName",
    columns=(
        Text("name", live=From("Dimensions", _dimension("FilterName")), cloudformation=REF),
        Arn(
            "arn:{partition}:logs:{region}:{account_id}:log-group:{log_group_name}:subscription-filter:{name}",
            cloudformation=REF,
        ),
        Text(
            "log_group_name",
            live=From("Dimensions", _dimension("LogGroupName")),
            cloudformation="LogGroupName",
        ),
        Text("filter_pattern", cloudformation="FilterPattern", absent=""),
        Text("destination_arn", cloudformation="DestinationArn"),
        Text("role_arn", cloudformation="RoleArn", absent=""),
    ),
)

SUBSCRIPTION_POLICY = Table(
    "aws_cloudwatch_log_subscription_policy",
    "An account policy that sends the events of all log groups of a region on as they come.",
    service="cloudwatch",
    live=Each(
        "logs.describe_account_policies",
        "accountPolicies[]",
        params={"policyType": "SUBSCRIPTION_FILTER_POLICY"},
    ),
    columns=(
        Text("name", live="policyName"),
        Arn("arn:{partition}:logs:{region}:{account_id}:account-policy:{name}"),
        Text("destination_arn", live=From("policyDocument", _destination)),
        Text("selection_criteria", live="selectionCriteria", absent=""),
        Json("policy_document", live=From("policyDocument", document)),
        Time("last_updated_time", live=From("lastUpdatedTime", milliseconds)),
    ),
)
