"""Find drift: read what is live as far as what is declared asks for it, and compare the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from demarcate.assessing import selection_of
from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import load_checks
from demarcate.drift.aws_results import results_of, with_results
from demarcate.drift.baselines import newest, open_baseline
from demarcate.drift.comparing import compare
from demarcate.drift.ignoring import Ignored
from demarcate.drift.selecting import selection_for
from demarcate.drift.structs import Comparison
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import asks, collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import unlimited
from demarcate.estate.sources.progress import Progress
from demarcate.ledger.ledger import Ledger


def declared_by(
    sources: Sequence[str], baseline: str | None, options: Options = Options(), ledger: str | None = None
) -> Snapshot:
    """The snapshot of what is declared: by templates, or by the newest version of a baseline.

    Raises DemarcateError where it cannot be read, or is not as it was signed off.
    """
    if baseline is None:
        return collect_snapshot(sources, options)
    with Ledger(ledger, reading=True) as opened:
        return open_baseline(newest(opened, baseline))


def find_drift(
    declared: Snapshot,
    against: str,
    options: Options,
    *,
    stacks: Mapping[str, Sequence[str]] | None = None,
    ignored: Ignored | None = None,
    undeclared: bool = True,
    aws_results: bool = False,
    folders: Sequence[Path] = (),
    progress: Progress | None = None,
) -> tuple[Comparison, tuple[Unread, ...]]:
    """Where a live source (aws, or a snapshot of it) differs from what is declared, and what of both was not read.

    With `aws_results`, what AWS's own services say of drift is beside it.

    Raises DemarcateError as `collect_snapshot` and `compare` do, and where nothing of what is declared can be read:
    before AWS is asked anything.
    """
    if declared.unread and not any(part.rows for held in declared.manifest.tables.values() for part in held.parts):
        raise DemarcateError(f"nothing is declared that could be compared: {declared.unread[0]}")
    checks = [check for check in load_checks(folders).values() if not check.on_request]
    chosen = unlimited(selection_of(checks, live=True))
    asked = {name: columns for name, columns in chosen.items() if columns is not None}
    how = options if asks([against]) else Options()
    selection = selection_for(declared, asked)
    selection = with_results(selection) if aws_results else selection
    with collect_snapshot([against], how, selection=selection, progress=progress) as live:
        comparison = compare(declared, live, stacks=stacks, asked=asked, ignored=ignored, undeclared=undeclared)
        if aws_results:
            comparison = replace(comparison, aws=results_of(live))
        unread = [
            each for each in declared.unread if each.file is not None
        ]  # what a baseline lacks is told by row
        return comparison, (*unread, *live.unread)
