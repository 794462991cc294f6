"""AWS Backup tables over HTTP.

moto lacks selections, recovery points, protected resources, and the policy and notifications of a vault:
aws_backup_selection, aws_backup_recovery_point, aws_backup_protected_resource, and those columns of
aws_backup_vault.
"""

from __future__ import annotations

from tests.aws.conftest import Aws

RULES = [
    {
        "RuleName": "daily",
        "TargetBackupVaultName": "vault",
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "Lifecycle": {"DeleteAfterDays": 35},
        "EnableContinuousBackup": True,
    },
    {"RuleName": "for-ever", "TargetBackupVaultName": "vault"},
]


def test_plans(aws: Aws) -> None:
    backup = aws.client("backup")
    backup.create_backup_vault(BackupVaultName="vault")
    made = backup.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": RULES})
    (row,) = aws.rows("aws_backup_plan")
    assert row["name"] == "plan"
    assert row["arn"] == made["BackupPlanArn"]


def test_rules(aws: Aws) -> None:
    backup = aws.client("backup")
    backup.create_backup_vault(BackupVaultName="vault")
    made = backup.create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": RULES})
    daily, for_ever = sorted(aws.rows("aws_backup_plan_rule"), key=lambda row: str(row["rule_name"]))
    assert daily["resource"] == made["BackupPlanArn"]
    assert daily["target_backup_vault_name"] == "vault"
    assert daily["delete_after_days"] == 35
    assert daily["continuous_backup_enabled"] is True
    assert for_ever["delete_after_days"] == 0
    assert for_ever["continuous_backup_enabled"] is False


def test_vaults(aws: Aws) -> None:
    backup = aws.client("backup")
    made = backup.create_backup_vault(BackupVaultName="vault", EncryptionKeyArn="arn:aws:kms:x:1:key/k")
    (row,) = aws.rows("aws_backup_vault")
    assert row["name"] == "vault"
    assert row["arn"] == made["BackupVaultArn"]
    assert row["encryption_key_arn"] == "arn:aws:kms:x:1:key/k"
    assert row["locked"] is False
    assert row["lock_mode"] == ""


def test_a_locked_vault(aws: Aws) -> None:
    backup = aws.client("backup")
    backup.create_backup_vault(BackupVaultName="vault")
    backup.put_backup_vault_lock_configuration(BackupVaultName="vault", MinRetentionDays=7)
    (row,) = aws.rows("aws_backup_vault")
    assert row["locked"] is True
    assert row["min_retention_days"] == 7
