"""Names on which compiled predicates and the engine that runs them agree."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

ROW: Final = "_row"
"""The alias of the judged row."""

NOW: Final = "now"
"""The variable that holds the moment of the snapshot; the engine sets it."""


def partly_read(table: str) -> str:
    """The variable that is true where a table may have rows that were not read.

    A row that is not found in it is then not known to be missing.
    """
    return f"partly read {table}"


class Look(NamedTuple):
    """A look into another table: its SQL over the judged row, and what that comes to where the table is empty.

    `empty` is "" where that is NULL, until the look's type is known. `sure` is the same look, where no row of the table
    is there under a condition that is not known, nor has NULL in a column of `doubts`: then no row may match without
    doing so. It is "" where that does not do.
    """

    table: str
    sql: str
    empty: str
    sure: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name as a column of the judged row: the same for the same look, in whichever check."""
        return f"look {hashlib.sha256(self.sql.encode()).hexdigest()[:32]}"


class Demand(NamedTuple):
    """What a predicate asks of the rows of a table, as far as it says so outright: values for some columns.

    A row of which one of these columns is another value does not matter to it.
    """

    table: str
    values: dict[str, tuple[str, ...]]

    def allows(self, known: Mapping[str, object]) -> bool:
        """Whether a row of which this much is known may matter."""
        return all(known[column] in wanted for column, wanted in self.values.items() if column in known)
