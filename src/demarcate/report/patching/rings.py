"""A patch plan for people: the artefact, its rings, the way back of each resource, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator

from demarcate.patching.plans import Progress, Stage
from demarcate.patching.running import Ended
from demarcate.report.console import Console
from demarcate.report.safe import counted

WAYS_BACK = {"possible": "way back", "irreversible": "no way back", "unknown": "way back not known"}


def write(progress: Progress, console: Console, *, plainly: bool = False) -> None:
    """A plan and how far it is; plainly, without its resources."""
    plan = progress.plan
    count = sum(len(stage.members) for stage in plan.stages)
    console.print_line(f"{plan.id} {_artefacts(progress)}: {counted(count, 'resource')}", bold=True)
    if not plainly:
        console.print_line(f"planned by {progress.planned_by} from {plan.source}, by {plan.file}")
        for artefact in plan.artefacts:
            console.print_line(f"frozen: {artefact.kind} {artefact.value} is {artefact.digest[:19]}")
            if artefact.note:
                console.print_line(artefact.note, indent=3)
        if plan.accepted:
            console.print_line("accepted: what has no way back that is proven")
    for number, stage in enumerate(plan.stages, 1):
        _stage(console, progress, number, stage, plainly=plainly)
    if plainly:
        return
    for item in plan.left_out:
        told = f"left out of {item.ring}" if item.ring else "left out"
        console.print_line(f"{told}: {item.resource}: {item.why}")


def _stage(console: Console, progress: Progress, number: int, stage: Stage, *, plainly: bool) -> None:
    ring = stage.ring
    how = "empty"
    if ring.name in progress.passed:
        how = "passed"
    elif ring.name in progress.stopped:
        how = "stopped"
    elif ring.name in progress.applied:
        how = "applied"
    elif stage.parts:
        how = "planned"
    if progress.going_back and stage.parts:
        how = "rolled back" if progress.rolled_back else f"{how}, on the way back"
    told = f"{number}. {ring.name}: {how}: {counted(len(stage.members), 'resource')}, {stage.at_once} at once"
    console.print_line(told, bold=True)
    for reason in progress.stopped.get(ring.name, ()):
        console.print_line(reason, indent=3)
    if plainly:
        return
    for part in stage.parts:
        console.print_line(f"change {part.change} ({part.kind})", indent=3)
    needed = ring.approvals.get("default", 1)
    gates = [f"{needed} to approve" if needed else "nobody to approve"]
    gates += [f"soaks for {ring.soak}"] if ring.soak else []
    gates += [f"alarm {name}" for name in ring.alarms] + [f"check {name}" for name in ring.checks]
    if stage.parts:
        console.print_line(f"gates: {', '.join(gates)}", indent=3)
    for member in stage.members:
        console.print_line(f"{member.name} ({member.account}, {member.region})", indent=3)
        proof = member.proof
        instead = f"; {proof.instead}" if proof.instead else ""
        console.print_line(f"{WAYS_BACK[proof.verdict]}: {proof.why}{instead}", indent=6)


def ended(plan_id: str, end: Ended) -> Iterator[str]:
    """How a run ended and what comes next, a line each."""
    at = f" from {end.again:%Y-%m-%d %H:%M} UTC" if end.again is not None else ""
    goes_on = f"demarcate patch run {plan_id} goes on{at}"
    if end.how == "soaks":
        yield f"ring {end.ring} is applied, and is watched: {goes_on}"
    elif end.how == "waits":
        yield from end.reasons
        if any("to approve it" in reason for reason in end.reasons):
            yield f"next: demarcate change show {end.change}, and demarcate change approve {end.change}"
        yield f"ring {end.ring} waits: {goes_on}"
    elif end.how == "stopped":
        yield from end.reasons
        back = f"demarcate patch rollback {plan_id}"
        if end.ring:
            yield f"ring {end.ring} stands still: mend it, and {goes_on}; {back} goes back"
        else:
            yield f"not all is rolled back: mend it, and {back} goes on"
    else:
        yield f"{plan_id}: {end.how}"


def _artefacts(progress: Progress) -> str:
    return ", ".join(f"{artefact.kind} {artefact.value}" for artefact in progress.plan.artefacts)
