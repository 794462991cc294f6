"""Windows of nodes: Systems Manager's maintenance windows and associations, EC2's event windows, and who has none.

https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-windows.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from demarcate.estate.tables.systems_manager import PATCH_DOCUMENTS
from demarcate.patching.reading import Place, Row
from demarcate.patching.schedules import ScheduleError, Window, event_windows, moment_of, parse, zone_of
from demarcate.patching.targets import COLUMNS as OF_NODES
from demarcate.patching.targets import INSTANCES, Choice, Groups, Node, Nodes, nodes_of, values_of
from demarcate.patching.windows import MaintenanceWindow, Member, Note, Planned, Windows, note_of

SSM_WINDOW: Final = "Systems Manager maintenance window"
ASSOCIATION: Final = "State Manager association"
EVENT_WINDOW: Final = "EC2 event window"

_WINDOW, _TARGET, _TASK, _EXECUTION, _ASSOCIATION, _EVENT = (
    "aws_ssm_maintenance_window",
    "aws_ssm_maintenance_window_target",
    "aws_ssm_maintenance_window_task",
    "aws_ssm_maintenance_window_execution",
    "aws_ssm_association",
    "aws_ec2_instance_event_window",
)

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    **OF_NODES,
    _WINDOW: (
        *(
            "window_id",
            "name",
            "enabled",
            "schedule",
            "schedule_timezone",
            "schedule_offset",
            "duration",
            "cutoff",
        ),
        *("start_date", "end_date", "next_execution_time"),
    ),
    _TARGET: ("window_target_id", "window_id", "targets"),
    _TASK: ("window_task_id", "window_id", "task_arn", "patch_operation", "targets", "max_concurrency"),
    _EXECUTION: ("window_id", "status", "start_time"),
    _ASSOCIATION: (
        *("association_id", "association_name", "document_name", "schedule_expression", "schedule_offset"),
        *("patch_operation", "targets", "last_execution_date"),
    ),
    _EVENT: (
        "instance_event_window_id",
        "name",
        "cron_expression",
        "time_ranges",
        "instance_ids",
        "instance_tags",
    ),
}
"""What is read to know them."""

_RAN_OVER: Final = {
    "SKIPPED_OVERLAPPING": "skipped, since the one before it was not over",
    "TIMED_OUT": "not over when the window was",
}
"""How runs end for which a window is too short, and what that means.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_MaintenanceWindowExecution.html
"""

COVERING: Final = (_WINDOW, _TARGET, _TASK, _ASSOCIATION)
"""The tables without which it is not known that a node has no window."""


LONGEST: Final = 24
"""How many hours a maintenance window may be open."""

_OFF: Final = ("shutting-down", "terminated", "stopping", "stopped")


class _Told:
    """What comes together while the rows are read."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.planned: list[Planned] = []
        self.unknown: list[Note] = []
        self.covered: set[tuple[Place, str]] = set()
        self.perhaps: dict[tuple[Place, str], str] = {}
        """Nodes of which it is not known whether they are, and why."""

    def cover(self, place: Place, choice: Choice, why: str = "") -> None:
        """Patches are installed on these nodes, and perhaps on others; with `why`, perhaps on all of them."""
        if not why:
            self.covered.update((place, node.id) for node in choice.nodes)
        for node in choice.nodes + choice.perhaps:
            self.perhaps.setdefault((place, node.id), why or choice.why)

    def cover_any(self, place: Place, why: str) -> None:
        """Patches are installed on nodes of which it is not known which they are."""
        for node in self.nodes.at(place):
            self.perhaps.setdefault((place, node.id), why)


def node_windows(rows: Mapping[str, list[Row]], groups: Groups, lost: Mapping[Place, str]) -> Windows:
    """The windows of nodes by their rows. `lost` is where some of `COVERING` could not be read, and why."""
    told = _Told(nodes_of(rows, groups))
    targets, tasks = (_by_window(rows[table]) for table in (_TARGET, _TASK))
    for row in rows[_WINDOW]:
        key = (row.place, row["window_id"])
        _maintenance_window(row, targets.get(key, []), tasks.get(key, []), told)
    for row in rows[_ASSOCIATION]:
        if row["document_name"] is None or is_patching(row["document_name"]):
            _association(row, told)
    for row in rows[_EVENT]:
        _event_window(row, told)
    uncovered: list[Note] = []
    off = {(row.place, row["instance_id"]) for row in rows[INSTANCES] if row["instance_state"] in _OFF}
    settled = told.covered | off
    for node in told.nodes.all:
        if (node.place, node.id) in settled:
            continue
        why = lost.get(node.place) or lost.get((node.place[0], None)) or told.perhaps.get((node.place, node.id))
        note = Note(
            kind="node",
            resource=node.resource,
            name=node.name,
            account_id=node.place[0],
            region=node.place[1],
            reason=f"whether it has a window is not known: {why}"
            if why
            else "no maintenance window or association installs patches on it",
        )
        (told.unknown if why else uncovered).append(note)
    return Windows(tuple(told.planned), tuple(uncovered), tuple(told.unknown))


def ran_over(rows: Mapping[str, list[Row]]) -> list[Note]:
    """Windows whose own runs say that they are too short, by the last one of each kind."""
    windows = {(row.place, row["window_id"]): row for row in rows[_WINDOW]}
    runs: dict[tuple[Place, str, str], list[datetime]] = {}
    for run in rows[_EXECUTION]:
        if run["status"] in _RAN_OVER and run["start_time"] is not None:
            runs.setdefault((run.place, run["window_id"], run["status"]), []).append(run["start_time"])
    notes = []
    for (place, window_id, status), starts in sorted(runs.items(), key=str):
        window = windows.get((place, window_id))
        if window is not None:
            number = "a run was" if len(starts) == 1 else f"{len(starts):,} runs were"
            reason = f"{number} {_RAN_OVER[status]}; the last one of {max(starts):%Y-%m-%d %H:%M} UTC"
            notes.append(note_of(SSM_WINDOW, window, window["name"] or window_id, reason))
    return notes


def _by_window(rows: Iterable[Row]) -> dict[tuple[Place, str], list[Row]]:
    grouped: dict[tuple[Place, str], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row.place, row["window_id"]), []).append(row)
    return grouped


def is_patching(document: str) -> bool:
    """Whether a document, by its name or ARN, is one of AWS's that install or look for patches."""
    return document.rpartition("/")[2].rpartition(":")[2] in PATCH_DOCUMENTS


def _maintenance_window(row: Row, targets: list[Row], tasks: list[Row], told: _Told) -> None:
    if row["enabled"] is False:
        return
    name = row["name"] or row["window_id"] or row.resource
    registered = {target["window_target_id"]: target for target in targets}
    all_of_it, patched = Choice(), Choice()
    unclear = ""
    at_once: list[str] = []
    for task in tasks:
        choice, why = of_task(row.place, task, registered, told.nodes)
        all_of_it |= choice
        if not _may_install(task):
            continue
        patched |= choice
        at_once += [task["max_concurrency"]] if task["max_concurrency"] else []
        unclear = unclear or why or task.why("task_arn", "patch_operation")
    try:
        if why := row.why(
            "schedule", "duration", "schedule_timezone", "schedule_offset", "start_date", "end_date"
        ):
            raise ScheduleError(why)
        times = _times(row)
    except ScheduleError as error:
        told.unknown.append(note_of(SSM_WINDOW, row, name, str(error)))
        told.cover(row.place, patched, f"when the window {name} is: {error}")
        return
    told.cover(row.place, patched)
    if unclear:
        told.cover_any(row.place, f"the window {name}: {unclear}")
    if unclear or all_of_it.unclear:
        reason = f"on which nodes it works: {unclear or all_of_it.unclear}"
        told.unknown.append(note_of(SSM_WINDOW, row, name, reason))
    members = {node.id: node for node in all_of_it.nodes}
    told.planned.append(
        Planned(
            MaintenanceWindow(
                id=row.resource,
                kind=SSM_WINDOW,
                name=name,
                account_id=row["account_id"],
                region=row["region"],
                schedule=_spelled(row["schedule"], row["schedule_offset"]),
                zone=row["schedule_timezone"] or "UTC",
                duration=row["duration"],
                cutoff=row["cutoff"] or 0,
                installs=any(map(_may_install, tasks)),
                at_once=min(at_once, key=_rank, default=""),
                next_told=row["next_execution_time"] or "",
                members=tuple(map(_member, members.values())),
            ),
            (times,),
        )
    )


def _spelled(schedule: str, offset: int) -> str:
    return f"{schedule} + {offset} days" if offset else schedule


def _may_install(task: Row) -> bool:
    """Whether a task installs patches, or may."""
    patches = task["task_arn"] is None or is_patching(task["task_arn"])
    return patches and task["patch_operation"] in ("Install", None)


def _rank(at_once: str) -> tuple[bool, float]:
    """Numbers before percentages, each by size: the least is what a window has to be long enough for."""
    digits = at_once.rstrip("%")
    return at_once.endswith("%"), float(digits) if digits.isdigit() else 0


def of_task(place: Place, task: Row, registered: Mapping[str, Row], nodes: Nodes) -> tuple[Choice, str]:
    """The nodes of a task, by its own targets or by those that are registered with the window, and why not all are."""
    if task["targets"] is None:
        return Choice(), task.why("targets")
    own = task.records("targets")
    wanted = {value for target in own if target.get("Key") == "WindowTargetIds" for value in values_of(target)}
    choice, why = nodes.chosen(place, [target for target in own if target.get("Key") != "WindowTargetIds"]), ""
    for id_ in sorted(wanted):
        target = registered.get(id_)
        if target is None or target["targets"] is None:
            why = why or f"the target {id_} is not told"
        else:
            choice |= nodes.chosen(place, target.records("targets"))
    return choice, why


def _times(row: Row) -> Window:
    """Raises ScheduleError."""
    if not 1 <= row["duration"] <= LONGEST:
        raise ScheduleError(f"a window is open for 1 to {LONGEST} hours, not {row['duration']}")
    zone = zone_of(row["schedule_timezone"])
    first = moment_of(row["start_date"]) if row["start_date"] else None
    next_one = moment_of(row["next_execution_time"]) if row["next_execution_time"] else None
    schedule = parse(row["schedule"], zone, offset=row["schedule_offset"], anchor=next_one or first)
    last = moment_of(row["end_date"]) if row["end_date"] else None
    return Window(schedule, timedelta(hours=row["duration"]), first, last)


def _association(row: Row, told: _Told) -> None:
    if row["patch_operation"] not in ("Install", None) or row["schedule_expression"] == "":
        return
    name = row["association_name"] or row["association_id"] or row.resource
    choice = told.nodes.chosen(row.place, row.records("targets"))
    unclear = row.why("document_name", "patch_operation", "targets")
    try:
        if why := row.why("schedule_expression", "schedule_offset"):
            raise ScheduleError(why)
        last: datetime | None = row["last_execution_date"]
        schedule = parse(row["schedule_expression"], offset=row["schedule_offset"], anchor=last)
    except ScheduleError as error:
        told.unknown.append(note_of(ASSOCIATION, row, name, str(error)))
        told.cover(row.place, choice, f"when the association {name} is: {error}")
        return
    told.cover(row.place, choice)
    if unclear:
        told.cover_any(row.place, f"the association {name}: {unclear}")
    if unclear or choice.unclear:
        reason = f"on which nodes it works: {unclear or choice.unclear}"
        told.unknown.append(note_of(ASSOCIATION, row, name, reason))
    about = MaintenanceWindow(
        id=row.resource,
        kind=ASSOCIATION,
        name=name,
        account_id=row["account_id"],
        region=row["region"],
        schedule=_spelled(row["schedule_expression"], row["schedule_offset"]),
        members=tuple(map(_member, choice.nodes)),
    )
    # It has a beginning and no end: what it does takes at least the minute in which it begins.
    told.planned.append(Planned(about, (Window(schedule, timedelta(minutes=1)),)))


def _event_window(row: Row, told: _Told) -> None:
    name = row["name"] or row["instance_event_window_id"] or row.resource
    try:
        if why := row.why("cron_expression", "time_ranges"):
            raise ScheduleError(why)
        times = event_windows(row.records("time_ranges"), row["cron_expression"])
    except ScheduleError as error:
        told.unknown.append(note_of(EVENT_WINDOW, row, name, str(error)))
        return
    choice = told.nodes.chosen(row.place, [{"Key": "InstanceIds", "Values": row["instance_ids"] or []}])
    for tag in row.records("instance_tags"):
        choice |= told.nodes.chosen(row.place, [{"Key": f"tag:{tag.get('Key')}", "Values": [tag.get("Value")]}])
    about = MaintenanceWindow(
        id=row.resource,
        kind=EVENT_WINDOW,
        name=name,
        account_id=row["account_id"],
        region=row["region"],
        schedule=row["cron_expression"] or ", ".join(map(_range, row.records("time_ranges"))),
        duration=sum(window.duration / timedelta(hours=1) for window in times),
        installs=False,
        members=tuple(map(_member, {node.id: node for node in choice.nodes}.values())),
    )
    told.planned.append(Planned(about, tuple(times)))


def _range(part: Mapping[str, Any]) -> str:
    return f"{part.get('StartWeekDay')} {part.get('StartHour')}h-{part.get('EndWeekDay')} {part.get('EndHour')}h"


def _member(node: Node) -> Member:
    group = f"Auto Scaling group {node.group}" if node.group else ""
    return Member(resource=node.resource, name=node.name, group=group, tags=dict(node.tags or {}))
