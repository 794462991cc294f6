"""What a key is to be, as changes: planned for words, approved, applied to AWS over HTTP, and undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from moto.kms.responses import KmsResponse
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.changes.structs import Read
from demarcate.cli import app
from demarcate.keys import changing
from tests.aws.conftest import REGION, Aws
from tests.changes.conftest import aws, endless, images, server
from tests.checks.test_engine import snapshot
from tests.surroundings import CREDENTIALS

__all__ = ["aws", "endless", "images", "server"]

ACCOUNT, CHANGE = "123456789012", "c-00000001"
ROLE = "arn:aws:iam::123456789012:role/app"

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Say:
    """Runs a verb as the one who plans; gives its exit code, its output and what it said. What is planned is CHANGE."""
    around = {"AWS_ENDPOINT_URL": aws.url, "XDG_DATA_HOME": str(tmp_path), "NO_COLOR": "1", "COLUMNS": "80"}
    for name, value in {**CREDENTIALS, **around}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("demarcate.changes.planning.new_id", lambda: CHANGE)

    def run(*words: str, by: str = "dev") -> tuple[int, str, str]:
        where = ["--region", REGION] if words[0] in ("keys", "alarms", "dashboard") else []
        done = CliRunner().invoke(app, [*words, *where, "--as", f"{by}@example.com"])
        if isinstance(done.exception, DemarcateError):
            return 2, done.stdout, str(done.exception)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr.replace("\n", " ")

    return run


def applied(say: Say, *more: str) -> None:
    assert say("change", "approve", CHANGE, by="boss")[0] == 0
    code, out, err = say("change", "apply", CHANGE, *more)
    assert code == 0, out + err


def undone(say: Say) -> None:
    code, _, err = say("change", "undo", CHANGE)
    assert code == 0, err


def test_rotation_is_switched_on_and_off_again(aws: Aws, say: Say) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/pay", TargetKeyId=key)

    def rotates() -> Any:
        return kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]

    code, out, _ = say("keys", "rotate", "pay")
    assert code == 0 and "kms.enable_key_rotation" in out and not rotates()
    applied(say)
    assert rotates()
    assert "is so already" in say("keys", "rotate", "alias/pay")[2]
    undone(say)
    assert not rotates()


def test_a_rotation_gets_a_period_and_its_own_back(aws: Aws, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    periods = {key: 365}
    enable, status = KmsResponse.enable_key_rotation, KmsResponse.get_key_rotation_status

    def enabled(self: Any) -> str:
        periods[key] = self._get_param("RotationPeriodInDays") or 365
        return enable(self)

    def told(self: Any) -> str:
        return json.dumps({**json.loads(status(self)), "RotationPeriodInDays": periods[key]})

    monkeypatch.setattr(KmsResponse, "enable_key_rotation", enabled)  # moto knows no periods
    monkeypatch.setattr(KmsResponse, "get_key_rotation_status", told)
    kms.enable_key_rotation(KeyId=key)
    assert say("keys", "rotate", key, "--days", "180")[0] == 0
    applied(say)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180
    undone(say)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365


def test_a_rotation_on_demand_is_not_taken_back(aws: Aws, say: Say) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    assert say("keys", "rotate", key["Arn"], "--now")[0] == 0
    applied(say)
    assert [each["RotationType"] for each in kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"]] == [
        "ON_DEMAND"
    ]
    code, out, _ = say("change", "undo", CHANGE)
    assert code == 1 and "no rotation is taken back" in out.replace("\n", " ")


def test_deletion_shows_what_depends_on_it_and_is_undone(aws: Aws, say: Say) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]

    def state() -> Any:
        return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]

    row = {"resource": key, "arn": key, "id": key.split("/")[1], "account_id": ACCOUNT, "region": REGION}
    volumes = [{**row, "resource": "v-1", "arn": "v-1", "kms_key_id": key}]
    with snapshot({"aws_kms_key": [row], "aws_ebs_volume": volumes}) as estate:
        code, out, err = say("keys", "delete", key, str(estate.folder), "--days", "7")
    assert code == 0, err
    assert "aws_ebs_volume" in out and "1 resource names it, " in out.replace("\n", " ")
    assert say("change", "approve", CHANGE, by="boss")[0] == 0
    assert "--accept-lockout" in say("change", "apply", CHANGE)[2]
    assert state() == "Enabled"
    applied(say, "--accept-lockout")
    assert state() == "PendingDeletion"
    undone(say)
    assert state() == "Enabled"


def test_a_deletion_is_cancelled_and_what_is_under_the_key_is_read_again(aws: Aws, say: Say) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=20)
    assert say("keys", "cancel-deletion", key, "--enable")[0] == 0
    applied(say)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    undone(say)
    told = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert told["KeyState"] == "PendingDeletion"
    assert (told["DeletionDate"] - datetime.now(UTC)).days in (19, 20)


def test_grants_are_retired_and_given_again(aws: Aws, say: Say) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    given = {"KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt"]}
    first, second = (kms.create_grant(**given)["GrantId"] for _ in range(2))
    kms.create_grant(**given | {"Operations": ["Encrypt"]})
    assert say("keys", "retire-grants", key, "--grant", first, "--grant", second)[0] == 0
    applied(say, "--accept-lockout")
    assert [each["Operations"] for each in kms.list_grants(KeyId=key)["Grants"]] == [["Encrypt"]]
    undone(say)
    assert sorted(each["Operations"] for each in kms.list_grants(KeyId=key)["Grants"]) == [
        ["Decrypt"],
        ["Decrypt"],
        ["Encrypt"],
    ]
    assert "has no grant none" in say("keys", "retire-grants", key, "--grant", "none")[2]


class Told:
    """A reader that knows a key, and how it rotates."""

    def __init__(self, **key: Any) -> None:
        plain = {"KeyId": "k", "Arn": "arn:aws:kms:eu-west-1:123456789012:key/k", "KeyManager": "CUSTOMER"}
        plain |= {"KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "KeyState": "Enabled"}
        self.key: dict[str, Any] = {**plain, **key}

    def read(self, account: str, region: str, read: Read) -> Any:
        told = {
            "kms.describe_key": self.key if read.state == "KeyMetadata" else self.key["KeyState"],
            "kms.get_key_rotation_status": {"On": True, "Days": 365},
            "kms.list_key_rotations": 3,
        }
        return told[read.operation.name]


@pytest.mark.parametrize(
    ("key", "now", "why"),
    [
        ({"KeySpec": "RSA_2048"}, False, "not a symmetric encryption key"),
        ({"Origin": "EXTERNAL"}, False, "rotate with --now"),
        ({"Origin": "AWS_CLOUDHSM"}, True, "a key store of your own"),
        ({"KeyState": "PendingDeletion"}, True, "it is PendingDeletion"),
        ({"KeyManager": "AWS"}, False, "AWS's own key"),
        (
            {"MultiRegionConfiguration": {"MultiRegionKeyType": "REPLICA", "PrimaryKey": {"Arn": "arn:primary"}}},
            False,
            "its primary key: arn:primary",
        ),
    ],
)
def test_a_key_that_cannot_rotate_says_why(key: dict[str, Any], now: bool, why: str) -> None:
    with pytest.raises(DemarcateError, match=why):
        changing.rotate("alias/k", None, ACCOUNT, REGION, Told(**key), now=now)


def test_imported_material_rotates_on_demand_and_a_period_goes_there_and_back() -> None:
    change = changing.rotate("k", None, ACCOUNT, REGION, Told(Origin="EXTERNAL"), now=True)
    assert change is not None and change.steps[0].done == "@ > `3`"
    assert changing.rotate("k", 365, ACCOUNT, REGION, Told()) is None
    change = changing.rotate("k", 90, ACCOUNT, REGION, Told())
    assert change is not None
    (step,) = change.steps
    assert step.undo.operation is not None
    periods = [call.parameters["RotationPeriodInDays"] for call in (step.do, step.undo.operation)]
    assert (periods, step.done) == ([90, 365], "On && Days == `90`")


def test_replicas_are_told_before_a_primary_key_is_deleted() -> None:
    regions = {"MultiRegionKeyType": "PRIMARY", "ReplicaKeys": [{"Arn": "arn:replica", "Region": "eu-north-1"}]}
    _, left = changing.delete("k", 7, ACCOUNT, REGION, Told(MultiRegionConfiguration=regions), "")
    assert left == "arn:replica"


@pytest.mark.parametrize("name", ["arn:aws:s3:::bucket", "arn:aws:kms:::key/k"])
def test_what_is_no_key_is_refused(name: str) -> None:
    with pytest.raises(DemarcateError, match="is no key"):
        changing.rotate(name, None, ACCOUNT, REGION, Told())
