"""Predicates: what may stand in one, and that unknown stays unknown."""

from __future__ import annotations

import contextlib
import json
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
from demarcate.estate.sources.plan import Named, only_named
from tests.each import each

CASES = read(Path(__file__).parent / "cases" / "predicates.yaml", dict[str, list[Any]])


def compiled(sql: str) -> str:
    written = Written(
        id="x", title="X", responsibility="a.b", table="aws_ebs_volume", passes=sql, fail="no", severity="low"
    )
    return compile_check(written, "mine.yaml", compose("{pass: here}", "mine.yaml")).verdict


@each("sql", CASES["accepted"])
def test_accepted(sql: str) -> None:
    assert compiled(sql)


@each("case", CASES["refused"], ids=lambda case: case["sql"])
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
items = st.sampled_from([None, [], ["a"], ["b", "a", "b"], [None], ["b", None]])
outer_rows = st.fixed_dictionaries({"volume_id": name, "kms_key_id": name, "attached_instance_ids": items})
inner_rows = st.fixed_dictionaries(
    {"volume_id": name, "encrypted": st.sampled_from([True, False, None]), "maybe": st.booleans(), "listed": items}
)

FORMS = {
    "exists (select 1 from aws_ebs_snapshot s where s.volume_id = aws_ebs_volume.volume_id and s.encrypted)": 1,
    "not exists (select 1 from aws_ebs_snapshot s where s.encrypted and s.volume_id = aws_ebs_volume.volume_id)": -1,
    "volume_id in (select volume_id from aws_ebs_snapshot where encrypted)": 1,
    "volume_id not in (select volume_id from aws_ebs_snapshot where encrypted)": -1,
}


Estate = tuple[dict[str, Any], list[dict[str, Any]]]
"""The one row of the outer table, and those of the inner one."""

ESTATES = st.lists(st.tuples(outer_rows, st.lists(inner_rows, max_size=4)), min_size=25, max_size=25)
"""Each is an account of its own. To plan a query takes longer than to ask it of all of them."""


@pytest.mark.parametrize("sql", FORMS)
@settings(max_examples=4)
@given(estates=ESTATES)
def test_exists_never_guesses(database: duckdb.DuckDBPyConnection, sql: str, estates: list[Estate]) -> None:
    """Against an oracle in Kleene's logic: what it answers is right, and where all is known it answers."""
    answers = evaluate(database, sql, estates)
    alone: list[Estate] = [(outer, []) for outer, _ in estates]
    assert evaluate(database, sql, alone) == evaluate(database, sql, alone, empty=True), (
        "the short form says the same"
    )
    for (outer, inner), answer in zip(estates, answers, strict=True):
        matches = [
            either([False]) if m is False else (None if row["maybe"] else m)
            for row in inner
            for m in [both([same(row["volume_id"], outer["volume_id"]), row["encrypted"]])]
        ]
        expected = either([*matches, False])
        if FORMS[sql] < 0:
            expected = None if expected is None else not expected
        if answer is not None:
            assert answer == expected, (outer, inner)
        elif outer["volume_id"] is not None:
            assert expected is None, f"it could have been told: {outer}, {inner}"


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
    *(
        f"{form} (select 1 from aws_ebs_snapshot s where {test})"
        for form, test in (
            ("exists", "list_contains(attached_instance_ids, s.volume_id)"),
            ("not exists", "s.encrypted and list_contains(attached_instance_ids, s.volume_id)"),
            ("exists", "list_contains(s.listed, aws_ebs_volume.volume_id)"),
            (
                "exists",
                "list_contains(s.listed, aws_ebs_volume.kms_key_id) and s.volume_id = aws_ebs_volume.volume_id",
            ),
            (
                "exists",
                "list_contains(s.listed, aws_ebs_volume.kms_key_id) or s.volume_id = aws_ebs_volume.volume_id",
            ),
            ("exists", "list_contains(s.listed, s.volume_id) and s.volume_id = aws_ebs_volume.volume_id"),
            (
                "exists",
                "list_contains(s.listed, aws_ebs_volume.kms_key_id) and exists (select 1 from aws_ebs_snapshot t where "
                "list_contains(attached_instance_ids, t.volume_id) and list_contains(s.listed, t.volume_id))",
            ),
        )
    ),
    "aws_ebs_volume.kms_key_id in (select s.volume_id from aws_ebs_snapshot s "
    "where list_contains(attached_instance_ids, s.volume_id))",
    "(select s.encrypted from aws_ebs_snapshot s where list_contains(s.listed, aws_ebs_volume.volume_id))",
)


@pytest.mark.parametrize("sql", KEYED)
@settings(max_examples=4)
@given(estates=ESTATES)
def test_looking_by_key_says_the_same(
    database: duckdb.DuckDBPyConnection, sql: str, estates: list[Estate]
) -> None:
    told = evaluate(database, sql, estates)
    assert evaluate(database, sql, estates, by_key=False) == told
    assert not named_by(sql) or evaluate(database, sql, [unasked(sql, *each) for each in estates]) == told, (
        "of rows that nothing names no more needs to be read"
    )


def test_what_is_read_of_named_rows_alone() -> None:
    """Where the look says by which key it does, outright, that holds for all the rest of a row."""
    told = {(number, *named) for number, sql in enumerate(KEYED) for named in named_by(sql)}
    by_volume = ("volume_id", "aws_ebs_volume", "volume_id")
    encrypted = {0, 1, 2, 3, 9}
    assert told == {
        *((number, "encrypted", *by_volume) for number in encrypted),
        (9, "encrypted", "volume_id", "aws_ebs_volume", "kms_key_id"),
        (13, "listed", *by_volume),
        (15, "listed", *by_volume),
    }


@cache
def named_by(sql: str) -> tuple[Named, ...]:
    """What a predicate reads of named rows alone."""
    return tuple(named for wants in predicate(sql, by_key=True).lookups.values() for named in only_named(wants))


def unasked(sql: str, outer: dict[str, Any], inner: list[dict[str, Any]]) -> Estate:
    """An estate in which nothing was read of rows that no look names, but what names them."""
    rows = {"aws_ebs_volume": [outer], "aws_ebs_snapshot": inner}
    told = [dict(row) for row in inner]
    for row, blank in zip(inner, told, strict=True):
        for column in {named.column for named in named_by(sql)}:
            keys = [
                (row[of.key], {other[of.by] for other in rows[of.table]})
                for of in named_by(sql)
                if of.column == column
            ]
            if not any(key is None or key in values for key, values in keys):
                blank[column] = None
    return outer, told


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


VOLUMES = {"volume_id": "VARCHAR", "kms_key_id": "VARCHAR", "account_id": "VARCHAR", "region": "VARCHAR"} | {
    "attached_instance_ids": "VARCHAR[]"
}
SNAPSHOTS = dict.fromkeys(("volume_id", "_conditional", "account_id", "region"), "VARCHAR") | {
    "encrypted": "BOOLEAN",
    "listed": "VARCHAR[]",
}


def rows_of(estates: list[Estate]) -> dict[str, list[dict[str, Any]]]:
    """The rows of the two tables that predicates are tried on."""
    volumes, snapshots = [], []
    for number, (outer, inner) in enumerate(estates):
        here = {"account_id": f"{number:02}", "region": "r"}
        volumes.append(outer | here)
        snapshots += [row | here | {"_conditional": "perhaps" if row["maybe"] else None} for row in inner]
        # Rows elsewhere never count.
        there = {"volume_id": outer["volume_id"], "encrypted": True, "listed": [outer["volume_id"]]}
        snapshots += [there | {"account_id": f"not {number}", "region": "r"}, there | here | {"region": "s"}]
    return {"aws_ebs_volume": volumes, "aws_ebs_snapshot": snapshots}


@cache
def predicate(sql: str, *, by_key: bool) -> Compiled:
    """A predicate compiled, with its sub-queries looked up by their keys or row by row."""
    with contextlib.ExitStack() as stack:
        if not by_key:
            stack.enter_context(mock.patch.object(trees, "_first", lambda parts, scope, key_of: None))
        return compile_predicate(sql, "aws_ebs_volume", with_lists, scoped)


def with_lists(table: str) -> dict[str, str]:
    """The columns of a table, and one that is a list."""
    return (columns_of(table) or {}) | {"listed": "VARCHAR[]"}


def evaluate(
    database: duckdb.DuckDBPyConnection,
    sql: str,
    estates: list[Estate],
    *,
    empty: bool = False,
    by_key: bool = True,
) -> list[Truth]:
    """What a predicate says of the one volume of each."""
    done = predicate(sql, by_key=by_key)
    tables = []
    for table, types in {"aws_ebs_volume": VOLUMES, "aws_ebs_snapshot": SNAPSHOTS}.items():
        asks = [f'{ask.sql(marked=False)} AS "{ask.name}"' for ask in done.asks.get(table, ())]
        given = f"SELECT unnest(from_json(${table}, '[{json.dumps(types)}]'), max_depth := 2)"
        tables.append(f"{table} AS (SELECT {', '.join(['*', *asks])} FROM ({given}))")
    looks = (f'{look.empty if empty else look.sql} AS "{name}"' for name, look in done.looks.items())
    row = f"(SELECT _row.*, {', '.join(looks)} FROM aws_ebs_volume AS _row)"
    asked = f"WITH {', '.join(tables)} SELECT {done.sql} FROM {row} AS _row ORDER BY _row.account_id"
    given_rows = {table: json.dumps(rows) for table, rows in rows_of(estates).items()}
    answers = [answer for (answer,) in database.execute(asked, given_rows).fetchall()]
    assert len(answers) == len(estates)
    return answers
