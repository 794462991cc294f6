"""Networks, their filters and routes, and load balancers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.table import From
from demarcate.estate.sources.config.recorded import Recorded, Told


def _ranges(permission: Mapping[str, Any]) -> dict[str, Any]:
    """A permission with its IPv4 addresses as the API has them; Config has them as texts, and as objects."""
    blocks = permission.get("ipv4Ranges")
    if blocks is None:
        listed = permission.get("ipRanges") or []
        blocks = [{"cidrIp": block} if isinstance(block, str) else block for block in listed]
    return {**permission, "ipRanges": blocks}


def _rules(group: dict[str, Any], _: Any) -> Iterator[dict[str, Any]]:
    lists = ("ipPermissions", "ipPermissionsEgress")
    yield {**group, **{name: [_ranges(rule) for rule in group[name]] for name in lists if group.get(name)}}


RECORDED = (
    Recorded("AWS::EC2::VPC", "aws_vpc"),
    Recorded("AWS::EC2::Subnet", "aws_vpc_subnet"),
    Recorded(
        "AWS::EC2::SecurityGroup",
        "aws_vpc_security_group",
        each=_rules,
        absent=("ip_permissions", "ip_permissions_egress"),
    ),
    Recorded("AWS::EC2::NetworkAcl", "aws_vpc_network_acl"),
    Recorded(
        "AWS::EC2::FlowLog",
        "aws_vpc_flow_log",
        absent=("deliver_logs_status", "deliver_logs_error_message"),
    ),
    Recorded("AWS::EC2::RouteTable", "aws_vpc_route_table"),
    Recorded("AWS::EC2::InternetGateway", "aws_vpc_internet_gateway"),
    Recorded(
        "AWS::EC2::VPCEndpoint",
        "aws_vpc_endpoint",
        absent=("subnet_ids", "route_table_ids", "security_group_ids"),
    ),
    Recorded(
        "AWS::EC2::EIP",
        "aws_vpc_eip",
        absent=("association_id", "associated", "instance_id", "network_interface_id"),
    ),
    Recorded(
        "AWS::EC2::NetworkInterface",
        "aws_ec2_network_interface",
        absent=(
            *("description", "vpc_id", "subnet_id", "private_ip_address", "association_public_ip"),
            *("attached_instance_id", "security_group_ids"),
        ),
    ),
    Recorded(
        "AWS::EC2::TransitGateway",
        "aws_ec2_transit_gateway",
        declared=True,
        columns={"transit_gateway_id": From("Id")},
        absent=("description",),
    ),
    Recorded(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "aws_elbv2_load_balancer",
        details={"attributes": Told("LoadBalancerAttributes", "Attributes")},
        absent=("security_groups",),
    ),
    Recorded(
        "AWS::ElasticLoadBalancingV2::Listener",
        "aws_ec2_load_balancer_listener",
        absent=("ssl_policy", "certificate_arns", "alpn_policy"),
    ),
    Recorded(
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "aws_ec2_classic_load_balancer",
        details={
            "attributes": Told("LoadBalancerAttributes", "LoadBalancerAttributes"),
            "policies": Told("LoadBalancerPolicies", "PolicyDescriptions"),
        },
        absent=("vpc_id", "subnets", "security_groups"),
    ),
)
