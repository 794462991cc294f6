"""Rows of a snapshot as they are told: what is not known says why, and what a template assigns is a stand-in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from demarcate.base.encoding import from_json
from demarcate.estate.schema.standins import unmarked
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.tables import table

_OF_ALL: Final = ("resource", "account_id", "region", "file", "_unknown", "_assigned")

Row = dict[str, Any]
"""Column to value; what is not known is an Unknown that says why, and what a template assigns a stand-in."""


def rows(snapshot: Snapshot, name: str, columns: Iterable[str]) -> Iterator[Row]:
    """The rows of a table with these columns. Raises DemarcateError where a file cannot be read."""
    of, names = table(name), tuple(columns)
    types = {column.name: column.type for column in of.all_columns}
    held = snapshot.asked.get(name, ())
    for values in rows_of(snapshot, of, [*_OF_ALL, *names]):
        unknown, assigned = (from_json(values.pop(note) or "{}") for note in ("_unknown", "_assigned"))
        for column in names:
            value = values[column]
            if value is None:
                values[column] = _why(column, unknown.get(column), held)
                continue
            if types[column] == "JSON":
                value = from_json(value)
            values[column] = unmarked(value, assigned[column]) if column in assigned else value
        yield values


_KINDS: Final = {kind.value: kind for kind in Kind}


def _why(column: str, told: Any, held: tuple[str, ...]) -> Unknown | None:
    if isinstance(told, dict):
        return Unknown(_KINDS[told["kind"]], told["reason"])
    if column not in held:
        return Unknown(Kind.NOT_COLLECTED, f"{column} was not collected")
    return None


def why_not_read(snapshot: Snapshot, name: str, columns: Iterable[str], account: Any, region: Any) -> str:
    """Why columns of a table were not, or not all, read for an account and region; empty where they were."""
    if name not in snapshot.asked:
        return "it was not collected"
    lacking = [column for column in columns if column not in snapshot.asked[name]]
    for gap in snapshot.unread:
        about = name in gap.missing or (name == gap.table and not set(gap.columns).isdisjoint(columns))
        if about and gap.account in (None, account) and (gap.region is None or region in (None, gap.region)):
            return str(gap)
    return f"{', '.join(lacking)} was not collected" if lacking else ""
