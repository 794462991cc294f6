"""What a deployment does to the posture: what fails after it that does not now, and what it mends.

The estate is judged as it is and as it would be (`overlaying`): both times as a live one, by the same checks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from demarcate.assessing import selection_of
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding
from demarcate.checks.structs import Check
from demarcate.drift.columns import declarable
from demarcate.drift.overlaying import overlaid
from demarcate.drift.pairing import Stack
from demarcate.drift.rows import STACK_RESOURCES, Rows
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection, Want, unlimited
from demarcate.estate.tables import all_tables


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Findings that a deployment brings, and those that it ends. `unread` is what could not be read of what is live:
    what depends on it is unknown both times.
    """

    brings: tuple[Finding, ...]
    ends: tuple[Finding, ...]
    unread: tuple[Unread, ...] = ()


def foresee(
    template: Path,
    stack: Stack,
    gone: Collection[str],
    options: Options,
    parameters: Mapping[str, Any],
    folders: Sequence[Path] = (),
) -> Foreseen:
    """Judge the estate before and after a template is deployed as a stack, of which the deployment deletes `gone`.

    `stack` says where it is deployed; its resources are read. Raises DemarcateError where the template cannot be read.
    """
    checks = {name: check for name, check in load_checks(folders).items() if not check.on_request}
    how = Options(parameters=parameters) if parameters else Options()
    with collect_snapshot([template], how) as declared:
        held = {name for name, of in declared.manifest.tables.items() if any(part.rows for part in of.parts)}
        concerned = {name: check for name, check in checks.items() if held & set(check.tables)}
        if not concerned:
            return Foreseen((), ())
        where = replace(options, regions=(stack.region,))
        with collect_snapshot(["aws"], where, selection=_selection(concerned.values(), held)) as live:
            deployed = _deployed(declared, live, stack)
            with overlaid(declared, live, deployed, gone) as after:
                now, then = (_failing(snapshot, concerned) for snapshot in (live, after))
            return Foreseen(
                tuple(finding for key, finding in then.items() if key not in now),
                tuple(finding for key, finding in now.items() if key not in then),
                live.unread,
            )


def _selection(checks: Collection[Check], held: set[str]) -> Selection:
    """What of the live estate is read: what checks ask, and what tells which resource each declared one is."""
    selection: dict[str, frozenset[Want] | None] = dict(unlimited(selection_of(checks, live=True)))
    for name, columns in selection.items():
        table = all_tables()[name]
        if columns is not None and table.types:
            more = (column.name for column in declarable(name) if name in held and column.name in columns)
            selection[name] = frozenset((*columns, *table.keys, *more))
    return {**selection, STACK_RESOURCES: None}


def _deployed(declared: Snapshot, live: Snapshot, stack: Stack) -> Stack:
    """The stack with its resources; without any where it is not there yet."""
    rows = Rows(declared, live)
    try:
        stacks = rows.stacks()
    finally:
        rows.close()
    same = (stack.name, stack.account, stack.region)
    return next((other for other in stacks if (other.name, other.account, other.region) == same), stack)


def _failing(snapshot: Snapshot, checks: Mapping[str, Check]) -> dict[tuple[str, str | None, str | None], Finding]:
    """What fails, by check, region and resource."""
    judgement = judge(snapshot, checks.values())
    findings = [finding for finding in judgement.findings(passes=False) if finding.verdict == "fail"]
    judgement.close()
    return {(finding.check, finding.region, finding.resource): finding for finding in findings}
