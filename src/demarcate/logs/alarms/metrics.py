"""The way of an event through a log group: trail, filter, metric, alarm, and on to whoever is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from demarcate.base.arn import is_account_id
from demarcate.base.moments import utc
from demarcate.estate.schema.standins import StandIn, shown
from demarcate.estate.schema.truths import Truth, all_of
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.telling import Row
from demarcate.logs.alarms.composites import carried
from demarcate.logs.alarms.ends import CLOUDWATCH, ends
from demarcate.logs.alarms.estate import ALARMS, COMPOSITES, FILTERS, TRAILS, Account
from demarcate.logs.alarms.events import Event
from demarcate.logs.alarms.links import Link, Links, Name

DELIVERED_WITHIN: Final = timedelta(days=1)
"""How long ago a trail may have delivered last, as the check cloudtrail-trail-cloudwatch-delivery-recent has it."""


def by_metric(event: Event, account: Account) -> Iterator[Links]:
    """Every way of an event through an alarm on a metric; none of one that is in no log group."""
    if event.own is not None:
        return
    for trail in home_rows(account):
        recorded = (trail_link(trail), recorded_link(trail, event))
        group = _group(trail, account)
        logged = (*recorded, group, *_delivery(trail, account)) if group.holds is not False else (*recorded, group)
        if group.holds is False:
            yield logged
            continue
        yield from ((*logged, *rest) for rest in _filtered(event, trail, account))


def no_trail(account: Account) -> Links:
    """Where there is no trail at all."""
    return (Link.of(Name.TRAIL, "", account.lacks(TRAILS) or False, "there is no trail"),)


def home_rows(account: Account) -> list[Row]:
    """Each trail once: one of all regions has a row in every one of them."""
    once = {row["arn"] if type(row["arn"]) is str else row["resource"]: row for row in account.rows(TRAILS)}
    return list(once.values())


def trail_link(trail: Row) -> Link:
    """Whether a trail logs, in all regions."""
    logs = all_of((_truth(trail["is_logging"]), _truth(trail["is_multi_region_trail"])))
    return Link.of(Name.TRAIL, name_of(trail), logs, "it is switched off, or is of one region alone")


def recorded_link(trail: Row, event: Event) -> Link:
    """Whether a trail records an event."""
    kinds = ["management_reads"] if event.reads else ["management_writes"]
    recorded = all_of(_truth(trail[kind]) for kind in kinds)
    excluded = trail["excluded_management_event_sources"]
    if recorded is True and isinstance(excluded, Unknown):
        recorded = excluded
    elif isinstance(excluded, list) and event.source in excluded:
        return Link(Name.RECORDED, "", False, f"the trail leaves out events of {event.source}")
    what = "reads" if event.reads else "writes"
    return Link.of(Name.RECORDED, "", recorded, f"the trail records no management events that are {what}")


def _truth(value: Any) -> Truth:
    return value if isinstance(value, Unknown) else bool(value)


def _group(trail: Row, account: Account) -> Link:
    arn = trail["log_group_arn"]
    if isinstance(arn, Unknown):
        return Link(Name.LOG_GROUP, "", None, arn.reason)
    if not arn:
        return Link(Name.LOG_GROUP, "", False, "the trail sends to no log group")
    text = arn.text if isinstance(arn, StandIn) else arn
    parts = text.split(":")
    other = parts[4] if len(parts) > 4 else ""
    if is_account_id(other) and account.id and other != account.id:
        reason = f"the log group is in account {other}, which is not looked into"
        return Link(Name.LOG_GROUP, text, None, reason)
    return Link(Name.LOG_GROUP, text, True)


def _delivery(trail: Row, account: Account) -> Iterator[Link]:
    """Whether something arrived lately; a template has nothing that could arrive."""
    if not trail["account_id"]:
        return
    error, last = (trail[f"latest_cloudwatch_logs_delivery_{name}"] for name in ("error", "time"))
    if isinstance(last, Unknown) or isinstance(error, Unknown):
        unknown = last if isinstance(last, Unknown) else error
        yield Link(Name.DELIVERY, "", None, unknown.reason)
    elif error:
        yield Link(Name.DELIVERY, "", False, f"the last delivery failed: {error}")
    elif not isinstance(last, datetime):
        yield Link(Name.DELIVERY, "", False, "nothing was ever delivered")
    else:
        recent = account.moment - utc(last) <= DELIVERED_WITHIN
        told = f"last delivered on {last:%Y-%m-%d %H:%M}"
        yield Link(Name.DELIVERY, "", recent, told)


def _filtered(event: Event, trail: Row, account: Account) -> Iterator[Links]:
    group = trail["log_group_arn"]
    name = _group_name(group)
    region = group.split(":")[3] if type(group) is str and group.count(":") > 3 else None
    matching = []
    for row in account.rows(FILTERS):
        there = shown(row["log_group_name"]) == name and region in (None, row["region"])
        matched = row["matched_events"]
        if not there or not (isinstance(matched, Unknown) or event.name in matched):
            continue
        matching.append(row)
        truth = matched if isinstance(matched, Unknown) else True
        link = Link.of(Name.FILTER, name_of(row), truth, "")
        yield from ((link, *rest) for rest in _alarmed(row, account))
    if not matching:
        lacking = account.lacks(FILTERS, region)
        if isinstance(name, Unknown):
            lacking = name
        if _elsewhere(group, account):
            lacking = Unknown(Kind.LOOKUP, "the filters of another account are not looked into")
        yield (Link.of(Name.FILTER, "", lacking or False, "no metric filter of the log group matches the event"),)


def _group_name(arn: Any) -> Any:
    """The name of a log group by its ARN; of one of the template, as what refers to it is shown."""
    if isinstance(arn, StandIn):
        return arn.text.removesuffix(".Arn")
    return arn if isinstance(arn, Unknown) else arn.rpartition(":log-group:")[2]


def _elsewhere(arn: Any, account: Account) -> bool:
    parts = arn.split(":") if type(arn) is str else []
    return bool(len(parts) > 4 and is_account_id(parts[4]) and account.id and parts[4] != account.id)


_METRIC: Final = ("metric_transformation_namespace", "metric_transformation_name")


def _alarmed(metric_filter: Row, account: Account) -> Iterator[Links]:
    metric = tuple(shown(metric_filter[name]) for name in _METRIC)
    region = metric_filter["region"]
    alarms = [
        row
        for row in account.rows(ALARMS)
        if (shown(row["namespace"]), shown(row["metric_name"])) == metric and row["region"] == region
    ]
    for alarm in alarms:
        told = (Link(Name.ALARM, name_of(alarm), True), _threshold(alarm, metric_filter))
        yield from ((*told, *rest) for rest in _acted(alarm, account))
        for links, composite in carried(alarm, account):
            yield from ((*told, *links, *rest) for rest in _acted(composite, account))
    if not alarms:
        lacking = account.lacks(ALARMS, region)
        named = "/".join(map(_text, metric))
        yield (Link.of(Name.ALARM, named, lacking or False, "no alarm is on the metric"),)


def name_of(row: Row) -> str:
    """What a resource is called: its name, or where that is not known, what it is called in its template."""
    return row["name"] if type(row["name"]) is str else str(row["resource"])


def _text(value: Any) -> str:
    return value.text if isinstance(value, StandIn) else value if type(value) is str else ""


def _threshold(alarm: Row, metric_filter: Row) -> Link:
    """Whether one event is enough."""
    operator, threshold, statistic = (alarm[name] for name in ("comparison_operator", "threshold", "statistic"))
    value = metric_filter["metric_transformation_value"]
    unknown = next((each for each in (operator, threshold, statistic, value) if isinstance(each, Unknown)), None)
    if unknown is not None or threshold is None:
        reason = unknown.reason if unknown is not None else "the alarm has no threshold of its own"
        return Link(Name.THRESHOLD, "", None, reason)
    told = f"{statistic} {operator} {threshold:g}"
    counted = 1.0 if statistic == "SampleCount" else _number(value)
    if counted is None:
        return Link(Name.THRESHOLD, told, None, f"the metric's value is {value}, which depends on the event")
    enough = {
        "GreaterThanOrEqualToThreshold": counted >= threshold,
        "GreaterThanThreshold": counted > threshold,
    }.get(str(operator))
    if enough is None:
        return Link(Name.THRESHOLD, told, False, "it does not go off when there are more events")
    return Link(Name.THRESHOLD, told, enough, "" if enough else "one event is not enough")


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _acted(alarm: Row, account: Account) -> Iterator[Links]:
    enabled, actions = _truth(alarm["actions_enabled"]), alarm["alarm_actions"]
    if isinstance(actions, Unknown):
        yield (Link(Name.ACTIONS, "", None, actions.reason),)
        return
    if enabled is not True or not actions:
        acts = all_of((enabled, bool(actions)))
        lacking = account.lacks(COMPOSITES, alarm["region"]) if acts is False else None
        yield (Link.of(Name.ACTIONS, "", lacking or acts, "it has none, or they are switched off"),)
        return
    on = Link(Name.ACTIONS, "", True)
    for action in _each(actions):
        yield from ((on, *rest) for rest in ends(action, CLOUDWATCH, alarm["arn"], account))


def _each(values: Any) -> Iterable[Any]:
    return values if isinstance(values, list) else [values]
