"""What the comparison finds: every way in which a collection could be dishonest is a difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from tests.aws.faults.comparing import differences
from tests.aws.faults.seeing import ACCOUNT, REGION, Seen, Told

LISTED = "ec2.describe_volumes"
PLACE = (ACCOUNT, REGION, "vol-1")
WHY = f"{ACCOUNT} {REGION} ec2:DescribeVolumes: access denied (UnauthorizedOperation)"


def volume(**columns: Any) -> dict[str, Any]:
    return {"resource": "vol-1", "volume_id": "vol-1", "encrypted": True, "_unknown": {}, **columns}


TABLES = frozenset({"aws_ebs_volume", "aws_sqs_queue"})
CALM = Seen(
    TABLES,
    {"aws_ebs_volume": [volume()], "aws_sqs_queue": []},
    {"aws_ebs_volume": frozenset(volume()), "aws_sqs_queue": frozenset({"resource"})},
    (),
    {"ebs-volume-encrypted": {PLACE: Told("pass", "")}, "sqs-queue-encrypted": {PLACE: Told("fail", "is not")}},
)
HONEST = Seen(
    TABLES,
    {},
    {},
    (
        Unread(
            kind=Kind.DENIED,
            reason="access denied (UnauthorizedOperation)",
            table="aws_ebs_volume",
            account=ACCOUNT,
            region=REGION,
            operation="ec2:DescribeVolumes",
        ),
    ),
    {
        "ebs-volume-encrypted": {(ACCOUNT, REGION, None): Told("unknown", f"could not be read: {WHY}")},
        "sqs-queue-encrypted": {PLACE: Told("fail", "is not")},
    },
)


def test_an_honest_one_has_no_difference() -> None:
    assert differences(CALM, HONEST, {LISTED: "denied"}) == []


@pytest.mark.parametrize(
    ("dishonest", "says"),
    [
        (replace(HONEST, unread=()), "is not told among what could not be read"),
        (replace(HONEST, rows=CALM.rows, columns=CALM.columns), "has rows although it could not be listed"),
        (replace(HONEST, findings={"ebs-volume-encrypted": {}}), "is not unknown as a whole"),
        (
            replace(
                HONEST, findings={"ebs-volume-encrypted": {(ACCOUNT, REGION, None): Told("unknown", "no idea")}}
            ),
            "is not unknown as a whole",
        ),
        (replace(HONEST, findings={**HONEST.findings, "sqs-queue-encrypted": {}}), "nothing that it needs failed"),
        (
            replace(HONEST, findings={**HONEST.findings, "sqs-queue-encrypted": {PLACE: Told("unknown", WHY)}}),
            "nothing that it needs failed",
        ),
    ],
)
def test_each_lie_is_found(dishonest: Seen, says: str) -> None:
    told = differences(CALM, dishonest, {LISTED: "denied"})
    assert any(says in difference for difference in told), told
    assert told


def test_a_row_that_is_lost_or_changed_is_found() -> None:
    for rows in ([], [volume(encrypted=False)], [volume(), volume(volume_id="vol-2")]):
        seen = replace(CALM, rows={**CALM.rows, "aws_ebs_volume": rows})
        assert differences(CALM, seen, {}) != []
