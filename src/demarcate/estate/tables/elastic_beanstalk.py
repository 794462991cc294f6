"""AWS Elastic Beanstalk: applications, environments and what their options say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.secrets import names_only, plaintext_secrets
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Column,
    Each,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown

_ENVIRONMENT = "aws:elasticbeanstalk:application:environment"
_HIDDEN = Unknown(Kind.INDIRECT, "a saved configuration or the application's .ebextensions may set it")


def _deployed(settings: Any) -> Any:
    """The options that are in force: while an update is under way there are two sets."""
    return next((s for s in settings if s.get("DeploymentStatus") == "deployed"), settings[0])["OptionSettings"]


def _find(options: Any, namespace: str, name: str) -> Any:
    unsure = None
    for option in options:
        if first_unknown([option] if isinstance(option, Unknown) else [option["Namespace"], option["OptionName"]]):
            unsure = unsure or first_unknown([option, *option.values()] if isinstance(option, dict) else option)
        elif (option["Namespace"], option["OptionName"]) == (namespace, name):
            value = option.get("Value")
            return ABSENT if value is None or value == "" else value
    return unsure or ABSENT


def _live(namespace: str, name: str) -> Callable[[Any], Any]:
    return lambda settings: _find(_deployed(settings), namespace, name)


def _declared(namespace: str, name: str) -> Callable[[Any], Any]:
    """An option of a template. What it leaves out may be set by files that the template only refers to."""

    def find(properties: Any) -> Any:
        options = properties.get("OptionSettings", [])
        if isinstance(options, Unknown):
            return options
        value = _find(options, namespace, name)
        hidden = "TemplateName" in properties or "VersionLabel" in properties
        return _HIDDEN if value is ABSENT and hidden else value

    return find


def _option(
    kind: Callable[..., Column], column: str, namespace: str, name: str, default: Any, about: str = ""
) -> Column:
    """A column from one option: its documented default where it is known to be set nowhere."""
    return kind(
        column,
        live=From("@settings.ConfigurationSettings", _live(namespace, name)),
        cloudformation=From("@", _declared(namespace, name)),
        absent=default,
        about=about,
    )


def _variables(options: Any) -> Any:
    """The environment's own variables."""
    variables = {}
    for option in options:
        unknown = first_unknown([option] if isinstance(option, Unknown) else [option["Namespace"]])
        if unknown:
            return unknown
        if option["Namespace"] == _ENVIRONMENT and option.get("Value") is not None:
            if isinstance(option["OptionName"], Unknown):
                return option["OptionName"]
            variables[option["OptionName"]] = option["Value"]
    return variables


def _declared_variables(properties: Any) -> Any:
    if "TemplateName" in properties or "VersionLabel" in properties:
        return _HIDDEN
    options = properties.get("OptionSettings", [])
    return options if isinstance(options, Unknown) else _variables(options)


def _declared_secrets(properties: Any) -> Any:
    """What the template itself gives away; that it gives away nothing does not tell of other files."""
    options = properties.get("OptionSettings", [])
    secrets = options if isinstance(options, Unknown) else plaintext_secrets(_variables(options))
    hidden = "TemplateName" in properties or "VersionLabel" in properties
    return _HIDDEN if secrets == [] and hidden else secrets


ENVIRONMENT = Table(
    "aws_elastic_beanstalk_environment",
    "An Elastic Beanstalk environment: one version of an application, running.",
    service="elastic-beanstalk",
    live=Each("elasticbeanstalk.describe_environments", "Environments[]", params={"IncludeDeleted": False}),
    details={
        "settings": Call(
            "elasticbeanstalk.describe_configuration_settings",
            inputs={"ApplicationName": "ApplicationName", "EnvironmentName": "EnvironmentName"},
        ),
        "platform": Call("elasticbeanstalk.describe_platform_version", inputs={"PlatformArn": "PlatformArn"}),
        "tags": Call("elasticbeanstalk.list_tags_for_resource", inputs={"ResourceArn": "EnvironmentArn"}),
    },
    cloudformation="AWS::ElasticBeanstalk::Environment",
    ref_property="EnvironmentName",
    gone=("status", "Terminating", "Terminated"),
    columns=(
        Text("environment_name", live="EnvironmentName", cloudformation=REF),
        Text("environment_id", live="EnvironmentId"),
        Arn(live="EnvironmentArn", cloudformation=REF),
        Text("application_name", live="ApplicationName"),
        Text("status", live="Status"),
        Text("health", live="Health"),
        Text("health_status", live="HealthStatus", about="'' where health reporting is basic.", absent=""),
        Text("version_label", live="VersionLabel", absent=""),
        Text("solution_stack_name", live="SolutionStackName", absent=""),
        Text("platform_arn", live="PlatformArn", absent=""),
        Text("platform_name", live="@platform.PlatformDescription.PlatformName"),
        Text("platform_version", live="@platform.PlatformDescription.PlatformVersion"),
        Text(
            "platform_lifecycle_state",
            live="@platform.PlatformDescription.PlatformLifecycleState",
            absent="",
            about="recommended, or '' where a newer version of the platform exists.",
        ),
        Text("platform_branch_name", live="@platform.PlatformDescription.PlatformBranchName"),
        Text(
            "platform_branch_lifecycle_state",
            live="@platform.PlatformDescription.PlatformBranchLifecycleState",
            about="beta, supported, deprecated or retired.",
        ),
        Text("tier", live="Tier.Name", cloudformation=From("Tier.Name", absent="WebServer")),
        _option(
            Bool,
            "managed_actions_enabled",
            "aws:elasticbeanstalk:managedactions",
            "ManagedActionsEnabled",
            False,
            "Whether platform updates are installed in a weekly window.",
        ),
        _option(
            Text,
            "preferred_start_time",
            "aws:elasticbeanstalk:managedactions",
            "PreferredStartTime",
            "",
            "The start of the weekly window, such as Tue:09:00; '' where none is chosen.",
        ),
        _option(
            Text,
            "update_level",
            "aws:elasticbeanstalk:managedactions:platformupdate",
            "UpdateLevel",
            "",
            "minor (patches too) or patch.",
        ),
        _option(
            Bool,
            "instance_refresh_enabled",
            "aws:elasticbeanstalk:managedactions:platformupdate",
            "InstanceRefreshEnabled",
            False,
            "Whether instances are replaced each week even where there is no update.",
        ),
        _option(
            Text,
            "health_reporting",
            "aws:elasticbeanstalk:healthreporting:system",
            "SystemType",
            "basic",
            "basic or enhanced.",
        ),
        _option(
            Bool,
            "log_streaming_enabled",
            "aws:elasticbeanstalk:cloudwatch:logs",
            "StreamLogs",
            False,
            "Whether the instances' logs go to CloudWatch.",
        ),
        _option(
            Int,
            "log_retention_in_days",
            "aws:elasticbeanstalk:cloudwatch:logs",
            "RetentionInDays",
            7,
        ),
        _option(
            Bool,
            "logs_deleted_on_terminate",
            "aws:elasticbeanstalk:cloudwatch:logs",
            "DeleteOnTerminate",
            False,
        ),
        _option(
            Bool,
            "health_streaming_enabled",
            "aws:elasticbeanstalk:cloudwatch:logs:health",
            "HealthStreamingEnabled",
            False,
        ),
        _option(
            Text,
            "deployment_policy",
            "aws:elasticbeanstalk:command",
            "DeploymentPolicy",
            "AllAtOnce",
            "AllAtOnce, Rolling, RollingWithAdditionalBatch, Immutable or TrafficSplitting.",
        ),
        _option(
            Text,
            "environment_type",
            "aws:elasticbeanstalk:environment",
            "EnvironmentType",
            "LoadBalanced",
            "LoadBalanced or SingleInstance.",
        ),
        _option(
            Text,
            "notification_endpoint",
            "aws:elasticbeanstalk:sns:topics",
            "Notification Endpoint",
            "",
            "Whom Beanstalk tells of events; '' where nobody.",
        ),
        _option(Bool, "xray_enabled", "aws:elasticbeanstalk:xray", "XRayEnabled", False),
        Json(
            "environment_variables",
            live=From(
                "@settings.ConfigurationSettings", lambda settings: names_only(_variables(_deployed(settings)))
            ),
            cloudformation=From("@", lambda properties: names_only(_declared_variables(properties))),
            about="Their names; no value is kept.",
        ),
        Texts(
            "plaintext_secret_names",
            live=From(
                "@settings.ConfigurationSettings",
                lambda settings: plaintext_secrets(_variables(_deployed(settings))),
            ),
            cloudformation=From("@", _declared_secrets),
            about="Environment variables that hold secrets as plain text, by their names or values.",
        ),
        Time("date_created", live="DateCreated"),
        Time("date_updated", live="DateUpdated"),
        Tags(live="@tags.ResourceTags"),
    ),
)

_ENVIRONMENTS = Each("elasticbeanstalk.describe_environments", "Environments[]", params={"IncludeDeleted": False})

MANAGED_ACTION = Table(
    "aws_elastic_beanstalk_managed_action",
    "A platform update that waits for the window of an environment.",
    service="elastic-beanstalk",
    live=(
        _ENVIRONMENTS,
        Each(
            "elasticbeanstalk.describe_environment_managed_actions",
            "ManagedActions[]",
            inputs={"EnvironmentId": "EnvironmentId"},
        ),
    ),
    columns=(
        Text("action_id", live="ActionId"),
        Arn("arn:{partition}:elasticbeanstalk:{region}:{account_id}:managed-action/{environment_id}/{action_id}"),
        Text("environment_id", live="^.EnvironmentId"),
        Text("environment_name", live="^.EnvironmentName"),
        Text("action_type", live="ActionType", about="PlatformUpdate or InstanceRefresh."),
        Text("action_description", live="ActionDescription", absent=""),
        Text("status", live="Status"),
        Time("window_start_time", live="WindowStartTime"),
    ),
)

MANAGED_ACTION_RESULT = Table(
    "aws_elastic_beanstalk_managed_action_history",
    "A platform update that was carried out on an environment, or failed.",
    service="elastic-beanstalk",
    live=(
        _ENVIRONMENTS,
        Each(
            "elasticbeanstalk.describe_environment_managed_action_history",
            "ManagedActionHistoryItems[]",
            inputs={"EnvironmentId": "EnvironmentId"},
        ),
    ),
    columns=(
        Text("action_id", live="ActionId"),
        Arn("arn:{partition}:elasticbeanstalk:{region}:{account_id}:managed-action/{environment_id}/{action_id}"),
        Text("environment_id", live="^.EnvironmentId"),
        Text("environment_name", live="^.EnvironmentName"),
        Text("action_type", live="ActionType"),
        Text("action_description", live="ActionDescription", absent=""),
        Text("status", live="Status", about="Completed, Failed or Unknown."),
        Text("failure_type", live="FailureType", absent=""),
        Text("failure_description", live="FailureDescription", absent=""),
        Time("executed_time", live="ExecutedTime"),
        Time("finished_time", live="FinishedTime"),
    ),
)

APPLICATION = Table(
    "aws_elastic_beanstalk_application",
    "An Elastic Beanstalk application, and how long its versions are kept.",
    service="elastic-beanstalk",
    live=Each("elasticbeanstalk.describe_applications", "Applications[]"),
    cloudformation="AWS::ElasticBeanstalk::Application",
    ref_property="ApplicationName",
    columns=(
        Text("name", live="ApplicationName", cloudformation=REF),
        Arn(live="ApplicationArn", cloudformation=REF),
        Bool(
            "max_count_rule_enabled",
            live="ResourceLifecycleConfig.VersionLifecycleConfig.MaxCountRule.Enabled",
            absent=False,
        ),
        Bool(
            "max_age_rule_enabled",
            live="ResourceLifecycleConfig.VersionLifecycleConfig.MaxAgeRule.Enabled",
            absent=False,
        ),
        Texts("versions", live="Versions", absent=[]),
        Time("date_created", live="DateCreated"),
        Time("date_updated", live="DateUpdated"),
    ),
)
