"""Each form of logs: a file of it, and the rows that it makes (`forms.yaml`)."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from demarcate.logs.store import cutting
from demarcate.logs.store.forms.tables import TABLES
from tests.logs.test_store import ask, bring, put, source, store

__all__ = ["source", "store"]

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("forms.yaml").read_text())


def rows(store: Path, table: str, names: list[str]) -> list[dict[str, Any]]:
    """Some columns of a table, moments in UTC as texts."""
    types = TABLES[table].columns
    columns = ", ".join(
        f"""strftime(make_timestamp(epoch_us("{name}")), '%Y-%m-%d %H:%M:%S.%g') AS "{name}" """
        if types[name] == "TIMESTAMPTZ"
        else f'"{name}"'
        for name in names
    )
    return [dict(zip(names, row, strict=True)) for row in ask(store, f"SELECT {columns} FROM logs.{table}")]


def written(row: dict[str, Any], types: Any) -> dict[str, Any]:
    """A row as it is expected, moments as above."""
    return {
        name: value.removesuffix("+00") + ("" if "." in value else ".000")
        if types[name] == "TIMESTAMPTZ" and value
        else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_file_makes_the_rows_that_it_says(case: dict[str, Any], source: Path, store: Path) -> None:
    data = case["text"].encode()
    put(source, case.get("file", "a.log"), data)
    put(source, f"again/{case.get('file', 'a.log')}", gzip.compress(data.replace(b"\n", b"\r\n")))
    outcome = bring(source, store)
    table = case["table"]
    expected = [written(row, TABLES[table].columns) for row in case["rows"]]
    assert [table] == list(outcome.tables), outcome.unread
    names = list(dict.fromkeys(name for row in expected for name in row))
    got = rows(store, table, names)
    # The same records once more are other records, unless they have an id.
    times = 1 if TABLES[table].identity else 2
    assert len(got) == times * len(expected)
    for row in expected:
        assert sum({name: made[name] for name in row} == row for made in got) == times, got
    assert outcome.odd == 2 * case.get("odd", 0)


def test_a_large_file_of_lines_is_read_piece_by_piece(
    source: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from demarcate.logs.store import inflating

    monkeypatch.setattr(cutting, "SMALL", 10)
    monkeypatch.setattr(inflating, "PIECE", 1000)
    header, *records = CASES[0]["text"].splitlines(keepends=True)
    put(source, "a.log.gz", gzip.compress((header + "".join(records) * 500).encode()))
    assert bring(source, store).rows == 1000


def write_parquet(sql: str, path: Path) -> None:
    """The rows of a query as a file."""
    with duckdb.connect() as database:
        database.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")


def test_flow_logs_in_parquet_are_read(source: Path, store: Path, tmp_path: Path) -> None:
    write_parquet(
        "SELECT 5::INTEGER AS version, '111122223333' AS account_id, '10.0.0.1' AS srcaddr, 22::INTEGER AS dstport, "
        "1418530010::BIGINT AS start, '-' AS vpc_id, 'x' AS future_field",
        source / "a.log.parquet",
    )
    assert bring(source, store).unread == []
    assert rows(store, "aws_vpc_flow_log", ["src_addr", "dst_port", "vpc_id", "other", "timestamp"]) == [
        {
            "src_addr": "10.0.0.1",
            "dst_port": 22,
            "vpc_id": None,
            "other": '{"future-field":"x"}',
            "timestamp": "2014-12-14 04:06:50.000",
        }
    ]


def test_security_lake_is_read_in_both_versions_of_ocsf(source: Path, store: Path) -> None:
    write_parquet(
        """
        SELECT {'uid': 'e-1', 'event_code': 'AwsApiCall', 'product': {'version': '1.08'}} AS metadata,
        6003 AS class_uid, 1793505600000::BIGINT AS time,
        {'operation': 'GetUser', 'service': {'name': 'iam.amazonaws.com'}, 'request': {'uid': 'r', 'data': '{"a":1}'},
         'response': {'error': 'AccessDenied', 'message': 'no'}} AS api,
        {'region': 'us-east-1', 'account': {'uid': '111122223333'}} AS cloud,
        {'user': {'type': 'IAMUser', 'uid': 'arn:aws:iam::1:user/a', 'account': {'uid': '1'}},
         'session': {'is_mfa': true, 'issuer': 'arn:aws:iam::1:role/r'}} AS actor,
        {'ip': '192.0.2.1'} AS src_endpoint, MAP {'readOnly': 'true'} AS unmapped
        UNION ALL BY NAME SELECT 4001 AS class_uid
    """,
        source / "new.gz.parquet",
    )
    write_parquet(
        """
        SELECT {'uid': 'e-2', 'product': {'version': '1.08'}} AS metadata, 6003 AS class_uid,
        1793505600000::BIGINT AS time, {'operation': 'GetUser', 'service': {'name': 'iam.amazonaws.com'}} AS api,
        {'region': 'us-east-1'} AS cloud, {'user': {'uuid': 'arn:aws:iam::1:user/a', 'account_uid': '1'}} AS actor,
        MAP {'eventType': 'AwsApiCall', 'recipientAccountId': '111122223333'} AS unmapped
    """,
        source / "old.gz.parquet",
    )
    assert bring(source, store).unread == []
    names = ["event_id", "event_name", "event_type", "recipient_account_id", "user_identity_arn", "read_only"]
    common = {
        "event_name": "GetUser",
        "event_type": "AwsApiCall",
        "recipient_account_id": "111122223333",
        "user_identity_arn": "arn:aws:iam::1:user/a",
    }
    got = sorted(rows(store, "aws_cloudtrail_log", names), key=lambda row: row["event_id"])
    assert got == [
        {**common, "event_id": "e-1", "read_only": True},
        {**common, "event_id": "e-2", "read_only": None},
    ]
    more = ["request_parameters", "mfa_authenticated", "error_code", "event_time", "session_issuer_arn"]
    assert rows(store, "aws_cloudtrail_log", more)[0]["error_code"] in ("AccessDenied", None)


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1" + b"nonsense" * 99 + b"PAR1"])
def test_parquet_that_is_none_is_named(data: bytes, source: Path, store: Path) -> None:
    put(source, "a.parquet", data)
    outcome = bring(source, store)
    assert (outcome.refused, outcome.rows) == (1, 0)


def test_parquet_of_something_else_is_named(source: Path, store: Path) -> None:
    write_parquet("SELECT 1 AS a", source / "a.parquet")
    assert "no form" in bring(source, store).unread[0].reason
