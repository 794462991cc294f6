"""Patching with AWS Systems Manager: patch states, baselines and maintenance windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Each,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.unknown import first_unknown
from demarcate.estate.tables.systems_manager import operation, tags_of

PATCH_STATE = Table(
    "aws_ssm_managed_instance_patch_state",
    "What the last patch operation found on a managed node.",
    service="systems-manager",
    live=(
        Each("ssm.describe_instance_information", "InstanceInformationList[]"),
        Each(
            "ssm.describe_instance_patch_states",
            "InstancePatchStates[]",
            inputs={"InstanceIds": "InstanceId"},
            batch="InstanceIds",
            size=50,
        ),
    ),
    columns=(
        Text("instance_id", live="InstanceId"),
        Arn("arn:{partition}:ssm:{region}:{account_id}:managed-instance/{instance_id}/patch-state"),
        Text("baseline_id", live="BaselineId"),
        Text("patch_group", live="PatchGroup", absent=""),
        Text("operation", live="Operation"),
        Time("operation_start_time", live="OperationStartTime"),
        Time("operation_end_time", live="OperationEndTime"),
        Int("critical_non_compliant_count", live="CriticalNonCompliantCount"),
        Int("security_non_compliant_count", live="SecurityNonCompliantCount"),
        Int("other_non_compliant_count", live="OtherNonCompliantCount"),
        Int("missing_count", live="MissingCount"),
        Int("failed_count", live="FailedCount"),
        Int("installed_count", live="InstalledCount"),
        Int("installed_pending_reboot_count", live="InstalledPendingRebootCount"),
        Int("installed_rejected_count", live="InstalledRejectedCount"),
        Int("available_security_update_count", live="AvailableSecurityUpdateCount"),
        Text("reboot_option", live="RebootOption"),
    ),
)

_SEVERITIES = ("SEVERITY", "MSRC_SEVERITY")
_SECURITY = ("*", "Security", "SecurityUpdates", "CriticalUpdates")


def _covers_critical(rule: Mapping[str, Any]) -> bool:
    """Whether an approval rule takes critical security patches."""
    for condition in rule.get("PatchFilterGroup", {}).get("PatchFilters", ()):
        if condition["Key"] in _SEVERITIES and not {"*", "Critical"} & set(condition["Values"]):
            return False
        if condition["Key"] == "CLASSIFICATION" and not set(_SECURITY) & set(condition["Values"]):
            return False
    return True


def _days(rules: list[Mapping[str, Any]]) -> list[int]:
    """After how many days the rules that take critical patches approve them.

    A rule with a last date instead approves nothing that is newer. One with neither is for a system that
    has no delay.
    """
    taking = [rule for rule in rules if _covers_critical(rule) and not rule.get("ApproveUntilDate")]
    return [int(rule.get("ApproveAfterDays", 0)) for rule in taking]


def _approves_critical(rules: Any) -> Any:
    return first_unknown(rules) or bool(_days(rules))


def _critical_days(rules: Any) -> Any:
    return first_unknown(rules) or min(_days(rules), default=ABSENT)


PATCH_BASELINE = Table(
    "aws_ssm_patch_baseline",
    "A patch baseline of the customer's own.",
    service="systems-manager",
    live=Each(
        "ssm.describe_patch_baselines",
        "BaselineIdentities[]",
        params={"Filters": [{"Key": "OWNER", "Values": ["Self"]}]},
    ),
    details={
        "tags": tags_of("PatchBaseline", "BaselineId"),
        "baseline": Call("ssm.get_patch_baseline", inputs={"BaselineId": "BaselineId"}),
    },
    cloudformation="AWS::SSM::PatchBaseline",
    columns=(
        Text("baseline_id", live="BaselineId", cloudformation=REF),
        Arn("arn:{partition}:ssm:{region}:{account_id}:patchbaseline/{baseline_id}", cloudformation=REF),
        Text("name", live="BaselineName", cloudformation="Name"),
        Text("operating_system", live="OperatingSystem", cloudformation=From("OperatingSystem", absent="WINDOWS")),
        Bool("default_baseline", live="DefaultBaseline", cloudformation=From("DefaultBaseline", absent=False)),
        Bool(
            "approves_critical",
            live=From("@baseline.ApprovalRules.PatchRules", _approves_critical),
            cloudformation=From("ApprovalRules.PatchRules", _approves_critical),
            absent=False,
            about="Whether a rule approves critical security patches as they come out.",
        ),
        Int(
            "critical_approve_after_days",
            live=From("@baseline.ApprovalRules.PatchRules", _critical_days),
            cloudformation=From("ApprovalRules.PatchRules", _critical_days),
            about="After how many days critical security patches are approved.",
        ),
        Json(
            "approval_rules",
            live="@baseline.ApprovalRules.PatchRules",
            cloudformation="ApprovalRules.PatchRules",
            absent=[],
        ),
        Texts("approved_patches", live="@baseline.ApprovedPatches", cloudformation="ApprovedPatches", absent=[]),
        Texts("rejected_patches", live="@baseline.RejectedPatches", cloudformation="RejectedPatches", absent=[]),
        Text(
            "rejected_patches_action",
            live="@baseline.RejectedPatchesAction",
            cloudformation=From("RejectedPatchesAction", absent="ALLOW_AS_DEPENDENCY"),
        ),
        Texts("patch_groups", live="@baseline.PatchGroups", cloudformation="PatchGroups", absent=[]),
        Time("created_date", live="@baseline.CreatedDate"),
        Time("modified_date", live="@baseline.ModifiedDate"),
        Tags(live="@tags.TagList"),
    ),
)

PATCH_GROUP = Table(
    "aws_ssm_patch_group",
    "A patch group, and the baseline that it is patched by.",
    service="systems-manager",
    live=Each("ssm.describe_patch_groups", "Mappings[]"),
    columns=(
        Text("name", live="PatchGroup"),
        Text("baseline_id", live="BaselineIdentity.BaselineId"),
        Arn("arn:{partition}:ssm:{region}:{account_id}:patchgroup/{name}/{baseline_id}"),
        Text("operating_system", live="BaselineIdentity.OperatingSystem"),
    ),
)

MAINTENANCE_WINDOW = Table(
    "aws_ssm_maintenance_window",
    "A maintenance window.",
    service="systems-manager",
    live=Each("ssm.describe_maintenance_windows", "WindowIdentities[]"),
    details={"tags": tags_of("MaintenanceWindow", "WindowId")},
    cloudformation="AWS::SSM::MaintenanceWindow",
    columns=(
        Text("window_id", live="WindowId", cloudformation=REF),
        Arn("arn:{partition}:ssm:{region}:{account_id}:maintenancewindow/{window_id}", cloudformation=REF),
        Text("name", live="Name"),
        Bool("enabled", live="Enabled", cloudformation=From("@", lambda _: True)),
        Text("schedule", live="Schedule"),
        Text("schedule_timezone", live="ScheduleTimezone", absent=""),
        Int("schedule_offset", live="ScheduleOffset", absent=0, about="Days to wait after a cron expression."),
        Int("duration", live="Duration", about="Hours."),
        Int("cutoff", live="Cutoff", about="Hours."),
        Text("start_date", live="StartDate", absent=""),
        Text("end_date", live="EndDate", absent=""),
        Text("next_execution_time", live="NextExecutionTime", absent=""),
        Tags(live="@tags.TagList"),
    ),
)

MAINTENANCE_WINDOW_TARGET = Table(
    "aws_ssm_maintenance_window_target",
    "What is registered with a maintenance window as its target.",
    service="systems-manager",
    live=(
        Each("ssm.describe_maintenance_windows", "WindowIdentities[]"),
        Each("ssm.describe_maintenance_window_targets", "Targets[]", inputs={"WindowId": "WindowId"}),
    ),
    cloudformation="AWS::SSM::MaintenanceWindowTarget",
    columns=(
        Text("window_target_id", live="WindowTargetId", cloudformation=REF),
        Arn("arn:{partition}:ssm:{region}:{account_id}:windowtarget/{window_target_id}", cloudformation=REF),
        Text("window_id", live="WindowId"),
        Text("name", live="Name", absent=""),
        Text("resource_type", live="ResourceType", about="INSTANCE or RESOURCE_GROUP."),
        Json("targets", live="Targets", absent=[], about="Nodes by id, by tag, or by resource group."),
    ),
)

MAINTENANCE_WINDOW_TASK = Table(
    "aws_ssm_maintenance_window_task",
    "A task of a maintenance window.",
    service="systems-manager",
    live=(
        Each("ssm.describe_maintenance_windows", "WindowIdentities[]"),
        Each("ssm.describe_maintenance_window_tasks", "Tasks[]", inputs={"WindowId": "WindowId"}),
    ),
    details={
        "task": Call(
            "ssm.get_maintenance_window_task", inputs={"WindowId": "WindowId", "WindowTaskId": "WindowTaskId"}
        ),
    },
    cloudformation="AWS::SSM::MaintenanceWindowTask",
    columns=(
        Text("window_task_id", live="WindowTaskId", cloudformation=REF),
        Arn("arn:{partition}:ssm:{region}:{account_id}:windowtask/{window_task_id}", cloudformation=REF),
        Text("window_id", live="WindowId"),
        Bool("window_enabled", live="^.Enabled", cloudformation=From("@", lambda _: True)),
        Text("window_schedule", live="^.Schedule"),
        Text("name", live="Name", absent=""),
        Text("type", live="Type", cloudformation="TaskType"),
        Text("task_arn", live="TaskArn", about="A document's name, or an ARN."),
        Text(
            "patch_operation",
            live=From("@task.TaskInvocationParameters.RunCommand.Parameters", operation),
            cloudformation=From(
                "TaskInvocationParameters.MaintenanceWindowRunCommandParameters.Parameters", operation
            ),
            absent="",
            about="The parameter Operation of a patching document: Scan or Install.",
        ),
        Json("targets", live="Targets", absent=[]),
        Text(
            "max_concurrency",
            live="MaxConcurrency",
            absent="",
            about="Targets at once: a number, or a percentage.",
        ),
        Text("service_role_arn", live="ServiceRoleArn", absent=""),
        Int("priority", live="Priority"),
    ),
)
