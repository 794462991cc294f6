"""Amazon EBS: volumes, snapshots and the defaults of a region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Bulk,
    Call,
    Each,
    From,
    Int,
    Json,
    ManagedBy,
    Table,
    Tags,
    Text,
    Texts,
    Time,
    Within,
)
from demarcate.estate.schema.transforms import each, not_empty
from demarcate.estate.schema.unknown import Kind, Unknown


def encryption_asked(volume: Mapping[str, Any]) -> Any:
    """Whether a volume is asked to be encrypted, as templates and launch templates declare volumes.

    One that says nothing has the encryption of its snapshot. A new one is plain, unless its region encrypts by default.
    """
    told = volume.get("Encrypted")
    if told is not None:
        return told
    if volume.get("SnapshotId") is not None:
        return Unknown(Kind.INDIRECT, "a volume is encrypted if its snapshot is")
    if volume.get("KmsKeyId") is not None:
        return Unknown(Kind.AMBIGUOUS, "KmsKeyId names a key, and Encrypted is not set")
    return False


def _of_instance(instance: Mapping[str, Any]) -> Iterator[Any]:
    """The volumes that a template declares within an instance.

    One that does not ask for encryption may be the image's own, whose snapshot then decides.
    """
    mappings = instance.get("BlockDeviceMappings", [])
    for mapping in [mappings] if isinstance(mappings, Unknown) else mappings:
        volume = mapping if isinstance(mapping, Unknown) else mapping.get("Ebs")
        if isinstance(volume, Unknown):
            yield volume
        elif volume is not None:
            zone = {"AvailabilityZone": instance["AvailabilityZone"]} if "AvailabilityZone" in instance else {}
            decides = Unknown(
                Kind.INDIRECT, "it is not set: the image decides, where the device is one of its own"
            )
            yield {"Encrypted": decides, **zone, **volume}


VOLUME = Table(
    "aws_ebs_volume",
    "An EBS volume.",
    service="ebs",
    live=Each("ec2.describe_volumes", "Volumes[]", by={"VolumeIds[]": "volume_id"}),
    cloudformation="AWS::EC2::Volume",
    within=(Within("AWS::EC2::Instance", _of_instance),),
    ref_attributes=("VolumeId",),
    gone=("state", "deleting", "deleted", "error"),
    columns=(
        Text("volume_id", live="VolumeId", cloudformation=REF),
        Arn("arn:{partition}:ec2:{region}:{account_id}:volume/{volume_id}", cloudformation=REF),
        Text("volume_type", live="VolumeType", absent="gp2"),
        Text("state", live="State"),
        Bool("encrypted", live="Encrypted", cloudformation=From("@", encryption_asked), absent=False),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Int("size", live="Size", about="GiB."),
        Int("iops", live="Iops"),
        Text("snapshot_id", live="SnapshotId", absent=""),
        Text("availability_zone", live="AvailabilityZone"),
        Time("create_time", live="CreateTime"),
        Json("attachments", live="Attachments", absent=[]),
        Texts("attached_instance_ids", live=From("Attachments", each("InstanceId")), absent=[]),
        ManagedBy(live="Operator.Principal"),
        Tags(live="Tags"),
    ),
)

SNAPSHOT = Table(
    "aws_ebs_snapshot",
    "A snapshot of an EBS volume that the account owns.",
    service="ebs",
    # The owner twice: AWS advises the parameter, and servers that stand in for it know only the filter.
    live=Each(
        "ec2.describe_snapshots",
        "Snapshots[]",
        params={"OwnerIds": ["self"]},
        inputs={"Filters": "#owner_id"},
        by={"SnapshotIds[]": "snapshot_id"},
    ),
    details={
        "public": Bulk(
            Each(
                "ec2.describe_snapshots",
                "Snapshots[]",
                params={"OwnerIds": ["self"], "RestorableByUserIds": ["all"]},
                inputs={"Filters": "#owner_id"},
            ),
            key="SnapshotId",
            of="SnapshotId",
            confirm=Call(
                "ec2.describe_snapshot_attribute",
                inputs={"SnapshotId": "SnapshotId"},
                params={"Attribute": "createVolumePermission"},
            ),
            confirmed=lambda answer: any(
                permission.get("Group") == "all" for permission in answer.get("CreateVolumePermissions", ())
            ),
        ),
    },
    gone=("state", "error"),
    columns=(
        Text("snapshot_id", live="SnapshotId"),
        Arn("arn:{partition}:ec2:{region}:{account_id}:snapshot/{snapshot_id}"),
        Text("state", live="State"),
        Bool("encrypted", live="Encrypted"),
        Text("kms_key_id", live="KmsKeyId", absent=""),
        Text("volume_id", live="VolumeId"),
        Int("volume_size", live="VolumeSize", about="GiB."),
        Time("start_time", live="StartTime"),
        Bool(
            "public",
            live=From("@public", not_empty),
            about="Whether every AWS account may make volumes of it.",
        ),
        Tags(live="Tags", cloudformation=None),
    ),
)

REGIONAL_SETTINGS = Table(
    "aws_ec2_regional_settings",
    "What EC2 does by default in one region of the account.",
    service="ebs",
    live=Each("ec2.get_ebs_encryption_by_default", "@"),
    details={
        "key": Call("ec2.get_ebs_default_kms_key_id"),
        "sharing": Call("ec2.get_snapshot_block_public_access_state"),
        "images": Call("ec2.get_image_block_public_access_state"),
        "serial": Call("ec2.get_serial_console_access_status"),
        "metadata": Call("ec2.get_instance_metadata_defaults"),
    },
    columns=(
        Arn("arn:{partition}:ec2:{region}:{account_id}:regional-settings"),
        Bool("default_ebs_encryption_enabled", live="EbsEncryptionByDefault"),
        Text("default_ebs_encryption_key", live="@key.KmsKeyId", absent=""),
        Text("snapshot_block_public_access_state", live="@sharing.State", absent="unblocked"),
        Text("image_block_public_access_state", live="@images.ImageBlockPublicAccessState"),
        Bool("serial_console_access_enabled", live="@serial.SerialConsoleAccessEnabled"),
        Text("metadata_http_tokens", live="@metadata.AccountLevel.HttpTokens", absent="no-preference"),
    ),
)
