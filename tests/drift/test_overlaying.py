"""A template laid over what is live: what is as declared stays so, and only what is declared otherwise differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demarcate.drift.comparing import compare
from demarcate.drift.overlaying import overlaid
from demarcate.drift.pairing import Physical, Stack
from demarcate.drift.structs import Comparison, DriftKind
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.tables import table
from tests.drift.test_comparing import ACCOUNT, REGION, STACK, STACK_ID, declared, live, told, volume

NOW = Stack(STACK_ID, "app", ACCOUNT, REGION)
NOW.resources.update(
    {row["logical_resource_id"]: Physical(row["physical_resource_id"], row["resource_type"]) for row in STACK}
)


def laid(folder: Path, *rows: dict[str, Any], gone: tuple[str, ...] = ()) -> tuple[Snapshot, Comparison]:
    with declared(folder) as meant, live(*rows) as now:
        after = overlaid(meant, now, NOW, gone)
        return after, compare(now, after)


def test_what_is_as_declared_stays_the_same(tmp_path: Path) -> None:
    denied = volume("vol-9", size=Unknown(Kind.DENIED, "access denied"))
    after, comparison = laid(tmp_path, volume("vol-1"), volume("vol-2", kms_key_id="", size=5), denied)
    assert not comparison.drifted
    reasons = {
        row["volume_id"]: row["_unknown"]
        for row in rows_of(after, table("aws_ebs_volume"), ["volume_id", "_unknown"])
        if row["_unknown"]
    }
    after.close()
    assert reasons.keys() == {"vol-2", "vol-9"}, "a parameter without a value, and what was denied"
    assert "parameter Size has no value" in reasons["vol-2"]
    assert "access denied" in reasons["vol-9"]


def test_what_is_declared_otherwise_differs_and_what_is_deleted_goes(tmp_path: Path) -> None:
    rows = [volume("vol-1", encrypted=False), volume("vol-2", kms_key_id=""), volume("vol-3"), volume("vol-4")]
    after, comparison = laid(tmp_path, *rows, gone=("vol-3",))
    after.close()
    assert told(comparison, DriftKind.CHANGED) == [("vol-1", "encrypted", False, True)]
    assert told(comparison, DriftKind.MISSING) == [("vol-3", None, None, None)]
    assert told(comparison, DriftKind.UNDECLARED) == []


def test_what_is_new_is_known_as_far_as_it_is_declared(tmp_path: Path) -> None:
    with declared(tmp_path) as meant, live() as now:
        after = overlaid(meant, now, Stack("", "new", ACCOUNT, REGION), ())
        with after:
            names = ["resource", "encrypted", "size", "kms_key_id", "account_id", "region", "_unknown"]
            rows = {row["resource"]: row for row in rows_of(after, table("aws_ebs_volume"), names)}
    assert rows.keys() == {"Data", "Other"}
    data = rows["Data"]
    assert (data["encrypted"], data["size"], data["account_id"], data["region"]) == (True, 8, ACCOUNT, REGION)
    assert data["kms_key_id"] is None, "the key is new, too"
    assert "the stack new has no resource Key" in data["_unknown"]


POLICY = """
Parameters: {Who: {Type: String}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: !Ref Who}, Action: sts:AssumeRole}]
"""


def test_a_policy_that_is_known_in_part_is_not_known(tmp_path: Path) -> None:
    there: Any = {
        "aws_iam_role": [{"resource": "other", "account_id": ACCOUNT, "region": "global", "name": "other"}]
    }
    with declared(tmp_path, POLICY) as meant, live(tables=there) as now:
        after = overlaid(meant, now, Stack("", "new", ACCOUNT, REGION), ())
        with after:
            names = ["resource", "assume_role_policy", "_unknown"]
            rows = {row["resource"]: row for row in rows_of(after, table("aws_iam_role"), names)}
    assert rows["Role"]["assume_role_policy"] is None
    assert "parameter Who has no value" in rows["Role"]["_unknown"]
