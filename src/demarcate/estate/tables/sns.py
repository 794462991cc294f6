"""Amazon SNS: topics and who subscribes to them."""

from __future__ import annotations

from demarcate.estate.schema.table import REF, Arn, Bool, Call, Companion, Each, From, Int, Json, Table, Tags, Text
from demarcate.estate.schema.transforms import document

TOPIC = Table(
    "aws_sns_topic",
    "An SNS topic.",
    service="sns",
    live=Each("sns.list_topics", "Topics[]"),
    details={
        "attributes": Call("sns.get_topic_attributes", inputs={"TopicArn": "TopicArn"}),
        "tags": Call("sns.list_tags_for_resource", inputs={"ResourceArn": "TopicArn"}),
    },
    cloudformation="AWS::SNS::Topic",
    ref_attributes=("TopicArn",),
    companions={"policy": Companion("AWS::SNS::TopicPolicy", "Topics")},
    columns=(
        Arn(live="TopicArn", cloudformation=REF),
        Text("topic_arn", live="TopicArn", cloudformation=REF),
        Text("display_name", live="@attributes.Attributes.DisplayName", cloudformation="DisplayName", absent=""),
        Text("owner", live="@attributes.Attributes.Owner"),
        Text(
            "kms_master_key_id",
            live="@attributes.Attributes.KmsMasterKeyId",
            cloudformation="KmsMasterKeyId",
            absent="",
            about="'' where the topic is not encrypted with KMS.",
        ),
        Json(
            "policy",
            live=From("@attributes.Attributes.Policy", document),
            cloudformation=From("@policy.PolicyDocument", document, absent={}),
            about="{} where a template declares none: SNS then lets in the owner's account only.",
        ),
        Bool(
            "fifo_topic",
            live=From("@attributes.Attributes.FifoTopic", lambda told: told),
            cloudformation="FifoTopic",
            absent=False,
        ),
        Text(
            "signature_version",
            live="@attributes.Attributes.SignatureVersion",
            cloudformation="SignatureVersion",
            absent="1",
        ),
        Text(
            "tracing_config",
            live="@attributes.Attributes.TracingConfig",
            cloudformation="TracingConfig",
            absent="PassThrough",
        ),
        Int("subscriptions_confirmed", live=From("@attributes.Attributes.SubscriptionsConfirmed", int)),
        Int("subscriptions_pending", live=From("@attributes.Attributes.SubscriptionsPending", int)),
        Tags(live="@tags.Tags"),
    ),
)

SUBSCRIPTION = Table(
    "aws_sns_topic_subscription",
    "A subscription to an SNS topic.",
    service="sns",
    live=Each("sns.list_subscriptions", "Subscriptions[]"),
    details={
        # One that nobody has confirmed has no ARN to ask for, and nothing that it leaves out.
        "attributes": Call(
            "sns.get_subscription_attributes",
            inputs={"SubscriptionArn": "SubscriptionArn"},
            absent=("InvalidParameter", "InvalidParameterException", "NotFound", "NotFoundException"),
        ),
    },
    cloudformation="AWS::SNS::Subscription",
    columns=(
        Arn(live="SubscriptionArn", cloudformation=REF),
        Text("subscription_arn", live="SubscriptionArn", cloudformation=REF),
        Text("topic_arn", live="TopicArn"),
        Text("owner", live="Owner"),
        Text("protocol", live="Protocol"),
        Text("endpoint", live="Endpoint", absent=""),
        Json(
            "filter_policy",
            live=From("@attributes.Attributes.FilterPolicy", document),
            cloudformation=From("FilterPolicy", document),
            absent={},
            about="Which messages it takes; {} for all.",
        ),
    ),
)
