"""All keys of an estate, what is encrypted with each, and what is told of them on the command line."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.cli import app
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import all_tables
from demarcate.keys.listing import Key, dependants, last_used, listed, rotation
from demarcate.keys.reading import key_columns
from tests.checks.test_engine import snapshot

ACCOUNT, REGION = "111122223333", "eu-west-1"
HERE = {"account_id": ACCOUNT, "region": REGION}


def arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:kms:{REGION}:{account}:key/{name}"


def key(name: str, **columns: Any) -> dict[str, Any]:
    return {
        **{"resource": arn(name), "arn": arn(name), "id": name, **HERE, "key_manager": "CUSTOMER"},
        **{"key_state": "Enabled", "origin": "AWS_KMS", "key_spec": "SYMMETRIC_DEFAULT", "multi_region": False},
        "multi_region_key_type": "",
        **{"key_rotation_enabled": True, "rotation_period_in_days": 365, "aliases": [], **columns},
    }


def row(resource: str, **columns: Any) -> dict[str, Any]:
    return {"resource": resource, **HERE, **columns}


TABLES: dict[str, Any] = {
    "aws_kms_key": [
        key("k-1", aliases=["alias/pay"], key_state="PendingDeletion", deletion_date=datetime(2026, 12, 1)),
        key("k-2", key_rotation_enabled=Unknown(Kind.DENIED, "access denied")),
        key("k-3", origin="EXTERNAL", key_rotation_enabled=False),
    ],
    "aws_ebs_volume": [row("v-1", kms_key_id=arn("k-1")), row("v-2", kms_key_id=""), row("v-3", kms_key_id="k-9")],
    "aws_sqs_queue": [row("q-1", kms_master_key_id="alias/pay"), row("q-2", kms_master_key_id="alias/aws/sqs")],
    "aws_secretsmanager_secret": [
        row("s-1", kms_key_id="k-2"),
        row("s-2", kms_key_id=f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/pay"),
        {**row("s-3", kms_key_id="k-1"), "region": "us-east-1"},
        {**row("s-4", kms_key_id=arn("k-1")), "account_id": "444455556666"},
    ],
}


@pytest.fixture(scope="module")
def estate() -> Any:
    with snapshot(TABLES) as of:
        yield of


def test_every_column_that_names_a_key_is_looked_at() -> None:
    seen = {(name, column) for name, columns in key_columns().items() for column in columns}
    told = {
        (of.name, column.name)
        for of in all_tables().values()
        for column in of.columns
        if column.type == "VARCHAR"
        and "key" in column.name
        and ("kms" in column.name or "encryption" in column.name)
    }
    assert seen - told == {("aws_ssm_parameter", "key_id")}
    assert told - seen == {("aws_backup_vault", "encryption_key_type")}


def test_each_key_is_listed_with_what_uses_it(estate: Snapshot) -> None:
    first, second, third = listed(estate)
    assert [each.users for each in (first, second, third)] == [4, 1, 0]
    assert (first.rotation, third.rotation) == ("on", "not applicable: its material is not made by KMS")
    assert second.rotation == Unknown(Kind.DENIED, "access denied")
    assert isinstance(first.last_used, Unknown)
    assert "aws_ebs_volume" not in first.not_counted
    assert first.not_counted["aws_s3_bucket"] == "it was not collected"


def test_dependants_are_all_rows_that_name_it(estate: Snapshot) -> None:
    _, uses, left = dependants(estate, "pay")
    assert [(use.table, use.resource) for use in uses] == [
        ("aws_ebs_volume", "v-1"),
        ("aws_secretsmanager_secret", "s-2"),
        ("aws_secretsmanager_secret", "s-4"),
        ("aws_sqs_queue", "q-1"),
    ]
    assert "aws_s3_bucket" in left
    gone, none, _ = dependants(estate, arn("k-7", "444455556666"))
    assert (gone, none) == (None, [])


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"key_spec": "RSA_2048"}, "not applicable: it is not a symmetric encryption key"),
        ({"origin": "AWS_CLOUDHSM"}, "not applicable: its material is not made by KMS"),
        ({"key_rotation_enabled": False}, "off"),
        ({"multi_region": True, "multi_region_key_type": "REPLICA"}, "that of its primary key"),
        ({"origin": Unknown(Kind.DENIED, "no")}, Unknown(Kind.DENIED, "no")),
    ],
)
def test_rotation(columns: dict[str, Any], told: Any) -> None:
    assert rotation(Key("", (None, None, None), "", frozenset(), key("k", **columns))) == told


@pytest.mark.parametrize(
    ("used", "created", "told"),
    [
        (datetime(2026, 5, 1), datetime(2020, 1, 1), datetime(2026, 5, 1)),
        (None, datetime(2026, 4, 1), "never"),
        (None, datetime(2020, 1, 1), None),
    ],
)
def test_never_used_is_told_only_where_tracking_proves_it(used: Any, created: Any, told: Any) -> None:
    columns = {"last_used": used, "tracked_since": datetime(2026, 3, 1), "creation_date": created}
    answer = last_used(Key("", (None, None, None), "", frozenset(), key("k", **columns)))
    assert answer == told if told is not None else "before 2026-03-01" in answer.reason


def test_the_command_tells_the_same_in_each_format(estate: Snapshot) -> None:
    run = CliRunner().invoke
    folder = str(estate.folder)
    text = run(app, ["keys", "list", folder], env={"COLUMNS": "80"}).stdout
    assert "deletion: 2026-12-01" in text
    assert "rotation: not known: access denied" in text.replace("\n", " ")
    told = json.loads(run(app, ["keys", folder, "--format", "json"]).stdout)
    assert [(each["users"], each["rotation"]) for each in told][:2] == [(4, "on"), (1, None)]
    assert told[1]["unknown"]["rotation"] == "access denied"
    cells = list(csv.DictReader(io.StringIO(run(app, ["keys", "list", folder, "--format", "csv"]).stdout)))
    assert [each["users"] for each in cells] == ["4", "1", "0"]
    assert run(app, ["keys", "list", folder, "--format", "markdown"]).stdout.count("\n") == 5
    shown = run(app, ["keys", "dependants", "alias/pay", folder]).stdout
    assert "PendingDeletion, to be deleted on 2026-12-01" in shown
    assert "perhaps more: " in shown
    refused = run(app, ["keys", "who", "alias/none", folder])
    assert "no such key" in str(refused.exception)


def test_a_template_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "Resources:\n"
        "  Key: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: true}}\n"
        "  Name: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/pay, TargetKeyId: !Ref Key}}\n"
        "  Volume: {Type: AWS::EC2::Volume, Properties: {KmsKeyId: !GetAtt Key.Arn, Encrypted: true}}\n"
        "  Queue: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: alias/pay}}\n"
        "  Secret: {Type: AWS::SecretsManager::Secret, Properties: {KmsKeyId: !Ref Key}}\n"
    )
    with collect_snapshot([tmp_path / "t.yaml"]) as declared:
        (told,) = listed(declared)
        _, uses, _ = dependants(declared, "Key")
    assert (told.key.resource, told.rotation, told.users) == ("Key", "on", 3)
    assert {use.resource for use in uses} == {"Volume", "Queue", "Secret"}
