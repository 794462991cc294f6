"""EC2 instances and volumes, Auto Scaling, Lambda and Elastic Beanstalk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.table import From
from demarcate.estate.sources.config.forms import changed, unless
from demarcate.estate.sources.config.recorded import Recorded, Told


def _terminated(instance: Mapping[str, Any]) -> bool:
    state = instance.get("state")
    return isinstance(state, dict) and state.get("name") in ("terminated", "shutting-down")


def _with_tags(_: Mapping[str, Any], item: Any) -> dict[str, Any]:
    """The item's tags as the API lists them: the columns that look for AWS's own tags find them there."""
    tags = item.tags
    if isinstance(tags, list):
        tags = {tag["key"]: tag.get("value", "") for tag in tags}
    return {"tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]}


def _instances(configuration: dict[str, Any], item: Any) -> Iterator[dict[str, Any]]:
    for instance in unless(_terminated)(configuration, item):
        yield from changed(_with_tags)(instance, item)


def _default_version(template: dict[str, Any], _: Any) -> Iterator[dict[str, Any]]:
    """A launch template. Which version Config has the data of is clear only where the default is the latest."""
    versions = [str(template.get(name)) for name in ("DefaultVersionNumber", "LatestVersionNumber")]
    clear = versions[0] == versions[1] != "None"
    yield {key: value for key, value in template.items() if clear or key != "LaunchTemplateData"}


RECORDED = (
    Recorded(
        "AWS::EC2::Instance",
        "aws_ec2_instance",
        each=_instances,
        absent=(
            *("platform", "vpc_id", "subnet_id", "public_ip_address", "key_name", "iam_instance_profile_arn"),
            *("instance_lifecycle", "state_transition_reason"),
        ),
    ),
    Recorded(
        "AWS::EC2::Volume",
        "aws_ebs_volume",
        absent=("kms_key_id", "snapshot_id", "attachments", "attached_instance_ids"),
    ),
    Recorded(
        "AWS::EC2::LaunchTemplate",
        "aws_ec2_launch_template",
        declared=True,
        each=_default_version,
        proof="configuration.LaunchTemplateData",
        absent=(
            *("image_id", "image_from_parameter", "instance_type", "metadata_http_tokens", "security_group_ids"),
            *("metadata_http_endpoint", "associate_public_ip_address", "unencrypted_devices", "key_name"),
            *("monitoring_enabled", "disable_api_termination"),
        ),
        columns={
            "launch_template_id": From("Id"),
            "default_version_number": From("DefaultVersionNumber"),
            "latest_version_number": From("LatestVersionNumber"),
        },
    ),
    Recorded(
        "AWS::AutoScaling::AutoScalingGroup",
        "aws_ec2_autoscaling_group",
        absent=(
            *("launch_configuration_name", "mixed_instances", "subnet_ids", "max_instance_lifetime", "status"),
            *("capacity_rebalance", "suspended_processes", "metrics_collected"),
        ),
    ),
    Recorded(
        "AWS::AutoScaling::LaunchConfiguration",
        "aws_ec2_launch_configuration",
        absent=(
            *("metadata_http_tokens", "metadata_http_endpoint", "iam_instance_profile", "security_groups"),
            *("unencrypted_devices", "key_name", "user_data_secrets"),
        ),
    ),
    Recorded(
        "AWS::Lambda::Function",
        "aws_lambda_function",
        details={"policy": Told("Policy", "Policy"), "concurrency": Told("Concurrency")},
        absent=(
            *("runtime", "handler", "vpc_subnet_ids", "vpc_security_group_ids", "kms_key_arn", "layers"),
            *("dead_letter_config_target_arn", "signing_profile_version_arn"),
        ),
    ),
    Recorded(
        "AWS::ElasticBeanstalk::Environment",
        "aws_elastic_beanstalk_environment",
        absent=("version_label", "solution_stack_name", "platform_arn"),
    ),
)
