"""The table `aws_policy_guardrail`: what guardrails make of each policy."""

from __future__ import annotations

from typing import Any

from demarcate.estate.snapshots.querying import run
from demarcate.permitted.guarding import made, needed_by, owners_in
from tests.permitted.estates import ACCOUNT, BUCKET, Estate, arn, as_snapshot

PUBLIC: Any = [{"allow": "s3:GetObject", "AWS": "*"}]
OWN_ONLY: Any = {
    "r-1": [{"deny": "s3:*", "AWS": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}}]
}
FAR: Any = {"r-1": [{"deny": "s3:*", "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}]}
HELD: Any = {"app": [{"allow": "*"}], "held": [{"allow": "*"}]}

CASES: tuple[tuple[str, Estate, tuple[Any, ...]], ...] = (
    ("none", Estate(bucket=PUBLIC, scps="none"), ("anyone", "anyone", "none", "none", "none")),
    ("scp never cures", Estate(bucket=PUBLIC, scps=FAR), ("anyone", "anyone", "applicable", "applicable", "none")),
    (
        "rcp cures",
        Estate(bucket=PUBLIC, rcps=OWN_ONLY),
        ("anyone", "own-account", "applicable", "applied", "none"),
    ),
    ("unread", Estate(bucket=PUBLIC, rcps="unread"), ("anyone", "anyone", "applicable", "unknown", "none")),
    (
        "management",
        Estate(bucket=PUBLIC, rcps=OWN_ONLY, manages=ACCOUNT),
        ("anyone", "anyone", "none", "none", "none"),
    ),
    (
        "s3 policy",
        Estate(bucket=PUBLIC, closed=True, s3={"r-1": "all"}),
        ("anyone", "nobody", "applicable", "applicable", "applied"),
    ),
    ("no policy", Estate(s3={"r-1": "all"}), ("nobody", "nobody", "applicable", "applicable", "none")),
)


def rows(estate: Estate, sql: str) -> list[tuple[Any, ...]]:
    """What a query is answered."""
    with as_snapshot(estate) as snapshot:
        _, answer = run(sql, snapshot, made=made(snapshot, owners_in(sql)))
        return list(answer)


def test_what_guardrails_make_of_a_bucket() -> None:
    sql = (
        "SELECT reach, reach_left, scp, rcp, g.s3 FROM aws_policy_guardrail g "
        "JOIN aws_s3_bucket b ON b.arn = g.arn AND g.owner = 'aws_s3_bucket' WHERE boundary = 'none'"
    )
    assert owners_in(sql) == {"aws_s3_bucket"}
    assert needed_by(owners_in(sql)).keys() >= {"aws_s3_bucket", "aws_organizations_policy"}
    for name, estate, expected in CASES:
        assert rows(estate, sql) == [expected], name


def test_what_guardrails_are_above_a_role() -> None:
    estate = Estate(roles=HELD, boundaries={"held": [{"allow": "s3:*"}]}, bucket=PUBLIC)
    sql = "SELECT arn, policy, scp, rcp, boundary, reach FROM aws_policy_guardrail WHERE owner = 'aws_iam_role'"
    told = rows(estate, f"{sql} AND policy = 'identity' ORDER BY 1")
    assert told == [
        (arn("role/app"), "identity", "applicable", "none", "none", None),
        (arn("role/held"), "identity", "applicable", "none", "applicable", None),
    ]
    assert {row[1] for row in rows(estate, sql)} == {"identity", "trust"}


def test_all_owners_are_told_where_none_is_named() -> None:
    assert owners_in("SELECT 1") == frozenset()
    assert {BUCKET, arn("role/app")} <= {
        row[0] for row in rows(Estate(roles=HELD, bucket=PUBLIC), "SELECT arn FROM aws_policy_guardrail")
    }
