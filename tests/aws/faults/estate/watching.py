"""What records, backs up and watches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.aws.faults.estate.computing import ROLE
from tests.aws.faults.estate.networks import Net

TAGS = [{"Key": "env", "Value": "test"}]


def fill(make: Callable[..., Any], net: Net) -> None:
    """Create them."""
    _recording(make)
    _logs(make)
    _backups(make("backup"))
    make("guardduty").create_detector(Enable=True, Tags={"env": "test"})
    make("securityhub").enable_security_hub(Tags={"env": "test"})
    resolver = make("route53resolver")
    queries = resolver.create_resolver_query_log_config(
        Name="dns", DestinationArn="arn:aws:s3:::open", CreatorRequestId="1"
    )
    resolver.associate_resolver_query_log_config(
        ResolverQueryLogConfigId=queries["ResolverQueryLogConfig"]["Id"], ResourceId=net.vpc
    )
    make("inspector2").enable(accountIds=["123456789012"], resourceTypes=["EC2"])
    make("macie2").enable_macie(status="ENABLED")
    make("cloudformation").create_stack(
        StackName="stack",
        TemplateBody=json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}),
        Tags=TAGS,
    )


def _recording(make: Callable[..., Any]) -> None:
    trail = make("cloudtrail")
    trail.create_trail(
        Name="main",
        S3BucketName="open",
        IsMultiRegionTrail=True,
        CloudWatchLogsLogGroupArn="arn:aws:logs:eu-west-1:123456789012:log-group:/app:*",
        CloudWatchLogsRoleArn=ROLE,
        TagsList=TAGS,
    )
    trail.start_logging(Name="main")
    trail.put_insight_selectors(TrailName="main", InsightSelectors=[{"InsightType": "ApiCallRateInsight"}])
    config = make("config")
    config.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default",
            "roleARN": ROLE,
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        }
    )
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "open"})
    config.start_configuration_recorder(ConfigurationRecorderName="default")
    config.put_config_rule(
        ConfigRule={
            "ConfigRuleName": "volumes",
            "Source": {"Owner": "AWS", "SourceIdentifier": "ENCRYPTED_VOLUMES"},
        }
    )
    config.put_configuration_aggregator(
        ConfigurationAggregatorName="all",
        AccountAggregationSources=[{"AccountIds": ["123456789012"], "AllAwsRegions": True}],
    )


def _logs(make: Callable[..., Any]) -> None:
    logs = make("logs")
    logs.create_log_group(logGroupName="/app", tags={"env": "test"})
    logs.put_metric_filter(
        logGroupName="/app",
        filterName="root",
        filterPattern='{ $.userIdentity.type = "Root" }',
        metricTransformations=[{"metricName": "root", "metricNamespace": "own", "metricValue": "1"}],
    )
    watch = make("cloudwatch")
    forwarded = [{"Name": "LogGroupName", "Value": "/app"}, {"Name": "FilterName", "Value": "ship"}]
    watch.put_metric_data(
        Namespace="AWS/Logs",
        MetricData=[{"MetricName": "ForwardedLogEvents", "Dimensions": forwarded, "Value": 1}],
    )
    watch.put_metric_alarm(
        AlarmName="root",
        MetricName="root",
        Namespace="own",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=["arn:aws:sns:eu-west-1:123456789012:topic"],
        Tags=TAGS,
    )
    make("cloudwatch", "us-east-1").put_dashboard(DashboardName="main", DashboardBody=json.dumps({"widgets": []}))


def _backups(backup: Any) -> None:
    backup.create_backup_vault(BackupVaultName="vault")
    backup.create_backup_plan(
        BackupPlan={
            "BackupPlanName": "plan",
            "Rules": [
                {
                    "RuleName": "daily",
                    "TargetBackupVaultName": "vault",
                    "ScheduleExpression": "cron(0 5 ? * * *)",
                    "Lifecycle": {"DeleteAfterDays": 35},
                }
            ],
        },
        BackupPlanTags={"env": "test"},
    )
