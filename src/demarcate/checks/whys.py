"""Why verdicts are unknown, from SQL's causes of each row to one kind and one sentence.

While a snapshot is judged, a finding that is unknown carries all its causes: for each what it is a cause of, and a
JSON text of its kind and reason. Only once all are written are they told, in one query: to plan that for each check
would take longer than to judge it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from demarcate.base import duckdb
from demarcate.base.encoding import to_json
from demarcate.base.sql import literal
from demarcate.estate.schema.unknown import Kind, Unknown

COLUMN = "whys STRUCT(of VARCHAR, why VARCHAR)[]"
"""The column of causes, as it is declared."""


class Cause(msgspec.Struct, frozen=True):
    """Why a verdict is unknown. Its reason is never cut, other than that of a value: it names all that failed."""

    kind: Kind
    reason: str


def cause_text(why: Cause) -> str:
    """A cause in the form of a value of `_unknown`."""
    return to_json({"kind": why.kind, "reason": why.reason}).decode()


def cause(kind: Kind, reason: str) -> str:
    """SQL for a cause."""
    return literal(cause_text(Cause(kind, reason)))


def whys(causes: Iterable[tuple[str, str]], otherwise: Unknown) -> str:
    """SQL for the causes of an unknown verdict: what each is of, and SQL for it, NULL where it is none.

    `otherwise` is told where none of them is one.
    """
    all_causes = [*causes, ("", cause(otherwise.kind, otherwise.reason))]
    return f"[{', '.join(f'{{of: {literal(of)}, why: {why}}}' for of, why in all_causes)}]"


AT_ONCE = 50_000
"""How many findings are told at once: what an update changes has to be in memory until it is done."""


def tell(cursor: duckdb.DuckDBPyConnection) -> None:
    """Give each finding that has causes the kind that stands first in `Kind`, and a sentence of all of them."""
    [(last,)] = cursor.execute("SELECT max(rowid) FROM findings").fetchall()
    for first in range(0, 0 if last is None else last + 1, AT_ONCE):
        _tell(cursor, first)


def _tell(cursor: duckdb.DuckDBPyConnection, first: int) -> None:
    """Tell those findings of a row and those after it."""
    kinds = f"[{', '.join(map(literal, Kind))}]"
    # A part that another version wrote, or somebody else, may hold any text in its `_unknown`.
    told = "TRY_CAST(w.why AS JSON)"
    cursor.execute(
        "UPDATE findings SET kind = told.kind, reason = told.reason FROM ("
        f"SELECT id, {kinds}[list_min([coalesce(list_position({kinds}, {told} ->> 'kind'), {len(Kind)}) "
        "FOR w IN causes])] AS kind, "
        f"array_to_string([w.of || coalesce({told} ->> 'reason', w.why) FOR w IN causes], '; ') AS reason FROM ("
        "SELECT id, CASE WHEN len(present) > 1 THEN present[:-2] ELSE present END AS causes FROM ("
        "SELECT rowid AS id, [w FOR w IN whys IF w.why IS NOT NULL] AS present FROM findings WHERE whys IS NOT NULL "
        f"AND rowid >= {first} AND rowid < {first + AT_ONCE}"
        "))) AS told WHERE findings.rowid = told.id"
    )
