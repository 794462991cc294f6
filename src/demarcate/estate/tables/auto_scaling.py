"""Amazon EC2 Auto Scaling: groups and launch configurations."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.secrets import secrets_in_data
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Each,
    From,
    Int,
    ManagedBy,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import not_empty, present
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables.ec2 import IMAGE_DECIDES, unencrypted_devices


def _uses_launch_template(group: dict[str, Any]) -> Any:
    for key in ("LaunchTemplate", "MixedInstancesPolicy", "LaunchConfigurationName", "InstanceId"):
        value = group.get(key)
        if isinstance(value, Unknown):
            return value
        if value is not None:
            return key in ("LaunchTemplate", "MixedInstancesPolicy")
    return ABSENT


def _template(member: str) -> From:
    """A member of the launch template that a group uses, alone or for mixed instances."""

    def get(group: dict[str, Any]) -> Any:
        used = group.get("LaunchTemplate")
        if used is None:
            used = (
                group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
            )
        if isinstance(used, Unknown):
            return used
        return (used or {}).get(member, ABSENT)

    return From("@", get, absent="")


def _overrides(group: dict[str, Any]) -> Any:
    return group["MixedInstancesPolicy"]["LaunchTemplate"].get("Overrides", [])


def _instance_types(group: dict[str, Any]) -> Any:
    """How many instance types a group may choose from."""
    if "MixedInstancesPolicy" not in group:
        return 1
    overrides = _overrides(group)
    if isinstance(overrides, Unknown):
        return overrides
    if any(isinstance(override, Unknown) or "InstanceRequirements" in override for override in overrides):
        return Unknown(Kind.INDIRECT, "instances are chosen by their attributes")
    return max(1, len({str(override["InstanceType"]) for override in overrides if "InstanceType" in override}))


def _load_balanced(group: dict[str, Any]) -> Any:
    unknown = None
    for key in ("LoadBalancerNames", "TargetGroupARNs", "TrafficSources"):
        value = group.get(key)
        if isinstance(value, Unknown):
            unknown = value
        elif value:
            return True
    return unknown or False


GROUP = Table(
    "aws_ec2_autoscaling_group",
    "An Auto Scaling group.",
    service="auto-scaling",
    live=Each("autoscaling.describe_auto_scaling_groups", "AutoScalingGroups[]"),
    cloudformation="AWS::AutoScaling::AutoScalingGroup",
    gone=("status", "Delete in progress"),
    columns=(
        Text("name", live="AutoScalingGroupName", cloudformation=REF),
        Arn(live="AutoScalingGroupARN", cloudformation=REF),
        Bool(
            "uses_launch_template",
            live=From("@", _uses_launch_template),
            cloudformation=From("@", _uses_launch_template),
            about="False where it uses a launch configuration.",
        ),
        Text(
            "launch_template_id", live=_template("LaunchTemplateId"), cloudformation=_template("LaunchTemplateId")
        ),
        Text("launch_template_version", live=_template("Version"), cloudformation=_template("Version")),
        Text(
            "launch_configuration_name",
            live="LaunchConfigurationName",
            absent="",
        ),
        Bool(
            "mixed_instances",
            live=From("MixedInstancesPolicy", present),
            absent=False,
        ),
        Int(
            "instance_type_count",
            live=From("@", _instance_types),
            cloudformation=From("@", _instance_types),
            about="How many instance types it may choose from.",
        ),
        Texts("availability_zones", live="AvailabilityZones"),
        Texts(
            "subnet_ids",
            live=From(
                "VPCZoneIdentifier", lambda text: [subnet.strip() for subnet in text.split(",") if subnet.strip()]
            ),
            cloudformation="VPCZoneIdentifier",
            absent=[],
        ),
        Text("health_check_type", live="HealthCheckType", cloudformation=From("HealthCheckType", absent="EC2")),
        Int("health_check_grace_period", live="HealthCheckGracePeriod", about="Seconds."),
        Bool(
            "load_balanced",
            live=From("@", _load_balanced),
            cloudformation=From("@", _load_balanced),
            about="Whether load balancers or target groups are attached.",
        ),
        Int(
            "max_instance_lifetime",
            live="MaxInstanceLifetime",
            absent=0,
            about="Seconds after which an instance is replaced; 0 for never.",
        ),
        Bool("capacity_rebalance", live="CapacityRebalance", absent=False),
        Bool(
            "new_instances_protected_from_scale_in",
            live="NewInstancesProtectedFromScaleIn",
            absent=False,
        ),
        Int("min_size", live="MinSize"),
        Int("max_size", live="MaxSize"),
        Int("desired_capacity", live="DesiredCapacity"),
        Text("status", live="Status", absent="", about="Delete in progress, or empty."),
        Texts(
            "suspended_processes",
            live=From("SuspendedProcesses", lambda processes: [process["ProcessName"] for process in processes]),
            absent=[],
        ),
        Bool(
            "metrics_collected",
            live=From("EnabledMetrics", not_empty),
            cloudformation=From("MetricsCollection", not_empty),
            absent=False,
        ),
        Time("created_time", live="CreatedTime"),
        ManagedBy(live="Operator.Principal"),
        Tags(live="Tags"),
    ),
)

INSTANCE_REFRESH = Table(
    "aws_ec2_autoscaling_instance_refresh",
    "A refresh of an Auto Scaling group: its instances are replaced by new ones.",
    service="auto-scaling",
    live=(
        Each("autoscaling.describe_auto_scaling_groups", "AutoScalingGroups[]"),
        Each(
            "autoscaling.describe_instance_refreshes",
            "InstanceRefreshes[]",
            inputs={"AutoScalingGroupName": "AutoScalingGroupName"},
        ),
    ),
    columns=(
        Text("instance_refresh_id", live="InstanceRefreshId"),
        Arn("arn:{partition}:autoscaling:{region}:{account_id}:instanceRefresh:{instance_refresh_id}"),
        Text("autoscaling_group_name", live="AutoScalingGroupName"),
        Text("status", live="Status", about="Pending, InProgress, Baking, Successful, Failed, Rollback…, Cancel…"),
        Text("status_reason", live="StatusReason", absent=""),
        Text("strategy", live="Strategy", absent="", about="Rolling or ReplaceRootVolume."),
        Bool("auto_rollback", live="Preferences.AutoRollback", absent=False),
        Bool(
            "has_desired_configuration",
            live=From("DesiredConfiguration", present),
            absent=False,
            about="Whether it names what it leads to; without that it cannot be rolled back.",
        ),
        Int("percentage_complete", live="PercentageComplete"),
        Int("instances_to_update", live="InstancesToUpdate"),
        Time("start_time", live="StartTime"),
        Time("end_time", live="EndTime"),
        ManagedBy(live="^.Operator.Principal"),
    ),
)

LAUNCH_CONFIGURATION = Table(
    "aws_ec2_launch_configuration",
    "A launch configuration, which launch templates have replaced.",
    service="auto-scaling",
    live=Each("autoscaling.describe_launch_configurations", "LaunchConfigurations[]"),
    cloudformation="AWS::AutoScaling::LaunchConfiguration",
    columns=(
        Text("name", live="LaunchConfigurationName", cloudformation=REF),
        Arn(live="LaunchConfigurationARN", cloudformation=REF),
        Text("image_id", live="ImageId"),
        Text("instance_type", live="InstanceType"),
        Text(
            "metadata_http_tokens",
            live="MetadataOptions.HttpTokens",
            absent="",
            about="required, optional, or empty: left to the account's default and the image.",
        ),
        Text(
            "metadata_http_endpoint",
            live="MetadataOptions.HttpEndpoint",
            absent="",
        ),
        Int(
            "metadata_http_put_response_hop_limit",
            live="MetadataOptions.HttpPutResponseHopLimit",
        ),
        Bool(
            "associate_public_ip_address",
            live="AssociatePublicIpAddress",
            about="Unknown where it is left to the subnet.",
        ),
        Text("iam_instance_profile", live="IamInstanceProfile", absent=""),
        Bool(
            "instance_monitoring_enabled",
            live=From("InstanceMonitoring.Enabled", absent=True),
            cloudformation=From("InstanceMonitoring", absent=True),
            about="Whether detailed monitoring is on, as it is by default.",
        ),
        Bool("ebs_optimized", live="EbsOptimized", absent=False),
        Texts("security_groups", live="SecurityGroups", absent=[]),
        Texts(
            "unencrypted_devices",
            live=From("BlockDeviceMappings", unencrypted_devices),
            absent=IMAGE_DECIDES,
            about="The devices whose volumes it does not ask to be encrypted; unknown where it declares no volume.",
        ),
        Text("key_name", live="KeyName", absent=""),
        Texts(
            "user_data_secrets",
            live=From("UserData", secrets_in_data),
            absent=[],
            about="What kinds of secrets its user data seems to hold; never their values.",
        ),
        Time("created_time", live="CreatedTime"),
    ),
)
