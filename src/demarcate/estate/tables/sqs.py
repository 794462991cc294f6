"""Amazon SQS: queues."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import REF, Arn, Bool, Call, Companion, Each, From, Int, Json, Table, Tags, Text
from demarcate.estate.schema.transforms import document
from demarcate.estate.schema.unknown import Unknown


def _attribute(name: str) -> str:
    return f"@attributes.Attributes.{name}"


def _as_told(value: Any) -> Any:
    """The value: SQS gives every attribute as text, which the column's type reads."""
    return value


def _name(url: Any) -> str:
    return str(url).rpartition("/")[2]


def _target(redrive: Any) -> Any:
    return document(redrive)["deadLetterTargetArn"]


def _managed(properties: Any) -> Any:
    """A queue without a KMS key is encrypted by SQS unless that is switched off."""
    told = properties.get("SqsManagedSseEnabled")
    if told is not None:
        return told
    key = properties.get("KmsMasterKeyId", "")
    return key if isinstance(key, Unknown) else not key


def _encrypted(properties: Any) -> Any:
    """Whether there is a KMS key, or SQS's own encryption, which is on where nothing is said."""
    key, managed = properties.get("KmsMasterKeyId", ""), properties.get("SqsManagedSseEnabled", True)
    if key and not isinstance(key, Unknown):
        return True
    if isinstance(managed, Unknown):
        return managed
    return True if managed else key if isinstance(key, Unknown) else False


def _encrypted_live(attributes: Any) -> bool:
    return bool(attributes.get("KmsMasterKeyId")) or attributes.get("SqsManagedSseEnabled") == "true"


QUEUE = Table(
    "aws_sqs_queue",
    "An SQS queue.",
    service="sqs",
    live=Each("sqs.list_queues", "QueueUrls[]", by={"QueueNamePrefix": "name"}),
    details={
        "attributes": Call(
            "sqs.get_queue_attributes", inputs={"QueueUrl": "@"}, params={"AttributeNames": ["All"]}
        ),
        "tags": Call("sqs.list_queue_tags", inputs={"QueueUrl": "@"}),
    },
    cloudformation="AWS::SQS::Queue",
    ref_attributes=("QueueUrl",),
    companions={"policy": Companion("AWS::SQS::QueuePolicy", "Queues")},
    columns=(
        Text("name", live=From("@", _name), cloudformation="QueueName"),
        Arn("arn:{partition}:sqs:{region}:{account_id}:{name}"),
        Text("queue_url", live="@", cloudformation=REF),
        Text("kms_master_key_id", live=_attribute("KmsMasterKeyId"), cloudformation="KmsMasterKeyId", absent=""),
        Bool(
            "sqs_managed_sse_enabled",
            live=From(_attribute("SqsManagedSseEnabled"), _as_told, absent=False),
            cloudformation=From("@", _managed),
            about="Encrypted with a key of SQS's own.",
        ),
        Bool(
            "encrypted",
            live=From("@attributes.Attributes", _encrypted_live),
            cloudformation=From("@", _encrypted),
            about="With a KMS key or one of SQS's own.",
        ),
        Json(
            "policy",
            live=From(_attribute("Policy"), document),
            cloudformation=From("@policy.PolicyDocument", document),
            absent={},
            about="{} where there is none: then only the owner's account may use the queue.",
        ),
        Bool(
            "fifo_queue",
            live=From(_attribute("FifoQueue"), _as_told),
            cloudformation="FifoQueue",
            absent=False,
        ),
        Text(
            "dead_letter_target_arn",
            live=From(_attribute("RedrivePolicy"), _target),
            cloudformation=From("RedrivePolicy", _target),
            absent="",
        ),
        Int(
            "message_retention_seconds",
            live=From(_attribute("MessageRetentionPeriod"), _as_told),
            cloudformation=From("MessageRetentionPeriod", absent=345600),
        ),
        Int(
            "visibility_timeout_seconds",
            live=From(_attribute("VisibilityTimeout"), _as_told),
            cloudformation=From("VisibilityTimeout", absent=30),
        ),
        Tags(live="@tags.Tags"),
    ),
)
