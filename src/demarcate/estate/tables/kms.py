"""AWS KMS: keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Bulk,
    Call,
    Companion,
    Each,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
    Within,
)
from demarcate.estate.schema.transforms import document, each
from demarcate.estate.schema.unknown import Kind, Unknown

_DEFAULT_POLICY: Final = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
}
"""What KMS gives a key that is made without a policy: it leaves the decision to the account's IAM policies."""


def _customer(_: Any) -> str:
    return "CUSTOMER"


def _state(enabled: bool) -> str:
    return "Enabled" if enabled else "Disabled"


def _replica(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A replica of a multi-Region key: what it shares with its primary key is that one's."""
    shared = Unknown(Kind.INDIRECT, "is that of the primary key")
    names = ("EnableKeyRotation", "RotationPeriodInDays", "KeySpec", "KeyUsage", "Origin")
    return [{**dict.fromkeys(names, shared), **properties, "MultiRegion": True}]


KEY = Table(
    "aws_kms_key",
    "A KMS key: the customer's own, and those that services made in the account.",
    service="kms",
    live=Each("kms.list_keys", "Keys[]"),
    details={
        "key": Call("kms.describe_key", inputs={"KeyId": "KeyArn"}),
        "rotation": Call(
            "kms.get_key_rotation_status", inputs={"KeyId": "KeyArn"}, absent=("UnsupportedOperationException",)
        ),
        "policy": Call("kms.get_key_policy", inputs={"KeyId": "KeyArn"}, params={"PolicyName": "default"}),
        "aliases": Bulk(Each("kms.list_aliases", "Aliases[]"), key="TargetKeyId", of="KeyId"),
        "usage": Call("kms.get_key_last_usage", inputs={"KeyId": "KeyArn"}),
        "grants": Call("kms.list_grants", inputs={"KeyId": "KeyArn"}),
        "tags": Call("kms.list_resource_tags", inputs={"KeyId": "KeyArn"}),
    },
    cloudformation="AWS::KMS::Key",
    within=(Within("AWS::KMS::ReplicaKey", _replica, named=True),),
    ref_attributes=("KeyId",),
    companions={"aliases": Companion("AWS::KMS::Alias", "TargetKeyId", many=True)},
    columns=(
        Text("id", live="KeyId", cloudformation=REF),
        Arn(live="KeyArn"),
        Text(
            "key_manager",
            live="@key.KeyMetadata.KeyManager",
            cloudformation=From("@", _customer),
            about="CUSTOMER or AWS.",
        ),
        Text(
            "key_state",
            live="@key.KeyMetadata.KeyState",
            cloudformation=From("Enabled", _state, absent="Enabled"),
        ),
        Bool("enabled", live="@key.KeyMetadata.Enabled", cloudformation=From("Enabled", absent=True)),
        Text("description", live="@key.KeyMetadata.Description", cloudformation="Description", absent=""),
        Text("origin", live="@key.KeyMetadata.Origin", cloudformation=From("Origin", absent="AWS_KMS")),
        Text(
            "key_usage",
            live="@key.KeyMetadata.KeyUsage",
            cloudformation=From("KeyUsage", absent="ENCRYPT_DECRYPT"),
        ),
        Text(
            "key_spec", live="@key.KeyMetadata.KeySpec", cloudformation=From("KeySpec", absent="SYMMETRIC_DEFAULT")
        ),
        Bool(
            "multi_region", live="@key.KeyMetadata.MultiRegion", cloudformation=From("MultiRegion", absent=False)
        ),
        Text(
            "multi_region_key_type",
            live="@key.KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType",
            absent="",
            about="PRIMARY or REPLICA; '' for a key of a single region.",
        ),
        Time("creation_date", live="@key.KeyMetadata.CreationDate"),
        Time(
            "last_used",
            live="@usage.KeyLastUsage.Timestamp",
            about="When it last encrypted, decrypted or signed, since KMS began to track that: tracked_since.",
        ),
        Time("tracked_since", live="@usage.TrackingStartDate", about="Since when KMS tracks its use."),
        Time("deletion_date", live="@key.KeyMetadata.DeletionDate"),
        Time("valid_to", live="@key.KeyMetadata.ValidTo", about="When imported key material expires."),
        Text(
            "expiration_model",
            live="@key.KeyMetadata.ExpirationModel",
            absent="",
            about="Of imported key material: whether it expires.",
        ),
        Text("custom_key_store_id", live="@key.KeyMetadata.CustomKeyStoreId", absent=""),
        Bool(
            "key_rotation_enabled",
            live="@rotation.KeyRotationEnabled",
            cloudformation="EnableKeyRotation",
            absent=False,
        ),
        Int(
            "rotation_period_in_days",
            live="@rotation.RotationPeriodInDays",
            cloudformation=From("RotationPeriodInDays", absent=365),
            about="Where it rotates by itself.",
        ),
        Time("next_rotation_date", live="@rotation.NextRotationDate"),
        Int(
            "pending_window_in_days",
            live="@key.KeyMetadata.PendingDeletionWindowInDays",
            cloudformation=From("PendingWindowInDays", absent=30),
        ),
        Json(
            "policy",
            live=From("@policy.Policy", document),
            cloudformation=From("KeyPolicy", document, absent=_DEFAULT_POLICY),
        ),
        Json(
            "grants",
            live="@grants.Grants",
            about="Who may use it outside of all policies, for what, and what that is held to.",
        ),
        Texts(
            "aliases",
            live=From("@aliases", each("AliasName")),
            cloudformation=From("@aliases", each("AliasName")),
            absent=[],
        ),
        Tags(live="@tags.Tags"),
    ),
)

ALIAS = Table(
    "aws_kms_alias",
    "A name for a KMS key.",
    service="kms",
    live=Each("kms.list_aliases", "Aliases[]"),
    cloudformation="AWS::KMS::Alias",
    columns=(
        Text("alias_name", live="AliasName", cloudformation=REF),
        Arn(live="AliasArn", cloudformation=REF),
        Text("target_key_id", live="TargetKeyId", absent=""),
        Bool(
            "is_aws_managed",
            live=From("AliasName", lambda name: name.startswith("alias/aws/")),
        ),
        Time("creation_date", live="CreationDate"),
        Time("last_updated_date", live="LastUpdatedDate"),
    ),
)
