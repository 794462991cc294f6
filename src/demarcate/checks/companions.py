"""Rows of which only a companion is known: a bucket's policy, where the bucket is not among what was read.

A check is about such a row if it rests on what the companion tells. Where nothing but the rest leaves its verdict
open there is no verdict: nobody asked about that resource.
"""

from __future__ import annotations

from collections.abc import Iterable

from demarcate.base.sql import identifier, literal
from demarcate.checks.names import ROW
from demarcate.checks.structs import Check
from demarcate.estate.schema.rows import detail_of
from demarcate.estate.schema.table import COMPANION, Table
from demarcate.estate.sources.interface import Source
from demarcate.estate.tables import all_tables


def about(check: Check, table: Table, companions: Iterable[str], source: Source, verdict: str) -> str:
    """SQL for: the check has a verdict about this row, be it that of a resource or of one of these companions."""
    companion = f"{ROW}.{identifier(COMPANION.name)}"
    told = [f"{companion} IS NULL"]
    for name in companions:
        answer = _answer(check, table, _columns(table, name, source), verdict)
        if answer:
            told.append(f"({companion} = {literal(name)} AND {answer})")
    return f"({' OR '.join(told)})"


def _columns(table: Table, name: str, source: Source) -> frozenset[str]:
    """The columns that a companion tells."""
    places = ((column.name, source.place(table, column)) for column in table.columns)
    return frozenset(column for column, place in places if place is not None and detail_of(place.path) == name)


def _answer(check: Check, table: Table, told: frozenset[str], verdict: str) -> str:
    """SQL for whether it is answered by these columns, or would be if they were known; "" where it never is."""
    looked = [_tells(check, table, name, told) for name in check.lookups]
    columns = told.intersection(check.columns)
    if False in looked or not (columns or True in looked):
        return ""
    if True in looked and columns.issuperset(set(check.columns) - _ALWAYS):
        return "true"
    asked = {ask.name for ask in check.asks.get(table.name, ()) if ask.column in columns}
    open_ = " OR ".join(f"{ROW}.{identifier(name)} IS NULL" for name in sorted({*columns, *asked}))
    return f"(({verdict}) IS NOT NULL{f' OR {open_}' if open_ else ''})"


_ALWAYS = frozenset(("account_id", "region", "partition", "resource", "file", "line"))
"""Columns that say where a row is from."""


def _tells(check: Check, table: Table, lookup: str, told: frozenset[str]) -> bool | None:
    """Whether these columns make the rows that a check looks for in another table; None where no column does."""
    demands = [demand for demand in check.demands if demand.table == lookup]
    makers = [
        derived
        for derived in all_tables()[lookup].derived
        if derived.of == table.name and (not demands or any(demand.allows(derived.known) for demand in demands))
    ]
    return all(derived.rests_on(told) for derived in makers) if makers else None
