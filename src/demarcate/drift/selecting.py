"""What of a live estate is read to compare it with what is declared."""

from __future__ import annotations

from collections.abc import Mapping

from demarcate.drift.columns import CHILDREN, declarable, settings_of
from demarcate.drift.ignoring import aws_own
from demarcate.drift.rows import STACK_RESOURCES
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.plan import Selection
from demarcate.estate.sources.registry import collected_from
from demarcate.estate.tables import all_tables


def selection_for(declared: Snapshot, asked: Mapping[str, frozenset[str]], *, live: str = "live") -> Selection:
    """The tables and columns that a comparison with a declared snapshot reads.

    `asked` are the columns that checks ask of tables. `live` is the source of what is live.
    """
    selection: dict[str, frozenset[str] | None] = {}
    baseline = declared.manifest.source == live
    for name, held in declared.manifest.tables.items():
        table = all_tables().get(name)
        if (
            table is None
            or table.owners
            or (not baseline and (not table.types or not any(p.rows for p in held.parts)))
        ):
            continue
        if baseline:
            columns = {column.name for column in settings_of(table.name, asked.get(name, frozenset()))} & set(
                held.columns
            )
        else:
            columns = {column.name for column in declarable(table.name)}
            columns |= {c.name for c in table.columns if _is_attribute(table.name, c.name)}
        if columns:
            selection[name] = frozenset((*columns, *table.keys, *aws_own(table).columns))
    if not baseline:
        if not collected_from(declared).identifies:
            selection[STACK_RESOURCES] = None
        for name, children in CHILDREN.items():
            if children.of in selection:
                selection[name] = None
    return selection


def _is_attribute(table: str, column: str) -> bool:
    """Whether a column is an attribute that other resources of a template may be assigned."""
    place = next(c for c in all_tables()[table].columns if c.name == column).place("cloudformation")
    return place is not None and place.path.startswith("#attribute.")
