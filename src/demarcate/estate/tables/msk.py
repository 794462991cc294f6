"""Amazon MSK: clusters of Apache Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.table import REF, Arn, Bool, Call, Each, From, Table, Tags, Text, Texts, Time
from demarcate.estate.schema.unknown import first_unknown


def _targets(compatible: list[Mapping[str, Any]]) -> Any:
    """The versions to which a cluster can be moved."""
    return first_unknown(compatible) or [
        version for source in compatible for version in source.get("TargetVersions") or ()
    ]


CLUSTER = Table(
    "aws_msk_cluster",
    "A provisioned MSK cluster.",
    service="msk",
    live=Each("kafka.list_clusters_v2", "ClusterInfoList[]", params={"ClusterTypeFilter": "PROVISIONED"}),
    details={"compatible": Call("kafka.get_compatible_kafka_versions", inputs={"ClusterArn": "ClusterArn"})},
    cloudformation="AWS::MSK::Cluster",
    gone=("state", "DELETING", "FAILED"),
    columns=(
        Text("cluster_name", live="ClusterName"),
        Arn(live="ClusterArn", cloudformation=REF),
        Text("state", live="State"),
        Text(
            "kafka_version",
            live="Provisioned.CurrentBrokerSoftwareInfo.KafkaVersion",
            cloudformation="KafkaVersion",
            about="Such as 3.8.x; its name ends in .kraft where it runs without ZooKeeper.",
        ),
        Texts(
            "compatible_versions",
            live=From("@compatible.CompatibleKafkaVersions", _targets),
            about="The versions to which it can be moved.",
        ),
        Text(
            "client_broker_encryption",
            live="Provisioned.EncryptionInfo.EncryptionInTransit.ClientBroker",
            cloudformation=From("EncryptionInfo.EncryptionInTransit.ClientBroker", absent="TLS"),
            about="Between clients and brokers: TLS, TLS_PLAINTEXT (either) or PLAINTEXT.",
        ),
        Bool(
            "in_cluster_encryption",
            live="Provisioned.EncryptionInfo.EncryptionInTransit.InCluster",
            cloudformation=From("EncryptionInfo.EncryptionInTransit.InCluster", absent=True),
            about="Whether brokers talk to each other over TLS.",
        ),
        Text(
            "data_volume_kms_key_id",
            live="Provisioned.EncryptionInfo.EncryptionAtRest.DataVolumeKMSKeyId",
            cloudformation="EncryptionInfo.EncryptionAtRest.DataVolumeKMSKeyId",
            absent="",
        ),
        Text(
            "public_access_type",
            live="Provisioned.BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type",
            cloudformation="BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type",
            absent="DISABLED",
            about="DISABLED or SERVICE_PROVIDED_EIPS.",
        ),
        Bool(
            "unauthenticated_access_enabled",
            live="Provisioned.ClientAuthentication.Unauthenticated.Enabled",
            cloudformation="ClientAuthentication.Unauthenticated.Enabled",
            about="Whether clients may connect without a name.",
        ),
        Text(
            "enhanced_monitoring",
            live="Provisioned.EnhancedMonitoring",
            cloudformation="EnhancedMonitoring",
            absent="DEFAULT",
        ),
        Time("creation_time", live="CreationTime"),
        Tags(live="Tags"),
    ),
)

KAFKA_VERSION = Table(
    "aws_msk_kafka_version",
    "A version of Kafka on MSK, and until when AWS supports it.",
    service="msk",
    facts=True,
    columns=(
        Text("kafka_version", about="Such as 3.8.x, without .kraft."),
        Time("end_of_support", about="From this day AWS moves clusters to another version."),
    ),
)
