"""AWS Systems Manager: what patching found on a node, patch by patch, and the runs that did it."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import Arn, Each, From, Int, Json, Table, Text, Texts, Time
from demarcate.estate.tables.systems_manager import operation

_LACKING = (
    "MissingCount",
    "FailedCount",
    "InstalledPendingRebootCount",
    "InstalledRejectedCount",
    "CriticalNonCompliantCount",
    "SecurityNonCompliantCount",
    "OtherNonCompliantCount",
)
"""The counts of a node's patch state of which each patch is told by another call."""


def _cves(text: str) -> list[str]:
    return sorted(filter(None, (part.strip() for part in text.split(","))))


def _override(parameters: Any) -> str:
    """Whether a patching document is given a baseline of its own, as patch policies do; '' where it is not."""
    value = parameters.get("BaselineOverride", "")
    return (value[0] if value else "") if isinstance(value, list) else value


PATCH = Table(
    "aws_ssm_managed_instance_patch",
    "A patch that a managed node lacks, could not install, or has installed and not yet rebooted for.",
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
        Each(
            "ssm.describe_instance_patches",
            "Patches[]",
            inputs={"InstanceId": "InstanceId"},
            params={
                "Filters": [
                    {
                        "Key": "State",
                        "Values": ["Missing", "Failed", "InstalledPendingReboot", "InstalledRejected"],
                    }
                ]
            },
            only=_LACKING,
        ),
    ),
    columns=(
        Text("instance_id", live="^.InstanceId"),
        Text("title", live="Title"),
        Arn("arn:{partition}:ssm:{region}:{account_id}:managed-instance/{instance_id}/patch/{kb_id}/{title}"),
        Text("kb_id", live="KBId", about="On Linux the package with its version."),
        Text("classification", live="Classification"),
        Text("severity", live="Severity"),
        Text("state", live="State", about="Missing, Failed, InstalledPendingReboot or InstalledRejected."),
        Time("installed_time", live="InstalledTime"),
        Texts("cve_ids", live=From("CVEIds", _cves), absent=[], about="Told of what is missing or failed alone."),
    ),
)

MAINTENANCE_WINDOW_EXECUTION = Table(
    "aws_ssm_maintenance_window_execution",
    "A run of a maintenance window.",
    service="systems-manager",
    live=(
        Each("ssm.describe_maintenance_windows", "WindowIdentities[]"),
        Each("ssm.describe_maintenance_window_executions", "WindowExecutions[]", inputs={"WindowId": "WindowId"}),
    ),
    columns=(
        Text("window_execution_id", live="WindowExecutionId"),
        Arn("arn:{partition}:ssm:{region}:{account_id}:windowexecution/{window_execution_id}"),
        Text("window_id", live="WindowId"),
        Text("status", live="Status", about="SUCCESS, FAILED, TIMED_OUT, SKIPPED_OVERLAPPING, …"),
        Text("status_details", live="StatusDetails", absent=""),
        Time("start_time", live="StartTime"),
        Time("end_time", live="EndTime"),
    ),
)

MAINTENANCE_WINDOW_INVOCATION = Table(
    "aws_ssm_maintenance_window_invocation",
    "What a task did in a run of its maintenance window: the command that it sent.",
    service="systems-manager",
    live=(
        Each("ssm.describe_maintenance_windows", "WindowIdentities[]"),
        Each("ssm.describe_maintenance_window_executions", "WindowExecutions[]", inputs={"WindowId": "WindowId"}),
        Each(
            "ssm.describe_maintenance_window_execution_tasks",
            "WindowExecutionTaskIdentities[]",
            inputs={"WindowExecutionId": "WindowExecutionId"},
        ),
        Each(
            "ssm.describe_maintenance_window_execution_task_invocations",
            "WindowExecutionTaskInvocationIdentities[]",
            inputs={"WindowExecutionId": "WindowExecutionId", "TaskId": "TaskExecutionId"},
        ),
    ),
    columns=(
        Text("invocation_id", live="InvocationId"),
        Arn("arn:{partition}:ssm:{region}:{account_id}:windowinvocation/{invocation_id}"),
        Text("window_execution_id", live="WindowExecutionId"),
        Text("window_id", live="^.^.WindowId"),
        Text("task_arn", live="^.TaskArn", about="The document that it ran."),
        Text("execution_id", live="ExecutionId", absent="", about="The id of the command that it sent."),
        Text("task_type", live="TaskType"),
        Text("status", live="Status"),
        Time("start_time", live="StartTime"),
        Time("end_time", live="EndTime"),
    ),
)

COMMAND = Table(
    "aws_ssm_command",
    "A command that was sent in the last thirty days.",
    service="systems-manager",
    live=Each("ssm.list_commands", "Commands[]"),
    columns=(
        Text("command_id", live="CommandId"),
        Arn("arn:{partition}:ssm:{region}:{account_id}:command/{command_id}"),
        Text("document_name", live="DocumentName"),
        Text("comment", live="Comment", absent=""),
        Text(
            "patch_operation",
            live=From("Parameters", operation),
            absent="",
            about="The parameter Operation of a patching document: Scan or Install.",
        ),
        Text(
            "baseline_override",
            live=From("Parameters", _override),
            absent="",
            about="The baseline that a patching document is given in the place of the node's own; '' for none.",
        ),
        Json("targets", live="Targets", absent=[]),
        Time("requested_date_time", live="RequestedDateTime"),
        Text("status", live="Status"),
        Int("target_count", live="TargetCount"),
        Int("error_count", live="ErrorCount"),
    ),
)
