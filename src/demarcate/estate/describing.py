"""Tables described as rows, for the command and the reference pages."""

from __future__ import annotations

from demarcate.estate.plan import tells
from demarcate.estate.table import Column, From, Table
from demarcate.estate.tables import all_tables, table

Rows = tuple[list[str], list[list[object]]]


def list_tables() -> Rows:
    """All tables: name, what it is, and which sources fill it."""
    columns = ["table", "about", "sources"]
    return columns, [[t.name, t.about, sources_of(t)] for t in all_tables().values()]


def sources_of(of: Table) -> list[str]:
    """The sources that fill a table, in people's words."""
    told = [
        ("live" if source == "live" else "templates") for source in ("live", "cloudformation") if tells(source, of)
    ]
    return told + (["facts"] if of.facts else [])


def describe_table(name: str) -> Rows:
    """The columns of one table. Raises DemarcateError where there is none of that name."""
    chosen = table(name)
    columns = ["column", "type", "live", "template", "about"]
    return columns, [
        [c.name, c.type, _shown(chosen, c, c.live), _shown(chosen, c, c.cloudformation), c.about]
        for c in chosen.all_columns
    ]


def _shown(of: Table, column: Column, place: From | None) -> str:
    if column not in of.columns or of.derived:
        return ""
    if place is None:
        return "unknown"
    path = place.path
    if path.startswith("#format."):
        return path.removeprefix("#format.")
    if path == "#ref":
        return "Ref"
    return path.removeprefix("#attribute.") if path.startswith("#attribute.") else path
