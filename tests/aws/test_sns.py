"""SNS tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws


def test_topics(aws: Aws) -> None:
    arn = aws.client("sns").create_topic(
        Name="alarms", Attributes={"KmsMasterKeyId": "alias/aws/sns"}, Tags=[{"Key": "env", "Value": "prod"}]
    )["TopicArn"]
    (row,) = aws.rows("aws_sns_topic")
    assert row["arn"] == row["topic_arn"] == arn
    assert (row["kms_master_key_id"], row["owner"]) == ("alias/aws/sns", "123456789012")
    assert json.loads(row["policy"])["Statement"]
    assert (row["fifo_topic"], row["signature_version"], row["subscriptions_confirmed"]) == (False, "1", 0)
    assert json.loads(row["tags"]) == {"env": "prod"}


def test_topics_that_are_not_encrypted(aws: Aws) -> None:
    aws.client("sns").create_topic(Name="alarms")
    assert aws.rows("aws_sns_topic")[0]["kms_master_key_id"] == ""


def test_subscriptions(aws: Aws) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://example.com/x")["SubscriptionArn"]
    (row,) = aws.rows("aws_sns_topic_subscription")
    assert (row["arn"], row["topic_arn"]) == (arn, topic)
    assert (row["protocol"], row["endpoint"]) == ("http", "http://example.com/x")
