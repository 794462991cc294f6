"""A check made ready for one database: its SQL whole, as short as the database lets it be."""

from __future__ import annotations

import msgspec

from demarcate.checks.database import Database
from demarcate.checks.names import Subquery, fill
from demarcate.checks.structs import Check
from demarcate.estate.tables import all_tables


class Ready(Check, frozen=True, kw_only=True):
    """A check with its subqueries put in, as short as a database lets them be."""

    verdict_sql: str
    where_sql: str
    """Empty where every row is judged."""


def ready(check: Check, database: Database) -> Ready:
    """A check as it is run over a database."""

    def is_empty(table: str) -> bool:
        return not database.has_rows(all_tables()[table])

    def unsure(one: Subquery) -> Subquery:
        unread = database.unread_where(one.table, check)
        if unread is None:
            return one
        sql, empty = (f"(CASE WHEN {unread} THEN NULL ELSE {x} END)" for x in (one.sql, one.empty))
        return Subquery(one.table, sql, empty)

    verdict = fill(check.verdict, check.subqueries, is_empty)
    where = fill(check.where, {name: unsure(one) for name, one in check.subqueries.items()}, is_empty)
    return Ready(**msgspec.structs.asdict(check), verdict_sql=verdict, where_sql=where)


def about(check: Ready) -> str:
    """SQL for: the check is about this row, or may be."""
    return f"({check.where_sql} IS NOT FALSE)" if check.where_sql else "true"
