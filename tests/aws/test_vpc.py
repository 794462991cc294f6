"""VPC tables over HTTP, and the rules of security groups and network ACLs that templates declare."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.rows import Address, derive
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables.security_groups import SECURITY_GROUP, SECURITY_GROUP_RULE
from tests.aws.conftest import Aws
from tests.estate.declared import declared


def _vpc(aws: Aws) -> str:
    return str(aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def test_networks(aws: Aws) -> None:
    vpc = _vpc(aws)
    aws.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    (row,) = [row for row in aws.rows("aws_vpc") if row["vpc_id"] == vpc]
    assert row["arn"] == f"arn:aws:ec2:eu-west-1:123456789012:vpc/{vpc}"
    assert row["cidr_block"] == "10.0.0.0/16"
    assert row["is_default"] is False
    assert row["enable_dns_hostnames"] is True


def test_subnets(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    subnet = ec2.create_subnet(VpcId=_vpc(aws), CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    (row,) = [row for row in aws.rows("aws_vpc_subnet") if row["subnet_id"] == subnet]
    assert row["map_public_ip_on_launch"] is True
    assert row["default_for_az"] is False


def test_flow_logs(aws: Aws) -> None:
    vpc = _vpc(aws)
    aws.client("s3").create_bucket(Bucket="flows", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.client("ec2").create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flows",
    )
    (row,) = aws.rows("aws_vpc_flow_log")
    assert row["resource_id"] == vpc
    assert row["traffic_type"] == "ALL"
    assert row["log_destination_type"] == "s3"
    assert row["deliver_logs_status"] == "SUCCESS"


def test_security_groups_and_their_rules(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=_vpc(aws))["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}, {"CidrIp": "10.0.0.0/8"}],
            },
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
        ],
    )
    snapshot = aws.rows("aws_vpc_security_group")
    (parent,) = [row for row in snapshot if row["group_id"] == group]
    assert parent["is_default"] is False
    rows = [row for row in aws.rows("aws_vpc_security_group_rule") if row["group_id"] == group]
    assert {row["resource"] for row in rows} == {parent["arn"]}
    (ssh,) = [row for row in rows if row["cidr_ipv4"] == "0.0.0.0/0" and row["type"] == "ingress"]
    assert (ssh["ip_protocol"], ssh["from_port"], ssh["to_port"], ssh["description"]) == ("tcp", 22, 22, "all")
    (own,) = [row for row in rows if row["referenced_group_id"] == group]
    assert (own["ip_protocol"], own["from_port"], own["to_port"], own["cidr_ipv4"]) == ("-1", 0, 65535, "")
    (out,) = [row for row in rows if row["type"] == "egress"]
    assert (out["is_egress"], out["cidr_ipv4"], out["to_port"]) == (True, "0.0.0.0/0", 65535)


def _declared(properties: dict[str, Any], egress: list[Any] | None = None) -> list[dict[str, Any]]:
    place = Address(resource="Group", file="t.yaml", line=1)
    row = declared(SECURITY_GROUP, properties, details={"egress": egress or []}, resource="Group")
    return list(derive(SECURITY_GROUP_RULE, SECURITY_GROUP_RULE.derived[0], row, place))


def test_declared_rules_are_as_live_ones(aws: Aws) -> None:
    rule = {"IpProtocol": 6, "FromPort": "22", "ToPort": 22, "CidrIpv6": "0:0::0/0"}
    ssh, *out = _declared({"SecurityGroupIngress": [rule]})
    assert (ssh["type"], ssh["ip_protocol"], ssh["from_port"], ssh["cidr_ipv6"]) == ("ingress", "tcp", 22, "::/0")
    assert ssh["cidr_ipv4"] == ""
    assert [row["cidr_ipv4"] + row["cidr_ipv6"] for row in out] == ["0.0.0.0/0", "::/0"]
    assert all(row["type"] == "egress" for row in out)


def test_what_a_declared_rule_leaves_open_is_unknown() -> None:
    reason = Unknown(Kind.PARAMETER, "parameter Office has no value")
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": reason}
    rows = _declared({"SecurityGroupIngress": [rule, reason]}, egress=[{"GroupId": "Group"}])
    assert [row["cidr_ipv4"] for row in rows if row["type"] == "ingress"] == [reason, reason]
    assert isinstance(next(row["cidr_ipv4"] for row in rows if row["type"] == "egress"), Unknown)


def test_a_rule_declared_apart() -> None:
    (place, derived) = (Address(resource="Rule", file="t.yaml", line=1), SECURITY_GROUP_RULE.derived[1])
    rule = {
        "GroupId": "Group",
        "IpProtocol": "-1",
        "SourceSecurityGroupId": "Other",
        "ref": "Rule",
    }
    (row,) = derive(SECURITY_GROUP_RULE, derived, rule, place)
    assert (row["group_id"], row["referenced_group_id"], row["from_port"], row["to_port"]) == (
        *("Group", "Other"),
        *(0, 65535),
    )


def test_network_acls_and_their_entries(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    acl = ec2.create_network_acl(VpcId=_vpc(aws))["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=90,
        Protocol="6",
        RuleAction="deny",
        Egress=False,
        CidrBlock="0.0.0.0/0",
        PortRange={"From": 22, "To": 22},
    )
    (row,) = [row for row in aws.rows("aws_vpc_network_acl") if row["network_acl_id"] == acl]
    assert row["is_default"] is False
    assert row["associated_subnet_ids"] == []
    (entry,) = [
        e for e in aws.rows("aws_vpc_network_acl_entry") if e["network_acl_id"] == acl and e["rule_number"] == 90
    ]
    assert (entry["protocol"], entry["from_port"], entry["to_port"]) == ("tcp", 22, 22)
    assert (entry["rule_action"], entry["egress"], entry["ipv6_cidr_block"]) == ("deny", False, "")


def test_routes_and_gateways(aws: Aws) -> None:
    ec2, vpc = aws.client("ec2"), _vpc(aws)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    (row,) = [row for row in aws.rows("aws_vpc_route_table") if row["route_table_id"] == table]
    assert gateway in row["gateway_ids"]
    (row,) = [row for row in aws.rows("aws_vpc_internet_gateway") if row["internet_gateway_id"] == gateway]
    assert row["attached_vpc_ids"] == [vpc]


def test_endpoints(aws: Aws) -> None:
    vpc = _vpc(aws)
    aws.client("ec2").create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.ssm", VpcEndpointType="Interface"
    )
    (row,) = aws.rows("aws_vpc_endpoint")
    assert row["vpc_id"] == vpc
    assert row["service_name"].endswith(".ssm")
    assert row["vpc_endpoint_type"] == "Interface"


def test_addresses(aws: Aws) -> None:
    made = aws.client("ec2").allocate_address(Domain="vpc")
    (row,) = aws.rows("aws_vpc_eip")
    assert row["allocation_id"] == made["AllocationId"]
    assert row["associated"] is False
