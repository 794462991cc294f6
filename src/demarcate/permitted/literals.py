"""What a query holds the columns of a table to, so that a table is worked out for that alone.

Only what must hold of every row counts: the parts of WHERE and of the conditions of joins that AND puts together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any


def literals_of(sql: str, name: str, columns: Collection[str]) -> Iterator[dict[str, list[str]]]:
    """For each use of a table in a query, the texts that some of its columns are held to; none where it is not used."""
    if name not in sql.lower():
        return
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except (SqlglotError, RecursionError):
        return  # DuckDB says what is wrong with it
    for used in tree.find_all(exp.Table):
        if used.name.lower() == name and not used.db:
            yield _given(used.find_ancestor(exp.Select), used.alias_or_name, columns)


def _given(select: Any, alias: str, columns: Collection[str]) -> dict[str, list[str]]:
    """The literals that the columns of the table are held to, in what must hold of every row of a SELECT."""
    from sqlglot import exp

    tests = (
        [select.args.get("where"), *(join.args.get("on") for join in select.args.get("joins") or [])]
        if select
        else []
    )
    given: dict[str, list[str]] = {}
    for test in tests:
        whole = test.this if isinstance(test, exp.Where) else test
        for each in whole.flatten() if isinstance(whole, exp.And) else [whole]:
            part = each.unnest() if each is not None else None
            column, values = _held(part)
            if (
                column is not None
                and column.table.lower() in ("", alias.lower())
                and column.name.lower() in columns
            ):
                given.setdefault(column.name.lower(), []).extend(values)
    return given


def _held(test: Any) -> tuple[Any, list[str]]:
    """The column and the texts of a test like `column = 'text'` or `column IN ('text', …)`."""
    from sqlglot import exp

    if isinstance(test, exp.EQ):
        left, right = test.this, test.expression
        column, value = (left, right) if isinstance(left, exp.Column) else (right, left)
        if isinstance(column, exp.Column) and isinstance(value, exp.Literal) and value.is_string:
            return column, [value.this]
    if isinstance(test, exp.In) and isinstance(test.this, exp.Column):
        values = test.expressions
        if values and all(isinstance(value, exp.Literal) and value.is_string for value in values):
            return test.this, [value.this for value in values]
    return None, []
