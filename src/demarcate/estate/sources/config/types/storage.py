"""S3, EFS, ECR and AWS Backup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.table import From
from demarcate.estate.schema.transforms import present
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.config.forms import changed, declared, member
from demarcate.estate.sources.config.recorded import Recorded, Told

Config = Mapping[str, Any]

_GROUPS = {
    "AllUsers": "http://acs.amazonaws.com/groups/global/AllUsers",
    "AuthenticatedUsers": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
    "LogDelivery": "http://acs.amazonaws.com/groups/s3/LogDelivery",
}
_PERMISSIONS = {
    "FullControl": "FULL_CONTROL",
    "Read": "READ",
    "ReadAcp": "READ_ACP",
    "Write": "WRITE",
    "WriteAcp": "WRITE_ACP",
}


def _grant(grant: Config) -> dict[str, Any]:
    grantee = grant["grantee"]
    if isinstance(grantee, str):
        whom = {"Type": "Group", "URI": _GROUPS[grantee]}
    else:
        whom = {"Type": "CanonicalUser", "ID": grantee["id"]}
    return {"Grantee": whom, "Permission": _PERMISSIONS[grant["permission"]]}


def _acl(acl: Config) -> dict[str, Any]:
    grants = [_grant(grant) for grant in acl.get("grantList") or acl.get("grantSet") or []]
    owner = acl.get("owner")
    return {"Grants": grants, **({"Owner": {"ID": owner["id"]}} if owner else {})}


def _versioning(told: Config) -> dict[str, Any]:
    """The states Off, Enabled and Suspended: of a bucket that never had versions the API tells no state."""
    status = {} if told["status"] == "Off" else {"Status": told["status"]}
    return {**status, "MFADelete": "Enabled" if told.get("isMfaDeleteEnabled") else "Disabled"}


def _logging(told: Config) -> dict[str, Any]:
    bucket, prefix = told["destinationBucketName"], told.get("logFilePrefix")
    return {} if bucket is None else {"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": prefix or ""}}


_EXPIRES = {
    "expirationInDays": "Days",
    "expirationDate": "Date",
    "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
}


def _rule(rule: Config) -> dict[str, Any]:
    """A lifecycle rule; Config writes -1 for days that are not set."""
    rule_: dict[str, Any] = {"Status": rule["status"]}
    if rule.get("id") is not None:
        rule_["ID"] = rule["id"]
    if rule.get("prefix") is not None:
        rule_["Prefix"] = rule["prefix"]
    expires = {to: rule[name] for name, to in _EXPIRES.items() if rule.get(name) not in (None, False, -1)}
    if expires:
        rule_["Expiration"] = expires
    if (days := rule.get("noncurrentVersionExpirationInDays")) not in (None, -1):
        rule_["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    if (unfinished := rule.get("abortIncompleteMultipartUpload")) is not None:
        rule_["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": unfinished["daysAfterInitiation"]}
    if moves := rule.get("transitions"):
        rule_["Transitions"] = moves
    return rule_


def _lifecycle(told: Config) -> dict[str, Any]:
    return {"Rules": [_rule(rule) for rule in told["rules"] or []]}


def _replication(told: Config) -> dict[str, Any]:
    """Rules by name, as a list."""
    rules = told["rules"]
    listed = [{"ID": name, **rule} for name, rule in rules.items()] if isinstance(rules, dict) else rules
    return {"Role": told.get("roleARN"), "Rules": listed}


def _notifications(told: Config) -> Any:
    """Notifications by name. Config does not tell of EventBridge, so that none is there proves nothing."""
    names = list(told["configurations"])
    return (
        {"TopicConfigurations": [{"Id": name} for name in names]}
        if names
        else Unknown(Kind.UNTOLD, _NO_EVENTBRIDGE)
    )


_NO_EVENTBRIDGE = "AWS Config does not record whether events go to EventBridge"


def _website(told: Config) -> dict[str, Any]:
    names = {"indexDocumentSuffix": "IndexDocument", "errorDocument": "ErrorDocument"}
    website: dict[str, Any] = {to: {"Suffix": told[name]} for name, to in names.items() if told.get(name)}
    host = told.get("redirectAllRequestsTo")
    return {**website, "RedirectAllRequestsTo": {"HostName": host["hostName"]}} if host else website


_BLOCK = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")

RECORDED = (
    Recorded(
        "AWS::S3::Bucket",
        "aws_s3_bucket",
        details={
            "acl": Told("AccessControlList", function=_acl),
            "acceleration": Told("BucketAccelerateConfiguration"),
            "encryption": Told("ServerSideEncryptionConfiguration", "ServerSideEncryptionConfiguration"),
            "lifecycle": Told("BucketLifecycleConfiguration", function=_lifecycle),
            "logging": Told("BucketLoggingConfiguration", function=_logging),
            "notifications": Told("BucketNotificationConfiguration", function=_notifications),
            "object_lock": Told("ObjectLockConfiguration", "ObjectLockConfiguration"),
            "policy": Told("BucketPolicy", "Policy", member("policyText")),
            "public_access": Told("PublicAccessBlockConfiguration", "PublicAccessBlockConfiguration"),
            "replication": Told("BucketReplicationConfiguration", "ReplicationConfiguration", _replication),
            "versioning": Told("BucketVersioningConfiguration", function=_versioning),
            "website": Told("BucketWebsiteConfiguration", function=_website),
        },
        columns={
            "bucket_policy_is_public": From(
                "@policy.Policy", declared("aws_s3_bucket", "bucket_policy_is_public")
            ),
            "logging_partitioned": None,
        },
        # What S3 answers "there is none" to, Config leaves out. That it could ask at all, versioning proves.
        proof="supplementaryConfiguration.BucketVersioningConfiguration",
        absent=(
            *(
                "sse_algorithm",
                "kms_master_key_id",
                "bucket_key_enabled",
                "lifecycle_rules",
                "lifecycle_enabled",
                "expires_after_days",
            ),
            *("object_lock_enabled", "object_lock_default_mode", "object_lock_default_days"),
            *("replication_enabled", "website_enabled"),
            *_BLOCK,
        ),
    ),
    Recorded(
        "AWS::S3::AccountPublicAccessBlock",
        "aws_s3_account_settings",
        details={"public_access": Told("", "PublicAccessBlockConfiguration")},
    ),
    Recorded(
        "AWS::S3::AccessPoint",
        "aws_s3_access_point",
        names={"Arn": "AccessPointArn"},
        details={
            "made": Told("", "PublicAccessBlockConfiguration", member("PublicAccessBlockConfiguration")),
        },
        absent=("vpc_id",),
    ),
    Recorded(
        "AWS::EFS::FileSystem",
        "aws_efs_file_system",
        names={"Arn": "FileSystemArn"},
        details={
            "backup": Told("", "BackupPolicy", member("BackupPolicy")),
            "lifecycle": Told("", "LifecyclePolicies", member("LifecyclePolicies")),
            "policy": Told("", "Policy", member("FileSystemPolicy")),
        },
        absent=("kms_key_id", "lifecycle_policies"),
    ),
    Recorded(
        "AWS::EFS::AccessPoint",
        "aws_efs_access_point",
        names={"Arn": "AccessPointArn"},
        absent=("posix_user_enforced",),
    ),
    Recorded(
        "AWS::ECR::Repository",
        "aws_ecr_repository",
        names={"Arn": "repositoryArn"},
        details={
            "policy": Told("", "policyText", member("RepositoryPolicyText")),
            "lifecycle": Told("", "lifecyclePolicyText", member("LifecyclePolicy.LifecyclePolicyText")),
        },
        absent=("has_lifecycle_policy", "lifecycle_policy"),
    ),
    Recorded(
        "AWS::Backup::BackupPlan",
        "aws_backup_plan",
        each=changed(lambda plan, item: {"BackupPlanId": plan.get("BackupPlanId", item.id)}),
        names={"BackupPlanRule": "Rules", "TargetBackupVault": "TargetBackupVaultName"},
        details={"plan": Told("", "BackupPlan", member("BackupPlan"))},
        columns={"name": From("@plan.BackupPlan.BackupPlanName")},
    ),
    Recorded(
        "AWS::Backup::BackupVault",
        "aws_backup_vault",
        details={
            "notifications": Told("", "", member("Notifications")),
            "policy": Told("", "Policy", member("AccessPolicy")),
        },
        columns={
            "locked": From("LockConfiguration", present),
            "lock_mode": From("LockConfiguration", declared("aws_backup_vault", "lock_mode")),
            "min_retention_days": From("LockConfiguration.MinRetentionDays"),
            "max_retention_days": From("LockConfiguration.MaxRetentionDays"),
        },
        absent=("sns_topic_arn", "backup_vault_events"),
    ),
    Recorded("AWS::Backup::BackupSelection", "aws_backup_selection", absent=("resources", "not_resources")),
    Recorded("AWS::Backup::RecoveryPoint", "aws_backup_recovery_point", absent=("encryption_key_arn",)),
)
