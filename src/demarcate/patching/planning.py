"""Plan rings: the artefact is frozen, each resource has its ring, its way back is proven, and each ring is changes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes.planning import Reader, make_change
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Change, Step
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.tables import table
from demarcate.patching.artefacts import Artefact, Place, pin
from demarcate.patching.mechanisms.mechanism import Mechanism, NotFor, Rows, Target, Wish
from demarcate.patching.plans import LeftOut, Member, Part, PatchPlan, Stage
from demarcate.patching.reading import read
from demarcate.patching.rings import Ring, Rings
from demarcate.patching.rollback import Proof
from demarcate.patching.targets import COLUMNS as OF_NODES
from demarcate.patching.targets import GROUPED, Groups, groups_of

ACCOUNTS = "aws_organizations_account"

_IDENTITY = ("account_id", "region", "resource")


def selection(mechanisms: Iterable[Mechanism], rings: Rings) -> dict[str, frozenset[str]]:
    """The tables and columns that planning takes rows of."""
    columns: dict[str, set[str]] = {}
    for mechanism in mechanisms:
        for name, names in mechanism.tables.items():
            columns.setdefault(name, set()).update(names)
    if any(ring.units for ring in rings.rings):
        columns[ACCOUNTS] = {"id", "path_ids"}
    if any(ring.groups for ring in rings.rings):
        columns[GROUPED] = set(OF_NODES[GROUPED])
    return {name: frozenset(names) for name, names in columns.items()}


def check_tables(snapshot: Snapshot, names: Iterable[str]) -> None:
    """Raise DemarcateError where a snapshot was collected without a table: what it would hold is not known."""
    for name in sorted(set(names) - set(snapshot.asked)):
        raise DemarcateError(
            f"{snapshot.manifest.origin}: the snapshot has no {name}: collect it again, or name aws"
        )


def rows_for(mechanism: Mechanism, snapshot: Snapshot) -> Rows:
    """The rows that a mechanism takes."""
    return {
        name: list(rows_of(snapshot, table(name), [*_IDENTITY, *columns]))
        for name, columns in mechanism.tables.items()
    }


def new_plan_id() -> str:
    """An id for a plan, which no other has."""
    return f"p-{secrets.token_hex(4)}"


@dataclass(slots=True)
class _Ready:
    """What one ring is to receive of one kind, as it is gathered."""

    members: list[Member] = field(default_factory=list)
    steps: list[list[Step]] = field(default_factory=list)


def plan_rings(
    rings: Rings,
    wanted: Sequence[tuple[Mechanism, str]],
    snapshot: Snapshot,
    reader: Reader,
    *,
    file: str,
    accept: bool = False,
) -> tuple[PatchPlan, list[Change]]:
    """The plan that promotes artefacts through rings, and the changes that it consists of.

    `wanted` are mechanisms, each with the artefact that it installs. Raises DemarcateError where nothing can be
    planned, and where something has no way back that is proven, unless `accept` says that this is accepted.
    """
    check_tables(snapshot, selection([mechanism for mechanism, _ in wanted], rings))
    plan_id = new_plan_id()
    belonging = _Belonging(_units(rings, snapshot), _groups(rings, snapshot))
    source = f"{snapshot.manifest.origin}, {snapshot.moment.isoformat(timespec='seconds')}"
    artefacts: list[Artefact] = []
    left_out: list[LeftOut] = []
    ready: dict[tuple[str, str], _Ready] = {}
    for mechanism, value in wanted:
        artefact = _plan_kind(
            mechanism, value, rings, belonging, snapshot, reader, Wish(plan_id, rings.snapshots), ready, left_out
        )
        artefacts.append(artefact)
    stages, changes = [], []
    for ring in rings.rings:
        counted = sum(len(part.members) for (name, _), part in ready.items() if name == ring.name)
        at_once = rings.at_once(counted)
        parts = []
        for artefact in artefacts:
            part = ready.get((ring.name, artefact.kind))
            if part is None:
                continue
            change = _change(ring, artefact, part, at_once, source)
            changes.append(change)
            parts.append(Part(kind=artefact.kind, change=change.id, members=tuple(part.members)))
        stages.append(Stage(ring=ring, parts=tuple(parts), at_once=at_once))
    if not changes:
        raise DemarcateError(
            "there is nothing to plan: no resource of a ring can receive it",
            *(f"{item.resource}: {item.why}" for item in left_out),
        )
    plan = PatchPlan(
        id=plan_id,
        source=source,
        file=file,
        artefacts=tuple(artefacts),
        stages=tuple(stages),
        left_out=tuple(left_out),
        accepted=accept,
    )
    _check_ways_back(plan)
    return plan, changes


def _plan_kind(
    mechanism: Mechanism,
    value: str,
    rings: Rings,
    belonging: _Belonging,
    snapshot: Snapshot,
    reader: Reader,
    wish: Wish,
    ready: dict[tuple[str, str], _Ready],
    left_out: list[LeftOut],
) -> Artefact:
    """Gather what each ring receives of one kind, and why others receive nothing."""
    chosen: list[tuple[Ring, Target]] = []
    for target in sorted(
        mechanism.targets(rows_for(mechanism, snapshot), value), key=lambda target: target.resource
    ):
        ring, why = _ring_of(rings, target, belonging)
        if ring is None or target.why_not:
            if ring is not None or why:
                told = why or target.why_not
                left_out.append(LeftOut(resource=target.resource, ring=ring.name if ring else "", why=told))
            continue
        chosen.append((ring, target))
    chosen.sort(key=lambda pair: rings.rings.index(pair[0]))
    artefact, lacking = pin(
        mechanism.kind, value, mechanism.artefact(value), (target.place for _, target in chosen), reader
    )
    note, again = mechanism.freeze(artefact.content)
    artefact = msgspec.structs.replace(artefact, note=note, snapshot=again)
    for ring, target in chosen:
        why, proof, steps = _plan_target(mechanism, target, artefact, lacking, wish, reader)
        if proof is None or not steps:
            left_out += [LeftOut(resource=target.resource, ring=ring.name, why=why)] if why else []
            continue
        part = ready.setdefault((ring.name, mechanism.kind), _Ready())
        part.members.append(
            Member(
                account=target.account,
                region=target.region,
                resource=target.resource,
                name=target.name,
                also=target.also,
                proof=proof,
            )
        )
        part.steps.append(steps)
    return artefact


def _plan_target(
    mechanism: Mechanism,
    target: Target,
    artefact: Artefact,
    lacking: Mapping[Place, str],
    wish: Wish,
    reader: Reader,
) -> tuple[str, Proof | None, list[Step]]:
    """Why a resource receives nothing, or what is known of its way back, and its steps."""
    if target.place in lacking:
        return lacking[target.place], None, []
    try:
        row = mechanism.looks(target, artefact, reader)
        steps = mechanism.steps(target, row, artefact, wish, reader)
    except (NotDone, NotFor) as error:
        return str(error), None, []
    return "it has it already", mechanism.proof(row, wish), steps


@dataclass(frozen=True, slots=True)
class _Belonging:
    """The units of the organization that each account is in, and what resource groups hold."""

    units: Mapping[str, Sequence[str]]
    groups: Groups

    def groups_of(self, target: Target) -> list[str] | None:
        """The groups that hold a resource; None where it is not known which do."""
        place = (target.account, target.region)
        if self.groups.why_unknown(place):
            return None
        arns = {target.resource, *target.also}
        return [
            name
            for (where, name), members in self.groups.members.items()
            if where == place and any(arn in arns for arn, _ in members)
        ]


def _ring_of(rings: Rings, target: Target, belonging: _Belonging) -> tuple[Ring | None, str]:
    """The ring of a resource, or why that is not known; neither where it belongs to none."""
    units = belonging.units.get(target.account, ())
    for ring in rings.rings:
        groups = belonging.groups_of(target) if ring.groups else ()
        verdict = ring.holds(target.account, units, target.tags, groups)
        if verdict is None:
            what = "the groups that hold it" if groups is None else "its tags"
            return None, f"{what} are not known, and so it is not known whether it belongs to {ring.name!r}"
        if verdict:
            return ring, ""
    return None, ""


def _groups(rings: Rings, snapshot: Snapshot) -> Groups:
    """What resource groups hold. Raises DemarcateError for one that a ring names and that holds nothing anywhere."""
    named = {group for ring in rings.rings for group in ring.groups}
    if not named:
        return Groups()
    groups = groups_of(snapshot, read(snapshot, {GROUPED: OF_NODES[GROUPED]}))
    known = {name for _, name in groups.members}
    for name in sorted(named - known):
        if not groups.unread:
            raise DemarcateError(f"there is no resource group {name!r} that holds anything, and a ring names it")
    return groups


def _units(rings: Rings, snapshot: Snapshot) -> dict[str, list[str]]:
    """The units of the organization that each account is in. Raises DemarcateError where they are not known."""
    named = {unit for ring in rings.rings for unit in ring.units}
    if not named:
        return {}
    rows = list(rows_of(snapshot, table(ACCOUNTS), ["id", "path_ids"]))
    units = {str(row["id"]): list(row["path_ids"]) for row in rows if row["path_ids"] is not None}
    if not units:
        raise DemarcateError(
            "rings are chosen by units of the organization, and where its accounts are could not be read: read the "
            "management account too, or name accounts"
        )
    known = {unit for names in units.values() for unit in names}
    for unit in sorted(named - known):
        raise DemarcateError(f"there is no account in the unit {unit!r} that a ring names")
    return units


def _change(ring: Ring, artefact: Artefact, part: _Ready, at_once: int, source: str) -> Change:
    """The change of one ring. So many resources at once go through all their steps, then the next as many."""
    steps = [step for batch in batched_steps(part.steps, at_once) for step in batch]
    count = len(part.members)
    title = f"ring {ring.name}: {artefact.kind} {artefact.value}: {count} resource{'s' if count > 1 else ''}"
    return msgspec.structs.replace(make_change(title, "patch", source, steps), at_once=at_once)


def batched_steps(of_resources: Sequence[Sequence[Any]], at_once: int) -> Iterator[list[Any]]:
    """Steps of several resources, by batches and then by turns: the first of each, the second of each.

    >>> list(batched_steps([["a1", "a2"], ["b1", "b2"], ["c1"]], 2))
    [['a1', 'b1', 'a2', 'b2'], ['c1']]
    """
    for begin in range(0, len(of_resources), at_once):
        batch = of_resources[begin : begin + at_once]
        longest = max(len(steps) for steps in batch)
        yield [steps[turn] for turn in range(longest) for steps in batch if turn < len(steps)]


def _check_ways_back(plan: PatchPlan) -> None:
    """Raise DemarcateError where something has no way back that is proven, and nobody accepted that."""
    without = [
        member
        for stage in plan.stages
        for member in stage.members
        if member.proof.verdict != "possible" and not plan.accepted
    ]
    if not without:
        return
    told = [
        f"{member.resource}: {member.proof.why}{f' ({member.proof.instead})' if member.proof.instead else ''}"
        for member in without
    ]
    raise DemarcateError(
        *told,
        f"{len(without)} of its resources have no way back that is proven (--accept-irreversible accepts it)",
    )
