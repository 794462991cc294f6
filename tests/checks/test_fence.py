"""Predicates from somebody else: nothing of their text stands where DuckDB takes it for more than a value."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.connection import connect
from demarcate.checks.allowed import PredicateError
from demarcate.checks.standins import Ask
from tests.checks.fence import FORMS, HOSTILE, PLAIN, compiled, holds

TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=6).map("".join)
PARTS = (
    st.sampled_from(PLAIN)
    | TEXTS.map(lambda text: "'" + text.replace("'", "''") + "'")
    | TEXTS.map(lambda text: '"' + text.replace('"', '""') + '"')
)
PREDICATES = st.recursive(
    PARTS, lambda inner: st.builds(str.format, st.sampled_from(FORMS), inner, inner), max_leaves=8
)


@settings(max_examples=150)
@given(PREDICATES)
def test_nothing_of_the_text_stands_outside_of_literals(text: str) -> None:
    """What is compiled is one expression; beside texts and numbers it holds words of SQL and our own names."""
    try:
        done = compiled(text)
    except PredicateError:
        return
    holds(text, done)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as connection:
        yield connection


@settings(max_examples=100)
@given(TEXTS)
def test_a_literal_is_the_text_that_was_meant(database: duckdb.DuckDBPyConnection, text: str) -> None:
    quoted = text.replace("'", "''")
    try:
        done = compiled(f"volume_id = '{quoted}'")
    except PredicateError as error:
        assert "character" in str(error) or "surrogate" in str(error)
        return
    row = '(SELECT $1::VARCHAR AS "known volume_id", $1::VARCHAR AS "filled volume_id") AS _row'
    assert database.execute(f"SELECT {done.sql} FROM {row}", [text]).fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("cast(volume_id as \"varchar) or (true\") = 'a'", 'TRY_CAST("_row"."known volume_id" AS TEXT) = \'a\''),
        ("size::varchar(10) = '1'", 'TRY_CAST("_row"."size" AS TEXT) = \'1\''),
        ("1_000 = size", '1000 = "_row"."size"'),
        ("encrypted -- and not encrypted", '"_row"."encrypted"'),
        ("tags ->> 'a.b' = 'x'", f'"_row"."{Ask("text at", "tags", ("/a.b", "a.b")).name}" = \'x\''),
    ],
)
def test_what_is_compiled_is_made_anew(text: str, sql: str) -> None:
    assert compiled(text).sql == sql


def test_a_literal_may_read_as_anything_that_is_compiled() -> None:
    look = "exists (select 1 from aws_ebs_snapshot where encrypted)"
    (name,) = compiled(look).looks
    done = compiled(f"""volume_id = '"{name}" "_row"."{name}"' and {look}""")
    assert done.sql == f"""("_row"."known volume_id" = '"{name}" "_row"."{name}"') AND "_row"."{name}\""""
    assert list(done.looks) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300 + "encrypted" + ")" * 300,
        "(" * 4000 + "encrypted" + ")" * 4000,
        "not " * 300 + "encrypted",
        "not " * 2400 + "encrypted",
        "[" * 300 + "1" + "]" * 300 + " = size",
        "lower(" * 300 + "volume_id" + ")" * 300 + " = 'a'",
        "size" + " + 1" * 300 + " = 1",
        "size" + " + 1" * 2400 + " = 1",
        "- " * 300 + "size = 1",
        "encrypted" + "::boolean" * 300,
        "tags" + " -> 'a'" * 300 + " = 'x'",
        "attached_instance_ids" + "[1]" * 300 + " = 'x'",
        "exists (select 1 from aws_ebs_snapshot where " * 100 + "true" + ")" * 100,
        "exists (select 1 from aws_ebs_snapshot a where exists (select 1 from aws_ebs_snapshot b where exists ("
        "select 1 from aws_ebs_snapshot c where exists (select 1 from aws_ebs_snapshot d))))",
        "case " * 300,
        "encrypted" + " and encrypted" * 3000,
        "volume_id in (" + ", ".join(["'x'"] * 2100) + ")",
    ],
    ids=lambda text: f"{len(text)} {text[:20]}",
)
def test_what_is_too_large_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(PredicateError):
        compiled(text)


@pytest.mark.parametrize("text", ["encrypted" + " and encrypted" * 200, "encrypted" + " or not encrypted" * 200])
def test_many_conditions_are_not_deep(text: str) -> None:
    assert compiled(text)
