"""Pins in S3: only where nobody can delete them, all of them read, and nothing else written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.pinning import BEGUN, WRITTEN, Vault
from demarcate.estate.sources.aws.failures import Refused
from demarcate.ledger.entry import Act
from demarcate.ledger.ledger import Ledger
from demarcate.ledger.verifying import Damage, verify
from tests.aws.conftest import REGION, Aws
from tests.changes.cases import PLANNER, options

URL = "s3://pins/team/ledger.jsonl"


def bucket(aws: Aws, **more: Any) -> Any:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="pins", CreateBucketConfiguration={"LocationConstraint": REGION}, **more)
    return s3


def test_a_pin_is_kept_and_tells_what_was_cut_off(aws: Aws, ledger: Ledger, tmp_path: Path) -> None:
    s3 = bucket(aws, ObjectLockEnabledForBucket=True)
    vault = Vault(URL, options(aws))
    ledger.append(PLANNER, Act(kind="a"))
    with pytest.raises(DemarcateError, match="the bucket keeps nothing by itself: say for how long"):
        vault.check_locked(retained=False)
    vault.check_locked(retained=True)
    first, second = vault.pin(ledger, PLANNER, 30), vault.pin(ledger, PLANNER, 30)
    s3.put_object(Bucket="pins", Key="team/ledger.jsonl.other", Body=b"no pin, and of another key")
    assert sorted(vault.pins(), key=lambda pin: pin.number) == [first, second]
    assert [(entry.number, entry.act.kind) for entry in ledger.entries()][1:] == [
        (2, BEGUN),
        (3, WRITTEN),
        (4, BEGUN),
        (5, WRITTEN),
    ]
    assert (first.number, second.number) == (2, 4)
    assert verify(ledger.stored(), vault.pins()).faults == ()
    shorter = list(ledger.stored())[:1]
    assert {fault.damage for fault in verify(shorter, vault.pins()).faults} == {Damage.TRUNCATED}
    for version in s3.list_object_versions(Bucket="pins", Prefix="team/ledger.jsonl")["Versions"]:
        if version["Key"] == "team/ledger.jsonl":
            told = s3.head_object(Bucket="pins", Key=version["Key"], VersionId=version["VersionId"])
            assert told["ObjectLockMode"] == "COMPLIANCE"


def test_a_bucket_that_keeps_by_itself_needs_no_days(aws: Aws) -> None:
    s3 = bucket(aws, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket="pins", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    Vault(URL, options(aws)).check_locked(retained=False)


def test_what_can_be_deleted_is_no_place(aws: Aws) -> None:
    bucket(aws)
    with pytest.raises(
        DemarcateError, match="the bucket has no object lock, so that a pin there could be deleted"
    ):
        Vault(URL, options(aws)).check_locked(retained=True)
    with pytest.raises(
        DemarcateError, match="s3://nowhere/k: cannot be asked for its object lock: AWS answered NoSuch"
    ):
        Vault("s3://nowhere/k", options(aws)).check_locked(retained=True)


@pytest.mark.parametrize("url", ["s3://", "s3://pins", "s3://pins/", "s3://pins/folder/"])
def test_a_place_has_a_bucket_and_a_key(aws: Aws, url: str) -> None:
    with pytest.raises(DemarcateError, match="name a bucket and a key"):
        Vault(url, options(aws))


def test_what_is_no_pin_is_named(aws: Aws) -> None:
    s3 = bucket(aws, ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket="pins", Key="team/ledger.jsonl", Body=b"{}")
    with pytest.raises(DemarcateError, match=r"s3://pins/team/ledger.jsonl \(version .+\):1: is no pin"):
        Vault(URL, options(aws)).pins()


def test_its_client_can_do_nothing_else(aws: Aws) -> None:
    client = Vault(URL, options(aws))._client
    for method in ("delete_object", "put_object_retention", "put_bucket_policy", "copy_object", "list_buckets"):
        with pytest.raises(Refused):
            getattr(client, method)(Bucket="pins", Key="k")
