"""CloudFront tables over HTTP."""

from __future__ import annotations

import json
from typing import Any

from tests.aws.conftest import Aws

CONFIG: dict[str, Any] = {
    "CallerReference": "one",
    "Comment": "",
    "Enabled": True,
    "DefaultRootObject": "index.html",
    "WebACLId": "acl",
    "Origins": {
        "Quantity": 2,
        "Items": [
            {
                "Id": "bucket",
                "DomainName": "files.s3.amazonaws.com",
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            },
            {
                "Id": "server",
                "DomainName": "example.com",
                "CustomOriginConfig": {
                    "HTTPPort": 80,
                    "HTTPSPort": 443,
                    "OriginProtocolPolicy": "match-viewer",
                    "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
                },
            },
        ],
    },
    "DefaultCacheBehavior": {
        "TargetOriginId": "bucket",
        "ViewerProtocolPolicy": "redirect-to-https",
        "MinTTL": 0,
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
    },
    "Logging": {"Enabled": True, "IncludeCookies": False, "Bucket": "logs.s3.amazonaws.com", "Prefix": ""},
}


def test_distributions(aws: Aws) -> None:
    made = aws.client("cloudfront").create_distribution_with_tags(
        DistributionConfigWithTags={
            "DistributionConfig": CONFIG,
            "Tags": {"Items": [{"Key": "env", "Value": "prod"}]},
        }
    )["Distribution"]
    (row,) = aws.rows("aws_cloudfront_distribution")
    assert (row["id"], row["arn"], row["region"]) == (made["Id"], made["ARN"], "global")
    assert row["viewer_protocol_policies"] == ["redirect-to-https"]
    assert row["default_root_object"] == "index.html"
    assert (row["logging_enabled"], row["logging_bucket"]) == (True, "logs.s3.amazonaws.com")
    assert row["origin_protocol_policies"] == ["match-viewer"]
    assert row["origin_ssl_protocols"] == ["TLSv1.2"]
    assert row["s3_origins_without_access_control"] == row["s3_origins_without_identity"] == ["bucket"]
    assert row["s3_origin_domains"] == ["files.s3.amazonaws.com"]
    assert row["cloudfront_default_certificate"] is True
    assert row["web_acl_id"] == "acl"
    assert (row["trusted_signers"], row["trusted_key_groups"]) == (False, False)
    assert json.loads(row["tags"]) == {"env": "prod"}


def test_log_delivery_sources(aws: Aws) -> None:
    aws.client("logs", "us-east-1").put_delivery_source(
        name="access",
        resourceArn="arn:aws:cloudfront::123456789012:distribution/E1",
        logType="ACCESS_LOGS",
    )
    (row,) = aws.rows("aws_cloudfront_log_delivery_source")
    assert (row["name"], row["log_type"], row["distribution_id"]) == ("access", "ACCESS_LOGS", "E1")


def test_log_deliveries_say_where_they_end(aws: Aws) -> None:
    logs = aws.client("logs", "us-east-1")
    where = {"resourceArn": "arn:aws:cloudfront::123456789012:distribution/E1", "logType": "ACCESS_LOGS"}
    logs.put_delivery_source(name="access", **where)
    bucket = {"destinationResourceArn": "arn:aws:s3:::logs"}
    made = logs.put_delivery_destination(name="d", deliveryDestinationConfiguration=bucket)["deliveryDestination"]
    logs.create_delivery(deliverySourceName="access", deliveryDestinationArn=made["arn"])
    (row,) = aws.rows("aws_cloudfront_log_delivery")
    assert (row["delivery_source_name"], row["destination_resource_arn"]) == ("access", "arn:aws:s3:::logs")
    path = ("AWSLogs/{account-id}/CloudFront/", False)
    assert (row["s3_suffix_path"], row["s3_hive_compatible_path"]) == path
