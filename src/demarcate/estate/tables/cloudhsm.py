"""AWS CloudHSM: clusters of hardware security modules, and their backups."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import REF, Arn, Bool, Each, From, Int, Json, Table, Tags, Text, Texts, Time
from demarcate.estate.schema.transforms import each, not_after
from demarcate.estate.schema.unknown import first_unknown


def _zones(hsms: Any) -> list[str]:
    return sorted({hsm["AvailabilityZone"] for hsm in hsms if hsm.get("State") == "ACTIVE"})


def _active(hsms: Any) -> int:
    return sum(hsm.get("State") == "ACTIVE" for hsm in hsms)


def _zone_count(hsms: Any) -> int:
    return len(_zones(hsms))


def _days(policy: Any) -> Any:
    return first_unknown(policy) or (policy["Value"] if policy.get("Type") == "DAYS" else 0)


CLUSTER = Table(
    "aws_cloudhsm_cluster",
    "A CloudHSM cluster.",
    service="cloudhsm",
    live=Each("cloudhsmv2.describe_clusters", "Clusters[]"),
    cloudformation="AWS::CloudHSM::Cluster",
    gone=("state", "DELETE_IN_PROGRESS", "DELETED"),
    columns=(
        Text("cluster_id", live="ClusterId", cloudformation=REF),
        Arn("arn:{partition}:cloudhsm:{region}:{account_id}:cluster/{cluster_id}", cloudformation=REF),
        Text("state", live="State"),
        Text("hsm_type", live="HsmType"),
        Text("mode", live="Mode", about="FIPS or NON_FIPS."),
        Text("vpc_id", live="VpcId"),
        Text("security_group", live="SecurityGroup"),
        Json("hsms", live="Hsms", absent=[]),
        Int("active_hsm_count", live=From("Hsms", _active), absent=0),
        Int("availability_zone_count", live=From("Hsms", _zone_count), absent=0, about="Of its active HSMs."),
        Texts("availability_zones", live=From("Hsms", _zones), absent=[], about="Of its active HSMs."),
        Texts("hsm_ids", live=From("Hsms", each("HsmId")), absent=[]),
        Json("subnet_mapping", live="SubnetMapping"),
        Texts(
            "subnet_ids",
            live=From("SubnetMapping", lambda zones: sorted(zones.values())),
            cloudformation="SubnetIds",
        ),
        Text("backup_policy", live="BackupPolicy"),
        Int(
            "backup_retention_days",
            live=From("BackupRetentionPolicy", _days),
        ),
        Time(
            "cluster_certificate_not_after",
            live=From("Certificates.ClusterCertificate", not_after),
            about="When the certificate ends that you signed for the cluster, and by which clients know it.",
        ),
        Time("hsm_certificate_not_after", live=From("Certificates.HsmCertificate", not_after)),
        Time("hsm_type_rollback_expiration", live="HsmTypeRollbackExpiration"),
        Time("create_timestamp", live="CreateTimestamp"),
        Tags(live="TagList"),
    ),
)

BACKUP = Table(
    "aws_cloudhsm_backup",
    "A backup of a CloudHSM cluster: its users, its keys and its certificates.",
    service="cloudhsm",
    live=Each("cloudhsmv2.describe_backups", "Backups[]"),
    gone=("backup_state", "DELETED", "PENDING_DELETION"),
    columns=(
        Text("backup_id", live="BackupId"),
        Arn(live="BackupArn"),
        Text("backup_state", live="BackupState"),
        Text("cluster_id", live="ClusterId", absent=""),
        Text("hsm_type", live="HsmType"),
        Text("mode", live="Mode"),
        Bool("never_expires", live="NeverExpires", absent=False),
        Text("source_region", live="SourceRegion", absent="", about="Of a copy: from where."),
        Text("source_backup", live="SourceBackup", absent=""),
        Text("source_cluster", live="SourceCluster", absent=""),
        Time("create_timestamp", live="CreateTimestamp"),
        Time("copy_timestamp", live="CopyTimestamp"),
        Tags(live="TagList"),
    ),
)
