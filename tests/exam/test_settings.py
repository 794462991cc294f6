"""A setting puts a job on one side of the line: no resource is on both, and some are on each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from demarcate.estate.tables import all_tables
from demarcate.exam.parties import Setting, settings
from demarcate.exam.wording import setting
from demarcate.model import Model


@pytest.mark.parametrize("one", settings(), ids=lambda one: one.id)
def test_sides_are_of_their_party(model: Model, one: Setting) -> None:
    assert {model.responsibility[id_].party for id_ in one.aws} == {"aws"}
    assert {model.responsibility[id_].party for id_ in one.customer} == {"customer"}
    assert one.ask.startswith("Who ")
    assert one.ask.endswith("?")
    for table in one.tables:
        parties = {responsibility.party for responsibility, _, when in one.sides(model) if when.table == table}
        assert parties == {"aws", "customer"}, f"{table} has one side only"


@pytest.mark.parametrize("one", settings(), ids=lambda one: one.id)
def test_no_row_is_on_both_sides(model: Model, one: Setting) -> None:
    for table in one.tables:
        by_party: dict[str, list[str]] = {"aws": [], "customer": []}
        for responsibility, _, when in one.sides(model):
            if when.table == table:
                by_party[responsibility.party].append(f"({when.predicate})")
        aws, customer = (" OR ".join(by_party[party]) for party in ("aws", "customer"))
        sides = set(_evaluated(table, aws, customer))
        assert (True, True) not in sides, table
        assert (True, False) in sides, table
        assert (False, True) in sides, table


def _evaluated(table: str, *predicates: str) -> Iterator[tuple[Any, ...]]:
    """What predicates say of rows of all values that they name, and of others."""
    words = set(re.findall(r"[a-z_]+", " ".join(predicates)))
    columns = [column for column in all_tables()[table].all_columns if column.name in words]
    literals = sorted({*re.findall(r"'([^']*)'", " ".join(predicates)), "other"})
    texts = [*literals, *(text.replace("%", "x") for text in literals)]
    values: dict[str, list[Any]] = {
        "BOOLEAN": [True, False],
        "VARCHAR": texts,
        "VARCHAR[]": [[], *([t] for t in texts)],
    }
    assert columns
    rows = [f'(SELECT CAST(unnest(?) AS {column.type}) AS "{column.name}")' for column in columns]
    with duckdb.connect() as connection:
        query = f"SELECT DISTINCT {', '.join(predicates)} FROM {' CROSS JOIN '.join(rows)}"
        yield from connection.execute(query, [values[column.type] for column in columns]).fetchall()


@pytest.mark.parametrize("one", settings(), ids=lambda one: one.id)
def test_what_is_told_of_a_setting_does_not_tell_whose_job_it_is(model: Model, one: Setting) -> None:
    for responsibility, _, when in one.sides(model):
        told = setting(when.because)
        assert told.endswith(".")
        assert len(told) > 15
        assert not re.search(
            r"\b(AWS (has|runs|builds|rolls|can)|you|yours is|is yours|so|where|whose)\b", told
        ), told
        assert responsibility.title not in told
