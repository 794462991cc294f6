"""Events as rows of a table in memory, for rules to be run over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from demarcate.base.encoding import to_json
from demarcate.base.moments import utc
from demarcate.base.sql import identifier
from demarcate.logs.events import COLUMNS, Column, Kind

if TYPE_CHECKING:
    import duckdb


def make_table(connection: duckdb.DuckDBPyConnection, name: str, events: Iterable[Mapping[str, Any]]) -> None:
    """A new table of events, each as CloudTrail writes it, in the place of one of that name. Raises duckdb.Error."""
    columns = ", ".join(f"{identifier(column.name)} {column.kind.value}" for column in COLUMNS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(name)} ({columns})")
    rows = [[_value(column, event) for column in COLUMNS] for event in events]
    if rows:
        marks = ", ".join(f"({', '.join('?' for _ in COLUMNS)})" for _ in rows)
        connection.execute(f"INSERT INTO {identifier(name)} VALUES {marks}", [value for row in rows for value in row])


def _value(column: Column, event: Mapping[str, Any]) -> Any:
    value: Any = event
    for member in column.member.split("."):
        value = value.get(member) if isinstance(value, Mapping) else None
    if value is None:
        return None
    if column.kind is Kind.JSON:
        return to_json(value).decode()
    if column.kind is Kind.BOOL:
        return {"true": True, "false": False}.get(str(value).lower())
    if column.kind is Kind.MOMENT:
        return utc(datetime.fromisoformat(value))
    return value if isinstance(value, str) else to_json(value).decode()
