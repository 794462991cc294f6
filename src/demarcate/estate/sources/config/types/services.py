"""Containers, messaging, CloudFront, API Gateway, CloudFormation, Step Functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from demarcate.estate.schema.conversion import convert
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import From
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.config.forms import changed, live, member
from demarcate.estate.sources.config.recorded import Recorded, Told


def _revision(arn: str) -> Any:
    ending = re.search(r":(\d+)$", arn)
    return int(ending[1]) if ending else ABSENT


def _active(definition: dict[str, Any], _: Any) -> Iterator[dict[str, Any]]:
    if definition.get("Status", "ACTIVE") == "ACTIVE":
        yield definition


def _cluster(service: Mapping[str, Any], item: Any) -> dict[str, Any]:
    """The cluster of a service, which Config may have by name or as an ARN."""
    name = service["Cluster"]
    arn = f"arn:{item.partition}:ecs:{item.region}:{item.account}:cluster/{name}"
    return {"clusterArn": name if name.startswith("arn:") else arn}


def _logging(cluster: Mapping[str, Any], _: Any) -> dict[str, Any]:
    """The logs of an EKS cluster as the API has them, from the form of the CloudFormation resource."""
    told = (cluster.get("Logging") or {}).get("ClusterLogging") or {}
    types = [enabled["Type"] for enabled in told.get("EnabledTypes") or []]
    return {"Logging": {"ClusterLogging": [{"types": types, "enabled": True}]}}


def _queue_encrypted(attributes: Mapping[str, Any]) -> Any:
    if attributes.get("KmsMasterKeyId"):
        return True
    managed = attributes.get("SqsManagedSseEnabled")
    return ABSENT if managed is None else convert("BOOLEAN", managed, "SqsManagedSseEnabled")


def _distribution(configuration: dict[str, Any], _: Any) -> Iterator[dict[str, Any]]:
    """A distribution as it is listed: with the members of its configuration beside its own."""
    config = configuration["distributionConfig"]
    origins = [_origin(origin) for origin in config["origins"]["items"]]
    yield {**configuration, **config, "origins": {**config["origins"], "items": origins}}


def _origin(origin: Mapping[str, Any]) -> dict[str, Any]:
    """An origin; null where it has no origin access control, which the API tells as empty text."""
    control = {"originAccessControlId": ""} if origin.get("originAccessControlId", "") is None else {}
    return {**origin, **control}


def _where_told(name: str, column: str, told: str, listed: Callable[[Any], list[Any]]) -> From:
    """A column of distributions, where Config has the member that decides it in everything that may have it."""
    decide = live("aws_cloudfront_distribution", column)

    def value(whole: Any) -> Any:
        missing = any(told not in item for item in listed(whole))
        return Unknown(Kind.UNTOLD, f"AWS Config does not record {told}") if missing else decide(whole)

    return From(name, value)


def _origins(config: Mapping[str, Any]) -> list[Any]:
    return list(config.get("Items", ()))


def _behaviors(config: Mapping[str, Any]) -> list[Any]:
    return [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", {}).get("Items", ())]


_CONTROL = "OriginAccessControlId"


def _stage(_: Mapping[str, Any], item: Any) -> dict[str, Any]:
    """The API of a stage, which only its ARN tells."""
    named = re.search(r"/(?:rest)?apis/([^/]+)/stages/", item.arn or item.id)
    return {"api": named[1]} if named else {}


_API = From("@", member("api"))

RECORDED = (
    Recorded(
        "AWS::EKS::Cluster",
        "aws_eks_cluster",
        each=changed(_logging),
        names={"ClusterStatus": "status"},
        absent=("logging_types", "encrypted_resources", "encryption_key_arn", "security_group_ids"),
    ),
    Recorded(
        "AWS::ECS::Cluster",
        "aws_ecs_cluster",
        names={"Arn": "clusterArn", "ClusterSettings": "settings"},
        absent=(
            *("execute_command_logging", "execute_command_kms_key_id", "execute_command_log_group"),
            *("execute_command_s3_bucket", "capacity_providers"),
        ),
    ),
    Recorded(
        "AWS::ECS::Service",
        "aws_ecs_service",
        each=changed(_cluster),
        absent=(
            *("capacity_providers", "assign_public_ip", "subnets", "security_groups"),
            *("deployment_controller_type", "deployment_circuit_breaker_enabled"),
            "deployment_circuit_breaker_rollback",
        ),
    ),
    Recorded(
        "AWS::ECS::TaskDefinition",
        "aws_ecs_task_definition",
        each=_active,
        at="taskDefinition",
        newest=("family", "revision"),
        columns={"revision": From("taskDefinition.taskDefinitionArn", _revision)},
        absent=(
            *("requires_compatibilities", "network_mode", "pid_mode", "ipc_mode", "execution_role_arn"),
            *("task_role_arn", "cpu", "memory", "volumes", "efs_volumes_without_encryption"),
        ),
    ),
    Recorded(
        "AWS::SNS::Topic",
        "aws_sns_topic",
        details={"attributes": Told("", "Attributes")},
        absent=("display_name", "kms_master_key_id"),
    ),
    Recorded(
        "AWS::SQS::Queue",
        "aws_sqs_queue",
        value="QueueUrl",
        details={"attributes": Told("", "Attributes")},
        absent=("kms_master_key_id", "fifo_queue"),
        columns={"encrypted": From("@attributes.Attributes", _queue_encrypted)},
    ),
    Recorded(
        "AWS::CloudFront::Distribution",
        "aws_cloudfront_distribution",
        each=_distribution,
        details={"config": Told("")},
        columns={
            "realtime_log_config_arns": _where_told(
                "@", "realtime_log_config_arns", "RealtimeLogConfigArn", _behaviors
            ),
            "trusted_key_groups": _where_told("@", "trusted_key_groups", "TrustedKeyGroups", _behaviors),
            "s3_origins_without_identity": _where_told(
                "Origins", "s3_origins_without_identity", _CONTROL, _origins
            ),
            "s3_origins_without_access_control": _where_told(
                "Origins", "s3_origins_without_access_control", _CONTROL, _origins
            ),
            "function_url_origins_without_access_control": _where_told(
                "Origins", "function_url_origins_without_access_control", _CONTROL, _origins
            ),
        },
        absent=("comment", "aliases", "default_root_object", "web_acl_id", "origin_failover", "logging_bucket"),
    ),
    Recorded(
        "AWS::ApiGateway::Stage",
        "aws_api_gateway_stage",
        each=changed(_stage),
        columns={"rest_api_id": _API},
        absent=(
            *("access_log_destination_arn", "cache_cluster_enabled", "client_certificate_id", "web_acl_arn"),
            "tracing_enabled",
        ),
    ),
    Recorded(
        "AWS::ApiGatewayV2::Stage",
        "aws_api_gatewayv2_stage",
        each=changed(_stage),
        columns={"api_id": _API, "protocol_type": None},
        absent=(
            *("access_log_destination_arn", "auto_deploy", "default_route_logging_level"),
            *("default_route_data_trace_enabled", "default_route_detailed_metrics_enabled"),
        ),
    ),
    Recorded(
        "AWS::CloudFormation::Stack",
        "aws_cloudformation_stack",
        each=changed(
            lambda stack, item: {
                name: stack.get(name) or item.supplementary.get(entry)
                for name, entry in (
                    ("enableTerminationProtection", "EnableTerminationProtection"),
                    ("parentId", "ParentStackId"),
                )
                if name in stack or entry in item.supplementary
            }
        ),
        absent=("status_reason", "description", "role_arn", "notification_arns", "capabilities", "outputs"),
    ),
    Recorded(
        "AWS::StepFunctions::StateMachine",
        "aws_sfn_state_machine",
        names={"Arn": "stateMachineArn", "StateMachineName": "name", "StateMachineType": "type"},
        absent=("logging_level", "logging_include_execution_data", "log_group_arn", "tracing_enabled"),
    ),
)
