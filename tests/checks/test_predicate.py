"""Predicates: what may stand in one, and that unknown stays unknown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.documents import DocumentError, compose, read
from demarcate.checks import trees
from demarcate.checks.catalog import columns_of, compile_check, scoped
from demarcate.checks.predicate import Compiled, compile_predicate
from demarcate.checks.structs import Written

CASES = read(Path(__file__).parent / "cases" / "predicates.yaml", dict[str, list[Any]])


def compiled(sql: str) -> str:
    written = Written(
        id="x", title="X", responsibility="a.b", table="aws_ebs_volume", passes=sql, fail="no", severity="low"
    )
    return compile_check(written, "mine.yaml", compose("{pass: here}", "mine.yaml")).verdict


@pytest.mark.parametrize("sql", CASES["accepted"])
def test_accepted(sql: str) -> None:
    assert compiled(sql)


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["sql"])
def test_refused(case: dict[str, str]) -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(case["sql"])
    assert case["says"] in str(caught.value)
    assert str(caught.value).startswith("mine.yaml:1: check x: pass: ")


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    with contextlib.suppress(DocumentError):
        compiled(text)


Truth = bool | None


def both(values: list[Truth]) -> Truth:
    return False if False in values else None if None in values else True


def either(values: list[Truth]) -> Truth:
    return True if True in values else None if None in values else False


def same(a: str | None, b: str | None) -> Truth:
    return None if a is None or b is None else a == b


name = st.sampled_from(["a", "b", None])
outer_rows = st.fixed_dictionaries({"volume_id": name, "kms_key_id": name})
inner_rows = st.fixed_dictionaries(
    {"volume_id": name, "encrypted": st.sampled_from([True, False, None]), "maybe": st.booleans()}
)

FORMS = {
    "exists (select 1 from aws_ebs_snapshot s where s.volume_id = aws_ebs_volume.volume_id and s.encrypted)": 1,
    "not exists (select 1 from aws_ebs_snapshot s where s.encrypted and s.volume_id = aws_ebs_volume.volume_id)": -1,
    "volume_id in (select volume_id from aws_ebs_snapshot where encrypted)": 1,
    "volume_id not in (select volume_id from aws_ebs_snapshot where encrypted)": -1,
}


@pytest.mark.parametrize("sql", FORMS)
@settings(max_examples=60)
@given(outer=outer_rows, inner=st.lists(inner_rows, max_size=4))
def test_exists_never_guesses(
    tables: duckdb.DuckDBPyConnection, sql: str, outer: dict[str, Any], inner: list[dict[str, Any]]
) -> None:
    """Against an oracle in Kleene's logic: what it answers is right, and where all is known it answers."""
    matches = [
        either([False]) if m is False else (None if row["maybe"] else m)
        for row in inner
        for m in [both([same(row["volume_id"], outer["volume_id"]), row["encrypted"]])]
    ]
    expected = either([*matches, False])
    if FORMS[sql] < 0:
        expected = None if expected is None else not expected
    fill_tables(tables, outer, inner)
    verdict = evaluate(tables, sql)
    assert inner or verdict == evaluate(tables, sql, empty=True), "the short form says the same"
    if verdict is not None:
        assert verdict == expected
    elif outer["volume_id"] is not None:
        assert expected is None, "it could have been told"


KEYED = (
    *FORMS,
    "exists (select 1 from aws_ebs_snapshot s where s.encrypted and s.volume_id = "
    "cast(cast(aws_ebs_volume.volume_id as date) as varchar))",
    "exists (select 1 from aws_ebs_snapshot s where s.encrypted or s.volume_id = aws_ebs_volume.volume_id)",
    "exists (select 1 from aws_ebs_snapshot s where s.volume_id = aws_ebs_volume.volume_id)",
    "exists (select 1 from aws_ebs_snapshot s where upper(aws_ebs_volume.volume_id) = upper(s.volume_id))",
    "kms_key_id in (select cast(cast(s.volume_id as date) as varchar) from aws_ebs_snapshot s "
    "where s.volume_id = aws_ebs_volume.volume_id)",
    "exists (select 1 from aws_ebs_snapshot s where s.volume_id = aws_ebs_volume.volume_id and exists "
    "(select 1 from aws_ebs_snapshot t where t.volume_id = aws_ebs_volume.kms_key_id and t.encrypted = s.encrypted))",
)


@pytest.mark.parametrize("sql", KEYED)
@settings(max_examples=60)
@given(outer=outer_rows, inner=st.lists(inner_rows, max_size=4))
def test_looking_by_key_says_the_same(
    tables: duckdb.DuckDBPyConnection, sql: str, outer: dict[str, Any], inner: list[dict[str, Any]]
) -> None:
    fill_tables(tables, outer, inner)
    assert evaluate(tables, sql) == evaluate(tables, sql, by_key=False)


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the two tables that predicates are tried on."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE volumes (volume_id VARCHAR, kms_key_id VARCHAR, account_id VARCHAR, region VARCHAR)"
        )
        connection.execute(
            "CREATE TABLE snapshots (volume_id VARCHAR, encrypted BOOLEAN, _conditional VARCHAR, "
            "account_id VARCHAR, region VARCHAR)"
        )
        yield connection


def fill_tables(tables: duckdb.DuckDBPyConnection, outer: dict[str, Any], inner: list[dict[str, Any]]) -> None:
    tables.execute("DELETE FROM volumes")
    tables.execute("DELETE FROM snapshots")
    tables.execute("INSERT INTO volumes VALUES (?, ?, '1', 'r')", [outer["volume_id"], outer["kms_key_id"]])
    for row in inner:
        tables.execute(
            "INSERT INTO snapshots VALUES (?, ?, ?, '1', 'r')",
            [row["volume_id"], row["encrypted"], "perhaps" if row["maybe"] else None],
        )
    # A row of another account never counts.
    tables.execute("INSERT INTO snapshots VALUES (?, true, NULL, '2', 'r')", [outer["volume_id"]])


@cache
def predicate(sql: str, *, by_key: bool) -> Compiled:
    """A predicate compiled, with its sub-queries looked up by their keys or row by row."""
    with contextlib.ExitStack() as stack:
        if not by_key:
            stack.enter_context(mock.patch.object(trees, "_key", lambda condition, scope: None))
        return compile_predicate(sql, "aws_ebs_volume", columns_of, scoped)


def evaluate(tables: duckdb.DuckDBPyConnection, sql: str, *, empty: bool = False, by_key: bool = True) -> Truth:
    done = predicate(sql, by_key=by_key)
    for table, rows in {"aws_ebs_volume": "volumes", "aws_ebs_snapshot": "snapshots"}.items():
        asks = [f'{ask.sql(marked=False)} AS "{ask.name}"' for ask in done.asks.get(table, ())]
        tables.execute(f"CREATE OR REPLACE VIEW {table} AS SELECT {', '.join(['*', *asks])} FROM {rows}")
    looks = (f'{look.empty if empty else look.sql} AS "{name}"' for name, look in done.looks.items())
    row = f"(SELECT _row.*, {', '.join(looks)} FROM aws_ebs_volume AS _row)"
    found = tables.execute(f"SELECT {done.sql} FROM {row} AS _row").fetchone()
    assert found is not None
    verdict: Truth = found[0]
    return verdict
