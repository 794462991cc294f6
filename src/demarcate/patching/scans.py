"""Who writes the patch compliance of each node, and where several do: each scan overwrites what the last one wrote.

Writers are the tasks of maintenance windows, associations of State Manager, patch policies and Host Management of
Quick Setup. A node that more than one of them scans shows now the view of the one and now that of the other: which it
is today is told by the command that wrote last.

https://docs.aws.amazon.com/systems-manager/latest/userguide/avoid-patch-compliance-overwrites.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.patching.node_windows import is_patching, of_task
from demarcate.patching.reading import Place, Row, lost, read
from demarcate.patching.targets import COLUMNS as OF_NODES
from demarcate.patching.targets import Choice, Node, Nodes, groups_of, nodes_of

_WINDOW, _TARGET, _TASK, _INVOCATION, _COMMAND, _ASSOCIATION, _COMPLIANCE, _MANAGER = (
    "aws_ssm_maintenance_window",
    "aws_ssm_maintenance_window_target",
    "aws_ssm_maintenance_window_task",
    "aws_ssm_maintenance_window_invocation",
    "aws_ssm_command",
    "aws_ssm_association",
    "aws_ssm_managed_instance_compliance",
    "aws_ssmquicksetup_configuration_manager",
)

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    **OF_NODES,
    _WINDOW: ("window_id", "name", "enabled", "schedule"),
    _TARGET: ("window_target_id", "window_id", "targets"),
    _TASK: ("window_task_id", "window_id", "name", "task_arn", "patch_operation", "targets", "max_concurrency"),
    _INVOCATION: ("execution_id", "window_id"),
    _COMMAND: ("command_id", "document_name", "patch_operation", "baseline_override", "requested_date_time"),
    _ASSOCIATION: (
        *("association_id", "association_name", "document_name", "schedule_expression", "patch_operation"),
        "targets",
    ),
    _COMPLIANCE: ("resource_id", "compliance_type", "status", "execution_time", "execution_id"),
    _MANAGER: (
        *("name", "types", "patch_operation", "scan_schedule", "scans_instances", "target_type"),
        *("target_tag_key", "target_tag_value", "target_instances", "target_regions"),
    ),
}
"""What is read to know them."""

WRITING: Final = (_WINDOW, _TARGET, _TASK, _ASSOCIATION, _MANAGER)
"""The tables without which it is not known who writes."""

TASK: Final = "maintenance window"
ASSOCIATION: Final = "association"
POLICY: Final = "patch policy"
HOST_MANAGEMENT: Final = "Host Management"

_POLICY_TYPE, _HOST_TYPE = "AWSQuickSetupType-PatchPolicy", "AWSQuickSetupType-SSMHostMgmt"

_OF_POLICY = re.compile(r"PatchPolicy-(?:Scan|Install)[A-Za-z]*-?(?P<id>.*)")
_OF_HOST = re.compile(r"SSMHostMgmt.*Scan[A-Za-z]*-?(?P<id>.*)")
"""How Quick Setup names its associations."""

_OWN_COMPLIANCE = "AWS-RunPatchBaselineAssociation"
"""The document that writes compliance of the type Association, and nothing of the type Patch."""


class Writer(msgspec.Struct, frozen=True, kw_only=True):
    """What scans nodes for patches, or installs them and then scans.

    `id` tells it from others: scanning and installing of one patch policy is one writer. `writes` is the type of
    compliance that it writes, Patch or Association; `schedule` is as AWS spells it, and empty where it has none.
    """

    id: str
    kind: str
    name: str
    operation: str
    writes: str
    schedule: str


class LastWriter(msgspec.Struct, frozen=True, kw_only=True):
    """The run that wrote the compliance of a node last: when, by which command, and what that was as far as is told."""

    at: datetime | None
    execution_id: str
    what: str


class Scans(msgspec.Struct, frozen=True, kw_only=True):
    """Who scans one node. `perhaps` are writers of which it is not known whether they do.

    `overlap` is None where that is not known, for the `reasons`. The two kinds of compliance are what was written last
    of each; empty where there is none.
    """

    node: str
    name: str
    resource: str
    account_id: str
    region: str
    writers: tuple[Writer, ...]
    perhaps: tuple[Writer, ...]
    overlap: bool | None
    last: LastWriter | None
    patch_compliance: str
    association_compliance: str
    reasons: tuple[str, ...]


def scans_of(snapshot: Snapshot) -> list[Scans]:
    """Who scans each node of a snapshot, by account, region and node. Raises DemarcateError as `read` does."""
    rows = read(snapshot, COLUMNS)
    nodes = nodes_of(rows, groups_of(snapshot, rows))
    told = _Writers()
    _windows(rows, nodes, told)
    _associations(rows, nodes, told)
    _managers(rows, nodes, told)
    runs = _Runs(rows)
    gaps = lost(snapshot, WRITING)
    return [
        _scans(node, told, runs, gaps.get(node.place, "") or gaps.get((node.place[0], None), ""))
        for node in sorted(nodes.all, key=lambda node: (str(node.place), node.id))
    ]


class _Writers:
    """The writers of each node, those that may be, and why that is not known."""

    def __init__(self) -> None:
        self.sure: dict[tuple[Place, str], dict[str, Writer]] = {}
        self.perhaps: dict[tuple[Place, str], dict[str, Writer]] = {}
        self.why: dict[tuple[Place, str], dict[str, None]] = {}
        self.policies: set[Place] = set()
        """Where an association of a patch policy is."""
        self.hosts: set[Place] = set()

    def add(self, place: Place, writer: Writer, choice: Choice, why: str = "") -> None:
        """A writer works on these nodes; with `why`, perhaps on them."""
        for node in () if why else choice.nodes:
            held = self.sure.setdefault((place, node.id), {})
            held[writer.id] = _with_operation(held.get(writer.id, writer), writer.operation)
        for node in choice.nodes + choice.perhaps if why else choice.perhaps:
            self.perhaps.setdefault((place, node.id), {}).setdefault(writer.id, writer)
            self.why.setdefault((place, node.id), {})[f"{writer.kind} {writer.name}: {why or choice.why}"] = None


def _with_operation(writer: Writer, operation: str) -> Writer:
    """A writer that does this, too."""
    if not operation or operation in writer.operation.split(", "):
        return writer
    return msgspec.structs.replace(writer, operation=", ".join(filter(None, (writer.operation, operation))))


def _writes(document: str | None) -> str:
    return "Association" if document is not None and document.endswith(_OWN_COMPLIANCE) else "Patch"


def _windows(rows: Mapping[str, list[Row]], nodes: Nodes, told: _Writers) -> None:
    windows = {(row.place, row["window_id"]): row for row in rows[_WINDOW]}
    registered: dict[tuple[Place, str], dict[str, Row]] = {}
    for row in rows[_TARGET]:
        registered.setdefault((row.place, row["window_id"]), {})[row["window_target_id"]] = row
    for task in rows[_TASK]:
        window = windows.get((task.place, task["window_id"]))
        if window is None or window["enabled"] is False:
            continue
        if task["task_arn"] is not None and not is_patching(task["task_arn"]):
            continue
        choice, why = of_task(task.place, task, registered.get((task.place, task["window_id"]), {}), nodes)
        writer = Writer(
            id=window.resource,
            kind=TASK,
            name=window["name"] or window["window_id"],
            operation=task["patch_operation"] or "",
            writes=_writes(task["task_arn"]),
            schedule=window["schedule"] or "",
        )
        everywhere = Choice(perhaps=tuple(nodes.at(task.place)), why=why)
        told.add(task.place, writer, choice, task.why("task_arn") or window.why("enabled"))
        if why:
            told.add(task.place, writer, everywhere)


def _associations(rows: Mapping[str, list[Row]], nodes: Nodes, told: _Writers) -> None:
    for row in rows[_ASSOCIATION]:
        if row["document_name"] is not None and not is_patching(row["document_name"]):
            continue
        name = row["association_name"] or row["association_id"] or row.resource
        kind, id_ = ASSOCIATION, row.resource
        if policy := _OF_POLICY.search(name):
            kind, name, id_ = POLICY, policy["id"] or name, f"policy {policy['id']}"
            told.policies.add(row.place)
        elif host := _OF_HOST.search(name):
            kind, name, id_ = HOST_MANAGEMENT, host["id"] or name, f"host management {host['id']}"
            told.hosts.add(row.place)
        writer = Writer(
            id=id_,
            kind=kind,
            name=name,
            operation=row["patch_operation"] or "",
            writes=_writes(row["document_name"]),
            schedule=row["schedule_expression"] or "",
        )
        targets = row.json("targets")
        choice = nodes.chosen(row.place, targets)
        why = row.why("document_name")
        if targets is None:
            choice, why = Choice(perhaps=tuple(nodes.at(row.place)), why=row.why("targets")), ""
        told.add(row.place, writer, choice, why)


def _managers(rows: Mapping[str, list[Row]], nodes: Nodes, told: _Writers) -> None:
    """What Quick Setup says that it scans in regions where no association of it is seen: perhaps it does."""
    places = {node.place for node in nodes.all}
    for row in rows[_MANAGER]:
        types = row["types"] or ()
        if _POLICY_TYPE in types:
            kind, seen = POLICY, told.policies
        elif _HOST_TYPE in types and (row["scans_instances"] or "").lower() == "true":
            kind, seen = HOST_MANAGEMENT, told.hosts
        else:
            continue
        regions = {region.strip() for region in (row["target_regions"] or "").split(",")} - {""}
        for place in sorted(places, key=str):
            if place in seen or place[0] != row["account_id"] or (regions and place[1] not in regions):
                continue
            writer = Writer(
                id=row.resource,
                kind=kind,
                name=row["name"] or row.resource,
                operation=row["patch_operation"] or "",
                writes="Patch",
                schedule=row["scan_schedule"] or "",
            )
            choice = _meant(row, place, nodes)
            told.add(place, writer, choice, "Quick Setup has it, and no association of it is seen here")


def _meant(row: Row, place: Place, nodes: Nodes) -> Choice:
    """The nodes that a manager of Quick Setup names."""
    if row["target_instances"]:
        ids = [id_.strip() for id_ in row["target_instances"].split(",")]
        return nodes.chosen(place, [{"Key": "InstanceIds", "Values": ids}])
    if row["target_tag_key"]:
        return nodes.chosen(
            place, [{"Key": f"tag:{row['target_tag_key']}", "Values": [row["target_tag_value"] or ""]}]
        )
    return Choice(perhaps=tuple(nodes.at(place)), why="which nodes it is for is not told")


class _Runs:
    """What wrote last, by joining the id in a node's compliance with commands and the runs of windows."""

    def __init__(self, rows: Mapping[str, list[Row]]) -> None:
        self._commands = {(row.place, row["command_id"]): row for row in rows[_COMMAND]}
        names = {(row.place, row["window_id"]): row["name"] or row["window_id"] for row in rows[_WINDOW]}
        self._windows = {
            (row.place, row["execution_id"]): names.get((row.place, row["window_id"]), row["window_id"])
            for row in rows[_INVOCATION]
            if row["execution_id"]
        }
        self._associations = {(row.place, row["association_id"]): row for row in rows[_ASSOCIATION]}
        self._compliance: dict[tuple[Place, str, str], Row] = {
            (row.place, row["resource_id"], row["compliance_type"]): row for row in rows[_COMPLIANCE]
        }

    def status(self, node: Node, type_: str) -> str:
        """What was written last of a type of compliance; empty where nothing was."""
        row = self._compliance.get((node.place, node.id, type_))
        return (row["status"] or "") if row is not None else ""

    def last(self, node: Node) -> LastWriter | None:
        """The run that wrote the node's patch compliance last; None where none has."""
        row = self._compliance.get((node.place, node.id, "Patch"))
        if row is None:
            return None
        at: datetime | None = row["execution_time"]
        return LastWriter(
            at=at.replace(tzinfo=UTC) if at is not None else None,
            execution_id=row["execution_id"] or "",
            what=" ".join(self._words(node.place, row["execution_id"] or "")),
        )

    def _words(self, place: Place, id_: str) -> Iterator[str]:
        command = self._commands.get((place, id_))
        window = self._windows.get((place, id_))
        association = self._associations.get((place, id_))
        if not id_:
            yield "a run that the compliance does not name"
        elif command is None and window is None and association is None:
            yield f"the run {id_}, of which no command of the last thirty days is read"
        if window is not None:
            yield f"the maintenance window {window}:"
        if association is not None:
            yield f"the association {association['association_name'] or id_}"
        if command is not None:
            yield f"{command['document_name']} {command['patch_operation'] or ''}".rstrip()
            if command["baseline_override"]:
                yield "with a baseline of its own, as patch policies have"


def _scans(node: Node, told: _Writers, runs: _Runs, gap: str) -> Scans:
    key = (node.place, node.id)
    writers = tuple(told.sure.get(key, {}).values())
    perhaps = tuple(
        writer for id_, writer in told.perhaps.get(key, {}).items() if id_ not in told.sure.get(key, {})
    )
    reasons = list(told.why.get(key, {})) if perhaps else []
    if gap:
        reasons.append(f"who scans it is not known whole: {gap}")
    return Scans(
        node=node.id,
        name=node.name,
        resource=node.resource,
        account_id=node.place[0] or "",
        region=node.place[1] or "",
        writers=writers,
        perhaps=perhaps,
        overlap=_overlap(writers, perhaps, gap),
        last=runs.last(node),
        patch_compliance=runs.status(node, "Patch"),
        association_compliance=runs.status(node, "Association"),
        reasons=tuple(reasons),
    )


def _overlap(writers: Iterable[Writer], perhaps: Iterable[Writer], gap: str) -> bool | None:
    """Whether two write the same type of compliance. Those of the two types do not overwrite each other."""
    counts: dict[str, int] = {}
    for writer in writers:
        counts[writer.writes] = counts.get(writer.writes, 0) + 1
    if any(count > 1 for count in counts.values()):
        return True
    for writer in perhaps:
        counts[writer.writes] = counts.get(writer.writes, 0) + 1
    return None if gap or any(count > 1 for count in counts.values()) else False
