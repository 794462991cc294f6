"""What checks compare with a column that AWS enumerates is one of AWS's values, letter by letter."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from demarcate.checks.catalog import load_checks
from demarcate.checks.structs import Check
from demarcate.estate.schema.table import Table
from demarcate.estate.tables import all_tables
from tests.estate.test_tables import item_shapes, resolve


def values_of(table: Table, name: str) -> set[str] | None:
    """The values that a column may have as botocore's models tell it; None where they do not."""
    column = table.column(name)
    place = column.place("live") if column is not None else None
    if column is None or place is None or not table.steps or place.path.startswith("#"):
        return None
    shape = resolve(table, place.path, item_shapes(table))
    shape = shape.member if shape is not None and shape.type_name == "list" else shape
    values = getattr(shape, "enum", None) or ()
    if not values or (place.function is not None and any(place.function(value) != value for value in values)):
        return None
    return {*values, *(value for value in (column.absent, place.absent) if isinstance(value, str))}


def compared(check: Check) -> Iterator[tuple[str, str, str]]:
    """The table, column and text of each comparison of a check."""
    for text in (check.predicate, check.condition):
        if not text:
            continue
        tree = sqlglot.parse_one(text, dialect="duckdb")
        aliases = {table.alias_or_name: table.name for table in tree.find_all(exp.Table)}
        for node in tree.find_all(exp.EQ, exp.NEQ, exp.In, exp.ArrayContains):
            columns = list(node.find_all(exp.Column))
            for literal in node.find_all(exp.Literal):
                if literal.is_string and len(columns) == 1:
                    inner = node.find_ancestor(exp.Select)
                    default = (
                        next((table.name for table in inner.find_all(exp.Table)), "") if inner else check.table
                    )
                    yield aliases.get(columns[0].table, columns[0].table or default), columns[0].name, literal.name


def enumerated() -> list[tuple[str, str, str, str, set[str]]]:
    """Each comparison with a column that AWS enumerates: check, table, column, text and the column's values."""
    every = {(check.id, *comparison) for check in load_checks().values() for comparison in compared(check)}
    return [
        (name, table, column, text, values)
        for name, table, column, text in sorted(every)
        if table in all_tables() and (values := values_of(all_tables()[table], column))
    ]


def test_what_is_compared_with_an_enumeration_is_one_of_its_values() -> None:
    cases = enumerated()
    assert ("config-recorder-works", "Failure") in {(name, text) for name, _, _, text, _ in cases}
    wrong = [
        f"{name}: {table}.{column}: {text}" for name, table, column, text, values in cases if text not in values
    ]
    assert not wrong
