"""Names on which compiled predicates and the engine that runs them agree."""

from __future__ import annotations

from typing import Final

ROW: Final = "_row"
"""The alias of the judged row."""

NOW: Final = "getvariable('now')"
"""The moment of the snapshot; the engine sets the variable."""


def partly_read(table: str) -> str:
    """The variable that is true where a table may have rows that were not read.

    A row that is not found in it is then not known to be missing.
    """
    return f"partly read {table}"
