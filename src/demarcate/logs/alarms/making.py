"""What an alarm lacks, made by a change, and a drill that sends one through.

Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html (the state lasts until the alarm
is evaluated again, so that what it did is read in its history).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.making import Making
from demarcate.changes.planning import Reader
from demarcate.changes.structs import Change, Operation, Read, Undo
from demarcate.changes.values import EARLIER, literal
from demarcate.checks.remedies import AFTER
from demarcate.estate.schema.alarm_events import patterns

OWED: Final = "logging-and-monitoring.create-alarms"
NAMESPACE: Final = "CloudTrail"
"""Of the metrics that are made."""

_TRAILS: Final = "cloudtrail.describe_trails"
_FILTERS: Final = "logs.describe_metric_filters"
_ALARMS: Final = "cloudwatch.describe_alarms"
_HISTORY: Final = "cloudwatch.describe_alarm_history"
_TOPICS: Final = "sns.list_topics"
_SUBSCRIPTIONS: Final = "sns.list_subscriptions"

READS: Final = frozenset({_TRAILS, _FILTERS, _ALARMS, _HISTORY, _TOPICS, _SUBSCRIPTIONS})
"""What is asked of AWS."""

WAIT: Final = 300.0
"""Seconds in which an alarm's actions must show in its history."""


def create(
    alarm: str, topic: str, emails: Sequence[str], account: str, region: str, reader: Reader
) -> Change | None:
    """The change that makes the filter, the topic, its subscriptions and the alarm, as far as they lack; None for none.

    They are made on the log group of the first trail of all regions that has one in this account, in that group's
    region. `topic` is an ARN, or the name of one that is there or is made. Raises DemarcateError where there is no such
    trail, for what is no alarm or topic, and where something cannot be read.
    """
    if alarm not in patterns():
        raise DemarcateError(
            f"{alarm} is an event that a service sends to EventBridge itself, and no log group has it: make a rule in "
            f"every region where it is on (`demarcate alarms prove --alarm {alarm}` names them)"
        )
    plan = Making(reader, account, region, f"alarm {alarm}", OWED)
    group, plan.region = _group(plan)
    arn = _topic(plan, topic)
    for email in emails:
        _subscribed(plan, arn, topic.rpartition(":")[2], email)
    _filter(plan, alarm, group)
    _alarm(plan, alarm, arn)
    return plan.change(f"an alarm on {alarm}")


def _group(plan: Making) -> tuple[str, str]:
    """The log group of a trail of all regions, and its region."""
    of = "trailList[?IsMultiRegionTrail && CloudWatchLogsLogGroupArn].CloudWatchLogsLogGroupArn"
    _, arns = plan.read(_TRAILS, of, pages=False, includeShadowTrails=True)
    here = [arn for arn in arns or () if arn.split(":")[4] == plan.account]
    if not here:
        raise DemarcateError(
            f"account {plan.account} has no trail of all regions that sends to a log group of its own: "
            "switch that on first (cloudtrail-trail-to-cloudwatch)"
        )
    return here[0].partition(":log-group:")[2].removesuffix(":*"), here[0].split(":")[3]


def _filter(plan: Making, alarm: str, group: str) -> None:
    pattern = patterns()[alarm]
    metric = {"metricName": alarm, "metricNamespace": NAMESPACE, "metricValue": "1"}
    state = f"metricFilters[?filterName=={literal(alarm)}] | [0].filterPattern"
    reads, before = plan.read(_FILTERS, state, logGroupName=group, filterNamePrefix=alarm)
    if before is None:
        plan.step(
            Operation(
                name="logs.put_metric_filter",
                parameters={
                    **{"logGroupName": group, "filterName": alarm, "filterPattern": pattern},
                    "metricTransformations": [metric],
                },
            ),
            reads,
            before,
            f"@ == {literal(pattern)}",
            Operation(name="logs.delete_metric_filter", parameters={"logGroupName": group, "filterName": alarm}),
        )
    elif before != pattern:
        raise DemarcateError(
            f"{group} has a filter {alarm} with another pattern: see what `demarcate alarms prove --alarm {alarm}` says"
        )


def _topic(plan: Making, topic: str) -> Any:
    """The ARN of a topic, or what stands for that of one that is made. Raises DemarcateError."""
    named = topic.rpartition(":")[2]
    if topic.startswith("arn:"):
        if topic.split(":")[2:5:2] != ["sns", plan.account]:
            raise DemarcateError(f"{topic} is no topic of account {plan.account}")
        if topic.split(":")[3] != plan.region:
            raise DemarcateError(
                f"{topic}: the alarm is in {plan.region}, and tells a topic of its own region only"
            )
    reads, arn = plan.read(_TOPICS, f"Topics[?ends_with(TopicArn, {literal(':' + named)})] | [0].TopicArn")
    if arn is not None:
        return arn
    if topic.startswith("arn:"):
        raise DemarcateError(f"{topic}: there is no such topic")
    plan.step(
        Operation(name="sns.create_topic", parameters={"Name": named}),
        reads,
        None,
        "@ != null",
        Operation(name="sns.delete_topic", parameters={"TopicArn": {AFTER: "@"}}),
    )
    return {EARLIER: f"[{len(plan.steps) - 1}]"}


def _subscribed(plan: Making, topic: Any, named: str, email: str) -> None:
    if "@" not in email:
        raise DemarcateError(f"{email!r} is no address of e-mail")
    # What is read is named before the topic is there, so that it is picked out by its name.
    of_topic = f"Endpoint=={literal(email)} && ends_with(TopicArn, {literal(':' + named)})"
    reads, before = plan.read(_SUBSCRIPTIONS, f"Subscriptions[?{of_topic}] | [0].Protocol")
    if before is not None:
        return
    plan.step(
        Operation(name="sns.subscribe", parameters={"TopicArn": topic, "Protocol": "email", "Endpoint": email}),
        reads,
        None,
        "@ == 'email'",
        Undo(
            why_not="the topic goes, and its subscriptions with it"
            if isinstance(topic, dict)
            else "a subscription is taken back by whoever has it, or ends unconfirmed after some days",
            earlier=isinstance(topic, dict),
        ),
    )


def _alarm(plan: Making, alarm: str, topic: Any) -> None:
    # The alarms of a metric are asked for among all: another one than ours may be there already.
    by = f"MetricAlarms[?MetricName=={literal(alarm)} && Namespace=={literal(NAMESPACE)}].AlarmActions[]"
    reads, before = plan.read(_ALARMS, by, AlarmTypes=["MetricAlarm"])
    if isinstance(topic, str) and topic in before:
        return
    _, named = plan.read(_ALARMS, "MetricAlarms[0].AlarmName", pages=False, AlarmNames=[alarm])
    if named is not None:
        raise DemarcateError(f"there is an alarm {alarm} already, which does not tell {topic}: change that one")
    plan.step(
        Operation(
            name="cloudwatch.put_metric_alarm",
            parameters={
                **{"AlarmName": alarm, "Namespace": NAMESPACE, "MetricName": alarm, "Statistic": "Sum"},
                **{"Period": 300, "EvaluationPeriods": 1, "Threshold": 1.0, "TreatMissingData": "notBreaching"},
                **{"ComparisonOperator": "GreaterThanOrEqualToThreshold", "AlarmActions": [topic]},
            },
        ),
        reads,
        before,
        f"length(@) == `{len(before) + 1}`",
        Operation(name="cloudwatch.delete_alarms", parameters={"AlarmNames": [alarm]}),
        risk=("costs",),
    )


# --- drills -----------------------------------------------------------------------------------------------


def drill(alarm: str, account: str, region: str, reader: Reader) -> Change | None:
    """The change that sets off an alarm of CloudWatch, by its name, so that its actions are done.

    Raises DemarcateError where there is none, it rings already, it has no actions, or it cannot be read.
    """
    plan = Making(reader, account, region, f"alarm {alarm}", OWED)
    told = "MetricAlarms[0].{State: StateValue, Enabled: ActionsEnabled, Actions: AlarmActions}"
    _, now = plan.read(_ALARMS, told, pages=False, AlarmNames=[alarm])
    if not now or now["State"] is None:
        raise DemarcateError(f"there is no alarm {alarm} in {account} {region}")
    if now["State"] == "ALARM":
        raise DemarcateError(f"the alarm {alarm} rings already: see what it is about")
    if not now["Enabled"] or not now["Actions"]:
        raise DemarcateError(f"the alarm {alarm} has no actions, or they are switched off: nobody would be told")
    last = "AlarmHistoryItems[0].{At: Timestamp, Said: HistorySummary}"
    reads, before = plan.read(_HISTORY, last, pages=False, AlarmName=alarm, HistoryItemType="Action", MaxRecords=1)
    new = f"At != {literal((before or {}).get('At'))}"
    set_state = "cloudwatch.set_alarm_state"
    state = Read(
        operation=Operation(name=_ALARMS, parameters={"AlarmNames": [alarm]}), state="MetricAlarms[0].StateValue"
    )
    plan.step(
        Operation(
            name=set_state,
            parameters={"AlarmName": alarm, "StateValue": "ALARM", "StateReason": "A drill: nothing has happened"},
        ),
        reads,
        before,
        f"{new} && starts_with(Said, 'Successfully')",
        Undo(
            operation=Operation(
                name=set_state,
                parameters={"AlarmName": alarm, "StateValue": "OK", "StateReason": "The drill is over"},
            ),
            reads=state,
            done="@ != 'ALARM'",
        ),
        failed=f"{new} && starts_with(Said, 'Failed')",
        wait=WAIT,
    )
    return plan.change(f"a drill of the alarm {alarm}")
