"""Systems Manager tables over HTTP.

Moto has no managed nodes, patch states, patch groups, compliance summaries, associations, service settings,
response plans, Health events or memberships of Security Incident Response.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import table
from tests.aws.conftest import Aws

CONTENT = {
    "schemaVersion": "2.2",
    "description": "Says hello.",
    "mainSteps": [{"action": "aws:runShellScript", "name": "hello", "inputs": {"runCommand": ["echo hello"]}}],
}
RULE: dict[str, Any] = {
    "PatchFilterGroup": {"PatchFilters": [{"Key": "SEVERITY", "Values": ["Critical", "Important"]}]},
    "ApproveAfterDays": 3,
}


def test_document(aws: Aws) -> None:
    ssm = aws.client("ssm")
    for name in ("open", "own"):
        ssm.create_document(Content=json.dumps(CONTENT), Name=name, DocumentType="Command")
    ssm.modify_document_permission(Name="open", PermissionType="Share", AccountIdsToAdd=["all"])
    rows = {row["name"]: row for row in aws.rows("aws_ssm_document")}
    assert (rows["open"]["is_public"], rows["own"]["is_public"]) == (True, False)
    assert rows["own"]["arn"] == "arn:aws:ssm:eu-west-1:123456789012:document/own"


def test_parameter(aws: Aws) -> None:
    aws.client("ssm").put_parameter(Name="/shop/key", Value="x", Type="SecureString")
    (row,) = [row for row in aws.rows("aws_ssm_parameter") if row["name"] == "/shop/key"]
    assert (row["type"], row["key_id"]) == ("SecureString", "alias/aws/ssm")
    assert row["arn"] == "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key"


def test_maintenance_window(aws: Aws) -> None:
    ssm = aws.client("ssm")
    window = ssm.create_maintenance_window(
        Name="patching", Schedule="rate(7 days)", Duration=3, Cutoff=1, AllowUnassociatedTargets=False
    )["WindowId"]
    target = ssm.register_target_with_maintenance_window(
        WindowId=window, ResourceType="INSTANCE", Targets=[{"Key": "tag:env", "Values": ["prod"]}]
    )["WindowTargetId"]
    task = ssm.register_task_with_maintenance_window(
        WindowId=window, TaskArn="AWS-RunPatchBaseline", TaskType="RUN_COMMAND", MaxConcurrency="1", MaxErrors="1"
    )["WindowTaskId"]
    (row,) = aws.rows("aws_ssm_maintenance_window")
    assert (row["window_id"], row["enabled"], row["schedule"]) == (window, True, "rate(7 days)")
    (row,) = aws.rows("aws_ssm_maintenance_window_target")
    assert (row["window_target_id"], row["window_id"], row["resource_type"]) == (target, window, "INSTANCE")
    assert json.loads(row["targets"]) == [{"Key": "tag:env", "Values": ["prod"]}]
    (row,) = aws.rows("aws_ssm_maintenance_window_task")
    assert (row["window_task_id"], row["window_id"], row["task_arn"]) == (task, window, "AWS-RunPatchBaseline")
    assert (row["window_enabled"], row["window_schedule"]) == (True, "rate(7 days)")


def test_patch_baseline(aws: Aws) -> None:
    made = aws.client("ssm").create_patch_baseline(
        Name="own", OperatingSystem="AMAZON_LINUX_2023", ApprovalRules={"PatchRules": [RULE]}
    )
    (row,) = [row for row in aws.rows("aws_ssm_patch_baseline") if row["name"] == "own"]
    assert (row["baseline_id"], row["operating_system"]) == (made["BaselineId"], "AMAZON_LINUX_2023")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], (False, None)),
        ([RULE], (True, 3)),
        ([RULE, RULE | {"ApproveAfterDays": 1}], (True, 1)),
        ([{**RULE, "ApproveAfterDays": 0, "ApproveUntilDate": "2020-01-01"}], (False, None)),
        ([{"PatchFilterGroup": {"PatchFilters": [{"Key": "SEVERITY", "Values": ["Low"]}]}}], (False, None)),
        ([{"ApproveAfterDays": {"Ref": "Open"}}], (None, None)),
    ],
)
def test_patch_baseline_in_a_template(tmp_path: Path, rules: list[Any], expected: tuple[Any, Any]) -> None:
    properties = {"Name": "own", "ApprovalRules": {"PatchRules": rules}}
    file = tmp_path / "template.json"
    body = {
        "Parameters": {"Open": {"Type": "Number"}},
        "Resources": {"Baseline": {"Type": "AWS::SSM::PatchBaseline", "Properties": properties}},
    }
    file.write_text(json.dumps(body))
    columns = ["approves_critical", "critical_approve_after_days"]
    snapshot = collect_snapshot([file], selection={"aws_ssm_patch_baseline": None})
    (row,) = rows_of(snapshot, table("aws_ssm_patch_baseline"), columns)
    assert tuple(row[name] for name in columns) == expected
