"""The table `aws_access`: what a query must say, and what it is answered."""

from __future__ import annotations

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.querying import run
from demarcate.permitted import table
from demarcate.permitted.table import Question, questions_of
from tests.permitted.estates import BUCKET, Estate, arn, as_snapshot

ESTATE = Estate(
    roles={
        "app": [{"allow": "s3:*"}],
        "held": [{"allow": "s3:Get*", "Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}}],
    },
    bucket=[{"allow": "s3:GetObject", "AWS": "*"}],
)
GET, KEY, APP = "action = 's3:GetObject'", f"resource = '{BUCKET}/k'", f"principal = '{arn('role/app')}'"


@pytest.mark.parametrize(
    ("where", "asked"),
    [
        (f"{GET} AND {KEY}", Question(("s3:GetObject",), (f"{BUCKET}/k",))),
        (f"'s3:GetObject' = action AND ({APP})", Question(("s3:GetObject",), (), (arn("role/app"),))),
        (f"action IN ('s3:GetObject', 'kms:Sign') AND {KEY}", Question(("s3:GetObject", "kms:Sign"), (f"{BUCKET}/k",))),
        (GET, None),
        (f"{KEY} AND {APP}", None),
        (f"{GET} OR {KEY}", None),
        (f"{GET} AND resource LIKE 'arn:%'", None),
        (f"{GET} AND {KEY} AND NOT {APP}", Question(("s3:GetObject",), (f"{BUCKET}/k",))),
        ("action = 's3:Get*' AND resource = 'a'", None),
    ],
)  # fmt: skip
def test_what_a_query_asks(where: str, asked: Question | None) -> None:
    sql = f"SELECT * FROM aws_access a WHERE {where}"
    if asked is None:
        with pytest.raises(DemarcateError, match=r"is worked out for what is asked|is no action"):
            questions_of(sql)
    else:
        assert questions_of(sql) == [asked]


def test_other_queries_ask_nothing() -> None:
    assert questions_of("SELECT 1 AS aws_access") == questions_of("SELECT * FROM aws_iam_role") == []
    assert questions_of("SELECT FROM aws_access WHERE") == [], "DuckDB says what is wrong with it"


def test_a_query_is_answered() -> None:
    sql = (
        "SELECT principal, allowed, reach, scp, len(because) > 0, witness->>'action' "
        f"FROM aws_access JOIN aws_s3_bucket b ON b.name = 'data' WHERE {GET} AND aws_access.{KEY} ORDER BY 1"
    )
    with as_snapshot(ESTATE) as snapshot:
        assert {"aws_iam_role", "aws_s3_bucket"} <= table.needed_by(questions_of(sql)).keys()
        _, rows = run(sql, snapshot, made=table.made(snapshot, questions_of(sql)))
        assert list(rows) == [
            ("anyone", True, "anyone", "none", True, "s3:GetObject"),
            (arn("role/app"), True, "own-account", "applicable", True, "s3:GetObject"),
            (arn("role/held"), True, "own-account", "applicable", True, "s3:GetObject"),
        ]
        sql = f"SELECT resource, allowed FROM aws_access WHERE action = 's3:PutObject' AND {APP}"
        _, rows = run(sql, snapshot, made=table.made(snapshot, questions_of(sql)))
        assert list(rows) == [("*", True)]
        with pytest.raises(DemarcateError, match="no such user or role"):
            table.made(snapshot, questions_of(sql.replace("role/app", "role/nobody")))
