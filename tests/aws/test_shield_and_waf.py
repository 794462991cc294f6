"""Shield and WAF tables over HTTP. Moto does not list the resources of a web ACL."""

from __future__ import annotations

from typing import Any

from tests.aws.conftest import Aws

VISIBILITY = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
RULES: list[dict[str, Any]] = [
    {
        "Name": "common",
        "Priority": 0,
        "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}},
        "OverrideAction": {"None": {}},
        "VisibilityConfig": VISIBILITY,
    },
    {
        "Name": "rate",
        "Priority": 1,
        "Statement": {"RateBasedStatement": {"Limit": 1000, "AggregateKeyType": "IP"}},
        "Action": {"Block": {}},
        "VisibilityConfig": VISIBILITY | {"CloudWatchMetricsEnabled": False},
    },
]


def test_shield(aws: Aws) -> None:
    assert aws.rows("aws_shield_subscription") == []
    shield = aws.client("shield", "us-east-1")
    shield.create_subscription()
    address = "arn:aws:ec2:eu-west-1:123456789012:eip-allocation/eipalloc-1"
    shield.create_protection(Name="address", ResourceArn=address)
    (row,) = aws.rows("aws_shield_subscription")
    assert row["auto_renew"] == "ENABLED"
    (row,) = aws.rows("aws_shield_protection")
    assert (row["resource_arn"], row["automatic_response_status"]) == (address, "DISABLED")


def test_regional_web_acl(aws: Aws) -> None:
    made = aws.client("wafv2").create_web_acl(
        Name="shop", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY, Rules=RULES
    )["Summary"]
    (row,) = aws.rows("aws_wafv2_web_acl")
    assert (row["name"], row["arn"], row["scope"]) == ("shop", made["ARN"], "REGIONAL")
    assert (row["default_action"], row["rule_count"]) == ("Allow", 2)
    assert row["managed_rule_groups"] == ["AWS/AWSManagedRulesCommonRuleSet"]
    assert row["has_rate_limit"] is True
    assert row["all_rules_have_metrics"] is False
    assert row["logging_enabled"] is False


def test_global_web_acl(aws: Aws) -> None:
    aws.client("wafv2", "us-east-1").create_web_acl(
        Name="site", Scope="CLOUDFRONT", DefaultAction={"Block": {}}, VisibilityConfig=VISIBILITY
    )
    (row,) = aws.rows("aws_wafv2_global_web_acl")
    assert (row["name"], row["scope"], row["region"]) == ("site", "CLOUDFRONT", "global")
    assert (row["default_action"], row["rule_count"], row["has_rate_limit"]) == ("Block", 0, False)
