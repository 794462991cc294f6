"""Findings over templates: the edit by which a check passes, and why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.changes.declaring import LOGICAL, with_places
from demarcate.changes.planning import make_change
from demarcate.changes.templates import patch_of
from demarcate.checks.catalog import load_checks
from demarcate.checks.judgement import finding_id
from demarcate.cli import app
from demarcate.estate.sources.cloudformation.rereading import Reading, edit_all
from demarcate.estate.sources.interface import Options
from tests.changes.fakes import step
from tests.estate.terraform.plans import state

TEMPLATE = """\
Parameters: {On: {Type: String, Default: false}}
Resources:
  Open:
    Type: AWS::EC2::Volume
    Properties:
      AvailabilityZone: a  # one zone
      Size: 8
  Given:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: a, Size: 8, Encrypted: !Ref On}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      PublicAccessBlockConfiguration: {BlockPublicAcls: true}
"""


def test_findings_of_templates_are_mended_in_the_template(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(TEMPLATE)
    names = ["ebs-volume-encrypted", "s3-bucket-public-access-blocked"]
    patch = patch_of([str(file)], Options(), names, ())
    assert {(finding.check, finding.resource, line) for finding, line in patch.edits} == {
        ("ebs-volume-encrypted", "Open", 7),
        ("s3-bucket-public-access-blocked", "Bucket", 14),
    }
    assert {finding.resource: why for finding, why in patch.left} == {
        "Given": "the parameter On gives it, on line 10"
    }
    (edited,) = patch.files
    rest = ", BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}"
    assert edited.after == TEMPLATE.replace("      Size: 8\n", "      Size: 8\n      Encrypted: true\n").replace(
        "{BlockPublicAcls: true}", "{BlockPublicAcls: true" + rest
    )
    assert file.read_text() == TEMPLATE
    told = CliRunner().invoke(app, ["change", "plan", str(file), "--finding", "nobody", "--patch", "-"])
    assert "there is no finding 'nobody' that fails now" in str(told.exception)


@dataclass
class Item:
    """Something that an edit is for."""

    number: int
    file: str = "app.yaml"


def test_one_wrong_edit_of_many_is_found_in_few_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    readings: list[dict[str, str]] = []
    monkeypatch.setattr(Reading, "written", lambda self, file: "\n")

    def read(self: Reading) -> nullcontext[None]:
        readings.append(dict(self.texts))
        return nullcontext()

    monkeypatch.setattr(Reading, "read", read)

    def texts(reading: Reading, item: Item) -> Iterator[tuple[int, str]]:
        yield 1, f"{reading.text(item.file)}{item.number}\n"

    reading = Reading([], Options(), {})
    items = [Item(number) for number in range(200)]
    edited, left = edit_all(
        reading, items, texts, lambda _, done: "wrong" if any(item.number in (17, 150) for item in done) else None
    )
    assert [(item.number, why) for item, why in left] == [(17, "wrong"), (150, "wrong")]
    assert reading.texts["app.yaml"].split() == [str(item.number) for item, _ in edited]
    assert len(edited) == 198
    assert len(readings) < 50


def test_what_is_not_read_is_said_and_no_template_is_overwritten(tmp_path: Path) -> None:
    good, bad, patch = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "a.diff"
    good.write_text(TEMPLATE)
    bad.write_text("Resources:\n\tV: 1\n")
    plan = ["change", "plan", "--check", "s3-bucket-public-access-blocked", "--patch"]
    for sources in ([str(bad)], [str(good), str(bad)], [str(good), str(bad)]):  # a patch is written anew
        told = CliRunner().invoke(app, [*plan, str(patch), *sources])
        assert told.exit_code == 3, told.output
        assert f"{bad}:2: is not YAML" in told.stderr
    assert patch.read_text().startswith("--- ")
    told = CliRunner().invoke(app, [*plan, str(good), str(good)])
    assert isinstance(told.exception, DemarcateError)
    assert f"{good}: there is such a file, which is no patch" in str(told.exception)
    assert good.read_text() == TEMPLATE


def test_a_live_change_says_where_its_resource_is_declared(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(TEMPLATE)
    tags = {LOGICAL: "Open", "aws:cloudformation:stack-name": "shop"}
    live = step("a", tags=tags, declared="the CloudFormation stack shop", checks=("ebs-volume-encrypted",))
    change = make_change("t", "findings", "s", [live, step("b")])
    placed = with_places(change, [str(tmp_path)])
    assert placed.named == {("ebs-volume-encrypted", "Open")}
    assert [item.declared for item in placed.change.steps] == [
        f"{tmp_path}/app.yaml:3 (Open), the CloudFormation stack shop",
        "",
    ]
    patch = patch_of([str(tmp_path)], Options(), None, only={("ebs-volume-encrypted", "Open")})
    assert [(finding.resource, line) for finding, line in patch.edits] == [("Open", 7)]


def test_a_live_change_says_where_terraform_declares_its_resource(tmp_path: Path) -> None:
    """By its ARN, or by its id alone where the state has no ARN; what another account has is not taken for it."""
    arn = "arn:aws:ec2:eu-west-1:111122223333:volume/"
    here = {f"aws_ebs_volume.{name}": {"id": name, "encrypted": False} for name in ("vol-id", "vol-loop")}
    here |= {f"aws_ebs_volume.{name}": {"id": name, "arn": arn + name} for name in ("vol-arn", "vol-far")}
    here["aws_ebs_volume.vol-arn"]["encrypted"] = False
    (tmp_path / "terraform.tfstate").write_text(json.dumps(state(here)))
    (tmp_path / "main.tf").write_text(
        "".join(
            f'resource "aws_ebs_volume" "{name}" {{\n  {loop}encrypted = false\n}}\n'
            for name, loop in (("vol-id", ""), ("vol-arn", ""), ("vol-loop", "count = 1\n  "))
        )
    )
    check = "ebs-volume-encrypted"
    resources = [
        *(arn + name for name in ("vol-id", "vol-arn", "vol-loop")),
        arn.replace("111", "999") + "vol-far",
    ]
    steps = [msgspec.structs.replace(step("a"), resource=name, checks=(check,)) for name in resources]
    placed = with_places(make_change("t", "findings", "s", steps), [str(tmp_path)], load_checks())
    main = f"{tmp_path}/main.tf"
    assert [item.declared for item in placed.change.steps] == [
        f"{main}:1 (aws_ebs_volume.vol-id)",
        f"{main}:4 (aws_ebs_volume.vol-arn)",
        f"{main}:7 (aws_ebs_volume.vol-loop)",
        "",
    ]
    patch = patch_of([str(tmp_path)], Options(), None, only=placed.named)
    assert {(str(finding.resource), line) for finding, _, line in patch.configured} == {
        ("aws_ebs_volume.vol-id", 2),
        ("aws_ebs_volume.vol-arn", 5),
    }
    assert [why for _, why in patch.left] == [f"count makes several of it, at {main}:8"]


def test_what_the_cdk_generates_is_mended_in_its_code(tmp_path: Path) -> None:
    """The construct and the property are named, and no patch of what is generated is offered."""
    resources = {
        "DataDisk8EEA2": {
            "Type": "AWS::EC2::Volume",
            "Properties": {"AvailabilityZone": "a", "Size": 8},
            "Metadata": {"aws:cdk:path": "Shop/Data/Disk"},
        }
    }
    assembly = tmp_path / "cdk.out"
    assembly.mkdir()
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Shop.template.json"}}
    (assembly / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": {"Shop": stack}}))
    file = assembly / "Shop.template.json"
    file.write_text(json.dumps({"Resources": resources}, indent=1))
    told = CliRunner().invoke(
        app, ["change", "plan", str(tmp_path), "--check", "ebs-volume-encrypted", "--patch", "-"]
    )
    assert (told.exit_code, told.stdout) == (0, "")
    assert (
        f"{file}:7 (DataDisk8EEA2): ebs-volume-encrypted passes where the construct Shop/Data/Disk sets "
        "Encrypted = true: set it in the app's code and synthesize it, for this file is generated"
    ) in " ".join(told.stderr.split())
    live = step("a", tags={LOGICAL: "DataDisk8EEA2"}, declared="the CloudFormation stack shop")
    placed = with_places(make_change("t", "findings", "s", [live]), [str(assembly)])
    assert [item.declared for item in placed.change.steps] == [
        f"{file}:3 (DataDisk8EEA2, the construct Shop/Data/Disk), the CloudFormation stack shop"
    ]
    id_ = finding_id(
        "ebs-volume-encrypted", None, None, str(file), "Shop/Data/Disk"
    )  # as `assess cdk.out` tells it
    patch = patch_of([str(file)], Options(), None, {id_}, called={(str(file), "DataDisk8EEA2"): "Shop/Data/Disk"})
    assert [finding.id for finding, _ in patch.edits] == [id_]


def test_what_aws_does_where_nothing_is_said_is_declared_where_it_fails_live(tmp_path: Path) -> None:
    """A bucket that is older than AWS's default has none of it."""
    file = tmp_path / "app.yaml"
    text = "Resources:\n  Old:\n    Type: AWS::S3::Bucket\n  Said:\n    Type: AWS::S3::Bucket\n    Properties:\n"
    rules = "      OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerEnforced}]}\n"
    file.write_text(text + rules)
    check = "s3-bucket-acls-disabled"
    patch = patch_of([str(file)], Options(), None, only={(check, "Old"), (check, "Said")})
    assert [(finding.resource, why) for finding, why in patch.left] == [
        ("Said", "it is declared so already: deploy it again")
    ]
    (edited,) = patch.files
    assert edited.after.count("ObjectOwnership: BucketOwnerEnforced") == 2
