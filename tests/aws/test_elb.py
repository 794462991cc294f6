"""Elastic Load Balancing tables over HTTP."""

from __future__ import annotations

import json

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables.elb import LISTENER, LOAD_BALANCER
from tests.aws.conftest import Aws
from tests.estate.declared import declared


def _subnets(aws: Aws) -> list[str]:
    return [subnet["SubnetId"] for subnet in aws.client("ec2").describe_subnets()["Subnets"]][:2]


def _load_balancer(aws: Aws) -> str:
    elb = aws.client("elbv2")
    made = elb.create_load_balancer(Name="web", Subnets=_subnets(aws), Scheme="internal")
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def test_load_balancers(aws: Aws) -> None:
    arn = _load_balancer(aws)
    aws.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=arn,
        Attributes=[
            {"Key": "deletion_protection.enabled", "Value": "true"},
            {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"},
        ],
    )
    aws.client("elbv2").add_tags(ResourceArns=[arn], Tags=[{"Key": "team", "Value": "web"}])
    (row,) = aws.rows("aws_elbv2_load_balancer")
    assert row["arn"] == arn
    assert json.loads(row["tags"]) == {"team": "web"}
    assert (row["type"], row["scheme"]) == ("application", "internal")
    assert row["deletion_protection_enabled"] is True
    assert row["drop_invalid_header_fields"] is True
    assert row["access_logs_enabled"] is False
    assert row["desync_mitigation_mode"] == "defensive"
    assert len(row["availability_zones"]) == 2


def test_listeners(aws: Aws) -> None:
    arn = _load_balancer(aws)
    redirect = {
        "Type": "redirect",
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
    }
    aws.client("elbv2").create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[redirect])
    (row,) = aws.rows("aws_ec2_load_balancer_listener")
    assert row["load_balancer_arn"] == arn
    assert (row["protocol"], row["port"]) == ("HTTP", 80)
    assert row["redirects_to_https"] is True


def test_target_groups(aws: Aws) -> None:
    vpc = aws.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    aws.client("elbv2").create_target_group(Name="web", Protocol="HTTPS", Port=443, VpcId=vpc)
    (row,) = aws.rows("aws_ec2_target_group")
    assert (row["target_group_name"], row["protocol"], row["target_type"]) == ("web", "HTTPS", "instance")


def test_classic_load_balancers(aws: Aws) -> None:
    elb = aws.client("elb")
    listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 80}
    elb.create_load_balancer(LoadBalancerName="old", Listeners=[listener], AvailabilityZones=["eu-west-1a"])
    elb.add_tags(LoadBalancerNames=["old"], Tags=[{"Key": "team", "Value": "web"}])
    elb.create_load_balancer_policy(
        LoadBalancerName="old",
        PolicyName="tls",
        PolicyTypeName="SSLNegotiationPolicyType",
        PolicyAttributes=[
            {"AttributeName": "Reference-Security-Policy", "AttributeValue": "ELBSecurityPolicy-TLS-1-2-2017-01"}
        ],
    )
    (row,) = aws.rows("aws_ec2_classic_load_balancer")
    assert row["name"] == "old"
    assert json.loads(row["tags"]) == {"team": "web"}
    assert row["listener_protocols"] == ["HTTP"]
    (policy,) = json.loads(row["tls_policies"])
    assert (policy["name"], policy["reference"]) == ("tls", "ELBSecurityPolicy-TLS-1-2-2017-01")
    (of_listener,) = aws.rows("aws_ec2_classic_load_balancer_listener")
    assert (of_listener["protocol"], of_listener["ssl_policy"]) == ("HTTP", ""), "the policy is no listener's"
    assert row["access_log_enabled"] is False
    assert row["availability_zones"] == ["eu-west-1a"]


def test_ssl_policies(aws: Aws) -> None:
    rows = {row["name"]: row for row in aws.rows("aws_elb_ssl_policy")}
    assert rows["ELBSecurityPolicy-2016-08"]["tls_1_0"] is True
    assert rows["ELBSecurityPolicy-TLS13-1-2-2021-06"]["tls_1_1"] is False


def test_a_declared_listener_without_a_policy_has_the_default_one() -> None:
    assert declared(LISTENER, {"Protocol": "HTTPS"})["ssl_policy"] == "ELBSecurityPolicy-2016-08"
    assert declared(LISTENER, {"Protocol": "HTTP"})["ssl_policy"] == ""


def test_an_attribute_may_be_one_that_is_not_known() -> None:
    reason = Unknown(Kind.PARAMETER, "parameter has no value")
    pairs = [{"Key": "deletion_protection.enabled", "Value": "true"}, {"Key": reason, "Value": "x"}]
    row = declared(LOAD_BALANCER, {"LoadBalancerAttributes": pairs})
    assert row["deletion_protection_enabled"] is True
    assert row["access_logs_enabled"] is reason
    assert declared(LOAD_BALANCER, {})["access_logs_enabled"] is False
