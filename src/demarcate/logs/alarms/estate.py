"""What is read of a snapshot to prove alarms: the rows of one account, and what of them could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import Row
from demarcate.estate.sources.plan import Selection
from demarcate.logs.estate import Estate

TRAILS: Final = "aws_cloudtrail_trail"
FILTERS: Final = "aws_cloudwatch_log_metric_filter"
ALARMS: Final = "aws_cloudwatch_alarm"
COMPOSITES: Final = "aws_cloudwatch_composite_alarm"
RULES: Final = "aws_eventbridge_rule"
TOPICS: Final = "aws_sns_topic"
SUBSCRIPTIONS: Final = "aws_sns_topic_subscription"
KEYS: Final = "aws_kms_key"
PLANS: Final = "aws_ssmincidents_response_plan"
DETECTORS: Final = "aws_guardduty_detector"
HUBS: Final = "aws_securityhub_hub"
AGGREGATORS: Final = "aws_securityhub_finding_aggregator"
REGIONS: Final = "aws_region"

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    TRAILS: (
        "name",
        "arn",
        "is_logging",
        "is_multi_region_trail",
        "log_group_arn",
        "management_reads",
        "management_writes",
        "excluded_management_event_sources",
        "latest_cloudwatch_logs_delivery_time",
        "latest_cloudwatch_logs_delivery_error",
    ),
    FILTERS: (
        "name",
        "log_group_name",
        "matched_events",
        "filter_pattern",
        "metric_transformation_name",
        "metric_transformation_namespace",
        "metric_transformation_value",
    ),
    ALARMS: (
        "name",
        "arn",
        "metric_name",
        "namespace",
        "statistic",
        "threshold",
        "comparison_operator",
        "actions_enabled",
        "alarm_actions",
    ),
    COMPOSITES: ("name", "arn", "alarm_rule", "actions_enabled", "alarm_actions"),
    RULES: ("name", "arn", "state", "event_bus_name", "event_pattern", "target_arns"),
    TOPICS: ("topic_arn", "kms_master_key_id", "policy"),
    SUBSCRIPTIONS: ("subscription_arn", "topic_arn", "protocol", "endpoint", "filter_policy"),
    KEYS: ("arn", "aliases", "policy", "enabled"),
    PLANS: ("arn", "name", "engagements", "chat_sns_topics"),
    DETECTORS: ("status",),
    HUBS: ("arn",),
    AGGREGATORS: ("finding_aggregation_region", "region_linking_mode"),
    REGIONS: ("name",),
}


def selection() -> Selection:
    """What is read of a source."""
    return {name: frozenset(columns) for name, columns in COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class Account:
    """What is read of one account."""

    id: str
    estate: Estate

    @property
    def moment(self) -> datetime:
        """When it was read."""
        return self.estate.snapshot.moment

    def rows(self, name: str) -> list[Row]:
        """The rows of a table."""
        return self.estate.by_account(name).get(self.id, [])

    def lacks(self, name: str, region: Any = None) -> Unknown | None:
        """Why rows of a table may be missing, in one region or in any."""
        return self.estate.lacks(name, self.id, region)

    @property
    def regions(self) -> list[str]:
        """The regions that it has enabled; those that anything was read of, where it was not told."""
        told = {row["name"] for row in self.rows(REGIONS) if type(row["name"]) is str}
        return sorted(
            told or {row["region"] for name in (TRAILS, RULES) for row in self.rows(name) if row["region"]}
        )


def accounts(snapshot: Snapshot, asked: Callable[[Row], Row] | None = None) -> Iterator[Account]:
    """The accounts of a snapshot; one without a number where it is of templates.

    `asked` gives a metric filter as it is once AWS was asked about it.
    """
    estate = Estate(snapshot, COLUMNS, {FILTERS: asked} if asked is not None else {})
    held = {account for name in COLUMNS for account in estate.by_account(name)}
    for account in sorted({*estate.accounts, *held}):
        yield Account(account, estate)
