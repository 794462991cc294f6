"""Amazon RDS: who hears of its events."""

from __future__ import annotations

from demarcate.estate.schema.table import REF, Arn, Bool, Each, From, Table, Text, Texts

EVENT_SUBSCRIPTION = Table(
    "aws_rds_db_event_subscription",
    "A subscription to the events of RDS.",
    service="rds",
    live=Each("rds.describe_event_subscriptions", "EventSubscriptionsList[]"),
    cloudformation="AWS::RDS::EventSubscription",
    ref_property="SubscriptionName",
    gone=("status", "deleting"),
    columns=(
        Text("cust_subscription_id", live="CustSubscriptionId", cloudformation=REF),
        Arn(live="EventSubscriptionArn", cloudformation=REF),
        Bool("enabled", live="Enabled", cloudformation=From("Enabled", absent=True)),
        Text("status", live="Status"),
        Text(
            "source_type",
            live="SourceType",
            absent="",
            about="What it hears of; empty for everything.",
        ),
        Texts(
            "event_categories_list",
            live="EventCategoriesList",
            cloudformation="EventCategories",
            absent=[],
            about="The categories that it hears of; empty for all.",
        ),
        Texts(
            "source_ids_list",
            live="SourceIdsList",
            cloudformation="SourceIds",
            absent=[],
            about="The resources that it hears of; empty for all.",
        ),
        Text("sns_topic_arn", live="SnsTopicArn"),
    ),
)
