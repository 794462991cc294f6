"""Elastic Load Balancing: load balancers of all kinds, their listeners, target groups and TLS policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.secrets import without_secrets
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Companion,
    Derived,
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
from demarcate.estate.schema.transforms import as_list, each
from demarcate.estate.schema.unknown import Unknown, first_unknown

DEFAULT_SSL_POLICY = "ELBSecurityPolicy-2016-08"
"""What a listener has that is made without a policy, other than in the console."""


def _pair(name: str, key: str = "Key", value: str = "Value") -> Callable[[Any], Any]:
    """The value of one attribute of a list of them; unknown where it may be one that is not known."""

    def get(attributes: list[Any]) -> Any:
        unknown = None
        for attribute in attributes:
            if isinstance(attribute, Unknown) or isinstance(attribute.get(key), Unknown):
                unknown = attribute if isinstance(attribute, Unknown) else attribute[key]
            elif attribute.get(key) == name:
                return attribute[value]
        return unknown or ABSENT

    return get


def _attribute(column: Callable[..., Any], name: str, attribute: str, **more: Any) -> Any:
    """A column for an attribute of a load balancer, which templates and AWS list alike."""
    return column(
        name,
        live=From("@attributes.Attributes", _pair(attribute)),
        cloudformation=From("LoadBalancerAttributes", _pair(attribute)),
        **more,
    )


def _subnets(properties: dict[str, Any]) -> Any:
    for key in ("Subnets", "SubnetMappings"):
        value = properties.get(key)
        if isinstance(value, Unknown):
            return value
        if value is not None:
            return [subnet["SubnetId"] if isinstance(subnet, dict) else subnet for subnet in value]
    return ABSENT


LOAD_BALANCER = Table(
    "aws_elbv2_load_balancer",
    "An application, network or gateway load balancer.",
    service="elb",
    live=Each("elbv2.describe_load_balancers", "LoadBalancers[]", by={"LoadBalancerArns[]": "arn"}, size=20),
    details={
        "tags": Call("elbv2.describe_tags", inputs={"ResourceArns": "LoadBalancerArn"}, batch="ResourceArns"),
        "attributes": Call(
            "elbv2.describe_load_balancer_attributes", inputs={"LoadBalancerArn": "LoadBalancerArn"}
        ),
        "waf": Call(
            "wafv2.get_web_acl_for_resource",
            inputs={"ResourceArn": "LoadBalancerArn"},
            absent=("WAFInvalidParameterException",),
        ),
    },
    cloudformation="AWS::ElasticLoadBalancingV2::LoadBalancer",
    ref_attributes=("LoadBalancerArn",),
    companions={"waf": Companion("AWS::WAFv2::WebACLAssociation", "ResourceArn", shared=True)},
    gone=("state_code", "failed"),
    columns=(
        Arn(live="LoadBalancerArn", cloudformation=REF),
        Text("name", live="LoadBalancerName", cloudformation="Name"),
        Text("type", live="Type", cloudformation=From("Type", absent="application")),
        Text("scheme", live="Scheme", cloudformation=From("Scheme", absent="internet-facing")),
        Text("state_code", live="State.Code"),
        Text("vpc_id", live="VpcId"),
        Text("dns_name", live="DNSName"),
        Text("ip_address_type", live="IpAddressType", cloudformation=From("IpAddressType", absent="ipv4")),
        Texts("availability_zones", live=From("AvailabilityZones", each("ZoneName"))),
        Texts(
            "subnet_ids",
            live=From("AvailabilityZones", each("SubnetId")),
            cloudformation=From("@", _subnets),
        ),
        Texts("security_groups", live=From("SecurityGroups", absent=[]), cloudformation="SecurityGroups"),
        _attribute(Bool, "access_logs_enabled", "access_logs.s3.enabled", absent=False),
        _attribute(Text, "access_logs_bucket", "access_logs.s3.bucket", absent=""),
        _attribute(Text, "access_logs_prefix", "access_logs.s3.prefix", absent=""),
        _attribute(Bool, "connection_logs_enabled", "connection_logs.s3.enabled", absent=False),
        _attribute(Text, "connection_logs_bucket", "connection_logs.s3.bucket", absent=""),
        _attribute(Bool, "deletion_protection_enabled", "deletion_protection.enabled", absent=False),
        _attribute(
            Bool,
            "drop_invalid_header_fields",
            "routing.http.drop_invalid_header_fields.enabled",
            absent=False,
            about="Of application load balancers.",
        ),
        _attribute(
            Text,
            "desync_mitigation_mode",
            "routing.http.desync_mitigation_mode",
            absent="defensive",
            about="monitor, defensive or strictest; of application load balancers.",
        ),
        _attribute(Bool, "waf_fail_open", "waf.fail_open.enabled", absent=False),
        _attribute(Bool, "cross_zone_enabled", "load_balancing.cross_zone.enabled"),
        Text(
            "web_acl_arn",
            live=From("@waf.WebACL.ARN", absent=""),
            cloudformation=From("@waf.WebACLArn", absent=""),
            about="The WAF web ACL of an application load balancer, or empty.",
        ),
        Time("created_time", live="CreatedTime"),
        Tags(live="@tags.TagDescriptions[0].Tags"),
    ),
)


def _ssl_policy(listener: dict[str, Any]) -> Any:
    protocol = listener.get("Protocol", ABSENT)
    policy = listener.get("SslPolicy")
    if policy is not None or isinstance(protocol, Unknown):
        return policy or protocol
    return DEFAULT_SSL_POLICY if protocol in ("HTTPS", "TLS") else ("" if protocol is not ABSENT else ABSENT)


def _redirects_to_https(actions: list[Any]) -> Any:
    unknown = None
    for action in actions:
        if isinstance(action, Unknown):
            unknown = action
            continue
        kind = action.get("Type")
        if isinstance(kind, Unknown) or kind != "redirect":
            unknown = kind if isinstance(kind, Unknown) else unknown
            continue
        config = action["RedirectConfig"]
        protocol = config if isinstance(config, Unknown) else config.get("Protocol", "#{protocol}")
        if isinstance(protocol, Unknown):
            unknown = protocol
        elif protocol == "HTTPS":
            return True
    return unknown or False


LISTENER = Table(
    "aws_ec2_load_balancer_listener",
    "A listener of an application, network or gateway load balancer.",
    service="elb",
    live=(
        Each("elbv2.describe_load_balancers", "LoadBalancers[]"),
        Each(
            "elbv2.describe_listeners",
            "Listeners[]",
            inputs={"LoadBalancerArn": "LoadBalancerArn"},
            by={"ListenerArns[]": "arn"},
            size=20,
        ),
    ),
    cloudformation="AWS::ElasticLoadBalancingV2::Listener",
    ref_attributes=("ListenerArn",),
    columns=(
        Arn(live="ListenerArn", cloudformation=REF),
        Text("load_balancer_arn", live="LoadBalancerArn"),
        Int("port", live="Port"),
        Text("protocol", live="Protocol"),
        Text(
            "ssl_policy",
            live=From("SslPolicy", absent=""),
            cloudformation=From("@", _ssl_policy),
            about="The security policy of an HTTPS or TLS listener, or empty.",
        ),
        Texts(
            "certificate_arns",
            live=From("Certificates[].CertificateArn", as_list, absent=[]),
        ),
        Texts("alpn_policy", live="AlpnPolicy", absent=[]),
        Json(
            "default_actions",
            live=From("DefaultActions", without_secrets),
        ),
        Bool(
            "redirects_to_https",
            live=From("DefaultActions", _redirects_to_https),
        ),
        Text(
            "mutual_authentication_mode",
            live="MutualAuthentication.Mode",
            absent="off",
        ),
    ),
)

TARGET_GROUP = Table(
    "aws_ec2_target_group",
    "A target group: where a load balancer sends requests.",
    service="elb",
    live=Each("elbv2.describe_target_groups", "TargetGroups[]", by={"TargetGroupArns[]": "arn"}, size=20),
    cloudformation="AWS::ElasticLoadBalancingV2::TargetGroup",
    ref_attributes=("TargetGroupArn",),
    columns=(
        Arn(live="TargetGroupArn", cloudformation=REF),
        Text("target_group_name", live="TargetGroupName", cloudformation="Name"),
        Text("target_type", live="TargetType", cloudformation=From("TargetType", absent="instance")),
        Text("protocol", live="Protocol", absent="", about="Empty for a function."),
        Int("port", live="Port"),
        Text("vpc_id", live="VpcId", absent=""),
        Bool("health_check_enabled", live="HealthCheckEnabled"),
        Text("health_check_protocol", live="HealthCheckProtocol"),
        Texts("load_balancer_arns", live="LoadBalancerArns"),
    ),
)


def _listeners(key: str, function: Callable[[Any], Any] = as_list) -> dict[str, From]:
    """One member of the listeners of a classic load balancer, for both sources."""
    return {
        "live": From(f"ListenerDescriptions[].Listener.{key}", function),
        "cloudformation": From(f"Listeners[].{key}", function),
    }


def _upper(values: list[Any]) -> list[Any]:
    return [value.upper() if isinstance(value, str) else value for value in values]


def _classic_listeners(listeners: list[Any]) -> list[Any]:
    """Listeners of a classic load balancer as {protocol, port, certificate, policies}, for both sources."""
    return [listener if isinstance(listener, Unknown) else _classic_listener(listener) for listener in listeners]


def _classic_listener(described: dict[str, Any]) -> Any:
    listener = described.get("Listener", described)
    if isinstance(listener, Unknown):
        return listener
    return {
        "protocol": listener.get("Protocol", ""),
        "port": listener.get("LoadBalancerPort"),
        "certificate": listener.get("SSLCertificateId") or "",
        "policies": described.get("PolicyNames") or [],
    }


def _tls_policies(policies: list[Any]) -> list[Any]:
    """The TLS policies among those of a classic load balancer, as {name, reference, old, ports}: `reference` is the
    predefined one that it is, or custom for one that was made by hand, which then accepts `old` versions or does not,
    and `ports` where a template says it is for.
    """
    return [
        policy
        if isinstance(policy, Unknown)
        else {
            "name": policy["PolicyName"],
            "reference": _reference(policy),
            "old": _accepts_old(policy),
            "ports": policy.get("LoadBalancerPorts") or [],
        }
        for policy in policies
        if isinstance(policy, Unknown)
        or policy.get("PolicyTypeName", policy.get("PolicyType")) == "SSLNegotiationPolicyType"
    ]


def _reference(policy: dict[str, Any]) -> Any:
    reference = _of_policy(policy, "Reference-Security-Policy")
    return "custom" if reference is ABSENT else reference


def _of_policy(policy: dict[str, Any], name: str) -> Any:
    """An attribute of a policy, which templates and AWS write each in their own way."""
    live = "PolicyAttributeDescriptions" in policy
    names = ("AttributeName", "AttributeValue") if live else ("Name", "Value")
    attributes = policy.get("PolicyAttributeDescriptions" if live else "Attributes", [])
    return attributes if isinstance(attributes, Unknown) else _pair(name, *names)(attributes)


_OLD: Final = ("Protocol-SSLv2", "Protocol-SSLv3", "Protocol-TLSv1", "Protocol-TLSv1.1")
"""Attributes that say of versions before TLS 1.2 whether a policy accepts them.
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-ssl-security-policy.html"""


def _accepts_old(policy: dict[str, Any]) -> Any:
    """Whether a policy accepts a version before TLS 1.2 by its own attributes; what it leaves out it does not."""
    told = [_of_policy(policy, name) for name in _OLD]
    if any(isinstance(value, str | bool) and str(value).lower() == "true" for value in told):
        return True
    return first_unknown(told) or False


CLASSIC = Table(
    "aws_ec2_classic_load_balancer",
    "A classic load balancer.",
    service="elb",
    live=Each(
        "elb.describe_load_balancers", "LoadBalancerDescriptions[]", by={"LoadBalancerNames[]": "name"}, size=20
    ),
    details={
        "tags": Call(
            "elb.describe_tags", inputs={"LoadBalancerNames": "LoadBalancerName"}, batch="LoadBalancerNames"
        ),
        "attributes": Call(
            "elb.describe_load_balancer_attributes", inputs={"LoadBalancerName": "LoadBalancerName"}
        ),
        "policies": Call("elb.describe_load_balancer_policies", inputs={"LoadBalancerName": "LoadBalancerName"}),
    },
    cloudformation="AWS::ElasticLoadBalancing::LoadBalancer",
    columns=(
        Text("name", live="LoadBalancerName", cloudformation=REF),
        Arn("arn:{partition}:elasticloadbalancing:{region}:{account_id}:loadbalancer/{name}", cloudformation=REF),
        Text("scheme", live="Scheme", cloudformation=From("Scheme", absent="internet-facing")),
        Text("dns_name", live="DNSName"),
        Text("vpc_id", live="VPCId", absent=""),
        Texts("availability_zones", live="AvailabilityZones"),
        Texts("subnets", live="Subnets", absent=[]),
        Texts("security_groups", live="SecurityGroups", absent=[]),
        Texts("listener_protocols", **_listeners("Protocol", _upper)),
        Texts("listener_ports", **_listeners("LoadBalancerPort")),
        Texts("listener_certificate_ids", **_listeners("SSLCertificateId")),
        Json(
            "listeners",
            live=From("ListenerDescriptions", _classic_listeners),
            cloudformation=From("Listeners", _classic_listeners),
            about="Its listeners, with protocol, port, certificate and the names of their policies.",
        ),
        Json(
            "tls_policies",
            live=From("@policies.PolicyDescriptions", _tls_policies),
            cloudformation=From("Policies", _tls_policies),
            absent=[],
            about="The TLS policies that were made for it, whether or not a listener has them.",
        ),
        Bool(
            "access_log_enabled",
            live="@attributes.LoadBalancerAttributes.AccessLog.Enabled",
            cloudformation="AccessLoggingPolicy.Enabled",
            absent=False,
        ),
        Text(
            "access_log_bucket",
            live="@attributes.LoadBalancerAttributes.AccessLog.S3BucketName",
            cloudformation="AccessLoggingPolicy.S3BucketName",
            absent="",
        ),
        Text(
            "access_log_prefix",
            live="@attributes.LoadBalancerAttributes.AccessLog.S3BucketPrefix",
            cloudformation="AccessLoggingPolicy.S3BucketPrefix",
            absent="",
        ),
        Bool(
            "connection_draining_enabled",
            live="@attributes.LoadBalancerAttributes.ConnectionDraining.Enabled",
            cloudformation="ConnectionDrainingPolicy.Enabled",
            absent=False,
        ),
        Bool(
            "cross_zone_load_balancing_enabled",
            live="@attributes.LoadBalancerAttributes.CrossZoneLoadBalancing.Enabled",
            cloudformation="CrossZone",
            absent=False,
        ),
        Text(
            "desync_mitigation_mode",
            live=From(
                "@attributes.LoadBalancerAttributes.AdditionalAttributes",
                _pair("elb.http.desyncmitigationmode"),
            ),
            cloudformation=From("@", lambda _: "defensive"),
            absent="defensive",
            about="monitor, defensive or strictest. Templates cannot set it.",
        ),
        Time("created_time", live="CreatedTime"),
        Tags(live="@tags.TagDescriptions[0].Tags"),
    ),
)


def _listeners_of_classic(needs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    policies = needs.get("tls_policies", [])
    for listener in needs.get("listeners", []):
        if isinstance(listener, Unknown):
            yield dict.fromkeys(
                ("protocol", "port", "certificate_id", "ssl_policy", "custom_accepts_old"), listener
            )
            continue
        protocol = listener["protocol"].upper() if type(listener["protocol"]) is str else listener["protocol"]
        policy, old = ("", False) if protocol in ("HTTP", "TCP") else _policy_in_use(listener, policies)
        yield {
            "load_balancer_name": needs.get("name"),
            "protocol": protocol,
            "port": listener["port"],
            "certificate_id": listener["certificate"],
            "ssl_policy": policy,
            "custom_accepts_old": old,
        }


def _policy_in_use(listener: Mapping[str, Any], policies: Any) -> tuple[Any, Any]:
    """The TLS policy that a listener has, and whether one that was made by hand accepts old versions.

    Of several that it may have, it is one that is not known, or the first.
    """
    unknown = first_unknown([listener, policies])
    if unknown is not None:
        return unknown, unknown
    used = [
        (policy["reference"], policy["reference"] == "custom" and policy["old"])
        for policy in policies
        if policy["name"] in listener["policies"] or str(listener["port"]) in map(str, policy["ports"])
    ]
    return used[0] if used else (DEFAULT_SSL_POLICY, False)


CLASSIC_LISTENER = Table(
    "aws_ec2_classic_load_balancer_listener",
    "A listener of a classic load balancer.",
    service="elb",
    derived=(
        Derived("aws_ec2_classic_load_balancer", ("name", "listeners", "tls_policies"), _listeners_of_classic),
    ),
    columns=(
        Text("load_balancer_name"),
        Text("protocol", about="In capitals: HTTP, HTTPS, TCP or SSL."),
        Int("port"),
        Text("certificate_id", absent="", about="The ARN of its certificate, or empty."),
        Text(
            "ssl_policy",
            absent="",
            about="The predefined TLS policy that it has, custom for one that was made by hand, '' without TLS.",
        ),
        Bool(
            "custom_accepts_old",
            about="Whether a policy that was made by hand accepts a version before TLS 1.2; false of a predefined one.",
        ),
    ),
)


def _accepts(protocol: str) -> From:
    return From("SslProtocols", lambda protocols: protocol in protocols)


SSL_POLICY = Table(
    "aws_elb_ssl_policy",
    "A predefined security policy: the TLS versions that a load balancer accepts.",
    service="elb",
    live=Each("elbv2.describe_ssl_policies", "SslPolicies[]"),
    facts=True,
    columns=(
        Text("name", live="Name"),
        Arn("arn:{partition}:elasticloadbalancing:{region}:aws:security-policy/{name}", cloudformation=None),
        Bool("tls_1_0", live=_accepts("TLSv1")),
        Bool("tls_1_1", live=_accepts("TLSv1.1")),
        Bool("tls_1_2", live=_accepts("TLSv1.2")),
        Bool("tls_1_3", live=_accepts("TLSv1.3")),
        Int("cipher_count", live=From("Ciphers", len)),
        Texts("supported_load_balancer_types", live="SupportedLoadBalancerTypes"),
    ),
)
