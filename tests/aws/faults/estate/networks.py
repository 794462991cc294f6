"""Networks, and what stands at their edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.aws.faults.estate.accounts import web_acl


@dataclass(frozen=True)
class Net:
    """The network that the rest of the estate is in."""

    vpc: str
    subnets: tuple[str, str]
    group: str
    balancer: str


def fill(make: Callable[..., Any]) -> Net:
    """Create a network with two subnets, its gateways, and load balancers."""
    ec2 = make("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="open", Description="open", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.allocate_address(Domain="vpc")
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.s3", VpcEndpointType="Gateway")
    ec2.create_transit_gateway(Description="between")
    ec2.create_network_interface(SubnetId=subnets[0])
    make("logs").create_log_group(logGroupName="/flow")
    ec2.create_flow_logs(
        ResourceType="VPC",
        ResourceIds=[vpc],
        TrafficType="ALL",
        LogGroupName="/flow",
        DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/little",
    )
    balancer = _balancers(make, vpc, subnets)
    return Net(vpc, (subnets[0], subnets[1]), group, balancer)


def _balancers(make: Callable[..., Any], vpc: str, subnets: list[str]) -> str:
    elbv2 = make("elbv2")
    balancer: str = elbv2.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    target = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    elbv2.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}],
    )
    make("elb").create_load_balancer(
        LoadBalancerName="old",
        Listeners=[
            {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 80},
        ],
        AvailabilityZones=["eu-west-1a"],
    )
    make("elb").create_load_balancer_policy(
        LoadBalancerName="old",
        PolicyName="tls",
        PolicyTypeName="SSLNegotiationPolicyType",
        PolicyAttributes=[{"AttributeName": "Protocol-TLSv1.2", "AttributeValue": "true"}],
    )
    wafv2 = make("wafv2")
    acl = wafv2.create_web_acl(**web_acl("regional", "REGIONAL"))["Summary"]["ARN"]
    wafv2.associate_web_acl(WebACLArn=acl, ResourceArn=balancer)
    wafv2.put_logging_configuration(
        LoggingConfiguration={
            "ResourceArn": acl,
            "LogDestinationConfigs": ["arn:aws:logs:eu-west-1:123456789012:log-group:aws-waf-logs-a"],
        }
    )
    return balancer
