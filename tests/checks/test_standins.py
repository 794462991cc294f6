"""Stand-ins in predicates: what is answered holds whatever they turn out to be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.documents import compose, plain
from demarcate.base.sql import identifier
from demarcate.checks.catalog import columns_of, scoped
from demarcate.checks.engine import judge
from demarcate.checks.predicate import Compiled, compile_predicate
from demarcate.estate.schema.rows import spooled
from demarcate.estate.schema.standins import HOLE, StandIn, escaped
from demarcate.estate.sources.collecting import collect_snapshot
from tests.checks.examples import shipped

TEXTS = st.sampled_from(["", "a", "b", "ab", "*", "alias/aws", "arn:", "arn:a", "Key", "Key.Arn", "${a}", 'x"y'])
VALUES: Mapping[str, st.SearchStrategy[str]] = {
    "Key": TEXTS.filter(bool),
    "net/Key": TEXTS.filter(bool),
    "Key.Arn": TEXTS.filter(bool).map("arn:{}".format),
    "Database.Name": TEXTS,
    "AWS::Region": st.sampled_from(["eu-west-1", "a", "b.c"]),
    "resolve:ssm:/key.Arn": TEXTS,
    "resolve:secretsmanager:AWS::Region": TEXTS,
}
"""What assigned parts may turn out to be."""


@st.composite
def standins(draw: st.DrawFn) -> StandIn:
    parts = draw(
        st.lists(st.tuples(st.booleans(), TEXTS, st.sampled_from(sorted(VALUES))), min_size=1, max_size=3)
    )
    parts[draw(st.integers(0, len(parts) - 1))] = (True, "", draw(st.sampled_from(sorted(VALUES))))
    return StandIn(
        "".join(name if assigned else text for assigned, text, name in parts),
        "".join("${" + name + "}" if assigned else escaped(text) for assigned, text, name in parts),
    )


TEXT = TEXTS | standins()
ROWS = st.fixed_dictionaries(
    {
        "volume_id": st.just("v"),
        "kms_key_id": TEXT | st.none(),
        "attached_instance_ids": st.lists(TEXT, max_size=3),
        "tags": st.fixed_dictionaries({}, optional={"a": TEXT, "b/c": st.lists(TEXT, max_size=2)}),
    }
)
SNAPSHOTS = st.fixed_dictionaries({"volume_id": st.sampled_from(["v", "w"]), "kms_key_id": TEXT | st.none()})

OF_A_ROW = (
    *("kms_key_id = {0}", "kms_key_id <> {0}", "{0} = kms_key_id", "kms_key_id in ({0}, {1})", "kms_key_id = ''"),
    *("kms_key_id like '%a'", "contains(kms_key_id, {0})", "starts_with(kms_key_id, {0})"),
    *("ends_with(kms_key_id, {0})", "not ends_with(kms_key_id, {0})", "prefix(kms_key_id, {0})"),
    *("regexp_matches(kms_key_id, 'a')", "lower(kms_key_id) = {0}", "length(kms_key_id) > 1", "kms_key_id > {0}"),
    *("kms_key_id || 'a' = {0}", "split_part(kms_key_id, ':', 1) = {0}", "contains({0}, kms_key_id)"),
    *("list_contains(attached_instance_ids, {0})", "list_has_any(attached_instance_ids, [{0}, {1}])"),
    *("list_has_any([{0}], attached_instance_ids)", "list_has_all(attached_instance_ids, [{0}, {1}])"),
    *("list_has_all([{0}, {1}], attached_instance_ids)", "not list_contains(attached_instance_ids, {0})"),
    *("len(attached_instance_ids) > 1", "attached_instance_ids = [{0}]", "attached_instance_ids[1] = {0}"),
    *("list_contains(attached_instance_ids, lower({0}))", "list_aggregate(attached_instance_ids, 'max') <> ''"),
    *("tags ->> 'a' = {0}", "tags ->> '$.a' <> {0}", "tags -> 'b/c' ->> 0 = {0}", "tags ->> '$.\"b/c\"[0]' = {0}"),
    *("json_array_length(tags) = 1", "CAST(tags AS VARCHAR) = '{{}}'", "tags -> 'a' = '\"b\"'"),
    "list_contains([{0}, {1}], kms_key_id)",
)
OF_OTHERS = (
    "exists (select 1 from aws_ebs_snapshot s where s.volume_id = aws_ebs_volume.volume_id and s.kms_key_id = {0})",
    "not exists (select 1 from aws_ebs_snapshot s where ends_with(s.kms_key_id, {0}) or s.kms_key_id = {1})",
    "{0} in (select s.kms_key_id from aws_ebs_snapshot s where s.volume_id = aws_ebs_volume.volume_id)",
    "exists (select 1 from aws_ebs_snapshot s where s.volume_id = aws_ebs_volume.volume_id"
    " and aws_ebs_volume.kms_key_id = {0})",
    "(select s.kms_key_id from aws_ebs_snapshot s where s.volume_id = aws_ebs_volume.volume_id) = {0}",
)


ESTATES = st.lists(
    st.fixed_dictionaries(
        {
            "aws_ebs_volume": st.lists(ROWS, min_size=1, max_size=1),
            "aws_ebs_snapshot": st.lists(SNAPSHOTS, max_size=3),
        }
    ),
    min_size=4,
    max_size=4,
)
"""Several are asked at once: a query of few rows takes as long as one of a single row."""


@pytest.mark.parametrize("form", OF_A_ROW + OF_OTHERS)
@settings(max_examples=6)
@given(estates=ESTATES, texts=st.tuples(TEXTS, TEXTS), data=st.data())
def test_what_is_answered_holds(
    database: duckdb.DuckDBPyConnection,
    form: str,
    estates: list[dict[str, Any]],
    texts: tuple[str, str],
    data: st.DataObject,
) -> None:
    done = predicate(form.format(*("'" + text.replace("'", "''") + "'" for text in texts)))
    answers = evaluate(database, done, estates, marked=True)
    fillings = [{name: data.draw(values) for name, values in VALUES.items()} for _ in range(3)]
    answered = [pair for pair in zip(estates, answers, strict=True) if pair[1] is not None]
    if answered:
        deployed = [filled_in(estate, values) for estate, _ in answered for values in fillings]
        expected = [answer for _, answer in answered for _ in fillings]
        assert evaluate(database, done, deployed, marked=False) == expected, deployed


@pytest.mark.parametrize("form", OF_A_ROW + OF_OTHERS)
@settings(max_examples=4)
@given(estates=ESTATES, texts=st.tuples(TEXTS, TEXTS))
def test_without_standins_nothing_changes(
    database: duckdb.DuckDBPyConnection, form: str, estates: list[dict[str, Any]], texts: tuple[str, str]
) -> None:
    done = predicate(form.format(*("'" + text.replace("'", "''") + "'" for text in texts)))
    given = [filled_in(estate, dict.fromkeys(VALUES, "b")) for estate in estates]
    assert evaluate(database, done, given, marked=True) == evaluate(database, done, given, marked=False)


@pytest.mark.parametrize(
    ("predicate_text", "column", "value", "answer"),
    [
        ("kms_key_id <> ''", "kms_key_id", "!Sub ${Key.Arn}", True),
        ("kms_key_id <> ''", "kms_key_id", "!Sub ${Key}", True),
        ("kms_key_id <> ''", "kms_key_id", "!Sub ${Db.Name}", None),
        ("kms_key_id = 'Key.Arn'", "kms_key_id", "!Sub ${Key.Arn}", None),
        ("ends_with(kms_key_id, '.s3')", "kms_key_id", "!Sub com.amazonaws.${AWS::Region}.s3", True),
        ("ends_with(kms_key_id, '.ec2')", "kms_key_id", "!Sub com.amazonaws.${AWS::Region}.s3", False),
        ("contains(kms_key_id, ':loadbalancer/')", "kms_key_id", "!Sub ${LoadBalancer}", None),
        ("list_contains(attached_instance_ids, 'a')", "attached_instance_ids", ["a", "!Sub ${B}"], True),
        ("list_contains(attached_instance_ids, 'B')", "attached_instance_ids", ["a", "!Sub ${B}"], None),
        ("list_contains(attached_instance_ids, '*')", "attached_instance_ids", ["!Sub ${R.Arn}"], False),
        ("len(attached_instance_ids) = 1", "attached_instance_ids", ["!Sub ${B}"], True),
        ("tags ->> 'b' = 'c'", "tags", {"a": "!Sub ${B}", "b": "c"}, True),
        ("tags ->> 'a' = 'B'", "tags", {"a": "!Sub ${B}", "b": "c"}, None),
        ("tags -> 'a' ->> 'x' = 'B'", "tags", {"a": {"x": "!Sub ${B}", "y": "c"}}, None),
        ("tags -> 'a' ->> 'y' = 'c'", "tags", {"a": {"x": "!Sub ${B}", "y": "c"}}, True),
        ("volume_id = kms_key_id", "kms_key_id", "!Sub ${v}", True),
    ],
)
def test_an_answer(
    database: duckdb.DuckDBPyConnection, predicate_text: str, column: str, value: Any, answer: bool | None
) -> None:
    estate = {"aws_ebs_volume": [{"volume_id": "v", column: read(value)}], "aws_ebs_snapshot": []}
    assert evaluate(database, predicate(predicate_text), [estate], marked=True) == [answer]


def read(value: Any) -> Any:
    """A value with stand-ins for what is written as `!Sub`."""
    if isinstance(value, str):
        written = value.removeprefix("!Sub ")
        return value if written == value else StandIn(re.sub(HOLE, r"\1", written), written)
    if isinstance(value, dict):
        return {key: read(item) for key, item in value.items()}
    return [read(item) for item in value]


def filled_in(value: Any, values: Mapping[str, str]) -> Any:
    """A value with what the parts of its stand-ins turn out to be."""
    if isinstance(value, StandIn):
        return value.fill(values.__getitem__)
    if isinstance(value, dict):
        return {key: filled_in(item, values) for key, item in value.items()}
    return [filled_in(item, values) for item in value] if isinstance(value, list) else value


@given(standins(), st.data())
def test_a_standin_is_what_it_may_be(standin: StandIn, data: st.DataObject) -> None:
    value = filled_in(standin, {name: data.draw(values) for name, values in VALUES.items()})
    assert standin.may_be(value)
    assert value or not standin.filled
    assert re.search(HOLE, standin.written)


@cache
def predicate(text: str) -> Compiled:
    return compile_predicate(text, "aws_ebs_volume", columns_of, scoped)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


Estate = Mapping[str, list[dict[str, Any]]]


def evaluate(
    database: duckdb.DuckDBPyConnection, done: Compiled, estates: Sequence[Estate], *, marked: bool
) -> list[bool | None]:
    """What a predicate says of the one volume of each estate. Each is an account of its own, and all are asked at once:
    to make tables of so few rows would take longer than to ask.
    """
    given: dict[str, str] = {}
    tables = []
    for table in ("aws_ebs_volume", "aws_ebs_snapshot"):
        types = columns_of(table) or {}
        rows = [
            spooled(dict(row) | {"account_id": f"{number:02}"}, types)
            for number, estate in enumerate(estates)
            for row in estate[table]
        ]
        given[table] = msgspec.json.encode(rows).decode()
        written = {name for row in rows for name in row}
        columns = [f"{_read(name, type_, written)} AS {identifier(name)}" for name, type_ in types.items()]
        rows_of = f"SELECT {', '.join(columns)} FROM (SELECT unnest(${table}::JSON[]) AS row)"
        asks = [f"{ask.sql(marked=marked)} AS {identifier(ask.name)}" for ask in done.asks.get(table, ())]
        tables.append(f"{table} AS (SELECT {', '.join(['*', *asks])} FROM ({rows_of}))")
    looks = [f'{look.sql} AS "{name}"' for name, look in done.looks.items()]
    looked = f"(SELECT {', '.join(['_row.*', *looks])} FROM aws_ebs_volume AS _row)"
    sql = f"WITH {', '.join(tables)} SELECT {done.sql} FROM {looked} AS _row ORDER BY _row.account_id"
    answers = [answer for (answer,) in database.execute(sql, given).fetchall()]
    assert len(answers) == len(estates)
    return [None if answer is None else bool(answer) for answer in answers]


def _read(name: str, type_: str, written: Set[str]) -> str:
    """The SQL of a column, from a row that is JSON."""
    if name not in written:
        return f"NULL::{type_}"
    if type_ == "VARCHAR":
        return f"row ->> '{name}'"
    return f"from_json(row -> '{name}', '[\"VARCHAR\"]')" if type_ == "VARCHAR[]" else f"row -> '{name}'"


CASES = plain(
    compose((Path(__file__).parent / "cases" / "standins.yaml").read_text(), "standins.yaml"), "standins.yaml"
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_template(case: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(case["template"])
    with collect_snapshot([path]) as snapshot:
        findings = judge(snapshot, [shipped()[case["check"]]], passes=True).findings()
        told = [(f.verdict, f.reason) for f in findings if f.resource == case["resource"]]
    assert [verdict for verdict, _ in told] == [case[key] for key in ("verdict",) if key in case], told
    assert all(case.get("says", "") in reason for _, reason in told), told
