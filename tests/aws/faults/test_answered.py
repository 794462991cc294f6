"""Tables whose operations moto lacks, read over HTTP from answers that botocore's parser has taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.aws.answers.data import ANSWERS
from tests.aws.faults.reach import reaches
from tests.aws.faults.world import World

THEN = datetime(2026, 1, 15, 9, 30)
INSTANCE = "i-0123456789abcdef0"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"

ROWS: dict[str, dict[str, Any]] = {
    "aws_accessanalyzer_analyzer": {"name": "outside", "type": "ACCOUNT", "status": "ACTIVE", "created_at": THEN},
    "aws_account": {"contact_full_name": "platform team", "has_premium_support": True, "title": "estate"},
    "aws_backup_protected_resource": {"resource_arn": TABLE, "last_backup_time": THEN},
    "aws_backup_recovery_point": {"resource_arn": TABLE, "is_encrypted": True, "status": "COMPLETED"},
    "aws_backup_selection": {"selection_name": "tables", "resources": [TABLE]},
    "aws_backup_vault": {"sns_topic_arn": TOPIC, "backup_vault_events": ["BACKUP_JOB_FAILED"]},
    "aws_cloudtrail_event_data_store": {"name": "lake", "retention_period": 366, "multi_region_enabled": True},
    "aws_cloudwatch_log_subscription_policy": {
        "name": "ship",
        "destination_arn": "arn:aws:kinesis:eu-west-1:123456789012:stream/logs",
        "last_updated_time": THEN,
    },
    "aws_config_conformance_pack": {"name": "baseline", "last_update_requested_time": THEN},
    "aws_config_delivery_channel": {
        "history_delivery_status": "Success",
        "history_delivery_last_successful_time": THEN,
    },
    "aws_config_patch_compliance": {
        "instance_id": INSTANCE,
        "compliance_type": "NON_COMPLIANT",
        "broken_rule_count": 1,
    },
    "aws_config_rule": {"name": "volumes", "compliance_type": "NON_COMPLIANT"},
    "aws_controltower_enabled_baseline": {"inheritance_drift_status": "IN_SYNC", "source_drift_status": ""},
    "aws_controltower_enabled_control": {"drift_status": "IN_SYNC"},
    "aws_controltower_landing_zone": {"drift_status": "DRIFTED", "version": "3.3"},
    "aws_ec2_instance_image": {
        "instance_id": INSTANCE,
        "image_owner_alias": "amazon",
        "image_public": True,
        "image_deprecates": True,
        "image_deprecation_time": datetime(2026, 3, 8),
    },
    "aws_ec2_regional_settings": {
        "default_ebs_encryption_key": "alias/aws/ebs",
        "snapshot_block_public_access_state": "unblocked",
        "image_block_public_access_state": "block-new-sharing",
        "serial_console_access_enabled": True,
        "metadata_http_tokens": "required",
    },
    "aws_ec2_instance_event_window": {
        "name": "nights",
        "cron_expression": "* 0-4,20-23 * * 1,5",
        "instance_ids": [INSTANCE],
        "instance_tags": '[{"Key":"env","Value":"prod"}]',
    },
    "aws_eks_addon": {"addon_name": "vpc-cni", "cluster_name": "main", "addon_version": "v1.20.4-eksbuild.2"},
    "aws_eks_cluster_version": {"version_status": "STANDARD_SUPPORT"},
    "aws_elastic_beanstalk_environment": {
        "managed_actions_enabled": True,
        "preferred_start_time": "Tue:09:00",
        "update_level": "minor",
        "health_reporting": "enhanced",
        "platform_branch_lifecycle_state": "Supported",
    },
    "aws_elasticache_update_action": {
        "service_update_name": "elasticache-20260101-001",
        "replication_group_id": "sessions",
        "update_action_status": "not-applied",
        "service_update_recommended_apply_by_date": THEN,
    },
    "aws_guardduty_finding": {"severity": 8.0, "count": 3, "resource_type": "Instance", "created_at": THEN},
    "aws_health_event": {"service": "EC2", "status_code": "upcoming", "actionability": "ACTION_REQUIRED"},
    "aws_inspector2_coverage": {"resource_id": INSTANCE, "scan_status_code": "ACTIVE", "last_scanned_at": THEN},
    "aws_inspector2_finding": {
        "vulnerability_id": "CVE-2021-44228",
        "epss_score": 0.975,
        "inspector_score": 10.0,
        "fix_available": "YES",
        "resource_id": INSTANCE,
        "packages": ["log4j"],
    },
    "aws_lambda_function": {"update_runtime_on": "Auto", "url_config_auth_type": "NONE"},
    "aws_macie2_session": {"automated_discovery_status": "ENABLED"},
    "aws_securityhub_finding_aggregator": {"region_linking_mode": "ALL_REGIONS"},
    "aws_securityhub_standards_subscription": {"standards_status": "READY"},
    "aws_securityir_membership": {"membership_id": "m-12345678901", "membership_status": "Active"},
    "aws_ssm_association": {"compliance_severity": "HIGH", "patch_operation": "Install", "status": "Success"},
    "aws_ssm_maintenance_window_task": {"patch_operation": "Install", "window_enabled": True},
    "aws_ssm_managed_instance": {"instance_id": INSTANCE, "ping_status": "Online", "is_latest_version": False},
    "aws_ssm_managed_instance_compliance": {
        "compliance_type": "Patch",
        "status": "NON_COMPLIANT",
        "non_compliant_critical_count": 1,
    },
    "aws_ssm_managed_instance_patch_state": {
        "instance_id": INSTANCE,
        "missing_count": 2,
        "critical_non_compliant_count": 1,
        "operation_end_time": THEN,
    },
    "aws_ssm_patch_baseline": {"approves_critical": True, "critical_approve_after_days": 3},
    "aws_ssm_patch_group": {"name": "servers", "baseline_id": "pb-0123456789abcdef0"},
    "aws_ssm_regional_settings": {
        "document_public_sharing_permission": "Disable",
        "automation_log_destination": "CloudWatch",
        "default_host_management_role": "$None",
    },
    "aws_ssmincidents_response_plan": {"incident_impact": 1, "chat_sns_topics": [TOPIC], "action_count": 1},
}
"""What a row of each must say, at least."""


@pytest.mark.parametrize("table", ROWS)
def test_the_row(whole_world: World, table: str) -> None:
    rows = [{column: row[column] for column in ROWS[table]} for row in whole_world.calm.rows[table]]
    assert ROWS[table] in rows


def test_which_rds_versions_are_supported(whole_world: World) -> None:
    rows = whole_world.calm.rows["aws_rds_engine_version_support"]
    assert {(row["engine"], row["major_engine_version"]): row["end_of_standard_support"] for row in rows} == {
        ("postgres", "17"): datetime(2030, 2, 28, 23, 59, 59),
        ("aurora-postgresql", "12"): datetime(2025, 2, 28, 23, 59, 59),
    }


def test_which_snapshots_everyone_may_restore(whole_world: World) -> None:
    rows = whole_world.calm.rows["aws_ebs_snapshot"]
    assert {row["encrypted"]: row["public"] for row in rows} == {True: True, False: False}


def test_answers_are_to_what_tables_ask() -> None:
    assert set(ANSWERS) <= set(reaches()), "nobody asks these any more"
