"""Facts that age: tables filled from data files, each with its source, its date and how long it is believed.

A file `facts/<table>.yaml` holds the rows of a table that AWS's API does not tell, or that the source of a
snapshot cannot. Where the snapshot has rows of the table itself, these win. Past its age a fact is not
believed: what looks it up is unknown.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from demarcate.base.documents import read

FOLDER = Path(__file__).parent / "facts"


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of facts. `checked` is the day on which the rows were compared with the `source`."""

    source: str
    checked: date
    believed_for_days: int
    rows: tuple[dict[str, Any], ...]

    def stale(self, moment: datetime) -> str | None:
        """Why these are not believed at a moment, or None where they are."""
        end = self.checked + timedelta(days=self.believed_for_days)
        if moment.date() <= end:
            return None
        return (
            f"these facts are of {self.checked} and believed for {self.believed_for_days} days, "
            f"to {end}: upgrade demarcate, or see {self.source}"
        )


@cache
def facts_of(table: str) -> Facts | None:
    """The facts that fill a table, or None where there are none. Raises DocumentError."""
    path = FOLDER / f"{table}.yaml"
    return read(path, Facts) if path.is_file() else None
