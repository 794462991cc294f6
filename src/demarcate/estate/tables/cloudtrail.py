"""AWS CloudTrail: trails, what they record, and event data stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from demarcate.base.arn import is_account_id
from demarcate.estate.schema.alarm_events import alarm_events
from demarcate.estate.schema.composite_alarms import waves
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.table import (
    Arn,
    Bool,
    Call,
    Computed,
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
from demarcate.estate.schema.transforms import each
from demarcate.estate.schema.truths import Lookup, Truth, all_of, any_of, values_of
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.tables.account import ACCOUNT
from demarcate.estate.tables.cloudwatch import ALARM, COMPOSITE_ALARM, METRIC_FILTER

_SELECTORS = ("EventSelectors", "AdvancedEventSelectors")
_BUCKETS = ("arn:aws:s3", "arn:aws:s3:::", "arn:aws-cn:s3", "arn:aws-us-gov:s3")
_FUNCTIONS = ("arn:aws:lambda", "arn:aws-cn:lambda", "arn:aws-us-gov:lambda")


def group_arn(arn: str) -> str:
    """The ARN of a log group without the ":*" that some answers end it with."""
    return arn if isinstance(arn, StandIn) else arn.removesuffix(":*")


def _told(answer: Mapping[str, Any], judge: Callable[[Mapping[str, Any]], Any]) -> Any:
    """Judge the event selectors of a trail; unknown where a template leaves something of them open."""
    selectors = {name: answer[name] for name in _SELECTORS if answer.get(name)}
    return first_unknown(selectors) or judge(selectors)


def _fields(advanced: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {field["Field"]: field for field in advanced["FieldSelectors"]}


def _does(selector: Mapping[str, Any], kind: str) -> bool:
    return selector.get("ReadWriteType", "All") in ("All", kind)


def _advanced_does(fields: Mapping[str, Mapping[str, Any]], read: bool) -> bool:
    only = fields.get("readOnly", {}).get("Equals")
    return not only or only[0].lower() == str(read).lower()


def _management(read: bool) -> Callable[[Any], Any]:
    """Whether management events that read (or write) are recorded. A trail without selectors records them."""
    kind = "ReadOnly" if read else "WriteOnly"

    def judge(selectors: Mapping[str, Any]) -> bool:
        if not selectors:
            return True
        if any(
            selector.get("IncludeManagementEvents", True) and _does(selector, kind)
            for selector in selectors.get("EventSelectors", ())
        ):
            return True
        return any(
            "Management" in fields.get("eventCategory", {}).get("Equals", ())
            and _advanced_does(fields, read)
            and not fields.get("eventSource", {}).get("Equals")
            for fields in map(_fields, selectors.get("AdvancedEventSelectors", ()))
        )

    return lambda answer: _told(answer, judge)


def _data(type_: str, everything: tuple[str, ...], read: bool) -> Callable[[Any], Any]:
    """Whether data events on every resource of a type are recorded, for reads or for writes."""
    kind = "ReadOnly" if read else "WriteOnly"

    def judge(selectors: Mapping[str, Any]) -> bool:
        for selector in selectors.get("EventSelectors", ()):
            for resource in selector.get("DataResources", ()):
                all_of_them = any(value.removesuffix("/") in everything for value in resource.get("Values", ()))
                if resource["Type"] == type_ and all_of_them and _does(selector, kind):
                    return True
        return any(
            type_ in fields.get("resources.type", {}).get("Equals", ())
            and not set(fields) - {"eventCategory", "resources.type", "readOnly"}
            and _advanced_does(fields, read)
            for fields in map(_fields, selectors.get("AdvancedEventSelectors", ()))
        )

    return lambda answer: _told(answer, judge)


def _excluded(answer: Any) -> Any:
    """The event sources whose management events are left out."""

    def judge(selectors: Mapping[str, Any]) -> list[str]:
        sources: set[str] = set()
        for selector in selectors.get("EventSelectors", ()):
            sources.update(selector.get("ExcludeManagementEventSources", ()))
        for fields in map(_fields, selectors.get("AdvancedEventSelectors", ())):
            if "Management" in fields.get("eventCategory", {}).get("Equals", ()):
                sources.update(fields.get("eventSource", {}).get("NotEquals", ()))
        return sorted(sources)

    return _told(answer, judge)


def _recorded(name: str, function: Callable[[Any], Any], about: str) -> Any:
    return Bool(name, live=From("@selectors", function), cloudformation=From("@", function), about=about)


def _lambda(read: bool) -> Callable[[Any], Any]:
    return _data("AWS::Lambda::Function", _FUNCTIONS, read)


def _s3(read: bool) -> Callable[[Any], Any]:
    return _data("AWS::S3::Object", _BUCKETS, read)


TRAIL = Table(
    "aws_cloudtrail_trail",
    "A trail that covers a region: a multi-region trail has a row in every region, one of them at home.",
    service="cloudtrail",
    live=Each("cloudtrail.describe_trails", "trailList[]", params={"includeShadowTrails": True}),
    details={
        "tags": Call(
            "cloudtrail.list_tags",
            inputs={"ResourceIdList": "TrailARN"},
            batch="ResourceIdList",
            home="HomeRegion",
        ),
        # A trail is a shadow in all regions but its home, where alone all of it is told.
        "status": Call("cloudtrail.get_trail_status", inputs={"Name": "TrailARN"}, home="HomeRegion"),
        "selectors": Call("cloudtrail.get_event_selectors", inputs={"TrailName": "TrailARN"}, home="HomeRegion"),
        "insights": Call(
            "cloudtrail.get_insight_selectors",
            inputs={"TrailName": "TrailARN"},
            absent=("InsightNotEnabledException",),
            home="HomeRegion",
        ),
    },
    cloudformation="AWS::CloudTrail::Trail",
    ref_property="TrailName",
    columns=(
        Text("name", live="Name", cloudformation=attribute("Name")),
        Arn(live="TrailARN"),
        Text(
            "home_region",
            live="HomeRegion",
            cloudformation=From("@", lambda _: ""),
            about="The region where it was made; '' in a template, which does not say where it is deployed.",
        ),
        Bool("is_multi_region_trail", live="IsMultiRegionTrail", absent=False),
        Bool("is_organization_trail", live="IsOrganizationTrail", absent=False),
        Bool(
            "include_global_service_events",
            live="IncludeGlobalServiceEvents",
        ),
        Bool("is_logging", live="@status.IsLogging", cloudformation="IsLogging"),
        Bool(
            "log_file_validation_enabled",
            live="LogFileValidationEnabled",
            cloudformation="EnableLogFileValidation",
            absent=False,
        ),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Text("s3_bucket_name", live="S3BucketName"),
        Text("s3_key_prefix", live="S3KeyPrefix", absent=""),
        Text("sns_topic_arn", live="SnsTopicARN", cloudformation="SnsTopicName", absent=""),
        Text(
            "log_group_arn",
            live=From("CloudWatchLogsLogGroupArn", group_arn),
            absent="",
        ),
        Text(
            "cloudwatch_logs_role_arn",
            live="CloudWatchLogsRoleArn",
            absent="",
        ),
        Time("latest_delivery_time", live="@status.LatestDeliveryTime"),
        Text("latest_delivery_error", live="@status.LatestDeliveryError", absent=""),
        Time("latest_cloudwatch_logs_delivery_time", live="@status.LatestCloudWatchLogsDeliveryTime"),
        Text("latest_cloudwatch_logs_delivery_error", live="@status.LatestCloudWatchLogsDeliveryError", absent=""),
        Time("start_logging_time", live="@status.StartLoggingTime"),
        Time("stop_logging_time", live="@status.StopLoggingTime"),
        Bool("has_custom_event_selectors", live="HasCustomEventSelectors"),
        Bool("has_insight_selectors", live="HasInsightSelectors"),
        Texts(
            "insight_types",
            live=From("@insights.InsightSelectors", each("InsightType")),
            cloudformation=From("InsightSelectors", each("InsightType")),
            absent=[],
        ),
        _recorded("management_reads", _management(True), "Whether it records management events that read."),
        _recorded("management_writes", _management(False), "Whether it records management events that write."),
        Texts(
            "excluded_management_event_sources",
            live=From("@selectors", _excluded),
            cloudformation=From("@", _excluded),
        ),
        _recorded("s3_data_reads", _s3(True), "Whether it records reads of objects in every bucket."),
        _recorded("s3_data_writes", _s3(False), "Whether it records writes of objects in every bucket."),
        _recorded("lambda_data_events", _lambda(False), "Whether it records invocations of every function."),
        Json("event_selectors", live="@selectors.EventSelectors", cloudformation="EventSelectors", absent=[]),
        Json(
            "advanced_event_selectors",
            live="@selectors.AdvancedEventSelectors",
            cloudformation="AdvancedEventSelectors",
            absent=[],
        ),
        Tags(live="@tags.ResourceTagList[0].TagsList"),
    ),
)

EVENT_DATA_STORE = Table(
    "aws_cloudtrail_event_data_store",
    "An event data store of CloudTrail Lake.",
    service="cloudtrail",
    live=Each("cloudtrail.list_event_data_stores", "EventDataStores[]"),
    details={
        "tags": Call(
            "cloudtrail.list_tags", inputs={"ResourceIdList": "EventDataStoreArn"}, batch="ResourceIdList"
        ),
        "store": Call("cloudtrail.get_event_data_store", inputs={"EventDataStore": "EventDataStoreArn"}),
    },
    cloudformation="AWS::CloudTrail::EventDataStore",
    columns=(
        Text("name", live="Name"),
        Arn(live="EventDataStoreArn", cloudformation=attribute("EventDataStoreArn")),
        Text("status", live="@store.Status"),
        Text("kms_key_id", live="@store.KmsKeyId", cloudformation="KmsKeyId", absent=""),
        Int("retention_period", live="@store.RetentionPeriod", cloudformation="RetentionPeriod", about="Days."),
        Bool(
            "multi_region_enabled",
            live="@store.MultiRegionEnabled",
            cloudformation="MultiRegionEnabled",
        ),
        Bool(
            "organization_enabled",
            live="@store.OrganizationEnabled",
            cloudformation="OrganizationEnabled",
        ),
        Bool(
            "termination_protection_enabled",
            live="@store.TerminationProtectionEnabled",
            cloudformation="TerminationProtectionEnabled",
        ),
        Json(
            "advanced_event_selectors",
            live="@store.AdvancedEventSelectors",
            cloudformation="AdvancedEventSelectors",
        ),
        Tags(live="@tags.ResourceTagList[0].TagsList"),
    ),
)


_METRIC: Final = ("metric_transformation_name", "metric_transformation_namespace")


def _alarm_events(tables: Mapping[str, Iterable[Any]]) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Every event of every alarm, which are the same in all accounts, and whether one goes off on it.

    That is one with an action, on the metric of a filter that matches the event, on the log group of a trail that logs
    in all regions; or a composite alarm with an action that goes off on such an alarm. Where such a trail's group is in
    another account, as that of the organization's trail is, an alarm there may go off on any of them.
    """
    groups, alarms = Lookup(), Lookup()
    elsewhere: Truth = False
    for trail in tables[TRAIL.name]:
        arn, *logs = values_of(trail, "log_group_arn", "is_logging", "is_multi_region_trail")
        other = _other_account(arn, None if isinstance(trail, Unknown) else trail.get("account_id"))
        if other is None:
            groups.add((_group(arn),), all_of(logs))
        else:
            there = Unknown(
                Kind.LOOKUP, f"the log group of a trail is in account {other}, which is not looked into"
            )
            elsewhere = any_of((elsewhere, all_of((*logs, there))))
    composites = [_composite(row) for row in tables[COMPOSITE_ALARM.name]]
    for alarm in tables[ALARM.name]:
        actions, enabled, *metric = values_of(
            alarm, "alarm_actions", "actions_enabled", "region", "metric_name", "namespace"
        )
        acts = all_of((enabled, _any(actions)))
        alarms.add(tuple(metric), acts if acts is True else any_of((acts, _carried(alarm, composites))))
    raised: dict[str, Truth] = {}
    everything = [event for events in alarm_events().values() for event in events]
    for metric_filter in tables[METRIC_FILTER.name]:
        matched, group, *metric = values_of(metric_filter, "matched_events", "log_group_name", "region", *_METRIC)
        rings = all_of((groups.holds((group,)), alarms.holds(tuple(metric))))
        if isinstance(matched, Unknown):
            rings, matched = all_of((matched, rings)), everything
        for event in matched if rings is not False else ():
            raised[event] = any_of((raised.get(event, False), rings))
    for account in tables[ACCOUNT.name]:
        for alarm, events in alarm_events().items():
            for event in events:
                rings = any_of((raised.get(event, False), elsewhere))
                yield account, {"alarm": alarm, "event": event, "raises_alarm": rings}


def _any(actions: Any) -> Truth:
    return actions if isinstance(actions, Unknown) else bool(actions)


def _carried(alarm: Any, composites: Iterable[_Composite]) -> Truth:
    """Whether a composite alarm with an action goes off once an alarm does."""
    name, arn, region = values_of(alarm, "name", "arn", "region")
    here = [each for each in composites if isinstance(each.region, Unknown) or each.region == region]
    went = waves(name, arn, here, lambda each: (each.name, each.arn, each.rule))
    return any_of(all_of((truth, each.acts)) for wave in went for each, truth in wave)


class _Composite(msgspec.Struct, frozen=True, eq=False):
    """A composite alarm, and whether it does anything; what is not known of it is Unknown."""

    name: Any
    arn: Any
    rule: Any
    region: Any
    acts: Truth


def _composite(row: Any) -> _Composite:
    name, arn, rule, region, enabled, actions = values_of(
        row, "name", "arn", "alarm_rule", "region", "actions_enabled", "alarm_actions"
    )
    return _Composite(name, arn, rule, region, all_of((enabled, _any(actions))))


def _other_account(arn: Any, account: Any) -> str | None:
    """The account of a log group, where that is not the one that tells of it."""
    parts = arn.split(":") if type(arn) is str else []
    named = parts[4] if len(parts) > 4 else ""
    return named if is_account_id(named) and is_account_id(account) and named != account else None


def _group(arn: Any) -> Any:
    """The name of a log group, by its ARN."""
    return arn if isinstance(arn, Unknown | StandIn) else arn.rpartition(":log-group:")[2]


ALARM_EVENT = Table(
    "aws_cloudtrail_alarm_event",
    "An event that must raise an alarm in every account, whoever causes it.",
    service="cloudtrail",
    scope="account",
    computed=Computed(
        ACCOUNT.name,
        needs={
            ACCOUNT.name: (),
            TRAIL.name: ("is_logging", "is_multi_region_trail", "log_group_arn"),
            METRIC_FILTER.name: ("log_group_name", "matched_events", *_METRIC),
            ALARM.name: ("name", "arn", "metric_name", "namespace", "actions_enabled", "alarm_actions"),
            COMPOSITE_ALARM.name: ("name", "arn", "alarm_rule", "actions_enabled", "alarm_actions"),
        },
        function=_alarm_events,
    ),
    columns=(
        Text("alarm", about="Which alarm: root-use, iam-changes, …"),
        Text("event", about="What happened: iam:CreatePolicy, …"),
        Bool(
            "raises_alarm",
            about="Whether an alarm with an action goes off on it: one on the metric of a filter that matches it, on "
            "the log group of a trail that logs in all regions, or a composite alarm on such an alarm.",
        ),
    ),
)
