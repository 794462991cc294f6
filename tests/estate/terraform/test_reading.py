"""Plans and states: what is read of them, what is refused, and what stands for what is not known yet."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate import tables
from demarcate.estate.snapshots.snapshot import rows_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.registry import source_of
from demarcate.estate.sources.terraform import documents
from tests.estate.terraform.plans import plan, state

EXAMPLE = Path(__file__).parents[3] / "examples" / "terraform"


def written(folder: Path, document: Any, name: str = "plan.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def rows(path: Path, table: str) -> dict[str, dict[str, Any]]:
    """The rows of a table by address."""
    with collect_snapshot([path], selection={table: None}) as snapshot:
        columns = [column.name for column in tables.table(table).all_columns]
        return {row["resource"]: dict(row) for row in rows_of(snapshot, tables.table(table), columns)}


def why(row: dict[str, Any], column: str) -> tuple[str, str]:
    assert row[column] is None
    told = json.loads(row["_unknown"])[column]
    return told["kind"], told["reason"]


KEY = {"values": {"enable_key_rotation": True}, "unset": ["arn", "key_id"]}


def test_a_reference_is_a_stand_in_and_joins(tmp_path: Path) -> None:
    key = ["aws_kms_key.data.arn", "aws_kms_key.data"]
    path = written(
        tmp_path,
        plan({"aws_kms_key.data": KEY, "aws_ebs_volume.a": {"values": {"size": 1}, "refs": {"kms_key_id": key}}}),
    )
    volume, own = rows(path, "aws_ebs_volume"), rows(path, "aws_kms_key")
    assert volume["aws_ebs_volume.a"]["kms_key_id"] == own["aws_kms_key.data"]["arn"]
    assert json.loads(volume["aws_ebs_volume.a"]["_assigned"])["kms_key_id"] == "${aws_kms_key/data.Arn}"


@pytest.mark.parametrize(
    "references",
    [
        ["local.key"],
        ["var.prefix", "aws_kms_key.data.arn", "aws_kms_key.data"],
        ["aws_kms_key.nobody.arn", "aws_kms_key.nobody"],
        ["aws_kms_key.data.description", "aws_kms_key.data"],
    ],
)
def test_what_is_made_of_something_else_is_unknown(tmp_path: Path, references: list[str]) -> None:
    resources: dict[str, Any] = {
        "aws_kms_key.data": KEY,
        "aws_ebs_volume.a": {"values": {}, "refs": {"kms_key_id": references}},
    }
    kind, reason = why(
        rows(written(tmp_path, plan(resources)), "aws_ebs_volume")["aws_ebs_volume.a"], "kms_key_id"
    )
    assert kind == "deployment"
    assert references[0] in reason


def test_a_resource_of_several_is_that_of_the_same_key(tmp_path: Path) -> None:
    bucket = ["aws_s3_bucket.b", "each.key"]
    resources: dict[str, Any] = {}
    for key, status in (("x", "Enabled"), ("y.z", "Suspended")):
        resources[f"aws_s3_bucket.b[{json.dumps(key)}]"] = {"values": {}, "unset": ["bucket", "arn"]}
        resources[f"aws_s3_bucket_versioning.b[{json.dumps(key)}]"] = {
            "values": {"versioning_configuration": [{"status": status}]},
            "refs": {"bucket": bucket},
        }
    told = rows(written(tmp_path, plan(resources)), "aws_s3_bucket")
    assert {address: row["versioning_enabled"] for address, row in told.items()} == {
        'aws_s3_bucket.b["x"]': True,
        'aws_s3_bucket.b["y.z"]': False,
    }


def test_a_part_of_nobody_knows_what_leaves_all_open(tmp_path: Path) -> None:
    resources: dict[str, Any] = {
        "aws_s3_bucket.b": {"values": {"bucket": "b"}},
        "aws_s3_bucket_versioning.b": {
            "values": {"versioning_configuration": [{"status": "Enabled"}]},
            "refs": {"bucket": ["local.bucket"]},
        },
    }
    row = rows(written(tmp_path, plan(resources)), "aws_s3_bucket")["aws_s3_bucket.b"]
    assert "aws_s3_bucket_versioning.b may be for it" in why(row, "versioning_enabled")[1]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([{"rest_api_id": "shop"}, {"rest_api_id": "pay"}], [True, False]),
        (
            [{"rest_api_id": "shop", "region": "eu-west-1"}, {"rest_api_id": "shop", "region": "eu-west-2"}],
            [True, False],
        ),
        ([{"rest_api_id": "shop"}, {"rest_api_id": "shop"}], ["ambiguous", "ambiguous"]),
    ],
)
def test_a_name_is_one_only_within_something(
    tmp_path: Path, more: list[dict[str, str]], told: list[bool | str]
) -> None:
    """Two APIs have a stage of the same name each; what is for which of two that nothing tells apart is unknown."""
    resources: dict[str, Any] = {}
    for name, own, metrics in zip("ab", more, (True, False), strict=True):
        values = {"stage_name": "prod", "method_path": "*/*", "settings": [{"metrics_enabled": metrics}], **own}
        resources[f"aws_api_gateway_stage.{name}"] = {"values": {"stage_name": "prod", **own}}
        resources[f"aws_api_gateway_method_settings.{name}"] = {"values": values}
    stages = rows(written(tmp_path, plan(resources)), "aws_api_gateway_stage")
    for (_, row), value in zip(sorted(stages.items()), told, strict=True):
        assert (row["metrics_enabled"] if isinstance(value, bool) else why(row, "metrics_enabled")[0]) == value


def test_a_part_that_names_nothing_is_for_nothing(tmp_path: Path) -> None:
    """A resource whose ARN is not known yet has no text in its place by which it could be named."""
    resources: dict[str, Any] = {
        "aws_s3_bucket.b": {"values": {"bucket": "b"}, "unset": ["arn", "id"]},
        "aws_s3_bucket_versioning.b": {
            "values": {"bucket": "", "versioning_configuration": [{"status": "Enabled"}]}
        },
    }
    row = rows(written(tmp_path, plan(resources)), "aws_s3_bucket")["aws_s3_bucket.b"]
    assert row["versioning_enabled"] is False


def test_a_default_of_the_provider_is_not_that_of_aws(tmp_path: Path) -> None:
    unset = ["backup_retention_period", "auto_minor_version_upgrade", "publicly_accessible", "arn"]
    resources = {
        "aws_db_instance.new": {"values": {"identifier": "new", "engine": "mysql"}, "unset": unset},
        "aws_db_instance.copy": {"values": {"identifier": "c", "snapshot_identifier": "s"}, "unset": unset},
        "aws_dms_replication_instance.i": {"values": {"replication_instance_id": "i"}, "unset": unset},
    }
    path = written(tmp_path, plan(resources))
    databases = rows(path, "aws_rds_db_instance")
    assert databases["aws_db_instance.new"]["backup_retention_period"] == 0
    assert databases["aws_db_instance.copy"]["backup_retention_period"] is None
    instance = rows(path, "aws_dms_replication_instance")["aws_dms_replication_instance.i"]
    assert (instance["auto_minor_version_upgrade"], instance["publicly_accessible"]) == (False, False)


def test_secrets_are_not_kept(tmp_path: Path) -> None:
    values = {"identifier": "db", "engine": "mysql", "password": "correct-horse", "username": "shop"}
    resources = {"aws_db_instance.db": {"values": values, "sensitive": ["username"]}}
    path = written(tmp_path, plan(resources))
    row = rows(path, "aws_rds_db_instance")["aws_db_instance.db"]
    assert why(row, "master_user_name")[0] == why(row, "master_user_password_resolved")[0] == "secret"
    assert "correct-horse" not in str(row)


def test_a_block_that_may_be_dynamic_is_told_by_the_configuration(tmp_path: Path) -> None:
    said = {"aws_security_group.g": {"values": {"name": "g", "description": "d"}, "unset": ["ingress", "egress"]}}
    path = written(tmp_path, plan(said))
    row = rows(path, "aws_vpc_security_group")["aws_security_group.g"]
    assert "the .tf files beside the plan would tell" in why(row, "ip_permissions")[1]
    body = '# a comment\nresource "aws_security_group" "g" {\n  name = "g"\n}\n'
    (tmp_path / "main.tf").write_text(body)
    row = rows(path, "aws_vpc_security_group")["aws_security_group.g"]
    assert (row["ip_permissions"], row["ip_permissions_egress"], row["line"]) == ("[]", "[]", 2)
    (tmp_path / "main.tf").write_text(body.replace('name = "g"', 'dynamic "ingress" {\n  }'))
    row = rows(path, "aws_vpc_security_group")["aws_security_group.g"]
    assert "a dynamic block makes it" in why(row, "ip_permissions")[1]
    assert row["ip_permissions_egress"] == "[]"


def test_a_state_has_what_aws_calls_things(tmp_path: Path) -> None:
    arn = "arn:aws:kms:eu-west-1:111122223333:key/k-1"
    key = {"id": "k-1", "key_id": "k-1", "arn": arn, "enable_key_rotation": True}
    alias = {"id": "alias/a", "name": "alias/a", "arn": "arn:aws:kms:eu-west-1:1:alias/a", "target_key_id": "k-1"}
    shown = state({"module.m[0].aws_kms_key.k": key, "aws_kms_alias.a": alias})
    row = rows(written(tmp_path, shown), "aws_kms_key")["module.m[0].aws_kms_key.k"]
    assert (row["id"], row["arn"], row["aliases"]) == ("k-1", arn, ["alias/a"])
    resources = [
        {
            "module": "module.m[0]",
            "mode": "managed",
            "type": "aws_kms_key",
            "name": "k",
            "instances": [{"attributes": key}],
        },
        {"mode": "managed", "type": "aws_kms_alias", "name": "a", "instances": [{"attributes": alias}]},
    ]
    raw = {
        "version": 4,
        "terraform_version": "1.13.4",
        "serial": 1,
        "lineage": "x",
        "outputs": {},
        "resources": resources,
    }
    same = rows(written(tmp_path, raw, "terraform.tfstate"), "aws_kms_key")["module.m[0].aws_kms_key.k"]
    assert {**same, "file": ""} == {**row, "file": ""}


def test_a_raw_state_says_which_values_are_secret(tmp_path: Path) -> None:
    instance = {
        "attributes": {"id": "db", "identifier": "db", "username": "shop"},
        "sensitive_attributes": [[{"type": "get_attr", "value": "username"}]],
    }
    resources = [{"mode": "managed", "type": "aws_db_instance", "name": "d", "instances": [instance]}]
    raw = {"version": 4, "terraform_version": "1.9.0", "resources": resources}
    row = rows(written(tmp_path, raw, "terraform.tfstate"), "aws_rds_db_instance")["aws_db_instance.d"]
    assert why(row, "master_user_name")[0] == "secret"


def test_a_secret_in_a_list_of_a_raw_state_is_one(tmp_path: Path) -> None:
    variables = [{"name": "TOKEN", "type": "PLAINTEXT", "value": "correct-horse"}]
    ways = [
        {"type": "get_attr", "value": "environment"},
        {"type": "index", "value": {"value": 0, "type": "number"}},
        {"type": "get_attr", "value": "environment_variable"},
    ]
    environment = [{"type": "LINUX_CONTAINER", "environment_variable": variables}]
    instance = {"attributes": {"name": "b", "environment": environment}, "sensitive_attributes": [ways]}
    resources = [{"mode": "managed", "type": "aws_codebuild_project", "name": "b", "instances": [instance]}]
    path = written(
        tmp_path, {"version": 4, "terraform_version": "1.9.0", "resources": resources}, "terraform.tfstate"
    )
    row = rows(path, "aws_codebuild_project")["aws_codebuild_project.b"]
    assert row["environment_type"] == "LINUX_CONTAINER"
    assert why(row, "environment_variables")[0] == "secret"


def test_resources_of_awscc_are_those_of_cloudformation(tmp_path: Path) -> None:
    values = {
        "bucket_name": "b",
        "versioning_configuration": {"status": "Enabled"},
        "tags": [{"key": "k", "value": "v"}],
    }
    row = rows(written(tmp_path, plan({"awscc_s3_bucket.b": {"values": values}})), "aws_s3_bucket")[
        "awscc_s3_bucket.b"
    ]
    assert (row["name"], row["versioning_enabled"], json.loads(row["tags"])) == ("b", True, {"k": "v"})


def test_the_example_names_files_and_lines_of_modules() -> None:
    row = rows(EXAMPLE / "plan.json", "aws_rds_db_instance")["module.orders.aws_db_instance.this"]
    assert (Path(row["file"]).relative_to(EXAMPLE), row["line"]) == (Path("modules/orders/main.tf"), 14)
    assert row["vpc_security_group_ids"] == ["aws_security_group.office"]
    assert rows(EXAMPLE, "aws_rds_db_instance").keys() == {"module.orders.aws_db_instance.this"}
    assert "correct-horse-battery" not in str(row)


def test_a_policy_of_blocks_is_known_before_it_is_made() -> None:
    policy = json.loads(rows(EXAMPLE / "plan.json", "aws_s3_bucket")["aws_s3_bucket.uploads"]["policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": ["false"]}}
    assert policy["Statement"][0]["Resource"] == ["known once applied"] * 2


def test_statements_that_a_dynamic_block_may_make_are_not_known(tmp_path: Path) -> None:
    document = ["data.aws_iam_policy_document.d.json", "data.aws_iam_policy_document.d"]
    said = plan({"aws_s3_bucket_policy.b": {"values": {"bucket": "b"}, "refs": {"policy": document}}})
    head = {"address": document[1], "mode": "data", "type": "aws_iam_policy_document", "name": "d"}
    change = {
        "actions": ["read"],
        "after": {"statement": None},
        "after_unknown": {"json": True, "statement": True},
    }
    said["resource_changes"].append({**head, "change": change})
    said["configuration"]["root_module"]["resources"].append({**head, "expressions": {}})
    path = written(tmp_path, said)
    (row,) = rows(path, "aws_s3_bucket").values()
    assert row["_companion"] == "policy"
    assert why(row, "policy")[0] == "deployment"


def _binary() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("tfplan", b"\0")
    return held.getvalue()


PLAN = json.dumps(plan({"aws_kms_key.k": KEY}))

REFUSED = {
    "a plan that is not shown": ("tfplan", _binary(), "terraform show -json tfplan"),
    "one of any name": ("plan.out", _binary(), "terraform show -json plan.out"),
    "a newer format": ("plan.json", PLAN.replace('"1.2"', '"2.0"', 1).encode(), "format_version 2.0"),
    "one without a version": ("plan.json", b'{"planned_values": {}}', "has no format_version"),
    "half a plan": ("plan.json", PLAN[:-40].encode(), "is no whole JSON document"),
    "one of another form": ("plan.json", b'{"format_version": "1.2", "planned_values": []}', "is not what"),
    "UTF-16": ("plan.json", PLAN.encode("utf-16"), "write it as UTF-8"),
    "bytes that are no text": (
        "plan.json",
        PLAN.encode().replace(b"aws_kms", b"\xff\xff"),
        "is no whole JSON document",
    ),
    "one that is too deep": (
        "plan.json",
        b'{"format_version": "1.2", "x": ' + b"[" * 5000,
        "is no whole JSON document",
    ),
    "a state of another version": ("a.tfstate", b'{"version": 3, "terraform_version": "0.11.1"}', "version 3"),
    "configuration": ("main.tf", b'resource "aws_vpc" "v" {}', "terraform plan -out tfplan"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_what_to_do(tmp_path: Path, case: str) -> None:
    name, data, message = REFUSED[case]
    path = tmp_path / name
    path.write_bytes(data)
    assert source_of([str(path)]).name == "terraform"
    with pytest.raises(DemarcateError) as error:
        collect_snapshot([path])
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_plan_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 1_000)
    path = tmp_path / "plan.json"
    path.write_text(PLAN + " " * 1_000)
    with pytest.raises(DemarcateError, match="the most that is read of a plan or state"):
        collect_snapshot([path])


def test_more_resources_than_are_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_RESOURCES", 2)
    path = written(tmp_path, plan({f"aws_vpc.v{number}": {} for number in range(4)}))
    with pytest.raises(DemarcateError, match="has more than 2 resources"):
        collect_snapshot([path])


def test_a_resource_that_is_too_large_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_VALUES", 1_000)
    large = {"values": {"description": "x" * 1_000}}
    path = written(tmp_path, plan({"aws_kms_key.k": KEY, "aws_kms_key.large": large}))
    with collect_snapshot([path], selection={"aws_kms_key": None}) as snapshot:
        assert [unread.reason for unread in snapshot.unread] == [
            "aws_kms_key.large is left out: its values have more than 1,000 bytes"
        ]


def test_a_folder_of_configuration_alone_asks_for_its_plan(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_vpc" "v" {}')
    with pytest.raises(DemarcateError, match="which only Terraform evaluates"):
        collect_snapshot([tmp_path])


def test_a_configuration_may_be_named_beside_its_plan(tmp_path: Path) -> None:
    """It is where the plan's resources are declared, of several that which declares most; one of nothing is refused."""
    folders = [tmp_path / name for name in ("net", "shop", "other")]
    for folder, resource in zip(folders, ("aws_vpc.v", "aws_kms_key.k", "aws_sqs_queue.q"), strict=True):
        folder.mkdir()
        type_, name = resource.split(".")
        (folder / "main.tf").write_text(f'\nresource "{type_}" "{name}" {{\n}}\n')
    (tmp_path / "plans").mkdir()
    path = written(tmp_path / "plans", plan({"aws_kms_key.k": KEY}))
    with collect_snapshot([path, folders[1] / "main.tf"], selection={"aws_kms_key": None}) as snapshot:
        assert [(row["file"], row["line"]) for row in rows_of(snapshot, "aws_kms_key", ["file", "line"])] == [
            (str(folders[1] / "main.tf"), 2)
        ]
    with pytest.raises(DemarcateError, match=f"{folders[2]}: is Terraform's configuration.*nothing that is given"):
        collect_snapshot([path, *folders[1:]])


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"errored": True}, "ended with an error"),
        ({"complete": False}, "not complete"),
        (
            {"deferred_changes": [{"reason": "x", "resource_change": {"address": "aws_vpc.v"}}]},
            "aws_vpc.v is deferred",
        ),
    ],
)
def test_what_a_plan_leaves_out_is_said(tmp_path: Path, more: dict[str, Any], reason: str) -> None:
    path = written(tmp_path, plan({"aws_kms_key.k": KEY}, **more))
    with collect_snapshot([path], selection={"aws_kms_key": None}) as snapshot:
        (unread,) = snapshot.unread
    assert reason in unread.reason
    assert unread.file == str(path)
