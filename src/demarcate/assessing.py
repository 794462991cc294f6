"""The whole flow for one estate: collect what the checks need, judge it, and draw the posture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demarcate.checks.catalog import load_checks, select
from demarcate.checks.engine import Judgement, judge
from demarcate.checks.structs import Check
from demarcate.estate.collecting import LIVE, collect_snapshot
from demarcate.estate.plan import Selection
from demarcate.estate.snapshot import Snapshot
from demarcate.estate.tables import all_tables
from demarcate.model import Model, load
from demarcate.posture.assess import assess_snapshot
from demarcate.posture.line import line_checks
from demarcate.posture.structs import Posture

if TYPE_CHECKING:
    import boto3


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that one assessment made."""

    model: Model
    snapshot: Snapshot
    checks: Mapping[str, Check]
    judgement: Judgement
    posture: Posture


def assess_sources(
    sources: Sequence[str | Path],
    *,
    session: boto3.Session | None = None,
    regions: Sequence[str] | None = None,
    endpoint_url: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    checks: Iterable[str] | None = None,
    check_folders: Sequence[Path] = (),
) -> Assessment:
    """Assess sources. `checks` are ids (all by default), `check_folders` hold checks of the user's own.

    Raises DemarcateError as `collect_snapshot`, `load_checks` and `select` do.
    """
    model = load()
    chosen = select(load_checks(check_folders, responsibilities=model.owed), checks)
    live = [str(source) for source in sources] == [LIVE]
    snapshot = collect_snapshot(
        sources,
        session=session,
        regions=regions,
        endpoint_url=endpoint_url,
        selection=selection_of([*chosen.values(), *line_checks(model).values()], live=live),
        parameters=parameters,
    )
    judgement = judge(snapshot, chosen.values())
    posture = assess_snapshot(model, snapshot, chosen, judgement)
    return Assessment(model, snapshot, chosen, judgement, posture)


def selection_of(checks: Iterable[Check], *, live: bool) -> Selection:
    """The tables and columns that checks use.

    In templates every table is read, since that costs nothing and tells which services there are.
    """
    columns: dict[str, set[str]] = {} if live else {name: set() for name in all_tables()}
    for check in checks:
        columns.setdefault(check.table, set()).update((*check.columns, *check.shown))
        for name, used in check.lookups.items():
            columns.setdefault(name, set()).update(used)
    return {name: frozenset(used) for name, used in columns.items()}
