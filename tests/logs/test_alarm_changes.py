"""What an alarm lacks is made by a change, and a drill is one: planned, approved, applied over HTTP, undone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from tests.aws.answers.answering import Answer, answer
from tests.aws.answers.asking import Asked
from tests.aws.answers.server import Server, serving
from tests.aws.conftest import REGION, Aws
from tests.changes.conftest import aws, endless, images, server
from tests.keys.test_changing import CHANGE, Say, applied, say, undone

__all__ = ["aws", "endless", "images", "say", "server"]

GROUP = "trail"


@pytest.fixture
def trail(aws: Aws) -> str:
    """A trail of all regions that sends to a log group."""
    aws.client("s3").create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("logs").create_log_group(logGroupName=GROUP)
    arn = aws.client("logs").describe_log_groups()["logGroups"][0]["arn"]
    aws.client("cloudtrail").create_trail(
        Name="main",
        S3BucketName="trail",
        IsMultiRegionTrail=True,
        CloudWatchLogsLogGroupArn=arn,
        CloudWatchLogsRoleArn="arn:aws:iam::123456789012:role/trail",
    )
    return str(arn)


def there(aws: Aws) -> dict[str, list[Any]]:
    """What an alarm is made of, as far as it is there."""
    return {
        "filters": [each["filterName"] for each in aws.client("logs").describe_metric_filters()["metricFilters"]],
        "alarms": [each["AlarmName"] for each in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "topics": [each["TopicArn"].rpartition(":")[2] for each in aws.client("sns").list_topics()["Topics"]],
    }


def test_an_alarm_is_made_whole_and_taken_back(aws: Aws, trail: str, say: Say) -> None:
    words = ("alarms", "create", "root-use", "--email", "team@example.com")
    code, out, err = say(*words)
    assert code == 0 and "logs.put_metric_filter" in out, err
    assert there(aws) == {"filters": [], "alarms": [], "topics": []}
    applied(say)
    assert there(aws) == {"filters": ["root-use"], "alarms": ["root-use"], "topics": ["security-alarms"]}
    (subscription,) = aws.client("sns").list_subscriptions()["Subscriptions"]
    assert subscription["Endpoint"] == "team@example.com"
    assert "is so already" in say(*words)[2]
    undone(say)
    assert there(aws) == {"filters": [], "alarms": [], "topics": []}


def test_only_what_lacks_is_made(aws: Aws, trail: str, say: Say) -> None:
    topic = aws.client("sns").create_topic(Name="mine")["TopicArn"]
    code, out, err = say("alarms", "create", "key-deletion", "--topic", topic)
    assert code == 0 and "sns.create_topic" not in out, err
    applied(say)
    (alarm,) = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarm["AlarmActions"] == [topic]
    undone(say)
    assert there(aws) == {"filters": [], "alarms": [], "topics": ["mine"]}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("alarms", "create", "root-us"), "did you mean root-use"),
        (("alarms", "create", "root-use", "--topic", f"arn:aws:sns:{REGION}:123456789012:none"), "no such topic"),
        (("alarms", "create", "root-use", "--topic", "arn:aws:sns:us-west-1:123456789012:x"), "its own region"),
        (
            ("alarms", "create", "root-use", "--topic", f"arn:aws:sns:{REGION}:444455556666:x"),
            "no topic of account",
        ),
        (("alarms", "create", "root-use", "--email", "team"), "no address"),
        (("alarms", "drill", "none"), "no alarm none"),
    ],
)
def test_what_cannot_be_made_is_refused(words: tuple[str, ...], says: str, trail: str, say: Say) -> None:
    code, _, err = say(*words)
    assert code == 2 and says in err


def test_without_a_trail_there_is_nothing_to_make_it_on(aws: Aws, say: Say) -> None:
    code, _, err = say("alarms", "create", "root-use")
    assert code == 2 and "no trail of all regions" in err


@pytest.mark.parametrize(("said", "code"), [("Successfully executed action", 0), ("Failed to execute action", 1)])
def test_a_drill_is_over_when_the_actions_were_done(
    said: str, code: int, aws: Aws, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moto has no history of alarms: what it would say is made of the state that it has."""
    with serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        drilled(said, code, Aws(server.url), server, say)


def drilled(said: str, code: int, aws: Aws, server: Server, say: Say) -> None:
    cloudwatch = aws.client("cloudwatch")
    topic = aws.client("sns").create_topic(Name="mine")["TopicArn"]
    metric = {"Namespace": "CloudTrail", "MetricName": "keys", "Statistic": "Sum", "Period": 300}
    cloudwatch.put_metric_alarm(
        **{"AlarmName": "keys", "EvaluationPeriods": 1, "Threshold": 1, "AlarmActions": [topic], **metric},
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )

    def state() -> str:
        return str(cloudwatch.describe_alarms(AlarmNames=["keys"])["MetricAlarms"][0]["StateValue"])

    def history(asked: Asked, truth: Any) -> Answer:
        rang = state() == "ALARM"
        done = {"Timestamp": datetime(2026, 11, 1, tzinfo=UTC), "HistorySummary": f"{said} {topic}"}
        return answer(asked, {"AlarmHistoryItems": [{"AlarmName": "keys", **done}] if rang else []})

    server.faults = {"cloudwatch.describe_alarm_history": history}
    assert say("alarms", "drill", "keys")[0] == 0
    assert state() != "ALARM"
    assert say("change", "approve", CHANGE, by="boss")[0] == 0
    assert say("change", "apply", CHANGE)[0] == code
    assert state() == "ALARM"
    assert "rings already" in say("alarms", "drill", "keys")[2]
    undone(say)
    assert (state() == "OK") == (code == 0)  # what failed has taken no effect: the alarm finds back by itself


@pytest.mark.parametrize(
    ("theirs", "why"),
    [(lambda text: True, ""), (lambda text: "Disable" not in text, "AWS says otherwise of kms:D")],
)
def test_aws_is_asked_about_a_filter(
    theirs: Any, why: str, aws: Aws, trail: str, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moto has no TestMetricFilter: where AWS agrees the chain is what ours is, and where not the filter is unknown."""
    pattern = "{ $.eventName = DisableKey || $.eventName = ScheduleKeyDeletion }"
    metric = {"metricName": "keys", "metricNamespace": "CloudTrail", "metricValue": "1"}
    aws.client("logs").put_metric_filter(
        logGroupName=GROUP, filterName="keys", filterPattern=pattern, metricTransformations=[metric]
    )

    def tested(asked: Asked, truth: Any) -> Answer:
        texts = asked.params()["logEventMessages"]
        assert asked.params()["filterPattern"] == pattern and len(texts) <= 50
        return answer(asked, {"matches": [{"eventNumber": n} for n, text in enumerate(texts, 1) if theirs(text)]})

    with serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        server.faults = {"logs.test_metric_filter": tested}
        words = ["--alarm", "key-deletion", "--ask-aws", "--region", REGION, "--format", "json"]
        done = CliRunner().invoke(app, ["alarms", "prove", "aws", *words])
        assert server.calls["logs.test_metric_filter"] > 0, done.output
    told = json.loads(done.stdout)[0]["chains"][0]
    links = {link["link"]: link for link in told["links"]}
    # The trail of moto never delivered anything, which breaks the chain whatever the filter does.
    assert links["metric filter"]["holds"] is (None if why else True), done.output
    assert why in (links["metric filter"]["why"] or "")
