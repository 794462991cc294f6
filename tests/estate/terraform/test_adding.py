"""What completes a resource of Terraform and is not there is written, once, where it belongs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import eq
from pathlib import Path
from typing import Any

import pytest

from demarcate.changes.templates import patch_of
from demarcate.estate.sources.cloudformation.editing import UNTOLD, NotEdited
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.terraform.rereading import Asked, ConfigurationReading
from demarcate.estate.tables import table

MAIN = """\
resource "aws_s3_bucket" "logs" { # kept
  bucket = "logs"
} # the end
"""
BLOCK = """\

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id

  versioning_configuration {
    status = "Enabled"
  }
}
"""


def lay(
    folder: Path,
    files: Mapping[str, str],
    module: str = "",
    more: Mapping[str, Mapping[str, Any]] = {},
    index: str | None = None,
) -> Path:
    """A state of a bucket in a module, beside which files lie, and of what is there more."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode())
    key: dict[str, Any] = {} if index is None else {"index_key": index}
    own = {"id": "logs", "bucket": "logs", "arn": "arn:aws:s3:::logs"}
    kept = [_kept("aws_s3_bucket", "logs", module, {"attributes": own, **key})]
    for address, values in more.items():
        type_, name = address.split(".")
        key = {"index_key": values["#"]} if "#" in values else {}
        kept.append(_kept(type_, name, "", {"attributes": dict(values), **key}))
    path = folder / "terraform.tfstate"
    path.write_text(json.dumps({"version": 4, "terraform_version": "1.11.4", "resources": kept}))
    return path


def edited(folder: Path, files: Mapping[str, str], module: str = "", **more: Any) -> tuple[str, str]:
    """The file that is edited, and its text, where versions are to be kept; what is read of it is not judged."""
    reading = ConfigurationReading([str(lay(folder, files, module, **more))], Options(), {})
    index = f'["{more["index"]}"]' if more.get("index") else ""
    address = f"{module}.aws_s3_bucket.logs{index}".removeprefix(".")
    file = next((name for name in files if name.endswith("main.tf")), None)
    if file is None:
        raise NotEdited(reading.configured.why_not(address))
    of = table("aws_s3_bucket")
    (column,) = (column for column in of.columns if column.name == "versioning_enabled")
    asked = Asked.of(reading, None, str(folder / file), address, of, [(column, True, UNTOLD)])
    _, text = next(asked.texts(reading, eq))
    reading.put(asked.file, text, 1)
    assert {edit.address.rpartition("aws_s3_")[0].rstrip(".") for edit in reading.edits()} == {module}
    return str(Path(asked.file).relative_to(folder)), text


def why(folder: Path, files: Mapping[str, str], module: str = "", **more: Any) -> str:
    with pytest.raises(NotEdited) as told:
        edited(folder, files, module, **more)
    return str(told.value)


def _kept(type_: str, name: str, module: str, instance: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": type_, "name": name, "module": module, "instances": [instance]}


ARGUMENT = "  bucket = aws_s3_bucket.logs.id"


@pytest.mark.parametrize(
    ("was", "becomes", "block"),
    [
        ("", "", BLOCK),
        ("\n", "\r\n", BLOCK.replace("\n", "\r\n")),
        ("} # the end\n", "}", BLOCK),
        (
            '"logs"\n',
            '"logs"\n  provider = aws.west\n  region = var.region\n',
            BLOCK.replace(
                ARGUMENT,
                "  provider = aws.west\n  region   = var.region\n  bucket   = aws_s3_bucket.logs.id",
            ),
        ),
    ],
    ids=["plain", "CRLF", "no line end", "provider and region"],
)
def test_a_block_is_written_behind_its_parents(tmp_path: Path, was: str, becomes: str, block: str) -> None:
    main = MAIN.replace(was, becomes) if was else MAIN
    rest = 'resource "aws_vpc" "a" {}\n'
    text = main + ("" if main.endswith("}") else rest)
    after = main + "\n" + block if main.endswith("}") else main + block + rest
    assert edited(tmp_path, {"main.tf": text}) == ("main.tf", after)


def test_a_free_name_is_taken(tmp_path: Path) -> None:
    """No name of another file of the module, of one that is not edited, or of one that is moved."""
    others = {
        "a.tf": 'resource "aws_s3_bucket_versioning" "logs" {\n  bucket = aws_s3_bucket.other.id\n}\n',
        "b.tf.json": '{"resource": {"aws_s3_bucket_versioning": {"x": {}}}}',
        "c.tf": "moved {\n  from = aws_s3_bucket_versioning.logs_versioning\n  to = aws_s3_bucket_versioning.y\n}\n",
    }
    path = lay(tmp_path, {"main.tf": MAIN, **others})
    patch = patch_of([str(path)], Options(), ["s3-bucket-versioning"])
    assert [edited.after for edited in patch.files] == [
        MAIN + BLOCK.replace('versioning" "logs"', 'versioning" "logs_versioning_2"')
    ]
    ((finding, file, line),) = patch.configured
    assert (finding.resource, Path(file).name, line) == ("aws_s3_bucket.logs", "main.tf", 5)
    assert [then.check for then in patch.then] == ["s3-bucket-versions-expire"]


def installed(folder: Path) -> None:
    """Say where `terraform init` found a module, which a state does not."""
    (folder / ".terraform" / "modules").mkdir(parents=True)
    listed = {"Modules": [{"Key": "a", "Source": "./a", "Dir": "a"}]}
    (folder / ".terraform" / "modules" / "modules.json").write_text(json.dumps(listed))


CALL = 'module "a" {\n  source = "./a"\n}\n'


def test_a_module_that_is_called_once_is_edited_in_its_folder(tmp_path: Path) -> None:
    installed(tmp_path)
    path = lay(tmp_path, {"main.tf": CALL, "a/main.tf": MAIN}, "module.a")
    patch = patch_of([str(path)], Options(), ["s3-bucket-versioning"])
    assert [(Path(file.file).relative_to(tmp_path), file.after) for file in patch.files] == [
        (Path("a/main.tf"), MAIN + BLOCK)
    ]


@pytest.mark.parametrize(
    ("calls", "module", "told"),
    [
        (CALL + CALL.replace('"a"', '"b"'), "module.a", "its file is of several modules, and the edit would"),
        (CALL.replace("source", "count = 2\n  source"), "module.a", "count makes several of module.a, at"),
        (
            CALL.replace("source", "count = 2\n  source"),
            "module.a[0]",
            "count or for_each makes several of mod",
        ),
        (CALL.replace("./a", "./b"), "module.a", "module.a is not called here from a folder of its own"),
    ],
    ids=["twice", "count", "an instance", "elsewhere"],
)
def test_a_module_that_may_be_several_is_told(tmp_path: Path, calls: str, module: str, told: str) -> None:
    installed(tmp_path)
    assert told in why(tmp_path, {"root.tf": calls, "a/main.tf": MAIN}, module)


OFF = BLOCK.replace("Enabled", "Suspended")
STATE = {"id": "logs", "bucket": "logs", "versioning_configuration": [{"status": "Suspended"}]}
EACH = OFF.replace("  bucket = aws_s3_bucket.logs.id", "  for_each = local.names\n  bucket = each.value")


@pytest.mark.parametrize(
    ("part", "name", "told"),
    [
        (OFF, "logs", ""),
        (OFF.replace("aws_s3_bucket.logs.id", '"logs"'), "logs", ""),
        (OFF.replace("aws_s3_bucket.logs.id", "local.name"), "logs", ""),
        (EACH, "logs", 'aws_s3_bucket_versioning.logs["x"] says it: for_each makes several of it, at'),
        (
            OFF.replace("aws_s3_bucket.logs.id", "local.name"),
            None,
            "aws_s3_bucket_versioning.logs may be for it, at",
        ),
        ("", "logs", "aws_s3_bucket_versioning.logs says it, which no configuration (.tf) beside it declares"),
    ],
    ids=["reference", "name", "local", "for_each", "not in the state", "not in the configuration"],
)
def test_what_is_there_is_edited_and_never_doubled(tmp_path: Path, part: str, name: str | None, told: str) -> None:
    key = {"#": "x"} if "for_each" in part else {}
    more = {f"aws_s3_bucket_versioning.{name}": {**STATE, **key}} if name else {}
    files = {"main.tf": MAIN, "parts.tf": part}
    if told:
        assert told in why(tmp_path, files, more=more)
    else:
        assert edited(tmp_path, files, more=more) == ("parts.tf", part.replace("Suspended", "Enabled"))


@pytest.mark.parametrize(
    ("files", "index", "told"),
    [
        ({"main.tf": MAIN.replace("{ # kept", "{\n  count = 1")}, None, "count makes several of it, at"),
        ({"main.tf": MAIN.replace("{ # kept", "{\n  for_each = {}")}, "x", "for_each makes several of it, at"),
        ({"main.tf": MAIN.replace("# the end", 'resource "a" "b" {}')}, None, "something follows the block"),
        (
            {"main.tf": MAIN.replace("# kept", "\n  versioning {\n    enabled = false\n  }")},
            None,
            "its own block says it, in an older way, at",
        ),
        (
            {"main.tf.json": '{"resource": {"aws_s3_bucket": {"logs": {"bucket": "logs"}}}}'},
            None,
            "main.tf.json declares it, and only what .tf files say is edited: edit it by hand",
        ),
    ],
    ids=["count", "for_each", "what follows", "an older way", "JSON"],
)
def test_what_is_not_written_is_told(tmp_path: Path, files: dict[str, str], index: str | None, told: str) -> None:
    assert told in why(tmp_path, files, index=index)
