"""EBS volumes, S3, EFS, ECR and AWS Backup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.terraform.forms import blocks, given, members, within
from demarcate.estate.sources.terraform.mapped import BLOCK, NOTHING, REF, Mapped, Values
from demarcate.estate.sources.terraform.shaping import at

_CANNED: Final = {
    "private": "Private",
    "public-read": "PublicRead",
    "public-read-write": "PublicReadWrite",
    "authenticated-read": "AuthenticatedRead",
    "aws-exec-read": "AwsExecRead",
    "bucket-owner-read": "BucketOwnerRead",
    "bucket-owner-full-control": "BucketOwnerFullControl",
    "log-delivery-write": "LogDeliveryWrite",
}
_EVERYONE: Final = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")


def _acl(values: Values) -> Any:
    """The canned access control list, or that which gives everyone as much as the grants do."""
    if (canned := values.get("acl")) is not None:
        return canned if isinstance(canned, Unknown) else _CANNED.get(canned, canned)
    policy = at(values, "access_control_policy")
    if isinstance(policy, list):
        policy = policy[0] if policy else ABSENT
    if isinstance(policy, Unknown):
        return policy
    grants = blocks(policy, "grant") if policy is not ABSENT else blocks(values, "grant")
    if isinstance(grants, Unknown) or not grants:
        return grants or ABSENT
    given_ = [permission for grant in grants for permission in _permissions(grant)]
    if not given_:
        return ABSENT  # the owner's own, which every bucket has
    return "PublicRead" if all(permission in ("READ", "READ_ACP") for permission in given_) else "PublicReadWrite"


def _permissions(grant: Mapping[str, Any]) -> list[Any]:
    """What a grant gives everyone: `aws_s3_bucket` has the grantee in it, `aws_s3_bucket_acl` in a block."""
    uri = grant.get("uri") or at(grant, "grantee.uri")
    if not isinstance(uri, str) or not uri.endswith(_EVERYONE):
        return []
    permission = grant.get("permissions", grant.get("permission"))
    return permission if isinstance(permission, list) else [permission]


def _versioning(values: Values) -> Any:
    """The state of versions: `aws_s3_bucket` has whether they are enabled, the resource of its own their status."""
    status = at(values, "versioning_configuration.status")
    if status is ABSENT:
        enabled = at(values, "versioning.enabled")
        if enabled is ABSENT or enabled is None:
            return ABSENT
        status = enabled if isinstance(enabled, Unknown) else "Enabled" if enabled else "Suspended"
    return {"Status": "Suspended" if status == "Disabled" else status}


def _rules(values: Values) -> Any:
    """Lifecycle rules, of `aws_s3_bucket` or of the resource of their own."""
    rules = blocks(values, "rule") or blocks(values, "lifecycle_rule")
    if isinstance(rules, Unknown):
        return {"Rules": rules}
    return {"Rules": [rule if isinstance(rule, Unknown) else _rule(rule) for rule in rules]} if rules else ABSENT


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    status = rule.get("status", "Enabled" if rule.get("enabled") else "Disabled")
    filter_ = at(rule, "filter.and")
    filter_ = at(rule, "filter") if filter_ is ABSENT else filter_
    filter_ = filter_[0] if isinstance(filter_, list) and filter_ else filter_
    told = filter_ if isinstance(filter_, Mapping) else {}
    tags = told.get("tags") or rule.get("tags") or {}
    tag = at(told, "tag")
    tag = tag[0] if isinstance(tag, list) and tag else tag
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()] if isinstance(tags, Mapping) else []
    pairs += [{"Key": tag.get("key"), "Value": tag.get("value")}] if isinstance(tag, Mapping) else []
    aborts = at(rule, "abort_incomplete_multipart_upload.days_after_initiation")
    aborts = rule.get("abort_incomplete_multipart_upload_days") if aborts is ABSENT else aborts
    noncurrent = at(rule, "noncurrent_version_expiration.noncurrent_days")
    noncurrent = at(rule, "noncurrent_version_expiration.days") if noncurrent is ABSENT else noncurrent
    parts: dict[str, Any] = {
        "Id": rule.get("id"),
        "Status": status,
        "Prefix": rule.get("prefix") or told.get("prefix"),
        "ObjectSizeGreaterThan": told.get("object_size_greater_than"),
        "ObjectSizeLessThan": told.get("object_size_less_than"),
        "TagFilters": pairs,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": aborts} if aborts else None,
        "ExpirationInDays": at(rule, "expiration.days"),
        "ExpirationDate": at(rule, "expiration.date"),
        "ExpiredObjectDeleteMarker": at(rule, "expiration.expired_object_delete_marker"),
        "NoncurrentVersionExpiration": {"NoncurrentDays": noncurrent}
        if noncurrent not in (ABSENT, None)
        else None,
        "Transitions": [
            {"StorageClass": move.get("storage_class"), "TransitionInDays": move.get("days")}
            for move in blocks(rule, "transition")
        ],
        "NoncurrentVersionTransitions": [
            {
                "StorageClass": move.get("storage_class"),
                "TransitionInDays": move.get("noncurrent_days", move.get("days")),
            }
            for move in blocks(rule, "noncurrent_version_transition")
        ],
    }
    left_out: tuple[Any, ...] = (None, "", ABSENT, [], 0, False)  # the provider's zero is that it is not set
    return {name: value for name, value in parts.items() if isinstance(value, Unknown) or value not in left_out}


def _notifications(values: Values) -> Any:
    """Notifications: whether there are any, and whether events go to EventBridge."""
    told: dict[str, Any] = {
        "TopicConfigurations": [{"Topic": each.get("topic_arn")} for each in blocks(values, "topic")],
        "QueueConfigurations": [{"Queue": each.get("queue_arn")} for each in blocks(values, "queue")],
        "LambdaConfigurations": [
            {"Function": each.get("lambda_function_arn")} for each in blocks(values, "lambda_function")
        ],
    }
    told = {name: several for name, several in told.items() if several}
    if (bridge := values.get("eventbridge")) is not None:
        told["EventBridgeConfiguration"] = {"EventBridgeEnabled": bridge}
    return told


def _replication(values: Values) -> Any:
    """Replication, of `aws_s3_bucket` or of the resource of its own."""
    block = values
    if (told := at(values, "replication_configuration")) is not ABSENT:
        block = (told[0] if told else {}) if isinstance(told, list) else told
    if isinstance(block, Unknown):
        return block
    rules = blocks(block, "rules") or blocks(block, "rule")
    if not rules:
        return ABSENT
    if isinstance(rules, Unknown):
        return {"Role": block.get("role"), "Rules": rules}
    return {"Role": block.get("role"), "Rules": [_replica(rule) for rule in rules]}


def _replica(rule: Mapping[str, Any]) -> dict[str, Any]:
    names = {"bucket": "Bucket", "account": "Account", "account_id": "Account", "storage_class": "StorageClass"}
    told = {"Id": rule.get("id"), "Status": rule.get("status"), "Priority": rule.get("priority")}
    destination = members("destination", names)(rule)
    return {name: value for name, value in told.items() if value is not None} | (
        {} if destination is ABSENT else {"Destination": destination}
    )


_ENCRYPTION: Final = {
    "BucketEncryption.ServerSideEncryptionConfiguration": "rule",
    "BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault": (
        "apply_server_side_encryption_by_default"
    ),
}
_LOGGING: Final = {
    "LoggingConfiguration.DestinationBucketName": "target_bucket",
    "LoggingConfiguration.LogFilePrefix": "target_prefix",
}
_WEBSITE: Final = members("@", {"index_document": "IndexDocument"})


def _part(resource: str, names: Mapping[str, Any], at_: str = "") -> Mapped:
    return Mapped(resource, "AWS::S3::Bucket", at=at_, into="bucket", names=names)


def _lock(values: Values) -> Any:
    mode = at(values, "rule.default_retention.mode")
    if mode is ABSENT:
        return ABSENT
    retention = {
        to: value
        for name, to in (("mode", "Mode"), ("days", "Days"), ("years", "Years"))
        if (value := at(values, f"rule.default_retention.{name}")) not in (ABSENT, None, 0)
    }
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}


def _condition(values: Values) -> Any:
    """Conditions of a selection, by what is compared."""
    block = at(values, "condition")
    block = block[0] if isinstance(block, list) and block else block
    if not isinstance(block, Mapping):
        return block or ABSENT
    names = {
        "string_equals": "StringEquals",
        "string_like": "StringLike",
        "string_not_equals": "StringNotEquals",
        "string_not_like": "StringNotLike",
    }
    return {
        to: [{"ConditionKey": each.get("key"), "ConditionValue": each.get("value")} for each in several]
        for name, to in names.items()
        if (several := blocks(block, name))
    }


MAPPED = (
    Mapped("aws_ebs_volume", "AWS::EC2::Volume", names={"VolumeType": "type"}),
    Mapped(
        "aws_s3_bucket",
        "AWS::S3::Bucket",
        ref=("bucket", "id"),
        names={
            "BucketName": "bucket",
            "AccelerateConfiguration": within("AccelerationStatus", "acceleration_status"),
            "AccessControl": _acl,
            "BucketEncryption": "server_side_encryption_configuration",
            **_ENCRYPTION,
            "LifecycleConfiguration": _rules,
            "LoggingConfiguration": "logging",
            **_LOGGING,
            "NotificationConfiguration": NOTHING,
            "OwnershipControls": NOTHING,
            "PublicAccessBlockConfiguration": NOTHING,
            "VersioningConfiguration": _versioning,
            "ReplicationConfiguration": _replication,
            "WebsiteConfiguration": "website",
        },
    ),
    Mapped(
        "aws_s3_bucket",
        "AWS::S3::BucketPolicy",
        names={"Bucket": REF, "PolicyDocument": "policy"},
        each=given("policy"),
    ),
    Mapped("aws_s3_bucket_policy", "AWS::S3::BucketPolicy", ref=("id",), names={"PolicyDocument": "policy"}),
    _part(
        "aws_s3_bucket_accelerate_configuration",
        {"AccelerateConfiguration": within("AccelerationStatus", "status")},
    ),
    _part("aws_s3_bucket_acl", {"AccessControl": _acl}),
    _part("aws_s3_bucket_lifecycle_configuration", {"LifecycleConfiguration": _rules}),
    _part("aws_s3_bucket_logging", _LOGGING, "LoggingConfiguration"),
    _part("aws_s3_bucket_notification", {"NotificationConfiguration": _notifications}),
    _part(
        "aws_s3_bucket_object_lock_configuration",
        {"ObjectLockConfiguration": _lock, "ObjectLockEnabled": lambda _: True},
    ),
    _part("aws_s3_bucket_ownership_controls", {}, "OwnershipControls"),
    _part("aws_s3_bucket_public_access_block", {}, "PublicAccessBlockConfiguration"),
    _part("aws_s3_bucket_replication_configuration", {"ReplicationConfiguration": _replication}),
    _part("aws_s3_bucket_server_side_encryption_configuration", _ENCRYPTION, "BucketEncryption"),
    _part("aws_s3_bucket_versioning", {"VersioningConfiguration": _versioning}),
    _part("aws_s3_bucket_website_configuration", {"WebsiteConfiguration": _WEBSITE}),
    Mapped(
        "aws_efs_file_system",
        "AWS::EFS::FileSystem",
        names={
            "BackupPolicy": NOTHING,
            "FileSystemPolicy": NOTHING,
            "FileSystemProtection": "protection",
            "FileSystemProtection.ReplicationOverwriteProtection": "replication_overwrite",
            "FileSystemTags": "tags",
        },
    ),
    Mapped(
        "aws_efs_backup_policy",
        "AWS::EFS::FileSystem",
        at="BackupPolicy",
        into="file_system_id",
        names={"BackupPolicy.Status": "backup_policy.status"},
    ),
    Mapped(
        "aws_efs_file_system_policy",
        "AWS::EFS::FileSystem",
        into="file_system_id",
        names={"FileSystemPolicy": "policy"},
    ),
    Mapped("aws_s3_access_point", "AWS::S3::AccessPoint"),
    Mapped("aws_efs_access_point", "AWS::EFS::AccessPoint", names={"AccessPointTags": "tags"}),
    Mapped("aws_efs_mount_target", "AWS::EFS::MountTarget"),
    Mapped(
        "aws_ecr_repository",
        "AWS::ECR::Repository",
        ref=("name", "id"),
        names={
            "RepositoryName": "name",
            "LifecyclePolicy": NOTHING,
            "RepositoryPolicyText": NOTHING,
            "EncryptionConfiguration.KmsKey": "kms_key",
        },
    ),
    Mapped(
        "aws_ecr_repository_policy",
        "AWS::ECR::Repository",
        into="repository",
        names={"RepositoryPolicyText": "policy"},
    ),
    Mapped(
        "aws_ecr_lifecycle_policy",
        "AWS::ECR::Repository",
        into="repository",
        names={"LifecyclePolicy": within("LifecyclePolicyText", "policy")},
    ),
    Mapped(
        "aws_ecr_registry_scanning_configuration",
        "AWS::ECR::RegistryScanningConfiguration",
        names={"Rules": "rule", "Rules.RepositoryFilters": "repository_filter"},
    ),
    Mapped(
        "aws_backup_plan",
        "AWS::Backup::BackupPlan",
        names={
            "BackupPlan": BLOCK,
            "BackupPlanTags": "tags",
            "BackupPlan.BackupPlanName": "name",
            "BackupPlan.BackupPlanRule": "rule",
            "BackupPlan.BackupPlanRule.CompletionWindowMinutes": "completion_window",
            "BackupPlan.BackupPlanRule.CopyActions": "copy_action",
            "BackupPlan.BackupPlanRule.CopyActions.DestinationBackupVaultArn": "destination_vault_arn",
            "BackupPlan.BackupPlanRule.CopyActions.Lifecycle.DeleteAfterDays": "delete_after",
            "BackupPlan.BackupPlanRule.CopyActions.Lifecycle.MoveToColdStorageAfterDays": "cold_storage_after",
            "BackupPlan.BackupPlanRule.Lifecycle.DeleteAfterDays": "delete_after",
            "BackupPlan.BackupPlanRule.Lifecycle.MoveToColdStorageAfterDays": "cold_storage_after",
            "BackupPlan.BackupPlanRule.ScheduleExpression": "schedule",
            "BackupPlan.BackupPlanRule.StartWindowMinutes": "start_window",
            "BackupPlan.BackupPlanRule.TargetBackupVault": "target_vault_name",
            "BackupPlan.BackupPlanRule.*": NOTHING,
            "BackupPlan.BackupPlanRule.CopyActions.*": NOTHING,
            "BackupPlan.BackupPlanRule.Lifecycle.*": NOTHING,
            "BackupPlan.BackupPlanRule.CopyActions.Lifecycle.*": NOTHING,
        },
    ),
    Mapped(
        "aws_backup_selection",
        "AWS::Backup::BackupSelection",
        names={
            "BackupPlanId": "plan_id",
            "BackupSelection": BLOCK,
            "BackupSelection.SelectionName": "name",
            "BackupSelection.ListOfTags": "selection_tag",
            "BackupSelection.ListOfTags.ConditionKey": "key",
            "BackupSelection.ListOfTags.ConditionType": "type",
            "BackupSelection.ListOfTags.ConditionValue": "value",
            "BackupSelection.Conditions": _condition,
        },
    ),
    Mapped(
        "aws_backup_vault",
        "AWS::Backup::BackupVault",
        ref=("name", "id"),
        names={
            "BackupVaultName": "name",
            "BackupVaultTags": "tags",
            "EncryptionKeyArn": "kms_key_arn",
            "AccessPolicy": NOTHING,
            "LockConfiguration": NOTHING,
            "Notifications": NOTHING,
        },
    ),
    Mapped(
        "aws_backup_vault_policy",
        "AWS::Backup::BackupVault",
        into="backup_vault_name",
        names={"AccessPolicy": "policy"},
    ),
    Mapped(
        "aws_backup_vault_lock_configuration",
        "AWS::Backup::BackupVault",
        at="LockConfiguration",
        into="backup_vault_name",
    ),
    Mapped(
        "aws_backup_vault_notifications", "AWS::Backup::BackupVault", at="Notifications", into="backup_vault_name"
    ),
)
