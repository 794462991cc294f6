"""Which nodes a maintenance window or an association works on: by id, tag or resource group, or all of them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.patching.reading import Place, Row, lost

INSTANCES: Final = "aws_ec2_instance"
MANAGED: Final = "aws_ssm_managed_instance"
GROUPED: Final = "aws_resource_group_resource"

COLUMNS: Final = {
    INSTANCES: ("instance_id", "instance_state", "autoscaling_group_name", "tags"),
    MANAGED: ("instance_id", "resource_type", "name", "computer_name"),
    GROUPED: ("group_name", "resource_arn", "resource_type"),
}
"""What is read to know the nodes."""


@dataclass(frozen=True, slots=True)
class Node:
    """An instance, or a machine elsewhere that Systems Manager manages. `tags` are None where they are not known."""

    id: str
    name: str
    resource: str
    place: Place
    tags: Mapping[str, str] | None
    group: str = ""
    """The Auto Scaling group that it is of."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The nodes that are meant, those that may be, and why that is not known."""

    nodes: tuple[Node, ...] = ()
    perhaps: tuple[Node, ...] = ()
    why: str = ""

    def __or__(self, other: Choice) -> Choice:
        """What either means."""
        return Choice(self.nodes + other.nodes, self.perhaps + other.perhaps, self.why or other.why)

    @property
    def unclear(self) -> str:
        """Why it is not known which nodes are meant; empty where it is."""
        return self.why if self.perhaps or not self.nodes else ""


@dataclass(frozen=True, slots=True)
class Groups:
    """What resource groups hold: the ARN and the type of each member, by place and the group's name.

    `unread` are places of which it is not known, and why; with `untold`, it is not known of any.
    """

    members: Mapping[tuple[Place, str], Sequence[tuple[str, str]]] = field(default_factory=dict)
    unread: Mapping[Place, str] = field(default_factory=dict)
    untold: str = "resource groups were not read"

    def why_unknown(self, place: Place) -> str:
        """Why it is not known what groups hold there; empty where it is."""
        return self.untold or self.unread.get(place) or self.unread.get((place[0], None)) or ""


def groups_of(snapshot: Snapshot, rows: Mapping[str, Iterable[Row]]) -> Groups:
    """What resource groups hold, by their rows."""
    members: dict[tuple[Place, str], list[tuple[str, str]]] = {}
    for row in rows[GROUPED]:
        told = (row["resource_arn"] or "", row["resource_type"] or "")
        members.setdefault((row.place, row["group_name"]), []).append(told)
    untold = "" if GROUPED in snapshot.asked else "resource groups were not read"
    return Groups(members, lost(snapshot, [GROUPED]), untold)


class Nodes:
    """The nodes of an estate, by the account and region that they are in."""

    def __init__(self, nodes: Iterable[Node], groups: Groups) -> None:
        self.all = tuple(nodes)
        self._groups = groups
        self._by_place: dict[Place, dict[str, Node]] = {}
        self._by_tag: dict[tuple[Place, str], dict[str, list[str]]] = {}
        """Their ids by the value of a tag."""
        self._untold: dict[Place, list[str]] = {}
        """Those whose tags are not known."""
        for node in self.all:
            self._by_place.setdefault(node.place, {})[node.id] = node
            if node.tags is None:
                self._untold.setdefault(node.place, []).append(node.id)
            for key, value in (node.tags or {}).items():
                self._by_tag.setdefault((node.place, key), {}).setdefault(value, []).append(node.id)

    def at(self, place: Place) -> Iterable[Node]:
        """Those of an account and region."""
        return self._by_place.get(place, {}).values()

    def chosen(self, place: Place, targets: Any) -> Choice:
        """The nodes that targets name, all of which must hold.

        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
        """
        here = self._by_place.get(place, {})
        types = {
            value.lower()
            for target in targets or ()
            if target.get("Key") == "resource-groups:ResourceTypeFilters"
            for value in values_of(target)
        }
        sure: set[str] | None = None
        possible: set[str] | None = None
        why = ""
        for target in targets or ():
            key, values = str(target.get("Key", "")), values_of(target)
            unsure: Iterable[str] = ()
            if key.lower() == "instanceids":
                named = set(here) if "*" in values else values & here.keys()
            elif key.startswith("tag:"):
                with_key = self._by_tag.get((place, key[4:]), {})
                named = {id_ for value in values for id_ in with_key.get(value, ())}
                unsure = self._untold.get(place, ())
            elif key == "tag-key":
                named = {
                    id_ for tag in values for ids in self._by_tag.get((place, tag), {}).values() for id_ in ids
                }
                unsure = self._untold.get(place, ())
            elif key == "resource-groups:ResourceTypeFilters":
                continue  # of the members of a group
            elif key == "resource-groups:Name":
                named = self._grouped(place, values, types) & here.keys()
                if untold := self._groups.why_unknown(place):
                    unsure = here
                    why = why or f"{key} {', '.join(sorted(values))} is not followed: {untold}"
            else:
                named, unsure = set(), here
                why = (
                    why or f"{key or 'a target without a key'} is not followed: ids, tags and groups of nodes are"
                )
            either = {*named, *unsure}
            sure = named if sure is None else sure & named
            possible = either if possible is None else possible & either
        perhaps = (possible or set()) - (sure or set())
        if perhaps and not why:
            why = "the tags of machines outside of EC2 are not read"
        return Choice(
            tuple(here[id_] for id_ in sorted(sure or ())), tuple(here[id_] for id_ in sorted(perhaps)), why
        )

    def _grouped(self, place: Place, names: Iterable[str], types: Container[str]) -> set[str]:
        """The ids of what resource groups hold, of these types alone where there are any."""
        return {
            arn.rpartition("/")[2]
            for name in names
            for arn, type_ in self._groups.members.get((place, name), ())
            if not types or type_.lower() in types
        }


def values_of(target: Mapping[str, Any]) -> set[str]:
    """The values of a target."""
    values = target.get("Values")
    return set(map(str, values)) if isinstance(values, list) else set()


def nodes_of(rows: Mapping[str, Iterable[Row]], groups: Groups) -> Nodes:
    """The nodes of an estate by their rows: instances that are there, and machines elsewhere."""
    instances = [
        Node(
            id=row["instance_id"],
            name=row.tags.get("Name") or row["instance_id"],
            resource=row.resource,
            place=row.place,
            tags=None if row["tags"] is None else row.tags,
            group=row["autoscaling_group_name"] or "",
        )
        for row in rows[INSTANCES]
        if row["instance_id"] is not None
    ]
    known = {(node.place, node.id) for node in instances}
    others = [
        Node(
            id=row["instance_id"],
            name=row["name"] or row["computer_name"] or row["instance_id"],
            resource=row.resource,
            place=row.place,
            tags=None,
        )
        for row in rows[MANAGED]
        if row["instance_id"] is not None and (row.place, row["instance_id"]) not in known
    ]
    return Nodes([*instances, *others], groups)
