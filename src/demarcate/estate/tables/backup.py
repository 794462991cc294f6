"""AWS Backup: plans and their rules, vaults, selections, recovery points, protected resources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.rows import parts
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Column,
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
    attribute,
)
from demarcate.estate.schema.transforms import document, not_empty, present
from demarcate.estate.schema.unknown import Unknown


def _mode_told(vault: Mapping[str, Any]) -> Any:
    if not vault.get("Locked"):
        return ""
    return "compliance" if vault.get("LockDate") is not None else "governance"


def _mode_declared(lock: Mapping[str, Any]) -> Any:
    """A lock that can be taken off again is in governance mode; one with a grace time becomes immutable."""
    grace = lock.get("ChangeableForDays")
    return grace if isinstance(grace, Unknown) else "governance" if grace is None else "compliance"


def _rules(plan: Mapping[str, Any]) -> Iterator[dict[str, Any] | Unknown]:
    for rule in parts(_rule, plan["rules"], "a rule"):
        yield rule if isinstance(rule, Unknown) else {**rule, "backup_plan_id": plan.get("backup_plan_id")}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    lifecycle = rule.get("Lifecycle") or {}
    known = not isinstance(lifecycle, Unknown)
    return {
        "rule_name": rule.get("RuleName", ABSENT),
        "target_backup_vault_name": rule.get("TargetBackupVaultName", rule.get("TargetBackupVault", ABSENT)),
        "schedule_expression": rule.get("ScheduleExpression", ABSENT),
        "delete_after_days": lifecycle.get("DeleteAfterDays", ABSENT) if known else lifecycle,
        "move_to_cold_storage_after_days": lifecycle.get("MoveToColdStorageAfterDays", ABSENT)
        if known
        else lifecycle,
        "continuous_backup_enabled": rule.get("EnableContinuousBackup", ABSENT),
        "copies": rule.get("CopyActions", ABSENT),
    }


PLAN = Table(
    "aws_backup_plan",
    "A backup plan of AWS Backup.",
    service="backup",
    live=Each("backup.list_backup_plans", "BackupPlansList[]"),
    details={
        "plan": Call("backup.get_backup_plan", inputs={"BackupPlanId": "BackupPlanId"}),
        "tags": Call("backup.list_tags", inputs={"ResourceArn": "BackupPlanArn"}),
    },
    cloudformation="AWS::Backup::BackupPlan",
    columns=(
        Text("backup_plan_id", live="BackupPlanId", cloudformation=REF),
        Text("name", live="BackupPlanName", cloudformation="BackupPlan.BackupPlanName"),
        Arn(live="BackupPlanArn", cloudformation=attribute("BackupPlanArn")),
        Json("rules", live="@plan.BackupPlan.Rules", cloudformation="BackupPlan.BackupPlanRule", absent=[]),
        Time("last_execution_date", live="LastExecutionDate"),
        Time("creation_date", live="CreationDate"),
        Tags(live="@tags.Tags", cloudformation="BackupPlanTags"),
    ),
)

PLAN_RULE = Table(
    "aws_backup_plan_rule",
    "A rule of a backup plan: what is kept where, and for how long.",
    service="backup",
    derived=(Derived("aws_backup_plan", needs=("backup_plan_id", "rules"), function=_rules),),
    columns=(
        Text("backup_plan_id"),
        Text("rule_name"),
        Text("target_backup_vault_name"),
        Text("schedule_expression", absent="", about="Empty for AWS's default: daily at 5:00 UTC."),
        Int("delete_after_days", absent=0, about="0 where backups are kept for ever."),
        Int("move_to_cold_storage_after_days", absent=0, about="0 where backups stay in warm storage."),
        Bool(
            "continuous_backup_enabled",
            absent=False,
            about="Whether any point in time can be restored, where the resource supports it.",
        ),
        Json("copies", absent=[], about="Where else each backup is copied to."),
    ),
)

VAULT = Table(
    "aws_backup_vault",
    "A vault of AWS Backup.",
    service="backup",
    live=Each("backup.list_backup_vaults", "BackupVaultList[]"),
    details={
        "notifications": Call(
            "backup.get_backup_vault_notifications",
            inputs={"BackupVaultName": "BackupVaultName"},
            absent=("ResourceNotFoundException",),
        ),
        "policy": Call(
            "backup.get_backup_vault_access_policy",
            inputs={"BackupVaultName": "BackupVaultName"},
            absent=("ResourceNotFoundException",),
        ),
    },
    cloudformation="AWS::Backup::BackupVault",
    ref_property="BackupVaultName",
    columns=(
        Text("name", live="BackupVaultName", cloudformation=REF),
        Arn(live="BackupVaultArn", cloudformation=attribute("BackupVaultArn")),
        Text("vault_type", live="VaultType"),
        Text(
            "encryption_key_arn",
            live="EncryptionKeyArn",
            absent="",
            about="Empty where AWS's own key encrypts it.",
        ),
        Text("encryption_key_type", live="EncryptionKeyType"),
        Bool(
            "locked",
            live="Locked",
            cloudformation=From("LockConfiguration", present),
            absent=False,
        ),
        Text(
            "lock_mode",
            live=From("@", _mode_told),
            cloudformation=From("LockConfiguration", _mode_declared),
            absent="",
            about="compliance (nobody can take it off), governance, or empty.",
        ),
        Time("lock_date", live="LockDate"),
        Int(
            "min_retention_days",
            live="MinRetentionDays",
            cloudformation="LockConfiguration.MinRetentionDays",
            absent=0,
        ),
        Int("max_retention_days", live="MaxRetentionDays", cloudformation="LockConfiguration.MaxRetentionDays"),
        Int("number_of_recovery_points", live="NumberOfRecoveryPoints"),
        Json(
            "policy",
            live=From("@policy.Policy", document),
            cloudformation=From("AccessPolicy", document),
            absent={},
        ),
        Text(
            "sns_topic_arn",
            live="@notifications.SNSTopicArn",
            cloudformation="Notifications.SNSTopicArn",
            absent="",
        ),
        Texts(
            "backup_vault_events",
            live="@notifications.BackupVaultEvents",
            cloudformation="Notifications.BackupVaultEvents",
            absent=[],
        ),
        Time("creation_date", live="CreationDate"),
    ),
)

SELECTION = Table(
    "aws_backup_selection",
    "What a backup plan backs up.",
    service="backup",
    live=(
        Each("backup.list_backup_plans", "BackupPlansList[]"),
        Each(
            "backup.list_backup_selections",
            "BackupSelectionsList[]",
            inputs={"BackupPlanId": "BackupPlanId"},
        ),
        Each(
            "backup.get_backup_selection",
            "@",
            inputs={"BackupPlanId": "BackupPlanId", "SelectionId": "SelectionId"},
        ),
    ),
    cloudformation="AWS::Backup::BackupSelection",
    columns=(
        Text("selection_id", live="SelectionId", cloudformation=REF),
        Arn(
            "arn:{partition}:backup:{region}:{account_id}:backup-plan:{backup_plan_id}/selection/{selection_id}",
            cloudformation=REF,
        ),
        Text(
            "selection_name",
            live="BackupSelection.SelectionName",
        ),
        Text("backup_plan_id", live="BackupPlanId"),
        Text("iam_role_arn", live="BackupSelection.IamRoleArn"),
        Texts(
            "resources",
            live="BackupSelection.Resources",
            absent=[],
        ),
        Texts(
            "not_resources",
            live="BackupSelection.NotResources",
            absent=[],
        ),
        Json(
            "list_of_tags",
            live="BackupSelection.ListOfTags",
            absent=[],
        ),
        Json(
            "conditions",
            live="BackupSelection.Conditions",
            absent={},
        ),
    ),
)

SELECTED: Final = Companion(
    "AWS::Backup::BackupSelection",
    "BackupSelection.Resources",
    owner=lambda arn: re.split("[/:]", arn)[-1],
    keys=lambda _, ref: (f"{ref}.DBInstanceArn", f"{ref}.DBClusterArn"),
    shared=True,
)
"""In a template: a selection of a backup plan that names a resource by its ARN."""


def selected() -> Column:
    """The column that says whether a resource is SELECTED."""
    return Bool(
        "backup_selected",
        cloudformation=From("@selected", not_empty),
        absent=False,
        about="In a template: whether a selection of a backup plan names it. AWS tells what was backed up instead.",
    )


RECOVERY_POINT = Table(
    "aws_backup_recovery_point",
    "A backup that AWS Backup keeps.",
    service="backup",
    live=(
        Each("backup.list_backup_vaults", "BackupVaultList[]"),
        Each(
            "backup.list_recovery_points_by_backup_vault",
            "RecoveryPoints[]",
            inputs={"BackupVaultName": "BackupVaultName"},
        ),
    ),
    gone=("status", "DELETING"),
    columns=(
        Arn(live="RecoveryPointArn"),
        Text("backup_vault_name", live="BackupVaultName"),
        Text("resource_arn", live="ResourceArn"),
        Text("resource_type", live="ResourceType"),
        Text("status", live="Status"),
        Bool("is_encrypted", live="IsEncrypted"),
        Text("encryption_key_arn", live="EncryptionKeyArn", absent=""),
        Time("creation_date", live="CreationDate"),
        Time("completion_date", live="CompletionDate"),
    ),
)

PROTECTED_RESOURCE = Table(
    "aws_backup_protected_resource",
    "A resource of which AWS Backup has a backup.",
    service="backup",
    live=Each("backup.list_protected_resources", "Results[]"),
    columns=(
        Arn(live="ResourceArn"),
        Text("resource_arn", live="ResourceArn"),
        Text("resource_type", live="ResourceType"),
        Time("last_backup_time", live="LastBackupTime"),
        Text("last_backup_vault_arn", live="LastBackupVaultArn", absent=""),
    ),
)
