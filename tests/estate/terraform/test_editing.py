"""Edits of Terraform's configuration: literals and what is not there are edited, all else is told with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.changes.templates import patch_of as mended
from demarcate.drift.comparing import compare
from demarcate.drift.forward import Patch, patch_of
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.terraform import hcl
from tests.checks.test_engine import snapshot
from tests.estate.terraform.plans import plan, state
from tests.estate.terraform.test_drift import HERE, declared, volume

MAIN = """\
# The data of the shop.
resource "aws_ebs_volume" "plain" {
  availability_zone = "eu-west-1a" # where it runs
  size              = 8
  encrypted         = true
  tags = { Name = "a ${var.x} }" }
}

resource "aws_s3_bucket" "logs" {
  bucket = "logs"
}
"""


def patched(folder: Path, main: str, name: str = "aws_ebs_volume.plain", **live: Any) -> Patch:
    """The patch of a volume that is otherwise live than its configuration has it."""
    (folder / "main.tf").write_text(main)
    path = folder / "state.json"
    path.write_text(json.dumps(state({name: declared("vol-1")})))
    now = snapshot({"aws_ebs_volume": [volume("vol-1", **live)]})
    return patch_of(compare(collect_snapshot([path]), now, undeclared=False), [str(path)])


def test_a_literal_is_another(tmp_path: Path) -> None:
    patch = patched(tmp_path, MAIN, size=16, encrypted=False)
    (edited,) = patch.files
    assert edited.after == MAIN.replace("= 8\n", "= 16\n").replace("= true\n", "= false\n")
    assert {(drift.column, Path(file).name, line) for drift, file, line in patch.configured} == {
        ("size", "main.tf", 4),
        ("encrypted", "main.tf", 5),
    }
    assert not patch.left


def test_what_is_not_there_is_added(tmp_path: Path) -> None:
    without = MAIN.replace("  encrypted         = true\n", "")
    (edited,) = patched(tmp_path, without, encrypted=False).files
    assert edited.after == without.replace('x} }" }\n', 'x} }" }\n  encrypted = false\n')


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("= true", "= var.encrypted", "main.tf:5: edit that"),
        ("= true", '= "${var.encrypted}"', "main.tf:5: edit that"),
        ("= true", "= false", "main.tf:5 says so already"),
        ("= true", "= local.on ? true : false", "main.tf:5: edit that"),
        ("= true", '= tobool("true")', "main.tf:5: edit that"),
        ("size  ", "count = 2\n  size", "count makes several of it, at"),
        ("size  ", "for_each = var.zones\n  size", "for_each makes several of it, at"),
        ("size  ", "lifecycle {\n    ignore_changes = [tags, encrypted]\n  }\n  size", "changes of encrypted, at"),
        ("size  ", "lifecycle {\n    ignore_changes = all\n  }\n  size", "ignores changes of encrypted, at"),
        ('"aws_ebs_volume" "plain"', '"aws_ebs_volume" "other"', "no configuration"),
        ('a ${var.x} }" }', "a ${var.x }", "line 6 is not understood"),
        ("resource", "resource = {\nresource", "not understood"),
    ],
)
def test_what_is_not_plain_is_told_with_its_line(tmp_path: Path, was: str, becomes: str, why: str) -> None:
    patch = patched(tmp_path, MAIN.replace(was, becomes, 1), encrypted=False)
    assert not patch.files
    ((_, told),) = patch.left
    assert why in told


@pytest.mark.parametrize(
    ("address", "loop", "why"),
    [
        (
            "module.a.aws_ebs_volume.plain",
            "",
            "module.a is not called here from a folder of its own: edit it where",
        ),
        (
            'module.a["b"].aws_ebs_volume.plain',
            "",
            "count or for_each makes several of module.a, and the edit would change others as well",
        ),
        ("aws_ebs_volume.plain[0]", "count = 2", "count makes several of it, at "),
        ('aws_ebs_volume.plain["a"]', "for_each = {}", "for_each makes several of it, at "),
    ],
)
def test_what_may_make_several_is_left(tmp_path: Path, address: str, loop: str, why: str) -> None:
    """Those of a module lie where `terraform init` laid it."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "main.tf").write_text(MAIN)
    (tmp_path / ".terraform" / "modules").mkdir(parents=True)
    listed = {"Modules": [{"Key": "a", "Source": "./a", "Dir": "a"}]}
    (tmp_path / ".terraform" / "modules" / "modules.json").write_text(json.dumps(listed))
    (tmp_path / "main.tf").write_text(MAIN.replace("size  ", f"{loop}\n  size", 1))
    module, _, plain = address.rpartition("aws_ebs_volume")
    name, _, index = plain.removesuffix("]").removeprefix(".").partition("[")
    instance = {"attributes": declared("vol-1"), **({"index_key": json.loads(index)} if index else {})}
    kept = {"type": "aws_ebs_volume", "name": name, "module": module.removesuffix("."), "instances": [instance]}
    path = tmp_path / "terraform.tfstate"
    path.write_text(json.dumps({"version": 4, "terraform_version": "1.13.4", "resources": [kept]}))
    now = snapshot({"aws_ebs_volume": [volume("vol-1", encrypted=False)]})
    patch = patch_of(compare(collect_snapshot([path]), now, undeclared=False), [str(path)])
    assert not patch.files
    ((drift, told),) = patch.left
    assert why in told
    assert Path(str(drift.file)).relative_to(tmp_path) == Path("a/main.tf" if "module" in address else "main.tf")


ORDERS = """\
resource "aws_dynamodb_table" "orders" {
  name = "orders"

  point_in_time_recovery {
    enabled = false
  }
}
"""
TWICE = "point_in_time_recovery {\n    enabled = false\n  }\n  point_in_time_recovery {"


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("point_in", "point_in", ""),
        (
            "point_in_time_recovery {",
            'dynamic "point_in_time_recovery" {',
            "a dynamic block makes point_in_time_recov",
        ),
        (
            "point_in_time_recovery {",
            "point_in_time_recovery = {",
            "point_in_time_recovery is given as a whole, at",
        ),
        ("point_in_time_recovery {", TWICE, "there are 2 blocks point_in_time_recovery, at"),
    ],
)
def test_blocks_that_are_made_by_others_are_told(tmp_path: Path, was: str, becomes: str, why: str) -> None:
    """What stands in one block of the resource itself is edited there."""
    (tmp_path / "main.tf").write_text(ORDERS.replace(was, becomes, 1))
    values = {"id": "orders", "name": "orders", "point_in_time_recovery": [{"enabled": False}]}
    (tmp_path / "state.json").write_text(json.dumps(state({"aws_dynamodb_table.orders": values})))
    patch = mended([str(tmp_path / "state.json")], Options(), ["dynamodb-table-point-in-time-recovery"])
    if not why:
        assert patch.files[0].after == ORDERS.replace("false", "true")
    else:
        ((_, told),) = patch.left
        assert why in told


PART = """
resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket              = aws_s3_bucket.logs.id
  block_public_policy = true
}
"""


def bucket(tmp_path: Path, parts: str, **live: Any) -> Patch:
    (tmp_path / "main.tf").write_text(MAIN)
    (tmp_path / "parts.tf").write_text(parts)
    path = tmp_path / "state.json"
    arn = "arn:aws:s3:::logs"
    resources: dict[str, dict[str, Any]] = {
        "aws_s3_bucket.logs": {"id": "logs", "bucket": "logs", "arn": arn},
        "aws_s3_bucket_public_access_block.logs": {"bucket": "logs", "id": "logs", "block_public_policy": True},
        "aws_s3_bucket_versioning.logs": {
            "bucket": "logs",
            "id": "logs",
            "versioning_configuration": [{"status": "Suspended"}],
        },
    }
    path.write_text(json.dumps(state(resources)))
    row = {"resource": arn, "arn": arn, "name": "logs", **HERE, **live}
    return patch_of(
        compare(collect_snapshot([path]), snapshot({"aws_s3_bucket": [row]}), undeclared=False), [str(path)]
    )


def test_what_completes_a_resource_is_edited_where_it_is(tmp_path: Path) -> None:
    patch = bucket(tmp_path, PART, block_public_policy=False)
    (edited,) = patch.files
    assert Path(edited.file).name == "parts.tf"
    assert edited.after == PART.replace("block_public_policy = true", "block_public_policy = false")
    versioned = bucket(tmp_path, PART.replace("Enabled", "Suspended"), versioning_enabled=True)
    assert [edited.after for edited in versioned.files] == [PART]
    gone = bucket(tmp_path, "", block_public_policy=False)
    ((_, why),) = gone.left
    assert "aws_s3_bucket_public_access_block.logs says it, which no configuration (.tf) beside it declares" in why


def test_what_is_live_is_declared_by_a_resource_more(tmp_path: Path) -> None:
    """Where no other column comes to be another by it: what the provider leaves open of a resource is that."""
    (tmp_path / "main.tf").write_text(MAIN)
    path = tmp_path / "state.json"
    arn = "arn:aws:s3:::logs"
    path.write_text(json.dumps(state({"aws_s3_bucket.logs": {"id": "logs", "bucket": "logs", "arn": arn}})))
    row = {
        "resource": arn,
        "arn": arn,
        "name": "logs",
        **HERE,
        "versioning_enabled": True,
        "block_public_acls": False,
    }
    live = snapshot({"aws_s3_bucket": [row]})
    patch = patch_of(compare(collect_snapshot([path]), live, undeclared=False), [str(path)])
    (edited,) = patch.files
    assert edited.after == MAIN + PART.partition('\nresource "aws_s3_bucket_public')[0]
    assert [drift.column for drift, _, _ in patch.configured] == ["versioning_enabled"]
    ((drift, why),) = patch.left
    assert (drift.column, why) == ("block_public_acls", "the edit would change block_public_policy as well")


@settings(max_examples=60)
@given(st.recursive(st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")), st.lists, max_leaves=5))
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    try:
        text = hcl.written(value)
    except hcl.NotUnderstood:
        return
    (block,) = hcl.blocks(f'resource "a" "b" {{\n  x = {text} # "{{\n}}\n')
    (argument,) = block.arguments("x")
    whole = f'resource "a" "b" {{\n  x = {text} # "{{\n}}\n'
    assert hcl.literal(whole[argument.start : argument.end]) == value


@settings(max_examples=60)
@given(st.text(st.sampled_from('ab ={}[]"\\${%#/*\n<E_"'), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        hcl.blocks(text)
        hcl.literal(text)
    except hcl.NotUnderstood as error:
        assert str(error)


def test_heredocs_comments_and_labels_are_passed_over() -> None:
    text = """\
/* a { comment */
locals {
  a = <<-EOT
    } not the end ${ "
    EOT
  b = [
    1, # }
    2,
  ]
}
module m { source = "./m" }
"""
    locals_, module = hcl.blocks(text)
    assert [item.name for item in locals_.items if isinstance(item, hcl.Argument)] == ["a", "b"]
    assert module.labels == ("m",)


def test_findings_of_a_plan_are_mended_in_the_configuration(tmp_path: Path) -> None:
    main = MAIN.replace("= true", "= false").replace("  size ", "  # how much\n  size ")
    (tmp_path / "main.tf").write_text(main)
    (tmp_path / "other.tf").write_text(MAIN.replace('"plain"', '"other"').replace("= true", "= var.it"))
    values = {"encrypted": False, "size": 8, "availability_zone": "eu-west-1a"}
    of = plan({f"aws_ebs_volume.{name}": {"values": values} for name in ("plain", "other")})
    (tmp_path / "plan.json").write_text(json.dumps(of))
    patch = mended([str(tmp_path / "plan.json")], Options(), ["ebs-volume-encrypted"])
    (edited,) = patch.files
    assert edited.after == main.replace("= false", "= true")
    assert [(finding.resource, Path(file).name, line) for finding, file, line in patch.configured] == [
        ("aws_ebs_volume.plain", "main.tf", 6)
    ]
    ((finding, why),) = patch.left
    assert finding.resource == "aws_ebs_volume.other" and "other.tf:5: edit that" in why
