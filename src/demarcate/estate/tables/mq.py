"""Amazon MQ: brokers of ActiveMQ and RabbitMQ."""

from __future__ import annotations

from demarcate.estate.schema.table import REF, Arn, Bool, Each, From, Table, Tags, Text, Texts, Time, attribute
from demarcate.estate.schema.transforms import each

BROKER = Table(
    "aws_mq_broker",
    "An Amazon MQ broker.",
    service="mq",
    live=(
        Each("mq.list_brokers", "BrokerSummaries[]"),
        Each("mq.describe_broker", "@", inputs={"BrokerId": "BrokerId"}),
    ),
    cloudformation="AWS::AmazonMQ::Broker",
    gone=("broker_state", "DELETION_IN_PROGRESS", "CREATION_FAILED"),
    columns=(
        Text("broker_id", live="BrokerId", cloudformation=REF),
        Text("broker_name", live="BrokerName"),
        Arn(live="BrokerArn", cloudformation=attribute("Arn")),
        Text("broker_state", live="BrokerState"),
        Text("engine_type", live=From("EngineType", str.upper)),
        Text("engine_version", live="EngineVersion"),
        Text(
            "deployment_mode",
            live=From("DeploymentMode", str.upper),
            about="SINGLE_INSTANCE, ACTIVE_STANDBY_MULTI_AZ or CLUSTER_MULTI_AZ.",
        ),
        Text(
            "pending_engine_version",
            live="PendingEngineVersion",
            absent="",
            about="To which it goes as it reboots.",
        ),
        Bool("auto_minor_version_upgrade", live="AutoMinorVersionUpgrade", absent=False),
        Text("maintenance_window_day_of_week", live="MaintenanceWindowStartTime.DayOfWeek"),
        Text(
            "maintenance_window_time_of_day", live="MaintenanceWindowStartTime.TimeOfDay", about="Such as 02:00."
        ),
        Text(
            "maintenance_window_time_zone",
            live="MaintenanceWindowStartTime.TimeZone",
            absent="UTC",
            about="A name such as Europe/Berlin, or an offset from UTC.",
        ),
        Bool("publicly_accessible", live="PubliclyAccessible"),
        Bool("audit_logs_enabled", live="Logs.Audit", absent=False, about="ActiveMQ only."),
        Bool("general_logs_enabled", live="Logs.General", absent=False),
        Time("created", live="Created"),
        Tags(live="Tags"),
    ),
)

ENGINE_VERSION = Table(
    "aws_mq_engine_version",
    "A minor version of an engine on Amazon MQ, and until when AWS supports it.",
    service="mq",
    facts=True,
    columns=(
        Text("engine_type", about="ACTIVEMQ or RABBITMQ."),
        Text("minor_engine_version", about="Such as 5.18."),
        Time("end_of_support", about="From this day AWS moves brokers to another version."),
    ),
)

ENGINE_TYPE = Table(
    "aws_mq_broker_engine_type",
    "An engine of Amazon MQ, and the versions of it that brokers may have.",
    service="mq",
    live=Each("mq.describe_broker_engine_types", "BrokerEngineTypes[]"),
    on_offer=True,
    columns=(
        Text("engine_type", live=From("EngineType", str.upper), about="ACTIVEMQ or RABBITMQ."),
        Arn("arn:{partition}:mq:{region}:{account_id}:enginetype:{engine_type}"),
        Texts("engine_versions", live=From("EngineVersions", each("Name")), absent=[]),
    ),
)
