"""Windows, baselines and patch groups, as a person says that they are to be: a change of what is not so yet.

A window of Systems Manager is made first, and its targets and its task when it is there: said again, the same words
plan what is still missing. Nothing that is there is taken away but by undoing the change.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateMaintenanceWindow.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdatePatchBaseline.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.making import Making
from demarcate.changes.planning import Reader
from demarcate.changes.structs import Change, Operation, Read
from demarcate.changes.values import EARLIER, literal
from demarcate.checks.remedies import AFTER
from demarcate.patching.schedules import Cron, parse, zone_of

DOCUMENT: Final = "AWS-RunPatchBaseline"
_WINDOWS: Final = "ssm.describe_maintenance_windows"
_WINDOW: Final = "ssm.get_maintenance_window"
_TARGETS: Final = "ssm.describe_maintenance_window_targets"
_TASKS: Final = "ssm.describe_maintenance_window_tasks"
_BASELINES: Final = "ssm.describe_patch_baselines"
_BASELINE: Final = "ssm.get_patch_baseline"
_GROUPS: Final = "ssm.describe_patch_groups"


READS: Final = frozenset({_WINDOWS, _WINDOW, _TARGETS, _TASKS, _BASELINES, _BASELINE, _GROUPS})
"""What is asked of AWS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window of Systems Manager as it is to be; what is None stays as it is, or as AWS has it.

    `hours` is how long it is, `cutoff` how many before its end nothing begins any more. `tags` are keys and values of
    nodes, `groups` resource groups. `operation` is Scan or Install, done by `at_once` nodes at the same time, until
    `errors` have failed.
    """

    schedule: str | None = None
    zone: str | None = None
    offset: int | None = None
    hours: int | None = None
    cutoff: int | None = None
    tags: Sequence[tuple[str, str]] = ()
    groups: Sequence[str] = ()
    operation: str | None = None
    at_once: str = "10%"
    errors: str = "1"
    reboot: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A patch baseline as it is to be; what is empty or None stays as it is.

    A patch is approved so many days after it came out, of these classifications and severities. `groups` are the patch
    groups that it is for.
    """

    system: str
    approve_after: int | None = None
    classifications: Sequence[str] = ()
    severities: Sequence[str] = ()
    rejected: Sequence[str] = ()
    groups: Sequence[str] = ()


def window(name: str, wanted: Window, account: str, region: str, reader: Reader) -> tuple[Change | None, str]:
    """The change that makes or changes a window of Systems Manager, and what it leaves for the next time.

    Without a change there is nothing to do. Raises DemarcateError for what is no schedule, for a new window without
    one, where several have the name, and where something cannot be read.
    """
    plan = Making(
        reader, account, region, f"maintenance window {name}", "patch-management.define-maintenance-windows"
    )
    fields = _fields(name, wanted)
    reads, ids = plan.read(_WINDOWS, "WindowIdentities[].WindowId", Filters=[{"Key": "Name", "Values": [name]}])
    if len(ids) > 1:
        raise DemarcateError(f"{len(ids)} windows are called {name}: {', '.join(ids)}; rename all but one")
    if not ids:
        if "Schedule" not in fields:
            raise DemarcateError(f"there is no window {name} in {account} {region}: say its --schedule to make it")
        hours = wanted.hours or 4
        made = {"Duration": hours, "Cutoff": min(1, hours - 1), "AllowUnassociatedTargets": False, **fields}
        plan.step(
            Operation(name="ssm.create_maintenance_window", parameters={"Name": name, **made}),
            reads,
            ids,
            "length(@) == `1`",
            Operation(name="ssm.delete_maintenance_window", parameters={"WindowId": {AFTER: "[0]"}}),
        )
        left = "its targets and its task" if wanted.tags or wanted.groups or wanted.operation else ""
        return plan.change(f"a window {name}"), left
    (window_id,) = ids
    if fields:
        _change_window(plan, window_id, fields)
    targets = _add_targets(plan, window_id, wanted)
    if wanted.operation is not None:
        _add_task(plan, window_id, wanted, targets)
    return plan.change(f"the window {name}"), ""


def _fields(name: str, wanted: Window) -> dict[str, Any]:
    """What a window is made with, as AWS spells it. Raises DemarcateError."""
    if wanted.zone is not None:
        zone_of(wanted.zone)
    schedule, offset = wanted.schedule, wanted.offset
    if schedule is not None and not schedule.strip().startswith("rate"):
        parsed = parse(schedule, zone_of(wanted.zone or ""))
        if isinstance(parsed, Cron) and not schedule.strip().startswith("cron"):  # Patch Tuesday
            schedule = f"cron({parsed.minutes[0]} {parsed.hours[0]} ? * TUE#2 *)"
            offset = parsed.offset or None if offset is None else offset
    if offset is not None and not 1 <= offset <= 6:
        raise DemarcateError(f"{name}: Systems Manager waits 1 to 6 days after a schedule, not {offset}")
    if wanted.hours is not None and wanted.cutoff is not None and wanted.cutoff >= wanted.hours:
        raise DemarcateError(f"{name}: a cutoff of {wanted.cutoff} hours leaves nothing of {wanted.hours}")
    told = {
        "Schedule": schedule,
        "ScheduleTimezone": wanted.zone,
        "ScheduleOffset": offset,
        "Duration": wanted.hours,
        "Cutoff": wanted.cutoff,
    }
    return {key: value for key, value in told.items() if value is not None}


_OF_WINDOW: Final = (
    "Name",
    "Description",
    "StartDate",
    "EndDate",
    "Schedule",
    "ScheduleTimezone",
    "ScheduleOffset",
    "Duration",
    "Cutoff",
    "AllowUnassociatedTargets",
    "Enabled",
)
"""What a window is updated with, all of it where it is replaced."""

_OF_BASELINE: Final = (
    "Name",
    "GlobalFilters",
    "ApprovalRules",
    "ApprovedPatches",
    "ApprovedPatchesComplianceLevel",
    "ApprovedPatchesEnableNonSecurity",
    "RejectedPatches",
    "RejectedPatchesAction",
    "Description",
    "Sources",
    "AvailableSecurityUpdatesComplianceStatus",
)
"""The same of a baseline."""


def _hash(names: Sequence[str]) -> str:
    return "{" + ", ".join(f"{name}: {name}" for name in names) + "}"


def _update(plan: Making, do: str, key: str, id_: str, reading: tuple[str, Sequence[str]], fields: Any) -> None:
    """A step that changes some fields of what has an id, and by which all of them go back."""
    operation, names = reading
    by_id: dict[str, Any] = {key: id_}
    reads, before = plan.read(operation, _hash(names), pages=False, **by_id)
    changed = {name: value for name, value in fields.items() if before[name] != value}
    if not changed:
        return
    back = {name: value for name, value in before.items() if value is not None}
    plan.step(
        Operation(name=do, parameters={key: id_, **changed}),
        reads,
        before,
        " && ".join(f"{name} == {literal(value)}" for name, value in changed.items()),
        Operation(name=do, parameters={key: id_, **back, "Replace": True}),
    )


def _change_window(plan: Making, window_id: str, fields: Mapping[str, Any]) -> None:
    _update(plan, "ssm.update_maintenance_window", "WindowId", window_id, (_WINDOW, _OF_WINDOW), fields)


def _add_targets(plan: Making, window_id: str, wanted: Window) -> Any:
    """Steps for the targets that a window lacks; the ids of all of them, or what stands for these."""
    reads, before = plan.read(_TARGETS, "Targets[].{Id: WindowTargetId, Targets: Targets}", WindowId=window_id)
    ids = Read(operation=reads.operation, state="Targets[].WindowTargetId", pages=True)
    there, known = [target["Targets"] for target in before], [target["Id"] for target in before]
    asked = [("INSTANCE", [{"Key": f"tag:{key}", "Values": [value]}]) for key, value in wanted.tags]
    asked += [("RESOURCE_GROUP", [{"Key": "resource-groups:Name", "Values": [name]}]) for name in wanted.groups]
    lacking = [(kind, targets) for kind, targets in asked if targets not in there]
    if len(lacking) > 1:
        raise DemarcateError(f"{plan.resource}: one new target at a time: plan and apply them one by one")
    for kind, targets in lacking:
        plan.step(
            Operation(
                name="ssm.register_target_with_maintenance_window",
                parameters={"WindowId": window_id, "ResourceType": kind, "Targets": targets},
            ),
            ids,
            known,
            f"length(@) == `{len(known) + 1}`",
            Operation(
                name="ssm.deregister_target_from_maintenance_window",
                parameters={
                    "WindowId": window_id,
                    "WindowTargetId": {AFTER: f"[?!contains({literal(known)}, @)] | [0]"},
                },
            ),
        )
        return {EARLIER: f"[{len(plan.steps) - 1}]"}
    return known


def _add_task(plan: Making, window_id: str, wanted: Window, targets: Any) -> None:
    """A step for a task that patches the targets, where a window has none."""
    reads, before = plan.read(_TASKS, f"Tasks[?TaskArn=={literal(DOCUMENT)}].WindowTaskId", WindowId=window_id)
    if before:
        return
    if not targets:
        raise DemarcateError(f"{plan.resource} has no targets to patch: say them with --tag or --resource-group")
    reboot = "RebootIfNeeded" if wanted.reboot else "NoReboot"
    parameters = {"Operation": [wanted.operation]}
    if wanted.operation == "Install":
        parameters["RebootOption"] = [reboot]
    plan.step(
        Operation(
            name="ssm.register_task_with_maintenance_window",
            parameters={
                "WindowId": window_id,
                "TaskArn": DOCUMENT,
                "TaskType": "RUN_COMMAND",
                "Targets": [{"Key": "WindowTargetIds", "Values": targets}],
                "Priority": 1,
                "MaxConcurrency": wanted.at_once,
                "MaxErrors": wanted.errors,
                "TaskInvocationParameters": {"RunCommand": {"Parameters": parameters}},
            },
        ),
        reads,
        before,
        "length(@) == `1`",
        Operation(
            name="ssm.deregister_task_from_maintenance_window",
            parameters={"WindowId": window_id, "WindowTaskId": {AFTER: "[0]"}},
        ),
    )


def systems() -> frozenset[str]:
    """The operating systems that Patch Manager knows, as botocore has them."""
    from botocore.session import get_session

    shape: Any = get_session().get_service_model("ssm").shape_for("OperatingSystem")
    return frozenset(shape.enum)


_DEBIAN: Final = frozenset({"UBUNTU", "DEBIAN", "RASPBIAN"})
"""Systems whose patches have no classification, no severity but a priority, and no day on which they came out."""


def baseline(name: str, wanted: Baseline, account: str, region: str, reader: Reader) -> Change | None:
    """The change that makes or changes a baseline and assigns patch groups to it; None where it is so already.

    Raises DemarcateError for rules that its system does not have, where several baselines have the name or one has
    several rules, and where something cannot be read.
    """
    plan = Making(reader, account, region, f"patch baseline {name}", "patch-management.use-patch-manager")
    rule = _rule(wanted)
    named = f"BaselineIdentities[?BaselineName=={literal(name)} && OperatingSystem=={literal(wanted.system)}]"
    reads, ids = plan.read(_BASELINES, f"{named}.BaselineId", Filters=[{"Key": "OWNER", "Values": ["Self"]}])
    if len(ids) > 1:
        raise DemarcateError(f"{len(ids)} baselines are called {name}: {', '.join(ids)}; rename all but one")
    baseline_id: Any
    if ids:
        (baseline_id,) = ids
        _change_baseline(plan, baseline_id, rule, wanted.rejected)
    else:
        rules = {"ApprovalRules": {"PatchRules": [rule]}} if rule else {}
        rejected = {"RejectedPatches": list(wanted.rejected)} if wanted.rejected else {}
        made = {"Name": name, "OperatingSystem": wanted.system, **rules, **rejected}
        plan.step(
            Operation(name="ssm.create_patch_baseline", parameters=made),
            reads,
            ids,
            "length(@) == `1`",
            Operation(name="ssm.delete_patch_baseline", parameters={"BaselineId": {AFTER: "[0]"}}),
        )
        baseline_id = {EARLIER: "[0][0]"}
    for group in wanted.groups:
        _assign(plan, group, wanted.system, baseline_id)
    return plan.change(f"the patch baseline {name}")


def _rule(wanted: Baseline) -> dict[str, Any] | None:
    """The rule of approval that is asked for; None where none is. Raises DemarcateError."""
    debian = wanted.system in _DEBIAN
    if debian and (wanted.classifications or wanted.approve_after is not None):
        raise DemarcateError(f"patches of {wanted.system} have no classification and no day: leave both out")
    severity = "PRIORITY" if debian else "MSRC_SEVERITY" if wanted.system == "WINDOWS" else "SEVERITY"
    filters = [
        {"Key": key, "Values": list(values)}
        for key, values in (("CLASSIFICATION", wanted.classifications), (severity, wanted.severities))
        if values
    ]
    if not filters:
        if wanted.approve_after is not None:
            raise DemarcateError("say which patches are approved after so many days: --classification, --severity")
        return None
    rule: dict[str, Any] = {"PatchFilterGroup": {"PatchFilters": filters}}
    if not debian:
        rule["ApproveAfterDays"] = 7 if wanted.approve_after is None else wanted.approve_after
    return rule


def _change_baseline(plan: Making, id_: str, rule: Mapping[str, Any] | None, rejected: Sequence[str]) -> None:
    fields: dict[str, Any] = {}
    if rule is not None:
        _, rules = plan.read(_BASELINE, "ApprovalRules.PatchRules", pages=False, BaselineId=id_)
        if len(rules or ()) > 1:
            raise DemarcateError(
                f"{plan.resource} has {len(rules)} rules of approval: change them by a file of steps"
            )
        there = (rules or [{}])[0]
        fields["ApprovalRules"] = {"PatchRules": [{**there, **rule}]}
    if rejected:
        fields["RejectedPatches"] = list(rejected)
    _update(plan, "ssm.update_patch_baseline", "BaselineId", id_, (_BASELINE, _OF_BASELINE), fields)


def _assign(plan: Making, group: str, system: str, baseline_id: Any) -> None:
    """Steps that assign a patch group, and take it from another baseline of the system before."""
    of_group = f"Mappings[?PatchGroup=={literal(group)}].BaselineIdentity"
    reads, before = plan.read(
        _GROUPS,
        f"{of_group} | [?OperatingSystem=={literal(system)}] | [0].BaselineId",
        Filters=[{"Key": "NAME_PREFIX", "Values": [group]}],
    )
    if before == baseline_id:
        return
    if before is not None:
        plan.step(*_moved(reads, before, group, before, None))
    plan.step(*_moved(reads, None, group, None, baseline_id))


def _moved(reads: Read, before: Any, group: str, off: Any, on: Any) -> tuple[Operation, Read, Any, str, Operation]:
    """What a step is made of that takes a group off one baseline, or puts it on another."""

    def call(verb: str, id_: Any) -> Operation:
        name = f"ssm.{verb}_patch_baseline_for_patch_group"
        return Operation(name=name, parameters={"BaselineId": id_, "PatchGroup": group})

    if off is not None:
        return call("deregister", off), reads, before, "@ == null", call("register", off)
    return call("register", on), reads, before, "@ != null", call("deregister", {AFTER: "@"})
