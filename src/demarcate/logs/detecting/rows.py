"""Events as rows of a table in memory, for rules to be run over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from demarcate.base.encoding import to_json
from demarcate.base.moments import utc
from demarcate.base.sql import identifier
from demarcate.logs.events import COLUMNS, Column, Kind
from demarcate.logs.store.forms.cloudtrail import EVENTS

if TYPE_CHECKING:
    from demarcate.base import duckdb


def make_table(connection: duckdb.DuckDBPyConnection, name: str, events: Iterable[Mapping[str, Any]]) -> None:
    """A new table of events, each as CloudTrail writes it, in the place of one of that name. Raises duckdb.Error."""
    columns = ", ".join(f"{identifier(column)} {type_}" for column, type_ in EVENTS.columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(name)} ({columns})")
    rows = [_row(event) for event in events]
    if rows:
        marks = ", ".join(f"({', '.join('?' for _ in row)})" for row in rows)
        connection.execute(
            f"INSERT INTO {identifier(name)} VALUES {marks}", [value for row in rows for value in row]
        )


def _row(event: Mapping[str, Any]) -> list[Any]:
    values = {column.name: _value(column, event) for column in COLUMNS}
    omitted = [column.name for column in COLUMNS if _is_left_out(event.get(column.member))]
    values.update(dict.fromkeys(omitted))
    return [*values.values(), omitted or None]


def _is_left_out(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("omitted") in (True, "true")


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
