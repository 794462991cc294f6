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

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import all_tables
from demarcate.keys.defaults import defaults
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
        **{"multi_region_key_type": "", "primary_key_arn": ""},
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
        ({"multi_region_key_type": "REPLICA", "primary_key_arn": "arn:p"}, "that of its primary key arn:p"),
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


MORE: dict[str, Any] = {
    "aws_kms_key": [
        key(
            "k-1",
            policy='{"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::444455556666:role/r",'
            ' "111122223333"]}, "Action": "kms:Decrypt", "Resource": "*"}]}',
            grants=[{"GranteePrincipal": "arn:aws:iam::777788889999:role/g"}],
        ),
        key("k-2", policy=Unknown(Kind.DENIED, "no"), grants=[], key_manager="AWS", aliases=["alias/aws/ebs"]),
        key(
            "k-3", policy='{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}'
        ),
    ],
    "aws_kms_alias": [
        row(
            "a-1", alias_name="alias/pay", target_key_id="k-1", moved=True, last_updated_date=datetime(2026, 5, 1)
        ),
        row(
            "a-2",
            alias_name="alias/data",
            target_key_id="k-1",
            moved=False,
            last_updated_date=datetime(2026, 5, 1),
        ),
    ],
    "aws_kms_grant": [
        row(
            arn("k-1"),
            key_arn=arn("k-1"),
            grant_id="g-1",
            grantee="app",
            operations=["Decrypt"],
            constrained=False,
        )
        | {"unused": True, "creation_date": datetime(2026, 4, 1), "constraints": {}},
        row(
            arn("k-2"), key_arn=arn("k-2"), grant_id="g-2", grantee="app", operations=["Decrypt"], constrained=True
        ),
    ],
    "aws_ebs_volume": [
        row("v-1", kms_key_id=arn("k-1")),
        row("v-2", kms_key_id=arn("k-2")),
        row("v-3", kms_key_id=""),
        row("v-4", kms_key_id=Unknown(Kind.DENIED, "access denied")),
        row("v-5", kms_key_id=arn("k-9", "444455556666")),
    ],
    "aws_s3_bucket": [row("b-1", kms_master_key_id="arn:aws:kms:eu-west-1:111122223333:alias/aws/s3")],
}


@pytest.fixture(scope="module")
def more() -> Any:
    with snapshot(MORE) as of:
        yield of


def test_aliases_that_moved_and_who_is_let_in_from_outside(more: Snapshot) -> None:
    first, second, third = listed(more)
    assert (first.moved, third.moved) == (["alias/pay on 2026-05-01"], ())
    assert first.others == ("444455556666", "777788889999")
    assert second.others == Unknown(Kind.DENIED, "no")
    assert third.others == ("anyone",)
    assert [each.grants for each in (first, second)] == [1, 0]
    assert isinstance(third.grants, Unknown)


def test_what_is_under_no_key_of_ones_own(more: Snapshot) -> None:
    told = {each.resource: (each.whose, each.required) for each in defaults(more, ["s3"])}
    assert told == {
        "v-2": ("AWS's key for the service", False),
        "v-3": ("names no key: the service's default, or none", False),
        "v-4": ("not known", False),
        "b-1": ("AWS's key for the service", True),
    }
    with pytest.raises(DemarcateError, match="no resource of 'iam' names a key"):
        list(defaults(more, ["iam"]))


def test_commands_about_grants_and_defaults(more: Snapshot, tmp_path: Path) -> None:
    run = CliRunner().invoke
    folder = str(more.folder)
    shown = run(app, ["keys", "grants", "k-1", folder], env={"COLUMNS": "80"}).stdout
    assert "g-1: app" in shown and "held to nothing; never used" in shown and "g-2" not in shown
    (told,) = json.loads(run(app, ["keys", "grants", "k-2", folder, "--format", "json"]).stdout)
    assert (told["grant_id"], told["unused"]) == ("g-2", None)
    (tmp_path / "t.yaml").write_text("Resources: {K: {Type: AWS::KMS::Key}}")
    untold = run(app, ["keys", "grants", "K", str(tmp_path / "t.yaml")])
    assert untold.exit_code == 3 and "not known" in untold.stdout and "no grants" not in untold.stdout
    required = run(app, ["keys", "defaults", folder, "--own-keys", "s3"], env={"COLUMNS": "80"})
    assert required.exit_code == 1 and "s3 (a key of your own is required)" in required.stdout
    assert run(app, ["keys", "defaults", folder, "--own-keys", "ebs", "--format", "csv"]).exit_code == 1
    listing = run(app, ["keys", folder], env={"COLUMNS": "80"}).stdout
    assert "moved aliases: alias/pay on 2026-05-01" in listing
    assert "other accounts: 444455556666, 777788889999" in listing


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
