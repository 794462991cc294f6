"""CloudWatch and CloudWatch Logs tables over HTTP. Moto has no account policies of CloudWatch Logs,
and makes no composite alarms."""

from __future__ import annotations

import json

from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.schema.rows import Address, Item, build
from demarcate.estate.tables import table
from tests.aws.conftest import Aws

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


def test_alarm(aws: Aws) -> None:
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="root",
        MetricName="RootUse",
        Namespace="Trail",
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[TOPIC],
    )
    (row,) = aws.rows("aws_cloudwatch_alarm")
    assert (row["name"], row["metric_name"], row["namespace"]) == ("root", "RootUse", "Trail")
    assert (row["actions_enabled"], row["alarm_actions"]) == (True, [TOPIC])
    assert (row["threshold"], row["period"]) == (1.0, 300)
    assert aws.rows("aws_cloudwatch_composite_alarm") == []


def test_dashboard(aws: Aws) -> None:
    aws.client("cloudwatch", "us-east-1").put_dashboard(
        DashboardName="main", DashboardBody=json.dumps({"widgets": []})
    )
    (row,) = aws.rows("aws_cloudwatch_dashboard")
    assert (row["name"], row["region"]) == ("main", "global")


def test_logs(aws: Aws) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="trail", tags={"env": "prod"})
    logs.create_log_group(logGroupName="kept")
    logs.put_retention_policy(logGroupName="kept", retentionInDays=365)
    logs.put_metric_filter(
        logGroupName="trail",
        filterName="root",
        filterPattern='{ $.userIdentity.type = "Root" }',
        metricTransformations=[{"metricName": "RootUse", "metricNamespace": "Trail", "metricValue": "1"}],
    )
    rows = {row["name"]: row for row in aws.rows("aws_cloudwatch_log_group")}
    assert (rows["trail"]["retention_in_days"], rows["kept"]["retention_in_days"]) == (0, 365)
    assert rows["trail"]["arn"] == "arn:aws:logs:eu-west-1:123456789012:log-group:trail"
    assert rows["trail"]["kms_key_id"] == ""
    assert json.loads(rows["trail"]["tags"]) == {"env": "prod"}
    (row,) = aws.rows("aws_cloudwatch_log_metric_filter")
    assert (row["log_group_name"], row["metric_transformation_name"]) == ("trail", "RootUse")
    assert row["filter_pattern"] == '{ $.userIdentity.type = "Root" }'


def test_subscription_filters_are_told_by_what_they_forwarded() -> None:
    """moto takes no metrics of AWS's own namespaces, so the answer is one that AWS documents."""
    metric = {
        "Namespace": "AWS/Logs",
        "MetricName": "ForwardedLogEvents",
        "Dimensions": [
            {"Name": "LogGroupName", "Value": "trail"},
            {"Name": "DestinationType", "Value": "Kinesis"},
            {"Name": "FilterName", "Value": "siem"},
        ],
    }
    of = table("aws_cloudwatch_log_subscription_filter")
    row = build(of.all_columns, lambda column: column.place("live"))(
        Item(metric), Address("123456789012", "eu-west-1", "aws")
    )
    assert (row["name"], row["log_group_name"]) == ("siem", "trail")
    assert row["arn"].endswith(":log-group:trail:subscription-filter:siem")


def test_no_subscription_filter_forwarded_anything(aws: Aws) -> None:
    assert aws.rows("aws_cloudwatch_log_subscription_filter") == []


def test_an_alarm_tells_the_events_on_which_it_does_not_go_off(aws: Aws) -> None:
    """Two filters ring together; what both leave out is told."""
    aws.client("s3").create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    logs, cloudtrail = aws.client("logs"), aws.client("cloudtrail")
    logs.create_log_group(logGroupName="trail")
    cloudtrail.create_trail(
        Name="main",
        S3BucketName="trail",
        IsMultiRegionTrail=True,
        CloudWatchLogsLogGroupArn="arn:aws:logs:eu-west-1:123456789012:log-group:trail:*",
        CloudWatchLogsRoleArn="arn:aws:iam::123456789012:role/trail",
    )
    cloudtrail.start_logging(Name="main")
    for name, calls in (("starts", ("CreateTrail", "StartLogging")), ("ends", ("DeleteTrail", "StopLogging"))):
        logs.put_metric_filter(
            logGroupName="trail",
            filterName=name,
            filterPattern=f"{{ {' || '.join(f'$.eventName = {call}' for call in calls)} }}",
            metricTransformations=[{"metricName": name, "metricNamespace": "Trail", "metricValue": "1"}],
        )
        aws.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            MetricName=name,
            Namespace="Trail",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            AlarmActions=[TOPIC],
        )
    check = load_checks()["cloudtrail-alarm-trail-changes"]
    (finding,) = judge(aws.snapshot(*check.tables), [check]).findings()
    assert (finding.verdict, finding.resource) == ("fail", "arn:aws:iam::123456789012:root")
    assert finding.reason == (
        "No alarm of account 123456789012 goes off on cloudtrail:UpdateTrail, whoever causes it"
    )
