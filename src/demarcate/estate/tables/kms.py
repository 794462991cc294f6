"""AWS KMS: keys, their aliases and grants, and key stores of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.estate.schema.conversion import convert
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Bulk,
    Call,
    Companion,
    Derived,
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
from demarcate.estate.schema.transforms import document, each, not_after
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


def _last(rotations: Any) -> Any:
    return max((rotation["RotationDate"] for rotation in rotations), default=ABSENT)


def _unused_since(usage: Mapping[str, Any]) -> Any:
    used = (usage.get("KeyLastUsage") or {}).get("Timestamp")
    return used or usage["TrackingStartDate"]


def _on_demand(rotations: Any) -> int:
    return sum(rotation["RotationType"] == "ON_DEMAND" for rotation in rotations)


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
        "rotations": Call(
            "kms.list_key_rotations", inputs={"KeyId": "KeyArn"}, absent=("UnsupportedOperationException",)
        ),
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
        Text(
            "primary_key_arn",
            live="@key.KeyMetadata.MultiRegionConfiguration.PrimaryKey.Arn",
            absent="",
            about="Of a multi-Region key, which may be itself.",
        ),
        Texts(
            "replica_key_arns",
            live=From("@key.KeyMetadata.MultiRegionConfiguration.ReplicaKeys", each("Arn")),
            absent=[],
        ),
        Time("creation_date", live="@key.KeyMetadata.CreationDate"),
        Time(
            "last_used",
            live="@usage.KeyLastUsage.Timestamp",
            about="When it last encrypted, decrypted or signed, since KMS began to track that: tracked_since.",
        ),
        Text("last_used_for", live="@usage.KeyLastUsage.Operation", absent="", about="The operation of that use."),
        Time("tracked_since", live="@usage.TrackingStartDate", about="Since when KMS tracks its use."),
        Time(
            "unused_since",
            live=From("@usage", _unused_since),
            about="Since when it is known that nobody used it: last_used, or else tracked_since.",
        ),
        Time("deletion_date", live="@key.KeyMetadata.DeletionDate"),
        Time("valid_to", live="@key.KeyMetadata.ValidTo", about="When imported key material expires."),
        Text(
            "expiration_model",
            live="@key.KeyMetadata.ExpirationModel",
            absent="",
            about="Of imported key material: whether it expires.",
        ),
        Text("custom_key_store_id", live="@key.KeyMetadata.CustomKeyStoreId", absent=""),
        Text("cloud_hsm_cluster_id", live="@key.KeyMetadata.CloudHsmClusterId", absent=""),
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
        Time(
            "on_demand_rotation_start_date",
            live="@rotation.OnDemandRotationStartDate",
            about="Of a rotation on demand that is under way.",
        ),
        Time("last_rotation_date", live=From("@rotations.Rotations", _last), about="By itself, or on demand."),
        Int("on_demand_rotations", live=From("@rotations.Rotations", _on_demand), absent=0, about="So far."),
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


def _moved(alias: Mapping[str, Any]) -> Any:
    """An alias of AWS that was never given to a key has neither day."""
    made, updated = alias.get("CreationDate"), alias.get("LastUpdatedDate")
    return made != updated if (made is None) == (updated is None) else ABSENT


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
        Bool(
            "moved",
            live=From("@", _moved),
            about="Whether it was given to another key since it was made.",
        ),
    ),
)


def _grants(needs: Mapping[str, Any]) -> Iterator[Mapping[str, Any] | Unknown]:
    """The grants of a key."""
    for grant in needs.get("grants") or []:
        if isinstance(grant, Unknown):
            yield grant
            continue
        constraints = grant.get("Constraints") or {}
        yield {
            "key_arn": needs.get("arn"),
            "grant_id": grant.get("GrantId"),
            "grant_name": grant.get("Name") or "",
            "grantee": grant.get("GranteePrincipal") or grant.get("GranteeServicePrincipal") or "",
            "retiring_principal": grant.get("RetiringPrincipal") or grant.get("RetiringServicePrincipal") or "",
            "issuing_account": grant.get("IssuingAccount") or "",
            "operations": grant.get("Operations") or [],
            "constraints": constraints,
            "constrained": bool(constraints),
            "creation_date": grant.get("CreationDate"),
            "unused": _unused(grant, needs),
        }


def _unused(grant: Mapping[str, Any], needs: Mapping[str, Any]) -> Any:
    """Whether a grant was certainly never used: its key was not since it was given, and KMS tracked it all the time.

    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html
    """
    told = (needs.get("last_used"), needs.get("tracked_since"), grant.get("CreationDate"))
    used, since, given = (None if each is None else convert("TIMESTAMP", each, "moment") for each in told)
    for value in (used, since, given):
        if isinstance(value, Unknown):
            return value
    if given is None or (used is None and since is None):
        return Unknown(Kind.UNTOLD, "when its key was last used")
    if (used if used is not None else since) < given:
        return True
    return Unknown(Kind.UNTOLD, "by whom its key was used")


GRANT = Table(
    "aws_kms_grant",
    "A grant of a KMS key: who may use it outside of all policies.",
    service="kms",
    derived=(Derived(KEY.name, ("grants", "arn", "last_used", "tracked_since"), _grants),),
    columns=(
        Text("key_arn"),
        Text("grant_id"),
        Text("grant_name", absent=""),
        Text("grantee", about="Whom it lets: a principal, or a service."),
        Text("retiring_principal", absent=""),
        Text("issuing_account", absent=""),
        Texts("operations"),
        Json("constraints"),
        Bool("constrained", about="Whether it holds for an encryption context or a source alone."),
        Time("creation_date"),
        Bool("unused", about="Whether its key was certainly not used since it was given."),
    ),
)

CUSTOM_KEY_STORE = Table(
    "aws_kms_custom_key_store",
    "A key store of your own behind KMS: a CloudHSM cluster, or an external key manager.",
    service="kms",
    live=Each("kms.describe_custom_key_stores", "CustomKeyStores[]"),
    columns=(
        Text("custom_key_store_id", live="CustomKeyStoreId"),
        Text("custom_key_store_name", live="CustomKeyStoreName"),
        Arn("arn:{partition}:kms:{region}:{account_id}:customkeystore/{custom_key_store_id}"),
        Text("type", live="CustomKeyStoreType", about="AWS_CLOUDHSM or EXTERNAL_KEY_STORE."),
        Text("connection_state", live="ConnectionState"),
        Text("connection_error_code", live="ConnectionErrorCode", absent=""),
        Text("cloud_hsm_cluster_id", live="CloudHsmClusterId", absent=""),
        Time(
            "trust_anchor_not_after",
            live=From("TrustAnchorCertificate", not_after),
            about="When the certificate ends by which KMS knows the CloudHSM cluster.",
        ),
        Text(
            "proxy_connectivity",
            live="XksProxyConfiguration.Connectivity",
            absent="",
            about="Of an external store: PUBLIC_ENDPOINT or VPC_ENDPOINT_SERVICE.",
        ),
        Text("proxy_uri_endpoint", live="XksProxyConfiguration.UriEndpoint", absent=""),
        Text("proxy_vpc_endpoint_service", live="XksProxyConfiguration.VpcEndpointServiceName", absent=""),
        Time("creation_date", live="CreationDate"),
    ),
)
