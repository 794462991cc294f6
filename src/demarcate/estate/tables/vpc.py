"""Amazon VPC: networks, subnets, flow logs, network ACLs, routes, gateways and interfaces.

Security groups are in `security_groups.py`, endpoints in `vpc_endpoints.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.rows import parts
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
    ManagedBy,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import as_list, each, not_empty
from demarcate.estate.schema.unknown import Unknown

LAST_PORT = 65535
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}


def protocol_name(value: Any) -> Any:
    """A protocol as a name where AWS has one: tcp, udp, icmp, icmpv6; -1 is all of them, others are numbers."""
    if isinstance(value, Unknown):
        return value
    text = str(value).lower()
    return PROTOCOLS.get(text, text)


VPC = Table(
    "aws_vpc",
    "A virtual private cloud: a network of its own.",
    service="vpc",
    live=Each("ec2.describe_vpcs", "Vpcs[]", by={"VpcIds[]": "vpc_id"}),
    details={
        "hostnames": Call(
            "ec2.describe_vpc_attribute", inputs={"VpcId": "VpcId"}, params={"Attribute": "enableDnsHostnames"}
        ),
        "resolution": Call(
            "ec2.describe_vpc_attribute", inputs={"VpcId": "VpcId"}, params={"Attribute": "enableDnsSupport"}
        ),
    },
    cloudformation="AWS::EC2::VPC",
    ref_attributes=("VpcId",),
    gone=("state", "deleting"),
    columns=(
        Text("vpc_id", live="VpcId", cloudformation=REF),
        Arn("arn:{partition}:ec2:{region}:{owner_id}:vpc/{vpc_id}", cloudformation=REF),
        Text("owner_id", live="OwnerId", about="Another account's where the network is shared with this one."),
        Text("cidr_block", live="CidrBlock"),
        Bool("is_default", live="IsDefault", cloudformation=From("@", lambda _: False)),
        Text("state", live="State"),
        Text("instance_tenancy", live="InstanceTenancy", cloudformation=From("InstanceTenancy", absent="default")),
        Text("dhcp_options_id", live="DhcpOptionsId"),
        Bool(
            "enable_dns_hostnames",
            live="@hostnames.EnableDnsHostnames.Value",
            cloudformation=From("EnableDnsHostnames", absent=False),
        ),
        Bool(
            "enable_dns_support",
            live="@resolution.EnableDnsSupport.Value",
            cloudformation=From("EnableDnsSupport", absent=True),
        ),
        Text(
            "internet_gateway_block_mode",
            live="BlockPublicAccessStates.InternetGatewayBlockMode",
            about="off, block-ingress or block-bidirectional.",
        ),
        Text(
            "encryption_control_mode",
            live="EncryptionControl.Mode",
            cloudformation="VpcEncryptionControl.Mode",
            absent="",
            about="monitor or enforce encryption in transit, or empty.",
        ),
        ManagedBy(owner="OwnerId"),
        Tags(live="Tags"),
    ),
)

SUBNET = Table(
    "aws_vpc_subnet",
    "A subnet of a VPC.",
    service="vpc",
    live=Each("ec2.describe_subnets", "Subnets[]", by={"SubnetIds[]": "subnet_id"}),
    cloudformation="AWS::EC2::Subnet",
    ref_attributes=("SubnetId",),
    gone=("state", "failed", "failed-insufficient-capacity"),
    columns=(
        Text("subnet_id", live="SubnetId", cloudformation=REF),
        Arn(live="SubnetArn", cloudformation=REF),
        Text("vpc_id", live="VpcId"),
        Text("owner_id", live="OwnerId", about="Another account's where the subnet is shared with this one."),
        Text("cidr_block", live="CidrBlock"),
        Text("availability_zone", live="AvailabilityZone"),
        Text("state", live="State"),
        Bool("default_for_az", live="DefaultForAz", cloudformation=From("@", lambda _: False)),
        Bool(
            "map_public_ip_on_launch",
            live="MapPublicIpOnLaunch",
            cloudformation=From("MapPublicIpOnLaunch", absent=False),
        ),
        Bool(
            "assign_ipv6_address_on_creation",
            live="AssignIpv6AddressOnCreation",
            cloudformation=From("AssignIpv6AddressOnCreation", absent=False),
        ),
        Text("internet_gateway_block_mode", live="BlockPublicAccessStates.InternetGatewayBlockMode"),
        ManagedBy(owner="OwnerId"),
        Tags(live="Tags"),
    ),
)

FLOW_LOG = Table(
    "aws_vpc_flow_log",
    "A flow log: a record of the traffic of a network, a subnet or an interface.",
    service="vpc",
    live=Each("ec2.describe_flow_logs", "FlowLogs[]"),
    cloudformation="AWS::EC2::FlowLog",
    columns=(
        Text("flow_log_id", live="FlowLogId", cloudformation=REF),
        Arn("arn:{partition}:ec2:{region}:{account_id}:vpc-flow-log/{flow_log_id}", cloudformation=REF),
        Text("resource_id", live="ResourceId", about="What it records."),
        Text(
            "traffic_type",
            live="TrafficType",
            about="ACCEPT, REJECT or ALL; of transit gateways always all.",
        ),
        Text("flow_log_status", live="FlowLogStatus"),
        Text("deliver_logs_status", live="DeliverLogsStatus", absent="", about="SUCCESS, FAILED, or not yet any."),
        Text("deliver_logs_error_message", live="DeliverLogsErrorMessage", absent=""),
        Text(
            "deliver_logs_permission_arn",
            live="DeliverLogsPermissionArn",
        ),
        Text(
            "log_destination_type",
            live="LogDestinationType",
            cloudformation=From("LogDestinationType", absent="cloud-watch-logs"),
        ),
        Text("log_destination", live="LogDestination"),
        Text("log_group_name", live="LogGroupName"),
        Int(
            "max_aggregation_interval",
            live="MaxAggregationInterval",
            cloudformation=From("MaxAggregationInterval", absent=600),
            about="Seconds.",
        ),
        Time("creation_time", live="CreationTime"),
        Tags(live="Tags"),
    ),
)

NETWORK_ACL = Table(
    "aws_vpc_network_acl",
    "A network ACL: the packet filter of subnets.",
    service="vpc",
    live=Each("ec2.describe_network_acls", "NetworkAcls[]", by={"NetworkAclIds[]": "network_acl_id"}),
    cloudformation="AWS::EC2::NetworkAcl",
    ref_attributes=("Id",),
    companions={
        "associations": Companion("AWS::EC2::SubnetNetworkAclAssociation", "NetworkAclId", many=True),
    },
    columns=(
        Text("network_acl_id", live="NetworkAclId", cloudformation=REF),
        Arn("arn:{partition}:ec2:{region}:{owner_id}:network-acl/{network_acl_id}", cloudformation=REF),
        Text("owner_id", live="OwnerId"),
        Text("vpc_id", live="VpcId"),
        Bool("is_default", live="IsDefault", cloudformation=From("@", lambda _: False)),
        Texts(
            "associated_subnet_ids",
            live=From("Associations[].SubnetId", as_list),
            cloudformation="@associations[].SubnetId",
        ),
        Json("entries", live="Entries", cloudformation=From("@", lambda _: [])),
        ManagedBy(owner="OwnerId"),
        Tags(live="Tags"),
    ),
)


def _entries(acl: Mapping[str, Any]) -> Iterator[Mapping[str, Any] | Unknown]:
    for entry in parts(_entry, acl["entries"], "an entry"):
        yield entry if isinstance(entry, Unknown) else {**entry, "network_acl_id": acl.get("network_acl_id")}


def _declared_entry(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield {**_entry(entry), "network_acl_id": entry.get("NetworkAclId")}


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    protocol = protocol_name(entry["Protocol"])
    ports: Any = entry.get("PortRange", {})
    first = ports if isinstance(ports, Unknown) else ports.get("From")
    last = ports if isinstance(ports, Unknown) else ports.get("To")
    if isinstance(protocol, Unknown):
        first = last = protocol
    elif protocol not in ("tcp", "udp"):
        first, last = 0, LAST_PORT
    return {
        "rule_number": entry["RuleNumber"],
        "egress": entry.get("Egress", False),
        "rule_action": entry["RuleAction"],
        "protocol": protocol,
        "from_port": first,
        "to_port": last,
        "cidr_block": entry.get("CidrBlock", ""),
        "ipv6_cidr_block": entry.get("Ipv6CidrBlock", ""),
    }


NETWORK_ACL_ENTRY = Table(
    "aws_vpc_network_acl_entry",
    "A rule of a network ACL.",
    service="vpc",
    derived=(
        Derived("aws_vpc_network_acl", needs=("network_acl_id", "entries"), function=_entries),
        Derived(
            "AWS::EC2::NetworkAclEntry",
            needs=(
                *("NetworkAclId", "RuleNumber", "Egress", "RuleAction", "Protocol", "PortRange"),
                *("CidrBlock", "Ipv6CidrBlock"),
            ),
            function=_declared_entry,
        ),
    ),
    columns=(
        Text("network_acl_id"),
        Int("rule_number", about="Lower numbers decide first; 32767 is the last one, which denies."),
        Bool("egress"),
        Text("rule_action", about="allow or deny."),
        Text("protocol", about="tcp, udp, icmp, icmpv6, another's number, or -1 for all."),
        Int("from_port"),
        Int("to_port"),
        Text("cidr_block", about="Empty where the rule is for IPv6."),
        Text("ipv6_cidr_block", about="Empty where the rule is for IPv4."),
        ManagedBy(),
    ),
)

ROUTE_TABLE = Table(
    "aws_vpc_route_table",
    "A route table: where the traffic of subnets goes.",
    service="vpc",
    live=Each("ec2.describe_route_tables", "RouteTables[]", by={"RouteTableIds[]": "route_table_id"}),
    cloudformation="AWS::EC2::RouteTable",
    ref_attributes=("RouteTableId",),
    companions={
        "routes": Companion("AWS::EC2::Route", "RouteTableId", many=True),
        "associations": Companion("AWS::EC2::SubnetRouteTableAssociation", "RouteTableId", many=True),
    },
    columns=(
        Text("route_table_id", live="RouteTableId", cloudformation=REF),
        Arn("arn:{partition}:ec2:{region}:{owner_id}:route-table/{route_table_id}", cloudformation=REF),
        Text("owner_id", live="OwnerId"),
        Text("vpc_id", live="VpcId"),
        Texts(
            "associated_subnet_ids",
            live=From("Associations[].SubnetId", as_list),
            cloudformation="@associations[].SubnetId",
        ),
        Json("routes", live="Routes", cloudformation="@routes"),
        Texts(
            "gateway_ids",
            live=From("Routes[].GatewayId", as_list),
            cloudformation="@routes[].GatewayId",
            about="The internet gateways (igw-…), gateway endpoints and the like that it leads to.",
        ),
        ManagedBy(owner="OwnerId"),
        Tags(live="Tags"),
    ),
)

INTERNET_GATEWAY = Table(
    "aws_vpc_internet_gateway",
    "An internet gateway.",
    service="vpc",
    live=Each("ec2.describe_internet_gateways", "InternetGateways[]"),
    cloudformation="AWS::EC2::InternetGateway",
    companions={"attachment": Companion("AWS::EC2::VPCGatewayAttachment", "InternetGatewayId", many=True)},
    columns=(
        Text("internet_gateway_id", live="InternetGatewayId", cloudformation=REF),
        Arn(
            "arn:{partition}:ec2:{region}:{account_id}:internet-gateway/{internet_gateway_id}", cloudformation=REF
        ),
        Texts("attached_vpc_ids", live=From("Attachments[].VpcId", as_list), cloudformation="@attachment[].VpcId"),
        ManagedBy(owner="OwnerId"),
        Tags(live="Tags"),
    ),
)


def requester(item: dict[str, Any]) -> Any:
    """The service that made something for itself in the account and operates it, as far as AWS names it."""
    operator = item.get("Operator", {}).get("Principal")
    if operator:
        return operator
    return item.get("RequesterId") or "aws" if item.get("RequesterManaged") else ""


EIP = Table(
    "aws_vpc_eip",
    "An Elastic IP address.",
    service="vpc",
    live=Each("ec2.describe_addresses", "Addresses[]", by={"AllocationIds[]": "allocation_id"}),
    columns=(
        Text("allocation_id", live="AllocationId"),
        Arn("arn:{partition}:ec2:{region}:{account_id}:elastic-ip/{allocation_id}"),
        Text("public_ip", live="PublicIp"),
        Text("association_id", live="AssociationId", absent=""),
        Bool("associated", live=From("AssociationId", not_empty), absent=False),
        Text("instance_id", live="InstanceId", absent=""),
        Text("network_interface_id", live="NetworkInterfaceId", absent=""),
        ManagedBy(live="ServiceManaged"),
        Tags(live="Tags", cloudformation=None),
    ),
)

NETWORK_INTERFACE = Table(
    "aws_ec2_network_interface",
    "An elastic network interface: what security groups are attached to.",
    service="vpc",
    live=Each(
        "ec2.describe_network_interfaces",
        "NetworkInterfaces[]",
        by={"NetworkInterfaceIds[]": "network_interface_id"},
    ),
    columns=(
        Text("network_interface_id", live="NetworkInterfaceId"),
        Arn("arn:{partition}:ec2:{region}:{account_id}:network-interface/{network_interface_id}"),
        Text("interface_type", live="InterfaceType"),
        Text("description", live="Description", absent=""),
        Text("status", live="Status"),
        Text("vpc_id", live="VpcId", absent=""),
        Text("subnet_id", live="SubnetId", absent=""),
        Text("private_ip_address", live="PrivateIpAddress", absent=""),
        Text(
            "association_public_ip", live="Association.PublicIp", absent="", about="Its public address, or empty."
        ),
        Text("attached_instance_id", live="Attachment.InstanceId", absent=""),
        Bool("source_dest_check", live="SourceDestCheck"),
        Bool("requester_managed", live="RequesterManaged", about="Whether an AWS service manages it."),
        Texts("security_group_ids", live=From("Groups", each("GroupId")), absent=[]),
        ManagedBy(owner="OwnerId", live=From("@", requester)),
        Tags(live="TagSet", cloudformation=None),
    ),
)

TRANSIT_GATEWAY = Table(
    "aws_ec2_transit_gateway",
    "A transit gateway, which joins networks.",
    service="vpc",
    live=Each(
        "ec2.describe_transit_gateways", "TransitGateways[]", by={"TransitGatewayIds[]": "transit_gateway_id"}
    ),
    cloudformation="AWS::EC2::TransitGateway",
    gone=("state", "deleting", "deleted"),
    columns=(
        Text("transit_gateway_id", live="TransitGatewayId", cloudformation=REF),
        Arn(live="TransitGatewayArn", cloudformation=REF),
        Text("state", live="State"),
        Text("owner_id", live="OwnerId"),
        Text("description", live="Description", absent=""),
        Text(
            "auto_accept_shared_attachments",
            live="Options.AutoAcceptSharedAttachments",
            cloudformation=From("AutoAcceptSharedAttachments", absent="disable"),
            about="enable or disable.",
        ),
        Text(
            "default_route_table_association",
            live="Options.DefaultRouteTableAssociation",
            cloudformation=From("DefaultRouteTableAssociation", absent="enable"),
        ),
        Time("creation_time", live="CreationTime"),
        ManagedBy(owner="OwnerId"),
        Tags(live="Tags"),
    ),
)
