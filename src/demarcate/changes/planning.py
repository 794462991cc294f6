"""Plan a change: the calls that mend findings, each with the state that it is planned against and what undoes it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import jmespath
import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.changes.lockouts import with_lockout
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Change, Operation, Origin, Read, Step, Undo
from demarcate.changes.values import Missing, Values, answers, merged
from demarcate.checks.judgement import Finding
from demarcate.checks.remedies import Mend, Remedy, Risk, columns_of, takes_from_state
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.tables import table

STACK = "aws:cloudformation:stack-name"
"""The tag that CloudFormation gives to what a stack declares.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
"""


class Reader(Protocol):
    """What reads states: `reach.Reach`, which see."""

    def read(self, account: str, region: str, read: Read) -> Any:
        """The state. Raises NotDone."""


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A finding that no call of Demarcate's mends now, and why; `by_hand` says what a person must do."""

    finding: Finding
    reason: str
    by_hand: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A change, where anything could be planned, and what could not."""

    change: Change | None
    unplanned: tuple[Unplanned, ...]


def new_id() -> str:
    """An id for a change, which no other has."""
    return f"c-{secrets.token_hex(4)}"


def plan_findings(
    findings: Iterable[Finding],
    checks: Mapping[str, Check],
    snapshot: Snapshot,
    reader: Reader,
    *,
    asked: Mapping[str, Any] | None = None,
    judged: Mapping[str, int] | None = None,
) -> Plan:
    """The change that mends findings that fail, in the order in which they are given.

    Calls of several findings that make one are one. `asked` are the values that a person gives (`--set`).
    """
    failing = [finding for finding in findings if finding.verdict == "fail"]
    rows = _Rows(snapshot, checks, failing)
    steps: list[Step] = []
    unplanned: list[Unplanned] = []
    for finding in failing:
        remedy = checks[finding.check].remedy
        try:
            row = rows.of(finding, remedy)
            planned = list(_steps(finding, remedy, row, asked or {}, reader))
        except (Missing, NotDone) as error:
            unplanned.append(Unplanned(finding, str(error), _by_hand(remedy, {})))
            continue
        if not planned:
            reason = f"it takes a person: {remedy.text}"
            unplanned.append(Unplanned(finding, reason, _by_hand(remedy, row)))
            continue
        added = _added(steps, planned)
        if added is None:
            reason = "another call of this change alters the same setting: plan it when this one is applied"
            unplanned.append(Unplanned(finding, reason))
        else:
            steps = added
    if not steps:
        return Plan(None, tuple(unplanned))
    origin = f"{snapshot.manifest.origin}, {snapshot.moment.isoformat(timespec='seconds')}"
    change = make_change(_title(steps, checks), "findings", origin, steps, judged=judged)
    return Plan(change, tuple(unplanned))


def make_change(
    title: str, origin: Origin, source: str, steps: Sequence[Step], *, judged: Mapping[str, int] | None = None
) -> Change:
    """A change with an id of its own."""
    names = {check for step in steps for check in step.checks}
    about = {check: count for check, count in sorted((judged or {}).items()) if check in names}
    return Change(id=new_id(), title=title, origin=origin, source=source, steps=tuple(steps), judged=about)


class HandStep(Mend, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A step as a person writes it: a call with its place, and what it risks."""

    account: str
    region: str
    resource: str
    risk: tuple[Risk, ...]


def plan_by_hand(title: str, source: str, written: Sequence[HandStep], reader: Reader) -> Change:
    """The change of steps that a person wrote. Raises DemarcateError where a state cannot be read.

    What is in braces there is no column: there is no row that fails.
    """
    steps = []
    for number, step in enumerate(written, 1):
        try:
            made = _step(step, None, {}, reader, step.account, step.region, step.resource, step.risk)
            steps.append(with_lockout(made))
        except (Missing, NotDone) as error:
            raise DemarcateError(f"{source}: step {number}: {error}") from error
    return make_change(title, "hand", source, steps)


def _steps(
    finding: Finding, remedy: Remedy, row: Mapping[str, Any], asked: Mapping[str, Any], reader: Reader
) -> Iterator[Step]:
    if finding.account is None or finding.resource is None:
        raise Missing("it is not of a live account: the mend is an edit of the file that declares it")
    for mend in remedy.mends:
        step = _step(
            mend,
            row,
            answers(remedy, asked),
            reader,
            finding.account,
            finding.region or "global",
            finding.resource,
            remedy.risk or (),
        )
        yield msgspec.structs.replace(
            step,
            checks=(finding.check,),
            findings=(finding.id,),
            responsibility=finding.responsibility,
            tags=finding.tags,
            declared=declared_by(finding.tags),
        )


def _step(
    mend: Mend,
    row: Mapping[str, Any] | None,
    asked: Mapping[str, Any],
    reader: Reader,
    account: str,
    region: str,
    resource: str,
    risk: tuple[Risk, ...],
) -> Step:
    """One step, planned against the state that is there now. Raises Missing and NotDone."""
    values = Values(row=row, asked=asked)
    reads = Read(operation=_operation(mend.reads, values), state=values.path(mend.state), absent=mend.absent)
    before = reader.read(account, region, reads)
    if mend.fits and not jmespath.search(mend.fits, before):
        raise Missing(f"what is there is not what {next(iter(mend.do))} mends: it takes a person")
    values = Values(row=row, asked=asked, before=before)
    written = mend.undo_absent if before is None and mend.undo_absent is not None else mend.undo
    undo = Undo(why_not=written) if isinstance(written, str) else Undo(operation=_operation(written, values))
    return Step(
        account=account,
        region=region,
        resource=resource,
        do=_operation(mend.do, values),
        reads=reads,
        before=before,
        done=mend.done,
        undo=undo,
        from_state=takes_from_state(mend),
        risk=risk,
    )


def _operation(written: Mapping[str, Mapping[str, Any]], values: Values) -> Operation:
    name, parameters = next(iter(written.items()))
    return Operation(name=name, parameters=values.fill(dict(parameters)))


def _added(steps: list[Step], planned: list[Step]) -> list[Step] | None:
    """Steps with further ones; None where one of these alters what another alters, and they are not one call."""
    result = list(steps)
    for step in planned:
        # The calls of one remedy are made for each other.
        same = (number for number, other in enumerate(steps) if _alters_the_same(step, other))
        place = next(same, None)
        if place is None:
            result.append(step)
            continue
        joined = _joined(result[place], step)
        if joined is None:
            return None
        result[place] = joined
    return result


def _alters_the_same(step: Step, other: Step) -> bool:
    """Whether the later of two steps would not find the state that it was planned against, or would take back what the
    earlier one did.
    """
    if (step.account, step.region) != (other.account, other.region):
        return False
    mine, theirs = step.reads, other.reads
    if mine.operation == theirs.operation and (mine.state == theirs.state or step.do == other.do):
        return True
    made_of_it = step.from_state or other.from_state
    return made_of_it and (step.resource, mine.operation.name) == (other.resource, theirs.operation.name)


def _joined(step: Step, other: Step) -> Step | None:
    """Two calls of one operation for the same resource as one; None where they contradict each other."""
    if step.do.name != other.do.name:
        return None
    checks, findings = (*step.checks, *other.checks), (*step.findings, *other.findings)
    if step.do == other.do:
        alike = step.done == other.done or step.reads != other.reads
        done = step.done if alike else f"({step.done}) && ({other.done})"
        return msgspec.structs.replace(step, done=done, checks=checks, findings=findings)
    both, back = merged(step.do.parameters, other.do.parameters), None
    if both != merged(other.do.parameters, step.do.parameters) or step.reads != other.reads:
        return None
    mine, theirs = step.undo.operation, other.undo.operation
    if mine is not None and theirs is not None and mine.name == theirs.name:
        back = merged(mine.parameters, theirs.parameters)
    if back is None or back != merged(theirs.parameters if theirs else None, mine.parameters if mine else None):
        return None
    return msgspec.structs.replace(
        step,
        do=Operation(name=step.do.name, parameters=both),
        done=f"({step.done}) && ({other.done})",
        undo=Undo(operation=Operation(name=mine.name if mine else "", parameters=back)),
        risk=tuple(sorted({*step.risk, *other.risk})),
        checks=checks,
        findings=findings,
    )


class _Rows:
    """The failing rows, as far as remedies take columns of them."""

    def __init__(self, snapshot: Snapshot, checks: Mapping[str, Check], findings: Sequence[Finding]) -> None:
        wanted: dict[str, set[str]] = {}
        resources: dict[str, set[str | None]] = {}
        for finding in findings:
            check = checks[finding.check]
            wanted.setdefault(check.table, set()).update(columns_of(check.remedy))
            resources.setdefault(check.table, set()).add(finding.resource)
        self._rows: dict[tuple[str, Any, Any, Any], list[Mapping[str, Any]]] = {}
        for name, columns in wanted.items():
            for row in rows_of(snapshot, table(name), [*_IDENTITY, *sorted(columns)]):
                if row["resource"] in resources[name]:
                    key = (name, row["account_id"], row["region"], row["resource"])
                    self._rows.setdefault(key, []).append(row)

    def of(self, finding: Finding, remedy: Remedy) -> Mapping[str, Any]:
        """The columns that a remedy takes, of the row that fails. Raises Missing."""
        rows = self._rows.get((finding.table, finding.account, finding.region, finding.resource), [])
        if not rows:
            raise Missing("its row is not in the snapshot")
        for name in columns_of(remedy):
            if any(row[name] != rows[0][name] for row in rows):
                raise Missing(f"the resource has several rows, and not one {name}")
        return rows[0]


_IDENTITY = ("resource", "account_id", "region")


def _by_hand(remedy: Remedy, row: Mapping[str, Any]) -> dict[str, str]:
    """What a person must do, for this resource as far as it is known."""
    row = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in row.items()}
    told: dict[str, str] = {}
    for way, text in remedy.by_hand.items():
        try:
            told[way] = str(Values(row=row).fill(text))
        except Missing:
            told[way] = text
    return told


def declared_by(tags: Mapping[str, Any] | None) -> str:
    """What declares a resource, by its tags, in words."""
    stack = (tags or {}).get(STACK)
    return f"the CloudFormation stack {stack}" if stack else ""


def _title(steps: Sequence[Step], checks: Mapping[str, Check]) -> str:
    """What a change is for: the title of its check, or how many there are."""
    names = sorted({check for step in steps for check in step.checks})
    count = len({step.resource for step in steps})
    resources = f"{count} resource" if count == 1 else f"{count} resources"
    return f"{checks[names[0]].title}: {resources}" if len(names) == 1 else f"{len(names)} checks, {resources}"
