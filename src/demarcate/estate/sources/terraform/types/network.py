"""Networks, their filters and routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.terraform.forms import blocks, given
from demarcate.estate.sources.terraform.mapped import NOTHING, REF, Mapped, Values

_PORTS: Final = {"from_port": "FromPort", "to_port": "ToPort"}


def _rules(values: Values, name: str, group: Any) -> Any:
    """The rules of a direction that a security group says itself, one for each peer."""
    several = blocks(values, name)
    if isinstance(several, Unknown):
        return several
    prefix = "Source" if name == "ingress" else "Destination"
    return [
        rule
        for block in several
        for rule in ([block] if isinstance(block, Unknown) else _peers(block, prefix, group))
    ]


def _peers(block: Mapping[str, Any], prefix: str, group: Any) -> Iterator[dict[str, Any]]:
    """The rules that a block is. A provider's `protocol` may be `all`, and a port that is not said is 0."""
    protocol = block.get("protocol", "-1")
    rule = {"IpProtocol": "-1" if protocol == "all" else protocol}
    rule |= {to: block[name] for name, to in _PORTS.items() if block.get(name) is not None}
    if block.get("description"):
        rule["Description"] = block["description"]
    peers = {
        "cidr_blocks": "CidrIp",
        "ipv6_cidr_blocks": "CidrIpv6",
        "prefix_list_ids": f"{prefix}PrefixListId",
        "security_groups": f"{prefix}SecurityGroupId",
        "source_security_group_id": f"{prefix}SecurityGroupId",
    }
    for name, to in peers.items():
        named = block.get(name)
        for peer in named if isinstance(named, list) else [] if named in (None, "") else [named]:
            yield {**rule, to: peer}
    if block.get("self"):
        yield {**rule, f"{prefix}SecurityGroupId": group}


def _of_group(direction: str) -> Any:
    return lambda values: _rules(values, direction, values[REF])


def _alone(direction: str) -> Any:
    """The rules of a resource of their own, one for each peer, where it is for that direction."""
    prefix = "Source" if direction == "ingress" else "Destination"

    def each(values: Values) -> Iterator[Values]:
        if values.get("type") == direction:
            for rule in _peers(values, prefix, values.get("security_group_id")):
                yield {"#rule": rule, "security_group_id": values.get("security_group_id")}

    return each


_RULE: Final = ("IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "Description")


def _rule_alone(direction: str) -> Mapped:
    prefix = "Source" if direction == "ingress" else "Destination"
    members = (*_RULE, f"{prefix}PrefixListId", f"{prefix}SecurityGroupId")
    return Mapped(
        "aws_security_group_rule",
        f"AWS::EC2::SecurityGroup{direction.capitalize()}",
        names={"GroupId": "security_group_id", "*": NOTHING, **{name: f"#rule.{name}" for name in members}},
        each=_alone(direction),
    )


def _rule_of_peer(direction: str) -> Mapped:
    prefix = "Source" if direction == "ingress" else "Destination"
    return Mapped(
        f"aws_vpc_security_group_{direction}_rule",
        f"AWS::EC2::SecurityGroup{direction.capitalize()}",
        names={
            "GroupId": "security_group_id",
            "CidrIp": "cidr_ipv4",
            f"{prefix}PrefixListId": "prefix_list_id",
            f"{prefix}SecurityGroupId": "referenced_security_group_id",
            "*": NOTHING,
        },
    )


def _ports(values: Values) -> Any:
    if values.get("from_port") is None and values.get("to_port") is None:
        return None
    return {"From": values.get("from_port"), "To": values.get("to_port")}


_PROTOCOLS: Final = {"all": "-1", "tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58"}


def _protocol(values: Values) -> Any:
    told = values.get("protocol")
    return _PROTOCOLS.get(told, told) if isinstance(told, str) else told


def _egress(values: Values) -> Any:
    return values.get("egress", False)


_ENTRY: Final[Mapping[str, Any]] = {
    "Egress": _egress,
    "Protocol": _protocol,
    "PortRange": _ports,
    "Icmp": NOTHING,
    "Id": NOTHING,
}


def _entries(values: Values) -> Iterator[Values]:
    """The entries that a network ACL says itself."""
    for direction in ("ingress", "egress"):
        several = blocks(values, direction)
        if isinstance(several, Unknown):
            raise ValueError(direction)
        for block in several:
            yield {**block, "egress": direction == "egress", "network_acl_id": values[REF]}


def _routes(values: Values) -> Iterator[Values]:
    """The routes that a route table says itself."""
    several = blocks(values, "route")
    if isinstance(several, Unknown):
        raise ValueError("route")
    for block in several:
        yield {**block, "route_table_id": values[REF]}


_ROUTE: Final[Mapping[str, Any]] = {
    "RouteTableId": "route_table_id",
    "DestinationCidrBlock": "cidr_block",
    "DestinationIpv6CidrBlock": "ipv6_cidr_block",
    "DestinationPrefixListId": "destination_prefix_list_id",
    "EgressOnlyInternetGatewayId": "egress_only_gateway_id",
    "CarrierGatewayId": "carrier_gateway_id",
    "CoreNetworkArn": "core_network_arn",
    "GatewayId": "gateway_id",
    "InstanceId": "instance_id",
    "LocalGatewayId": "local_gateway_id",
    "NatGatewayId": "nat_gateway_id",
    "NetworkInterfaceId": "network_interface_id",
    "TransitGatewayId": "transit_gateway_id",
    "VpcEndpointId": "vpc_endpoint_id",
    "VpcPeeringConnectionId": "vpc_peering_connection_id",
    "*": NOTHING,
}


def _associations(values: Values) -> Iterator[Values]:
    """The subnets that a network ACL names itself."""
    subnets = values.get("subnet_ids") or []
    for subnet in [subnets] if isinstance(subnets, Unknown) else subnets:
        yield {"subnet_id": subnet, "network_acl_id": values[REF]}


def _logged(values: Values) -> Any:
    """What a flow log is of: one of several attributes."""
    names = ("vpc_id", "subnet_id", "eni_id", "transit_gateway_id", "transit_gateway_attachment_id")
    return next((value for name in names if (value := values.get(name)) not in (None, "")), None)


_LOGGED: Final = {
    "vpc_id": "VPC",
    "subnet_id": "Subnet",
    "eni_id": "NetworkInterface",
    "transit_gateway_id": "TransitGateway",
    "transit_gateway_attachment_id": "TransitGatewayAttachment",
}


def _kind_logged(values: Values) -> Any:
    return next((kind for name, kind in _LOGGED.items() if values.get(name) not in (None, "")), None)


MAPPED = (
    Mapped("aws_vpc", "AWS::EC2::VPC", names={"VpcEncryptionControl": NOTHING}),
    Mapped("aws_vpc_encryption_control", "AWS::EC2::VPC", into="vpc_id", at="VpcEncryptionControl"),
    Mapped("aws_subnet", "AWS::EC2::Subnet"),
    Mapped("aws_internet_gateway", "AWS::EC2::InternetGateway"),
    Mapped(
        "aws_internet_gateway",
        "AWS::EC2::VPCGatewayAttachment",
        names={"InternetGatewayId": REF, "VpnGatewayId": NOTHING},
        each=given("vpc_id"),
    ),
    Mapped("aws_internet_gateway_attachment", "AWS::EC2::VPCGatewayAttachment", names={"VpnGatewayId": NOTHING}),
    Mapped(
        "aws_security_group",
        "AWS::EC2::SecurityGroup",
        names={
            "GroupDescription": "description",
            "GroupName": "name",
            "SecurityGroupIngress": _of_group("ingress"),
            "SecurityGroupEgress": _of_group("egress"),
        },
    ),
    *(_rule_alone(direction) for direction in ("ingress", "egress")),
    *(_rule_of_peer(direction) for direction in ("ingress", "egress")),
    Mapped("aws_network_acl", "AWS::EC2::NetworkAcl"),
    Mapped(
        "aws_network_acl",
        "AWS::EC2::NetworkAclEntry",
        names={
            "RuleAction": "action",
            "RuleNumber": "rule_no",
            "NetworkAclId": "network_acl_id",
            "CidrBlock": "cidr_block",
            "Ipv6CidrBlock": "ipv6_cidr_block",
            **_ENTRY,
        },
        each=_entries,
    ),
    Mapped(
        "aws_network_acl",
        "AWS::EC2::SubnetNetworkAclAssociation",
        names={"SubnetId": "subnet_id", "NetworkAclId": "network_acl_id", "AssociationId": NOTHING},
        each=_associations,
    ),
    Mapped("aws_network_acl_rule", "AWS::EC2::NetworkAclEntry", names=_ENTRY),
    Mapped(
        "aws_network_acl_association", "AWS::EC2::SubnetNetworkAclAssociation", names={"AssociationId": NOTHING}
    ),
    Mapped("aws_route_table", "AWS::EC2::RouteTable"),
    Mapped("aws_route_table", "AWS::EC2::Route", names=_ROUTE, each=_routes),
    Mapped(
        "aws_route",
        "AWS::EC2::Route",
        names={
            "EgressOnlyInternetGatewayId": "egress_only_gateway_id",
            "OdbNetworkArn": NOTHING,
            "CidrBlock": NOTHING,
        },
    ),
    Mapped("aws_route_table_association", "AWS::EC2::SubnetRouteTableAssociation"),
    Mapped(
        "aws_flow_log",
        "AWS::EC2::FlowLog",
        names={
            "DeliverLogsPermissionArn": "iam_role_arn",
            "ResourceId": _logged,
            "ResourceType": _kind_logged,
            "DeliverCrossAccountRole": "deliver_cross_account_role",
        },
    ),
    Mapped("aws_vpc_endpoint", "AWS::EC2::VPCEndpoint", names={"PolicyDocument": "policy"}),
    Mapped("aws_ec2_transit_gateway", "AWS::EC2::TransitGateway"),
)
