"""Load balancers, CloudFront, API Gateway, WAF, certificates and Shield."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.terraform.forms import always, blocks, listed, members, within, worded
from demarcate.estate.sources.terraform.mapped import BLOCK, NOTHING, OWN, Mapped, Values
from demarcate.estate.sources.terraform.shaping import at

_SCHEMES: Final = {True: "internal", False: "internet-facing"}

_ATTRIBUTES: Final = {
    "access_logs.enabled": "access_logs.s3.enabled",
    "access_logs.bucket": "access_logs.s3.bucket",
    "access_logs.prefix": "access_logs.s3.prefix",
    "connection_logs.enabled": "connection_logs.s3.enabled",
    "connection_logs.bucket": "connection_logs.s3.bucket",
    "connection_logs.prefix": "connection_logs.s3.prefix",
    "health_check_logs.enabled": "health_check_logs.s3.enabled",
    "health_check_logs.bucket": "health_check_logs.s3.bucket",
    "client_keep_alive": "client_keep_alive.seconds",
    "desync_mitigation_mode": "routing.http.desync_mitigation_mode",
    "dns_record_client_routing_policy": "dns_record.client_routing_policy",
    "drop_invalid_header_fields": "routing.http.drop_invalid_header_fields.enabled",
    "enable_cross_zone_load_balancing": "load_balancing.cross_zone.enabled",
    "enable_deletion_protection": "deletion_protection.enabled",
    "enable_http2": "routing.http2.enabled",
    "enable_waf_fail_open": "waf.fail_open.enabled",
    "enable_zonal_shift": "zonal_shift.config.enabled",
    "idle_timeout": "idle_timeout.timeout_seconds",
    "preserve_host_header": "routing.http.preserve_host_header.enabled",
}
"""What the provider calls the attributes of a load balancer. Source: "Load balancer attributes", ELB user guides."""

_OF_APPLICATIONS: Final = ("load_balancing.cross_zone.enabled",)
"""Attributes that the provider says of an Application Load Balancer, where they are not its own to set."""


def _attributes(values: Values) -> Any:
    """The attributes of a load balancer as key and value."""
    pairs: list[Any] = []
    for path, key in _ATTRIBUTES.items():
        value = at(values, path)
        if value in (ABSENT, None, "") or (
            key in _OF_APPLICATIONS and values.get("load_balancer_type") in _APPLICATION
        ):
            continue
        if isinstance(value, bool):
            value = "true" if value else "false"
        pairs.append({"Key": key, "Value": str(value) if isinstance(value, int) else value})
    return pairs


_APPLICATION: Final = (None, "", "application")


def _actions(values: Values) -> Any:
    """What a listener does, as far as a template says the same."""
    several = blocks(values, "default_action")
    if isinstance(several, Unknown):
        return several
    return [each if isinstance(each, Unknown) else _action(each) for each in several]


_REDIRECT: Final = {
    "host": "Host",
    "path": "Path",
    "port": "Port",
    "protocol": "Protocol",
    "query": "Query",
    "status_code": "StatusCode",
}
_FIXED: Final = {"content_type": "ContentType", "message_body": "MessageBody", "status_code": "StatusCode"}
_TARGET: Final = {"arn": "TargetGroupArn", "weight": "Weight"}


def _action(block: Mapping[str, Any]) -> dict[str, Any]:
    groups = at(block, "forward.target_group")
    parts = {
        "Type": block.get("type"),
        "Order": block.get("order"),
        "TargetGroupArn": block.get("target_group_arn"),
        "RedirectConfig": members("redirect", _REDIRECT)(block),
        "FixedResponseConfig": members("fixed_response", _FIXED)(block),
        "AuthenticateOidcConfig": members("authenticate_oidc", {"issuer": "Issuer", "client_id": "ClientId"})(
            block
        ),
        "AuthenticateCognitoConfig": members("authenticate_cognito", {"user_pool_arn": "UserPoolArn"})(block),
        "ForwardConfig": {"TargetGroups": [members("@", _TARGET)(group) for group in groups]}
        if isinstance(groups, list)
        else None,
    }
    return {name: value for name, value in parts.items() if value not in (None, "", ABSENT)}


def _method_settings(values: Values) -> Any:
    """The settings of methods, by path: `*/*` is all."""
    path = values.get("method_path")
    if not isinstance(path, str):
        return path
    resource, _, method = path.rpartition("/")
    told = members(
        "settings",
        {
            "cache_data_encrypted": "CacheDataEncrypted",
            "caching_enabled": "CachingEnabled",
            "data_trace_enabled": "DataTraceEnabled",
            "logging_level": "LoggingLevel",
            "metrics_enabled": "MetricsEnabled",
        },
    )(values)
    if not isinstance(told, dict):
        return told
    return [{"HttpMethod": method, "ResourcePath": f"/{resource}", **told}]


def _origin_groups(values: Values) -> Any:
    several = blocks(values, "origin_group")
    if isinstance(several, Unknown):
        return several
    if not several:
        return ABSENT
    items = [
        {
            "Id": group.get("origin_id"),
            "Members": {"Items": [{"OriginId": each.get("origin_id")} for each in blocks(group, "member")]},
        }
        for group in several
    ]
    return {"Quantity": len(items), "Items": items}


def _policy(values: Values) -> Any:
    """A policy of a classic load balancer."""
    attributes = blocks(values, "policy_attribute")
    told = {"PolicyName": values.get("policy_name"), "PolicyType": values.get("policy_type_name")}
    if isinstance(attributes, Unknown):
        return [{**told, "Attributes": attributes}]
    return [
        {**told, "Attributes": [{"Name": each.get("name"), "Value": each.get("value")} for each in attributes]}
    ]


_APART: Final = Unknown(Kind.INDIRECT, "aws_load_balancer_listener_policy says which policies its listeners have")

_CLASSIC_LISTENER: Final[Mapping[str, Any]] = {
    "Listeners.LoadBalancerPort": "lb_port",
    "Listeners.Protocol": "lb_protocol",
    "Listeners.PolicyNames": NOTHING,
}
_BEHAVIORS: Final = {
    f"DistributionConfig.{behavior}.*": NOTHING for behavior in ("CacheBehaviors", "DefaultCacheBehavior")
}

MAPPED = (
    *(
        Mapped(
            resource,
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            ref=("arn", "id"),
            names={
                "LoadBalancerAttributes": _attributes,
                "Scheme": worded("internal", _SCHEMES),
                "Type": "load_balancer_type",
                "SubnetMappings": "subnet_mapping",
            },
        )
        for resource in ("aws_lb", "aws_alb")
    ),
    *(
        Mapped(
            resource,
            "AWS::ElasticLoadBalancingV2::Listener",
            ref=("arn", "id"),
            names={
                "Certificates": lambda values: (
                    [{"CertificateArn": values["certificate_arn"]}] if values.get("certificate_arn") else ABSENT
                ),
                "DefaultActions": _actions,
                "AlpnPolicy": listed("alpn_policy"),
            },
        )
        for resource in ("aws_lb_listener", "aws_alb_listener")
    ),
    *(
        Mapped(
            resource,
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            ref=("arn", "id"),
            names={"HealthCheckEnabled": "health_check.enabled", "HealthCheckProtocol": "health_check.protocol"},
        )
        for resource in ("aws_lb_target_group", "aws_alb_target_group")
    ),
    Mapped(
        "aws_elb",
        "AWS::ElasticLoadBalancing::LoadBalancer",
        ref=("name", "id"),
        names={
            "LoadBalancerName": "name",
            "AccessLoggingPolicy": "access_logs",
            "AccessLoggingPolicy.S3BucketName": "bucket",
            "AccessLoggingPolicy.S3BucketPrefix": "bucket_prefix",
            "AccessLoggingPolicy.EmitInterval": "interval",
            "ConnectionDrainingPolicy": within("Enabled", "connection_draining"),
            "CrossZone": "cross_zone_load_balancing",
            "Scheme": worded("internal", _SCHEMES),
            **_CLASSIC_LISTENER,
            "Policies": NOTHING,
            f"{OWN}DesyncMitigationMode": "desync_mitigation_mode",
        },
    ),
    Mapped(
        "aws_load_balancer_policy",
        "AWS::ElasticLoadBalancing::LoadBalancer",
        into="load_balancer_name",
        names={"Policies": _policy},
    ),
    Mapped(
        "aws_load_balancer_listener_policy",
        "AWS::ElasticLoadBalancing::LoadBalancer",
        into="load_balancer_name",
        names={"Listeners": always(_APART)},
    ),
    Mapped(
        "aws_cloudfront_distribution",
        "AWS::CloudFront::Distribution",
        names={
            "DistributionConfig": BLOCK,
            "DistributionConfig.CNAMEs": NOTHING,
            "DistributionConfig.CacheBehaviors": "ordered_cache_behavior",
            "DistributionConfig.CustomOrigin": NOTHING,
            "DistributionConfig.S3Origin": NOTHING,
            "DistributionConfig.IPV6Enabled": "is_ipv6_enabled",
            "DistributionConfig.Logging": "logging_config",
            "DistributionConfig.OriginGroups": _origin_groups,
            "DistributionConfig.Origins": "origin",
            "DistributionConfig.Origins.Id": "origin_id",
            "DistributionConfig.Origins.OriginCustomHeaders": "custom_header",
            "DistributionConfig.Origins.OriginCustomHeaders.HeaderName": "name",
            "DistributionConfig.Origins.OriginCustomHeaders.HeaderValue": "value",
            "DistributionConfig.Origins.CustomOriginConfig.*": NOTHING,
            "DistributionConfig.Origins.S3OriginConfig.*": NOTHING,
            "DistributionConfig.Origins.VpcOriginConfig.*": NOTHING,
            "DistributionConfig.ViewerCertificate.CloudFrontDefaultCertificate": "cloudfront_default_certificate",
            **_BEHAVIORS,
        },
    ),
    Mapped("aws_wafv2_web_acl_association", "AWS::WAFv2::WebACLAssociation"),
    Mapped(
        "aws_wafv2_web_acl",
        "AWS::WAFv2::WebACL",
        ref=("arn", "id"),
        names={
            "Rules.Action.Monetize": NOTHING,
        },
    ),
    Mapped("aws_wafv2_web_acl_logging_configuration", "AWS::WAFv2::LoggingConfiguration"),
    Mapped(
        "aws_api_gateway_rest_api",
        "AWS::ApiGateway::RestApi",
        names={"ApiKeySourceType": "api_key_source", "SecurityPolicy": NOTHING},
    ),
    Mapped(
        "aws_api_gateway_stage",
        "AWS::ApiGateway::Stage",
        names={
            "AccessLogSetting": "access_log_settings",
            "MethodSettings": NOTHING,
            "TracingEnabled": "xray_tracing_enabled",
        },
        ref=("stage_name", "id"),
    ),
    Mapped(
        "aws_api_gateway_method_settings",
        "AWS::ApiGateway::Stage",
        into="stage_name",
        within={"RestApiId": "rest_api_id"},
        names={"MethodSettings": _method_settings},
    ),
    Mapped("aws_api_gateway_domain_name", "AWS::ApiGateway::DomainName", ref=("domain_name", "id")),
    Mapped("aws_apigatewayv2_api", "AWS::ApiGatewayV2::Api"),
    Mapped("aws_apigatewayv2_route", "AWS::ApiGatewayV2::Route"),
    Mapped("aws_apigatewayv2_stage", "AWS::ApiGatewayV2::Stage", names={"StageName": "name"}),
    Mapped(
        "aws_acm_certificate",
        "AWS::CertificateManager::Certificate",
        ref=("arn", "id"),
        names={
            "CertificateExport": "options.export",
            "CertificateTransparencyLoggingPreference": "options.certificate_transparency_logging_preference",
        },
    ),
    Mapped(
        "aws_acmpca_certificate_authority",
        "AWS::ACMPCA::CertificateAuthority",
        ref=("arn", "id"),
        names={
            "KeyAlgorithm": "certificate_authority_configuration.key_algorithm",
            "SigningAlgorithm": "certificate_authority_configuration.signing_algorithm",
            "Subject": "certificate_authority_configuration.subject",
        },
    ),
    Mapped(
        "aws_shield_protection",
        "AWS::Shield::Protection",
        names={"HealthCheckArns": NOTHING},
    ),
    Mapped(
        "aws_shield_protection_health_check_association",
        "AWS::Shield::Protection",
        into="shield_protection_id",
        names={"HealthCheckArns": listed("health_check_arn")},
    ),
)
