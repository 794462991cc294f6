"""What lets an artefact through to the next ring: alarms that were silent, checks that pass, resources that are there.

What could not be read lets nothing through, and neither does a check that judged none of the ring's resources.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from demarcate.assessing import selection_of
from demarcate.changes.alarms import Alarms, Reader
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Step
from demarcate.changes.tasks import Stopped
from demarcate.changes.values import holds
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.patching.mechanisms import MECHANISMS
from demarcate.patching.planning import rows_for
from demarcate.patching.plans import Stage


@dataclass(slots=True)
class Gate:
    """What a ring was judged by, in words, and why it is stopped, where it is."""

    judged_by: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def judge_ring(
    stage: Stage,
    steps: Sequence[Step],
    checks: Mapping[str, Check],
    options: Options,
    reader: Reader,
    since: datetime,
    now: datetime,
) -> Gate:
    """Judge a ring that has received what it was to receive, at the moment `since`.

    `steps` are those of its changes. Raises DemarcateError as `collect_snapshot` does.
    """
    gate = Gate()
    soaked = int((now - since).total_seconds() // 60)
    gate.judged_by.append(f"watched for {_duration(soaked)}")
    _alarms(stage, steps, reader, since, gate)
    _received(steps, reader, gate)
    chosen = [checks[name] for name in stage.ring.checks]
    wanted = dict(selection_of(chosen, live=True))
    for part in stage.parts:
        mechanism = MECHANISMS[part.kind]
        for name, columns in mechanism.tables.items() if mechanism.gone is not None else ():
            known = wanted.get(name, frozenset())
            wanted[name] = None if known is None else known | frozenset(columns)
    if not wanted:
        return gate
    with collect_snapshot(["aws"], options, selection=wanted) as snapshot:
        _there(stage, snapshot, gate)
        if chosen:
            _checks(stage, chosen, snapshot, gate)
    return gate


def _alarms(stage: Stage, steps: Sequence[Step], reader: Reader, since: datetime, gate: Gate) -> None:
    """Whether an alarm of the ring rings, or has rung while it was watched, in each place that it is in."""
    places = {(step.account, step.region): step for step in steps}
    for name in stage.ring.alarms:
        for step in places.values():
            try:
                Alarms((name,), reader).check_since(step, since)
            except Stopped as stopped:
                gate.reasons.append(str(stopped))
                break
        else:
            gate.judged_by.append(f"the alarm {name} was silent")


def _received(steps: Sequence[Step], reader: Reader, gate: Gate) -> None:
    """Whether each resource has what it was given, still: the effect of its last step can be read."""
    last = {(step.account, step.region, step.resource): step for step in steps}
    bad = []
    for step in last.values():
        try:
            state = reader.read(step.account, step.region, step.reads)
        except NotDone as error:
            bad.append(f"{step.resource}: {error}")
            continue
        if not holds(step.done, state):
            bad.append(f"{step.resource}: it does not have any more what {step.do.name} gave it")
    gate.reasons += bad
    if not bad:
        count = len({step.resource for step in steps})
        gate.judged_by.append(f"{count} of {count} resources have it")


def _there(stage: Stage, snapshot: Snapshot, gate: Gate) -> None:
    """Whether what was patched came back, and is there still."""
    for part in stage.parts:
        mechanism = MECHANISMS[part.kind]
        if mechanism.gone is None:
            continue
        resources = frozenset(member.resource for member in part.members)
        gone = mechanism.gone(rows_for(mechanism, snapshot), resources)
        gate.reasons += gone
        if not gone:
            count = len(resources)
            gate.judged_by.append(f"{count} of {count} are online")


def _checks(stage: Stage, chosen: Iterable[Check], snapshot: Snapshot, gate: Gate) -> None:
    names = {name for member in stage.members for name in (member.resource, *member.also)}
    places = {(member.account, member.region) for member in stage.members}
    chosen = list(chosen)
    judgement = judge(snapshot, chosen, passes=True)
    findings = [finding for finding in judgement.findings() if _is_of(finding, names, places)]
    judgement.close()
    for check in chosen:
        of_check = [finding for finding in findings if finding.check == check.id]
        bad = [finding for finding in of_check if finding.verdict != "pass"]
        if not of_check:
            gate.reasons.append(f"check {check.id} judged none of the ring's resources, and so it proves nothing")
        elif bad:
            gate.reasons += [f"check {check.id}: {item.verdict}: {item.reason}" for item in bad]
        else:
            count = len(of_check)
            gate.judged_by.append(f"check {check.id} passes {count} of {count}")


def _is_of(finding: Finding, names: Collection[str], places: Collection[tuple[str, str]]) -> bool:
    """Whether a finding is of a resource of the ring, or of a part of one, or says that these could not be read."""
    if finding.resource is None:
        return finding.account is None or (finding.account, finding.region or "") in places
    resource = finding.resource
    return resource in names or any(resource.startswith(f"{name}/") for name in names)


def _duration(minutes: int) -> str:
    """Minutes as people say them.

    >>> _duration(45), _duration(1500)
    ('45 min', '25 h')
    """
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
