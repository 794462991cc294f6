"""Tables described as rows, for the command and the reference pages."""

from __future__ import annotations

from demarcate.estate.schema.table import Column, Table
from demarcate.estate.sources.interface import Source
from demarcate.estate.sources.registry import TELLING
from demarcate.estate.tables import all_tables, table

Rows = tuple[list[str], list[list[object]]]


def list_tables() -> Rows:
    """All tables: name, what it is, and which sources fill it."""
    columns = ["table", "about", "sources"]
    return columns, [[t.name, t.about, sources_of(t)] for t in all_tables().values()]


def sources_of(of: Table) -> list[str]:
    """The sources that fill a table, in people's words."""
    return [source.label for source in TELLING if source.tells(of)] + (["facts"] if of.facts else [])


def describe_table(name: str) -> Rows:
    """The columns of one table, and where each source finds them.

    Raises DemarcateError where there is none of that name.
    """
    chosen = table(name)
    columns = ["column", "type", *(source.label for source in TELLING), "about"]
    return columns, [
        [column.name, column.type, *(shown(source, chosen, column) for source in TELLING), column.about]
        for column in chosen.all_columns
    ]


def shown(source: Source, of: Table, column: Column) -> str:
    """Where a source finds a column; empty where the table's rows are not read but made."""
    if column not in of.columns or of.owners:
        return ""
    place = source.place(of, column) if source.tells(of) else None
    if place is None:
        return "unknown"
    path = place.said or place.path
    if path.startswith("#format."):
        return path.removeprefix("#format.")
    if path == "#ref":
        return "Ref"
    return path.removeprefix("#attribute.") if path.startswith("#attribute.") else path
