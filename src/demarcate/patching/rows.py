"""The files of the history: the columns of an observation, and what one must have."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from demarcate.estate.snapshots.tabular import ends_well
from demarcate.patching.structs import PatchState

COLUMNS: Final = {
    "observed_at": "TIMESTAMP",
    "account_id": "VARCHAR",
    "region": "VARCHAR",
    "kind": "VARCHAR",
    "resource": "VARCHAR",
    "name": "VARCHAR",
    "state": "VARCHAR",
    "finding": "VARCHAR",
    "severity": "VARCHAR",
    "reason": "VARCHAR",
}

_TOLD = ("observed_at", "account_id", "region", "kind", "resource", "name", "state")

NO_ROWS = f"""
CREATE OR REPLACE TEMP TABLE {{table}} ({", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())},
CHECK ({" AND ".join(f"{name} IS NOT NULL" for name in _TOLD)}),
CHECK (list_contains({[state.value for state in PatchState]}, state)),
CHECK (finding IS NULL OR (severity IS NOT NULL AND reason IS NOT NULL)))
"""
"""The observations of a file, each with all that one has. A file of which one lacks something is broken."""

OF_ITS_DAY = "CASE WHEN CAST(observed_at AS DATE) = $its_day THEN true ELSE error('it is of another day') END"


def day_of(path: Path) -> date | None:
    """The day of the folder that a file is in; None for one that cannot be, since all days between two are told."""
    try:
        day = date.fromisoformat(path.parent.name)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def is_whole(path: Path) -> bool:
    """Whether a file ends as one of the history does."""
    try:
        return ends_well(path)
    except OSError:
        return False
