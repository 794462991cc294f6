"""SQS tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws

POLICY = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}


def test_queues(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(
        QueueName="jobs",
        Attributes={
            "KmsMasterKeyId": "alias/aws/sqs",
            "Policy": json.dumps(POLICY),
            "MessageRetentionPeriod": "60",
        },
        tags={"env": "prod"},
    )["QueueUrl"]
    (row,) = aws.rows("aws_sqs_queue")
    assert (row["arn"], row["queue_url"]) == ("arn:aws:sqs:eu-west-1:123456789012:jobs", url)
    assert (row["kms_master_key_id"], row["encrypted"]) == ("alias/aws/sqs", True)
    assert json.loads(row["policy"])["Statement"][0]["Principal"] == "*"
    assert (row["message_retention_seconds"], row["fifo_queue"]) == (60, False)
    assert json.loads(row["tags"]) == {"env": "prod"}


def test_dead_letter_queues(aws: Aws) -> None:
    target = "arn:aws:sqs:eu-west-1:123456789012:dead"
    sqs = aws.client("sqs")
    sqs.create_queue(QueueName="dead")
    redrive = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 3})
    sqs.create_queue(QueueName="jobs", Attributes={"RedrivePolicy": redrive, "SqsManagedSseEnabled": "false"})
    row = next(row for row in aws.rows("aws_sqs_queue") if row["name"] == "jobs")
    assert row["dead_letter_target_arn"] == target
    assert (row["encrypted"], row["sqs_managed_sse_enabled"]) == (False, False)
    assert json.loads(row["policy"]) == {}
