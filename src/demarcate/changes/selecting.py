"""Which findings are to be mended: those that fail now, of the checks or with the ids that are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demarcate.assessing import selection_of
from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks, select
from demarcate.checks.engine import judge
from demarcate.checks.judgement import Finding, Judgement
from demarcate.checks.remedies import columns_of
from demarcate.checks.structs import Check
from demarcate.estate.snapshots.manifest import is_snapshot
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection
from demarcate.estate.sources.progress import Progress
from demarcate.model import load


@dataclass(frozen=True, slots=True)
class Failing:
    """Findings that fail, their checks, the snapshot that they are of, and how many resources each check judged."""

    findings: tuple[Finding, ...]
    checks: Mapping[str, Check]
    snapshot: Snapshot
    judged: Mapping[str, int]


def live_snapshot(
    sources: Sequence[str], options: Options, selection: Selection, progress: Progress | None = None
) -> Snapshot:
    """A live estate that is to be changed: aws, or a snapshot of it. Raises DemarcateError for anything else."""
    kept = any(is_snapshot(Path(name)) for name in sources)  # how AWS is reached is for what is read of it then
    snapshot = collect_snapshot(sources, Options() if kept else options, selection=selection, progress=progress)
    if snapshot.manifest.source != "live":
        snapshot.close()
        raise DemarcateError(
            f"{snapshot.manifest.origin}: only what is live can be changed: name aws, or a snapshot of it; what a "
            "template declares is mended in the template (change plan --patch FILE writes the edit)"
        )
    return snapshot


def failing(
    sources: Sequence[str],
    options: Options,
    names: Sequence[str] | None,
    ids: Collection[str],
    folders: Sequence[Path],
    progress: Progress | None = None,
    meant: Callable[[Judgement, Mapping[str, Check]], Collection[str]] | None = None,
) -> Failing:
    """What fails in a live estate: of these checks (or any), with these ids (or any), and with those that `meant` gives
    of what was judged.

    Raises DemarcateError as `collect_snapshot` and `select` do.
    """
    checks = select(load_checks(folders, responsibilities=load().owed), names or None)
    checks = {name: check for name, check in checks.items() if names or not check.on_request}
    selection = dict(selection_of(checks.values(), live=True, tags=True))
    for check in checks.values():
        columns = selection[check.table]
        if columns is not None:
            selection[check.table] = columns | set(columns_of(check.remedy))
    snapshot = live_snapshot(sources, options, selection, progress)
    judgement = judge(snapshot, checks.values())
    of_judged = meant(judgement, checks) if meant is not None else None
    failing = tuple(
        finding
        for finding in judgement.findings(passes=False)
        if finding.verdict == "fail"
        and (not ids or finding.id in ids)
        and (of_judged is None or finding.id in of_judged)
    )
    judged: Counter[str] = Counter()
    for tally in judgement.tallies:
        judged[tally.check] += tally.passed + tally.failed + tally.unknown
    judgement.close()
    return Failing(failing, checks, snapshot, judged)
