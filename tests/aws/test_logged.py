"""Tables that tell what is logged, over HTTP: queries of Resolver, and invocations of models."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_resolver_query_logs(aws: Aws) -> None:
    resolver = aws.client("route53resolver")
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = resolver.create_resolver_query_log_config(
        Name="dns", DestinationArn="arn:aws:s3:::logs", CreatorRequestId="1"
    )["ResolverQueryLogConfig"]
    resolver.associate_resolver_query_log_config(ResolverQueryLogConfigId=made["Id"], ResourceId=vpc)
    (row,) = aws.rows("aws_route53_resolver_query_log_config")
    assert (row["id"], row["arn"], row["destination_arn"]) == (made["Id"], made["Arn"], "arn:aws:s3:::logs")
    (row,) = aws.rows("aws_route53_resolver_query_log_config_association")
    assert (row["query_log_config_id"], row["resource_id"], row["error"]) == (made["Id"], vpc, "NONE")


def test_invocations_of_models(aws: Aws) -> None:
    (row,) = aws.rows("aws_bedrock_model_invocation_logging")
    assert (row["log_group_name"], row["s3_bucket_name"], row["text_data_delivery_enabled"]) == ("", "", False)
    aws.client("bedrock").put_model_invocation_logging_configuration(
        loggingConfig={"s3Config": {"bucketName": "prompts", "keyPrefix": "p"}, "textDataDeliveryEnabled": True}
    )
    (row,) = aws.rows("aws_bedrock_model_invocation_logging")
    assert (row["s3_bucket_name"], row["s3_key_prefix"]) == ("prompts", "p")
    assert row["text_data_delivery_enabled"] is True
