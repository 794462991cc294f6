"""Which events a metric filter rings on: all of an alarm's, from whomever, or it is told which not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from demarcate.base.documents import read
from demarcate.base.filter_syntax import MAX_LENGTH, parse
from demarcate.checks.catalog import load_checks
from demarcate.estate.schema.alarm_events import alarm_events, events_matched, samples
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import table
from tests.each import each

PATTERNS = read(Path(__file__).parent / "alarm_patterns.yaml", dict[str, Any])
CALLS = {
    alarm: [event.partition(":")[2] for event in events]
    for alarm, events in alarm_events().items()
    if ":" in events[0]
}
SERVICE = {alarm: alarm_events()[alarm][0].partition(":")[0] for alarm in CALLS}


def calls(alarm: str, names: list[str], operator: str = "=") -> str:
    """The pattern of an alarm about calls of one service, as short as AWS takes it."""
    return f"{{ ({')||('.join(f'$.eventName{operator}{name}' for name in names)}) }}"


def of_service(alarm: str, names: list[str]) -> str:
    """The same for the events of its service alone."""
    return f"{{ $.eventSource={SERVICE[alarm]}.amazonaws.com && {calls(alarm, names)[2:-2]} }}"


WHOLE = [
    *((alarm, pattern) for alarm, patterns in PATTERNS["whole"].items() for pattern in patterns),
    *((alarm, calls(alarm, names)) for alarm, names in CALLS.items()),
    *((alarm, of_service(alarm, names)) for alarm, names in CALLS.items()),
]
each_whole = each(("alarm", "pattern"), WHOLE, ids=lambda value: value[:60])


def test_every_alarm_of_the_catalog_has_its_events() -> None:
    prefix = "cloudtrail-alarm-"
    assert {prefix + alarm for alarm in alarm_events()} == {id_ for id_ in load_checks() if id_.startswith(prefix)}
    assert {alarm for alarm, _ in WHOLE} == set(alarm_events())
    assert len({event for events in alarm_events().values() for event in events}) == len(samples())


@each_whole
def test_the_pattern_of_an_alarm_rings_on_all_of_its_events(alarm: str, pattern: str) -> None:
    assert len(pattern) <= MAX_LENGTH
    matched = events_matched(pattern)
    assert not isinstance(matched, Unknown), matched
    assert set(alarm_events()[alarm]) <= set(matched)


@each_whole
def test_a_pattern_with_the_opposite_of_every_comparison_rings_on_none(alarm: str, pattern: str) -> None:
    opposite = re.sub("!?=", lambda operator: "=" if operator[0] == "!=" else "!=", pattern)
    matched = (
        events_matched(opposite) if len(opposite) <= MAX_LENGTH else events_matched(opposite.replace(" ", ""))
    )
    assert not isinstance(matched, Unknown), matched
    assert not set(alarm_events()[alarm]) & set(matched)


LIMITS = [
    '$.userIdentity.userName = "jane"',
    '$.userIdentity.arn = "arn:aws:iam::111122223333:user/jane"',
    "$.userIdentity.type = IAMUser",
    "$.userIdentity.sessionContext.sessionIssuer.userName != terraform",
    '$.sourceIPAddress = "192.0.2.*"',
    "$.sourceIPAddress != 2001*",
    "$.sourceIPAddress = 198*",
    "$.awsRegion = eu-west-1",
    "$.awsRegion != us-east-1",
    '$.userAgent = "aws-cli*"',
    '$.recipientAccountId = "111122223333"',
    "$.userIdentity.accountId = 111122223333",
    "$.requestParameters.bucketName = main",
    "$.errorCode = Throttled",
]


@each("limit", LIMITS)
@each_whole
def test_a_pattern_that_is_limited_to_some_rings_on_none(alarm: str, pattern: str, limit: str) -> None:
    limited = f"{{ ({pattern.strip('{ }')}) && {limit} }}"
    matched = events_matched(limited.replace(" && ", "&&").replace(" || ", "||"))
    assert not isinstance(matched, Unknown), matched
    users_alone = alarm == "sign-in-without-mfa" and "type = IAMUser" in limit
    assert bool(set(alarm_events()[alarm]) & set(matched)) is users_alone


def test_a_limit_to_where_alone_it_may_come_from_is_none() -> None:
    """What IAM does is recorded in one region."""
    assert events_matched("{ $.eventName = PutUserPolicy && $.awsRegion = us-east-1 }") == ("iam:PutUserPolicy",)
    assert events_matched("{ $.eventName = DeleteTrail && $.awsRegion = us-east-1 }") == ()


@each("alarm", CALLS)
def test_an_event_that_is_left_out_is_told(alarm: str) -> None:
    for name in CALLS[alarm]:
        others = [other for other in CALLS[alarm] if other != name]
        for pattern in (calls(alarm, others), of_service(alarm, others)):
            matched = events_matched(pattern)
            assert not isinstance(matched, Unknown), matched
            assert set(alarm_events()[alarm]) - set(matched) == {f"{SERVICE[alarm]}:{name}"}


@each("pattern", PATTERNS["hollow"])
def test_a_pattern_that_only_looks_like_an_alarm_rings_on_none(pattern: str) -> None:
    assert parse(pattern) is not None
    assert events_matched(pattern) == ()


def test_a_pattern_that_aws_refuses_is_unknown() -> None:
    matched = events_matched("{ $.eventName = 'DeleteTrail' }")
    assert isinstance(matched, Unknown)
    assert matched.kind is Kind.MALFORMED
    assert "at character 17" in matched.reason


DISABLING = {"LogGroupName": "trail", "FilterPattern": "{ $.eventName = DisableKey }"}


def test_the_events_that_a_declared_filter_matches(tmp_path: Path) -> None:
    filters = {
        "Whole": DISABLING,
        "Wrong": DISABLING | {"FilterPattern": "{ $.eventName = "},
        "Other": DISABLING | {"FilterPattern": {"Ref": "Pattern"}},
        "Transformed": DISABLING | {"ApplyOnTransformedLogs": True},
        "Picked": DISABLING | {"FieldSelectionCriteria": '@aws.region = "us-east-1"'},
    }
    resources = {name: {"Type": "AWS::Logs::MetricFilter", "Properties": filters[name]} for name in filters}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({"Parameters": {"Pattern": {"Type": "String"}}, "Resources": resources}))
    of = table("aws_cloudwatch_log_metric_filter")
    snapshot = collect_snapshot([file], selection={of.name: None})
    rows = rows_of(snapshot, of, ["resource", "matched_events"])
    assert {row["resource"].rpartition("#")[2]: row["matched_events"] for row in rows} == {
        "Whole": ["kms:DisableKey"],
        "Wrong": None,
        "Other": None,
        "Transformed": None,
        "Picked": None,
    }
