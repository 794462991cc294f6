"""DynamoDB tables over HTTP."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_tables(aws: Aws) -> None:
    dynamodb = aws.client("dynamodb")
    made = dynamodb.create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
        SSESpecification={"Enabled": True, "SSEType": "KMS"},
        Tags=[{"Key": "env", "Value": "prod"}],
    )["TableDescription"]
    dynamodb.update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    (row,) = aws.rows("aws_dynamodb_table")
    assert row["name"] == "orders"
    assert row["arn"] == made["TableArn"]
    assert row["billing_mode"] == "PAY_PER_REQUEST"
    assert row["deletion_protection_enabled"] is True
    assert row["sse_type"] == "KMS"
    assert row["point_in_time_recovery_enabled"] is True
    assert row["ttl_enabled"] is False
    assert row["policy"] == "{}"
    assert row["tags"] == '{"env":"prod"}'


def test_a_table_as_it_is_made(aws: Aws) -> None:
    aws.client("dynamodb").create_table(
        TableName="plain",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    (row,) = aws.rows("aws_dynamodb_table")
    assert row["billing_mode"] == "PROVISIONED"
    assert row["sse_type"] == ""
    assert row["point_in_time_recovery_enabled"] is False
    assert row["deletion_protection_enabled"] is False
