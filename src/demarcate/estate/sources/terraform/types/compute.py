"""Instances, Auto Scaling, containers, functions and batches."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.terraform.forms import blocks, members, within
from demarcate.estate.sources.terraform.mapped import NOTHING, Mapped, Values
from demarcate.estate.sources.terraform.shaping import at

_HASH: Final = re.compile(r"[0-9a-f]{40}")
"""What the provider keeps of user data before its version 6."""

_EBS: Final = {
    "encrypted": "Encrypted",
    "iops": "Iops",
    "kms_key_id": "KmsKeyId",
    "snapshot_id": "SnapshotId",
    "throughput": "Throughput",
    "volume_size": "VolumeSize",
    "volume_type": "VolumeType",
    "delete_on_termination": "DeleteOnTermination",
}


def _user_data(values: Values) -> Any:
    """User data as a template has it: base64. The provider may have kept nothing but a hash."""
    plain, encoded = values.get("user_data"), values.get("user_data_base64")
    if encoded or plain is None or isinstance(plain, Unknown | StandIn) or not plain:
        return encoded or plain or ABSENT
    if _HASH.fullmatch(plain):
        return Unknown(Kind.UNTOLD, "the provider keeps no more than a hash of user data")
    return base64.b64encode(plain.encode()).decode()


def _devices(values: Values) -> Any:
    """The volumes that an instance or a launch configuration asks for, its root among them."""
    devices: list[Any] = []
    for name in ("root_block_device", "ebs_block_device"):
        several = blocks(values, name)
        if isinstance(several, Unknown):
            return several
        for block in several:
            told = block if isinstance(block, Mapping) else {}
            ebs = {
                to: value for attribute, to in _EBS.items() if (value := told.get(attribute)) not in (None, "", 0)
            }
            devices.append({"DeviceName": told.get("device_name") or "root", "Ebs": ebs})
    return devices or ABSENT


def _interfaces(values: Values) -> Any:
    """The network interface of an instance that asks for a public address, or for none."""
    told = values.get("associate_public_ip_address")
    if told is None:
        return ABSENT
    interface = {"DeviceIndex": "0", "AssociatePublicIpAddress": told}
    if (subnet := values.get("subnet_id")) is not None:
        interface["SubnetId"] = subnet
    return [interface]


_TEMPLATE: Final = {
    "LaunchTemplate.LaunchTemplateId": "id",
    "LaunchTemplate.LaunchTemplateName": "name",
    "LaunchTemplate.Version": "version",
}


def _mixed(path: str) -> Mapping[str, str]:
    return {
        f"{path}.LaunchTemplate.Overrides": "override",
        f"{path}.LaunchTemplate.LaunchTemplateSpecification": "launch_template_specification",
        f"{path}.LaunchTemplate.Overrides.LaunchTemplateSpecification": "launch_template_specification",
    }


def _metrics(values: Values) -> Any:
    metrics = values.get("enabled_metrics")
    granularity = values.get("metrics_granularity") or "1Minute"
    return [{"Granularity": granularity, "Metrics": metrics}] if metrics else ABSENT


def _subnets(values: Values) -> Any:
    zones = values.get("vpc_zone_identifier")
    return zones if zones else ABSENT


def _group_tags(values: Values) -> Any:
    """The tags of an Auto Scaling group are blocks."""
    several = blocks(values, "tag")
    if isinstance(several, Unknown):
        return several
    return [{"Key": tag.get("key"), "Value": tag.get("value")} for tag in several] or ABSENT


_AWSVPC: Final = members(
    "network_configuration",
    {"assign_public_ip": "AssignPublicIp", "security_groups": "SecurityGroups", "subnets": "Subnets"},
)


def _awsvpc(member: str) -> Any:
    """The network of tasks, which a template says as ENABLED or DISABLED."""

    def function(values: Values) -> Any:
        told = _AWSVPC(values)
        if not isinstance(told, dict):
            return told
        public = told.get("AssignPublicIp")
        if isinstance(public, bool):
            told["AssignPublicIp"] = "ENABLED" if public else "DISABLED"
        return {member: told}

    return function


def _deployment(values: Values) -> Any:
    """What the provider has beside the block of deployments."""
    told: dict[str, Any] = {}
    for path, to in (
        ("deployment_configuration.strategy", "Strategy"),
        ("deployment_minimum_healthy_percent", "MinimumHealthyPercent"),
        ("deployment_maximum_percent", "MaximumPercent"),
    ):
        if (value := at(values, path)) not in (ABSENT, None):
            told[to] = value
    breaker = members("deployment_circuit_breaker", {"enable": "Enable", "rollback": "Rollback"})(values)
    alarms = members("alarms", {"enable": "Enable", "rollback": "Rollback", "alarm_names": "AlarmNames"})(values)
    told |= {} if breaker is ABSENT else {"DeploymentCircuitBreaker": breaker}
    return told | ({} if alarms is ABSENT else {"Alarms": alarms})


def _encrypted(values: Values) -> Any:
    """The key of a cluster's secrets: a list, as AWS has one configuration of them."""
    key = at(values, "encryption_config.provider.key_arn")
    if key is ABSENT:
        return ABSENT
    resources = at(values, "encryption_config.resources")
    return [{"Provider": {"KeyArn": key}, "Resources": resources if isinstance(resources, list) else []}]


def _cluster_logging(values: Values) -> Any:
    types = values.get("enabled_cluster_log_types")
    if not types:
        return ABSENT
    enabled = types if isinstance(types, Unknown) else [{"Type": type_} for type_ in types]
    return {"ClusterLogging": {"EnabledTypes": enabled}}


def _enabled(name: str, to: str) -> Any:
    """A rule that holds where its limit is said."""
    return lambda values: {"Enabled": True, to: values[name]} if values.get(name) else ABSENT


def _reserved(values: Values) -> Any:
    """How many may run at once: -1 is that none are reserved."""
    told = values.get("reserved_concurrent_executions")
    return ABSENT if told in (None, -1) else told


_PODS: Final[Mapping[str, Any]] = {
    f"EksProperties.PodProperties.{inner}*": NOTHING
    for inner in (
        "",
        "Volumes.",
        "Metadata.",
        *(
            f"{several}.{part}"
            for several in ("Containers", "InitContainers")
            for part in ("", "SecurityContext.", "VolumeMounts.", "Resources.")
        ),
    )
}
"""What a pod may have that the provider cannot set."""

MAPPED = (
    Mapped(
        "aws_instance",
        "AWS::EC2::Instance",
        names={
            "ImageId": "ami",
            "PrivateIpAddress": "private_ip",
            "SecurityGroupIds": "vpc_security_group_ids",
            "BlockDeviceMappings": _devices,
            "NetworkInterfaces": _interfaces,
            "UserData": _user_data,
            **_TEMPLATE,
        },
    ),
    Mapped(
        "aws_launch_template",
        "AWS::EC2::LaunchTemplate",
        names={
            "LaunchTemplateName": "name",
            "LaunchTemplateData": "@",
            "LaunchTemplateData.SecurityGroupIds": "vpc_security_group_ids",
            "LaunchTemplateData.NetworkInterfaces.Groups": "security_groups",
            "LaunchTemplateData.*": NOTHING,
        },
    ),
    Mapped(
        "aws_launch_configuration",
        "AWS::AutoScaling::LaunchConfiguration",
        ref=("name", "id"),
        names={
            "LaunchConfigurationName": "name",
            "BlockDeviceMappings": _devices,
            "InstanceMonitoring": "enable_monitoring",
            "UserData": _user_data,
        },
    ),
    Mapped(
        "aws_autoscaling_group",
        "AWS::AutoScaling::AutoScalingGroup",
        ref=("name", "id"),
        names={
            "AutoScalingGroupName": "name",
            "LaunchConfigurationName": "launch_configuration",
            "MetricsCollection": _metrics,
            "NewInstancesProtectedFromScaleIn": "protect_from_scale_in",
            "VPCZoneIdentifier": _subnets,
            "LoadBalancerNames": "load_balancers",
            "Tags": _group_tags,
            **_TEMPLATE,
            **_mixed("MixedInstancesPolicy"),
        },
    ),
    Mapped("aws_batch_compute_environment", "AWS::Batch::ComputeEnvironment", ref=("arn", "id")),
    Mapped(
        "aws_batch_job_definition",
        "AWS::Batch::JobDefinition",
        ref=("arn", "id"),
        names={
            "JobDefinitionName": "name",
            "ConsumableResourceProperties": NOTHING,
            **_PODS,
        },
    ),
    Mapped(
        "aws_ecs_cluster",
        "AWS::ECS::Cluster",
        ref=("name", "id"),
        names={"ClusterName": "name", "ClusterSettings": "setting"},
    ),
    Mapped(
        "aws_ecs_service",
        "AWS::ECS::Service",
        ref=("arn", "id"),
        names={
            "ServiceName": "name",
            "DeploymentConfiguration": _deployment,
            "NetworkConfiguration": _awsvpc("AwsvpcConfiguration"),
        },
    ),
    Mapped(
        "aws_ecs_task_definition",
        "AWS::ECS::TaskDefinition",
        ref=("arn", "id"),
        names={
            "Volumes": "volume",
            "Volumes.ConfiguredAtLaunch": "configure_at_launch",
            "Volumes.Host": within("SourcePath", "host_path"),
            "Volumes.*": NOTHING,
            "Volumes.EFSVolumeConfiguration.*": NOTHING,
            "Volumes.DockerVolumeConfiguration.*": NOTHING,
            "Volumes.FSxWindowsFileServerVolumeConfiguration.*": NOTHING,
        },
    ),
    Mapped(
        "aws_ecs_task_set",
        "AWS::ECS::TaskSet",
        names={"NetworkConfiguration": _awsvpc("AwsVpcConfiguration")},
    ),
    Mapped("aws_eks_addon", "AWS::EKS::Addon"),
    Mapped(
        "aws_eks_cluster",
        "AWS::EKS::Cluster",
        ref=("name", "id"),
        names={"Logging": _cluster_logging, "ResourcesVpcConfig": "vpc_config", "EncryptionConfig": _encrypted},
    ),
    Mapped("aws_eks_fargate_profile", "AWS::EKS::FargateProfile", names={"Subnets": "subnet_ids"}),
    Mapped(
        "aws_eks_node_group",
        "AWS::EKS::Nodegroup",
        names={
            "NodeRole": "node_role_arn",
            "NodegroupName": "node_group_name",
            "Subnets": "subnet_ids",
            "RemoteAccess.SourceSecurityGroups": "source_security_group_ids",
        },
    ),
    Mapped("aws_emr_cluster", "AWS::EMR::Cluster"),
    Mapped(
        "aws_lambda_function",
        "AWS::Lambda::Function",
        ref=("function_name", "id"),
        names={
            "FunctionName": "function_name",
            "RuntimeManagementConfig": NOTHING,
            "ReservedConcurrentExecutions": _reserved,
            "Code": within("ImageUri", "image_uri"),
            "TracingConfig": "tracing_config",
            "VpcConfig.Ipv6AllowedForDualStack": "ipv6_allowed_for_dual_stack",
        },
    ),
    Mapped(
        "aws_lambda_runtime_management_config",
        "AWS::Lambda::Function",
        into="function_name",
        names={
            "RuntimeManagementConfig": members(
                "@", {"update_runtime_on": "UpdateRuntimeOn", "runtime_version_arn": "RuntimeVersionArn"}
            )
        },
    ),
    Mapped("aws_lambda_permission", "AWS::Lambda::Permission", names={"InvokedViaFunctionUrl": NOTHING}),
    Mapped("aws_lambda_layer_version_permission", "AWS::Lambda::LayerVersionPermission"),
    Mapped("aws_lambda_function_event_invoke_config", "AWS::Lambda::EventInvokeConfig"),
    Mapped(
        "aws_lambda_function_url",
        "AWS::Lambda::Url",
        names={"AuthType": "authorization_type", "TargetFunctionArn": "function_name"},
    ),
    Mapped(
        "aws_apprunner_service",
        "AWS::AppRunner::Service",
        ref=("arn", "id"),
    ),
    Mapped(
        "aws_elastic_beanstalk_application",
        "AWS::ElasticBeanstalk::Application",
        ref=("name", "id"),
        names={
            "ApplicationName": "name",
            "ResourceLifecycleConfig": "appversion_lifecycle",
            "ResourceLifecycleConfig.VersionLifecycleConfig": "@",
            "ResourceLifecycleConfig.VersionLifecycleConfig.MaxAgeRule": _enabled(
                "max_age_in_days", "MaxAgeInDays"
            ),
            "ResourceLifecycleConfig.VersionLifecycleConfig.MaxCountRule": _enabled("max_count", "MaxCount"),
        },
    ),
    Mapped(
        "aws_elastic_beanstalk_environment",
        "AWS::ElasticBeanstalk::Environment",
        ref=("name", "id"),
        names={
            "EnvironmentName": "name",
            "ApplicationName": "application",
            "OptionSettings": "setting",
            "OptionSettings.OptionName": "name",
            "OptionSettings.ResourceName": "resource",
            "Tier": within("Name", "tier"),
        },
    ),
)
