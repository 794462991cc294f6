"""The clients: where requests go."""

from __future__ import annotations

import boto3
import pytest
from botocore.awsrequest import AWSRequest

from demarcate.estate.sources.aws.clients import Clients, without_prefix


@pytest.mark.parametrize(
    ("asked", "goes_to"),
    [
        ("http://123456789012.127.0.0.1:5000/v20180820/x?a=1", "http://127.0.0.1:5000/v20180820/x?a=1"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000/"),
        ("http://10.127.0.0.1/", "http://127.0.0.1/"),
        ("http://123456789012.localhost:5000/", "http://123456789012.localhost:5000/"),
        ("https://123456789012.s3-control.eu-west-1.amazonaws.com/", None),
        ("https://ec2.eu-west-1.amazonaws.com/", None),
    ],
)
def test_an_address_has_no_names_below_it(asked: str, goes_to: str | None) -> None:
    request = AWSRequest(method="GET", url=asked)
    without_prefix(request)
    assert request.url == (goes_to or asked)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("ec2.describe_volumes", "ec2:DescribeVolumes"),
        ("elbv2.describe_load_balancers", "elasticloadbalancing:DescribeLoadBalancers"),
        ("cloudwatch.describe_alarms", "cloudwatch:DescribeAlarms"),
        ("opensearch.describe_domains", "es:DescribeDomains"),
    ],
)
def test_a_call_is_told_under_iams_name_for_its_service(operation: str, name: str) -> None:
    assert Clients(boto3.Session("testing", "testing", region_name="eu-west-1"), None).api_name(operation) == name
