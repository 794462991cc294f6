"""Amazon S3: buckets, and the account's own block of public access."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from demarcate.access.rows import taken_for_public
from demarcate.estate.schema.paths import path
from demarcate.estate.schema.standins import distinct
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Column,
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
    attribute,
)
from demarcate.estate.schema.transforms import aws_managed_key, document, equals, not_empty, present
from demarcate.estate.schema.unknown import Unknown, first_unknown

_EVERYONE = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)
_WRITES = ("WRITE", "WRITE_ACP", "FULL_CONTROL")


def _granted_to_everyone(*permissions: str) -> Callable[[list[Mapping[str, Any]]], bool]:
    """Whether an access control list gives everyone one of those permissions (or any at all)."""
    return lambda grants: any(
        grant["Grantee"].get("URI") in _EVERYONE and (not permissions or grant["Permission"] in permissions)
        for grant in grants
    )


def _any_enabled(rules: list[Any]) -> Any:
    """Whether one of the rules is on."""
    states = [rule if isinstance(rule, Unknown) else rule.get("Status") for rule in rules]
    return True if "Enabled" in states else first_unknown(states) or False


def _destinations(rules: list[Any]) -> Any:
    """The buckets to which those of the rules copy that are on."""
    enabled = [rule for rule in rules if isinstance(rule, Unknown) or rule.get("Status") != "Disabled"]
    return first_unknown(enabled) or distinct(rule["Destination"]["Bucket"] for rule in enabled)


_NARROWED = ("Prefix", "Tag", "Tags", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan")


def _expires_after(rules: list[Any]) -> Any:
    """In how many days the first rule that is on, and for all objects, expires them; 0 where none does.

    A rule for some objects only is left out. One that expires on a date does so on each day from then on.
    """
    told: list[Any] = []
    for rule in rules:
        if isinstance(rule, Unknown) or isinstance(rule.get("Status"), Unknown):
            told.append(rule if isinstance(rule, Unknown) else rule["Status"])
        elif rule.get("Status") == "Enabled":
            told.append(_expiry(rule))
    unknown = first_unknown(told)
    return unknown if unknown is not None else min((days for days in told if days is not None), default=0)


def _expiry(rule: Mapping[str, Any]) -> Any:
    """The days after which one rule expires all objects, in the API's form or a template's; None where it does not."""
    asked = rule.get("Filter") or {}
    narrowed = [each.get(name) for each in (rule, asked, asked.get("And") or {}) for name in _NARROWED]
    expires = rule.get("Expiration") or {}
    days = expires.get("Days", rule.get("ExpirationInDays"))
    date = expires.get("Date", rule.get("ExpirationDate"))
    if any(each for each in narrowed if not isinstance(each, Unknown)) or (days is None and date is None):
        return None
    unknown = first_unknown([*narrowed, days])
    if unknown is not None:
        return unknown
    return 1 if days is None else int(days)


_PUBLIC_ACLS = ("PublicRead", "PublicReadWrite", "AuthenticatedRead")
_OWNERS_ACLS = ("Private", "BucketOwnerFullControl", "BucketOwnerRead")
"""Canned access control lists that a bucket takes whose lists are off: they give nobody but the owner anything."""


def _blocked(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """One switch of a template's public access block.

    Since April 2023 a new bucket has all four on; a block that is declared has on what it names. A bucket that is
    declared with a public access control list, which AWS refuses while they are on, is not believed to have them.
    """

    def value(properties: Mapping[str, Any]) -> Any:
        block = properties.get("PublicAccessBlockConfiguration")
        if block is None:
            acl = properties.get("AccessControl", "Private")
            return acl if isinstance(acl, Unknown) else acl not in _PUBLIC_ACLS
        return block if isinstance(block, Unknown) else block.get(name, False)

    return value


def _ownership(properties: Mapping[str, Any]) -> Any:
    """The object ownership that a template declares.

    Since April 2023 a new bucket has access control lists turned off. One that is declared with a list, which AWS
    refuses while they are, is not believed to.
    """
    controls = properties.get("OwnershipControls")
    if controls is not None:
        return path("Rules[0].ObjectOwnership")(controls)
    acl = properties.get("AccessControl", "Private")
    if isinstance(acl, Unknown):
        return acl
    return "BucketOwnerEnforced" if acl in _OWNERS_ACLS else "ObjectWriter"


def _policy_is_public(policy: Any) -> Any:
    """Whether S3 takes a bucket policy for public, as its text says it."""
    told = taken_for_public(policy)
    return True if True in told else first_unknown(told) or False


def _notifies(configuration: Mapping[str, Any]) -> Any:
    """Whether any event of the bucket is sent anywhere."""
    bridge = configuration.get("EventBridgeConfiguration")
    if bridge is not None:
        enabled = bridge if isinstance(bridge, Unknown) else bridge.get("EventBridgeEnabled", True)
        if enabled:
            return enabled
    return any(value for name, value in configuration.items() if name != "EventBridgeConfiguration")


def _days(retention: Mapping[str, Any]) -> Any:
    days, years = retention.get("Days"), retention.get("Years")
    unknown = first_unknown([days, years])
    if unknown is not None:
        return unknown
    return int(days or 0) or int(years or 0) * 365


def _block_columns(live: str, cloudformation: bool) -> tuple[Column, ...]:
    return tuple(
        Bool(
            column,
            live=f"{live}.{member}",
            cloudformation=From("@", _blocked(member)) if cloudformation else None,
            absent=False,
        )
        for column, member in (
            ("block_public_acls", "BlockPublicAcls"),
            ("block_public_policy", "BlockPublicPolicy"),
            ("ignore_public_acls", "IgnorePublicAcls"),
            ("restrict_public_buckets", "RestrictPublicBuckets"),
        )
    )


def _detail(operation: str, *absent: str, only: tuple[str, ...] = ()) -> Call:
    return Call(f"s3.{operation}", inputs={"Bucket": "Name"}, absent=absent, only=only)


_VERSIONED = ("@versioning.Status",)
"""Replication and object lock need versioning, whose status is there from when it was first enabled."""


_LIVE_RULE = "@encryption.ServerSideEncryptionConfiguration.Rules[0]"
_RULE = "BucketEncryption.ServerSideEncryptionConfiguration[0]"

BUCKET = Table(
    "aws_s3_bucket",
    "A general purpose S3 bucket.",
    service="s3",
    scope="account",
    # ListBuckets names the bucket's region only where the request has a parameter.
    live=Each("s3.list_buckets", "Buckets[]", params={"MaxBuckets": 1000}),
    details={
        "acl": _detail("get_bucket_acl"),
        "acceleration": _detail(
            "get_bucket_accelerate_configuration", "MethodNotAllowed", "NotImplemented", "UnsupportedArgument"
        ),
        "encryption": _detail("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
        "lifecycle": _detail("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
        "logging": _detail("get_bucket_logging"),
        "notifications": _detail("get_bucket_notification_configuration"),
        "object_lock": _detail(
            "get_object_lock_configuration", "ObjectLockConfigurationNotFoundError", only=_VERSIONED
        ),
        "ownership": _detail("get_bucket_ownership_controls", "OwnershipControlsNotFoundError"),
        "policy": _detail("get_bucket_policy", "NoSuchBucketPolicy"),
        "policy_status": _detail("get_bucket_policy_status", "NoSuchBucketPolicy", only=("@policy.Policy",)),
        "public_access": _detail("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
        "replication": _detail("get_bucket_replication", "ReplicationConfigurationNotFoundError", only=_VERSIONED),
        "tagging": _detail("get_bucket_tagging", "NoSuchTagSet"),
        "versioning": _detail("get_bucket_versioning"),
        "website": _detail("get_bucket_website", "NoSuchWebsiteConfiguration"),
    },
    cloudformation="AWS::S3::Bucket",
    ref_property="BucketName",
    companions={"policy": Companion("AWS::S3::BucketPolicy", "Bucket")},
    columns=(
        Text("name", live="Name", cloudformation=REF),
        Arn("arn:{partition}:s3:::{name}", cloudformation=attribute("Arn")),
        Text(
            "given_name",
            live="Name",
            cloudformation=From("BucketName", absent=""),
            about="The name that was chosen for it: '' where CloudFormation makes one.",
        ),
        Text("region", live="BucketRegion"),
        Time("creation_date", live="CreationDate"),
        Text(
            "sse_algorithm",
            live=f"{_LIVE_RULE}.ApplyServerSideEncryptionByDefault.SSEAlgorithm",
            cloudformation=f"{_RULE}.ServerSideEncryptionByDefault.SSEAlgorithm",
            absent="AES256",
            about="How new objects are encrypted by default; S3 encrypts every object at least with AES256.",
        ),
        Text(
            "kms_master_key_id",
            live=f"{_LIVE_RULE}.ApplyServerSideEncryptionByDefault.KMSMasterKeyID",
            cloudformation=f"{_RULE}.ServerSideEncryptionByDefault.KMSMasterKeyID",
            absent="",
        ),
        Bool(
            "kms_master_key_aws_managed",
            live=From(f"{_LIVE_RULE}.ApplyServerSideEncryptionByDefault.KMSMasterKeyID", aws_managed_key),
            cloudformation=From(f"{_RULE}.ServerSideEncryptionByDefault.KMSMasterKeyID", aws_managed_key),
            absent=False,
            about="Whether the key is named by an alias that AWS keeps for itself.",
        ),
        Bool(
            "bucket_key_enabled",
            live=f"{_LIVE_RULE}.BucketKeyEnabled",
            cloudformation=f"{_RULE}.BucketKeyEnabled",
            absent=False,
        ),
        Bool(
            "versioning_enabled",
            live=From("@versioning.Status", equals("Enabled")),
            cloudformation=From("VersioningConfiguration.Status", equals("Enabled")),
            absent=False,
        ),
        Bool(
            "versioning_mfa_delete",
            live=From("@versioning.MFADelete", equals("Enabled")),
            absent=False,
            about="Whether deleting a version needs MFA. Templates cannot say it.",
        ),
        Bool(
            "logging_enabled",
            live=From("@logging.LoggingEnabled", present),
            cloudformation=From("LoggingConfiguration", present),
            absent=False,
        ),
        Text(
            "logging_target_bucket",
            live="@logging.LoggingEnabled.TargetBucket",
            cloudformation="LoggingConfiguration.DestinationBucketName",
            absent="",
        ),
        Text(
            "logging_target_prefix",
            live="@logging.LoggingEnabled.TargetPrefix",
            cloudformation="LoggingConfiguration.LogFilePrefix",
            absent="",
        ),
        Bool(
            "logging_partitioned",
            live=From("@logging.LoggingEnabled.TargetObjectKeyFormat.PartitionedPrefix", present),
            cloudformation=From("LoggingConfiguration.TargetObjectKeyFormat.PartitionedPrefix", present),
            absent=False,
            about="Whether keys of log objects have the account, region, bucket and day in them.",
        ),
        *_block_columns("@public_access.PublicAccessBlockConfiguration", cloudformation=True),
        Bool(
            "public_access_block_declared",
            live=From("Name", present),
            cloudformation=From("PublicAccessBlockConfiguration", present, absent=False),
            about="Whether what blocks public access is told: false in a template that leaves it to AWS's default, "
            "which has been all four since April 2023.",
        ),
        Json(
            "policy",
            live=From("@policy.Policy", document),
            cloudformation=From("@policy.PolicyDocument", document),
            absent={},
        ),
        Bool(
            "bucket_policy_is_public",
            live="@policy_status.PolicyStatus.IsPublic",
            cloudformation=From("@policy.PolicyDocument", _policy_is_public),
            absent=False,
        ),
        Text(
            "object_ownership",
            live="@ownership.OwnershipControls.Rules[0].ObjectOwnership",
            cloudformation=From("@", _ownership),
            absent="ObjectWriter",
            about="BucketOwnerEnforced where access control lists are off: AWS's default since April 2023, which holds "
            "in a template that declares neither ownership nor a list.",
        ),
        Json("acl", live="@acl.Grants", about="The grants of the access control list."),
        Text("owner_id", live="@acl.Owner.ID", about="The canonical user that has it, as the list names it."),
        Bool(
            "acl_is_public",
            live=From("@acl.Grants", _granted_to_everyone()),
            cloudformation=From("AccessControl", equals(*_PUBLIC_ACLS), absent=False),
            about="Whether the access control list gives anything to everyone or to every AWS account.",
        ),
        Bool(
            "acl_is_public_write",
            live=From("@acl.Grants", _granted_to_everyone(*_WRITES)),
            cloudformation=From("AccessControl", equals("PublicReadWrite"), absent=False),
        ),
        Json("lifecycle_rules", live="@lifecycle.Rules", cloudformation="LifecycleConfiguration.Rules", absent=[]),
        Bool(
            "lifecycle_enabled",
            live=From("@lifecycle.Rules", _any_enabled),
            cloudformation=From("LifecycleConfiguration.Rules", _any_enabled),
            absent=False,
        ),
        Int(
            "expires_after_days",
            live=From("@lifecycle.Rules", _expires_after),
            cloudformation=From("LifecycleConfiguration.Rules", _expires_after),
            absent=0,
            about="In how many days a lifecycle rule for all objects expires them; 0 where none does.",
        ),
        Bool(
            "object_lock_enabled",
            live=From("@object_lock.ObjectLockConfiguration.ObjectLockEnabled", equals("Enabled")),
            cloudformation="ObjectLockEnabled",
            absent=False,
        ),
        Text(
            "object_lock_default_mode",
            live="@object_lock.ObjectLockConfiguration.Rule.DefaultRetention.Mode",
            cloudformation="ObjectLockConfiguration.Rule.DefaultRetention.Mode",
            absent="",
            about="GOVERNANCE, COMPLIANCE, or empty where new objects are not locked by default.",
        ),
        Int(
            "object_lock_default_days",
            live=From("@object_lock.ObjectLockConfiguration.Rule.DefaultRetention", _days),
            cloudformation=From("ObjectLockConfiguration.Rule.DefaultRetention", _days),
            absent=0,
        ),
        Bool(
            "event_notifications_enabled",
            live=From("@notifications", _notifies),
            cloudformation=From("NotificationConfiguration", _notifies),
            absent=False,
        ),
        Bool(
            "replication_enabled",
            live=From("@replication.ReplicationConfiguration.Rules", _any_enabled),
            cloudformation=From("ReplicationConfiguration.Rules", _any_enabled),
            absent=False,
        ),
        Texts(
            "replication_destinations",
            live=From("@replication.ReplicationConfiguration.Rules", _destinations),
            cloudformation=From("ReplicationConfiguration.Rules", _destinations),
            absent=[],
            about="The ARNs of the buckets to which rules that are on copy objects.",
        ),
        Bool(
            "website_enabled",
            live=From("@website", not_empty),
            cloudformation=From("WebsiteConfiguration", present),
            absent=False,
        ),
        Bool(
            "transfer_acceleration_enabled",
            live=From("@acceleration.Status", equals("Enabled")),
            cloudformation=From("AccelerateConfiguration.AccelerationStatus", equals("Enabled")),
            absent=False,
        ),
        Tags(live="@tagging.TagSet"),
    ),
)

ACCOUNT_SETTINGS = Table(
    "aws_s3_account_settings",
    "What S3 blocks for all buckets of the account.",
    service="s3",
    scope="account",
    live=Each("sts.get_caller_identity", "@"),
    details={
        "public_access": Call(
            "s3control.get_public_access_block",
            inputs={"AccountId": "Account"},
            absent=("NoSuchPublicAccessBlockConfiguration",),
        ),
    },
    columns=(
        Arn("arn:{partition}:s3:{region}:{account_id}:account-settings"),
        *_block_columns("@public_access.PublicAccessBlockConfiguration", cloudformation=False),
    ),
)
