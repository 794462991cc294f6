"""What failed alike is one line, and nothing that could not be read is left out."""

from __future__ import annotations

import pytest

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.report.unread import lines


def failed(account: str, region: str, reason: str = "denied", operation: str = "ec2:DescribeVolumes") -> Unread:
    return Unread(
        kind=Kind.MALFORMED,
        reason=reason,
        account=account,
        region=region,
        operation=operation,
        table="aws_ebs_volume",
    )


MANY = [failed(account, region) for account in ("1", "2") for region in ("a", "b")]


@pytest.mark.parametrize(
    ("unread", "told"),
    [
        ([], []),
        ([failed("1", "a")], ["1 a ec2:DescribeVolumes: denied"]),
        ([failed("1", "a"), failed("1", "a")], ["1 a ec2:DescribeVolumes: denied"]),
        ([failed("1", "a"), failed("1", "b")], ["1 ec2:DescribeVolumes: denied in 2 regions: a, b"]),
        ([failed("1", "a"), failed("2", "a")], ["ec2:DescribeVolumes: denied in 2 accounts: 1, 2"]),
        (MANY, ["ec2:DescribeVolumes: denied in 2 accounts: 1, 2; in 2 regions: a, b"]),
        (
            [failed(str(number), "a") for number in range(1_000)],
            ["ec2:DescribeVolumes: denied in 1,000 accounts: 0, 1, 2 and 997 more"],
        ),
        (
            [failed("1", "a"), failed("1", "b", "throttled")],
            ["1 a ec2:DescribeVolumes: denied", "1 b ec2:DescribeVolumes: throttled"],
        ),
        (
            [
                Unread(kind=Kind.MALFORMED, reason="empty", file=name, line=number)
                for name, number in (("a.yaml", 1), ("b.yaml", 2))
            ],
            ["a.yaml:1: empty", "b.yaml:2: empty"],
        ),
        (
            [Unread(kind=Kind.STALE, reason="old", account=account, region="a") for account in ("1", "2")],
            ["1 a: old", "2 a: old"],
        ),
    ],
)
def test_lines(unread: list[Unread], told: list[str]) -> None:
    assert lines(unread) == told
