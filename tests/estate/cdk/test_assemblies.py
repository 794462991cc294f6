"""Assemblies of the CDK: which templates they hold, and the constructs that their resources are of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate import tables
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.sources.cdk.assembly import read
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.registry import source_of

BUCKET = "AWS::S3::Bucket"


def bucket(path: str, **properties: Any) -> dict[str, Any]:
    return {"Type": BUCKET, "Properties": properties, "Metadata": {"aws:cdk:path": path}}


def stack(file: str) -> dict[str, Any]:
    return {"type": "aws:cloudformation:stack", "properties": {"templateFile": file}}


def write(folder: Path, artifacts: Mapping[str, Any], **templates: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))
    for name, resources in templates.items():
        (folder / f"{name}.template.json").write_text(json.dumps({"Resources": resources}))
    return folder


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """An app with two stacks, one with a nested stack, and a stage with a stack of its own."""
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::URLSuffix"}]]}},
        "Metadata": {"aws:asset:path": "Inner.template.json", "aws:asset:property": "TemplateURL"},
    }
    artifacts = {
        "Shop": stack("Shop.template.json"),
        "Logs": stack("Logs.template.json"),
        "Shop.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Shop.assets.json"}},
        "assembly-Prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}},
        "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
    }
    folder = write(
        tmp_path / "cdk.out",
        artifacts,
        Shop={"Uploads8EEA2": bucket("Shop/Uploads/Resource"), "Inner": nested},
        Inner={"Cache1F": bucket("Shop/Inner/Cache/Resource")},
        Logs={"Plain": {"Type": BUCKET}},
    )
    write(
        folder / "assembly-Prod", {"ProdShop": stack("P.template.json")}, P={"U": bucket("Prod/Shop/U/Resource")}
    )
    (folder / "asset.0f3a").mkdir()
    (folder / "asset.0f3a" / "not-ours.yaml").write_text("Resources: {Other: {Type: 'AWS::S3::Bucket'}}")
    return folder


def buckets(snapshot: Snapshot) -> dict[str, str]:
    rows = rows_of(snapshot, tables.table("aws_s3_bucket"), ["resource", "file"])
    return {row["resource"]: Path(row["file"]).name for row in rows}


@pytest.mark.parametrize("of", ["the assembly", "its app"])
def test_the_constructs_of_all_stacks_are_told(assembly: Path, of: str) -> None:
    path = assembly if of == "the assembly" else assembly.parent
    assert source_of([str(path)]).name == "cdk"
    with collect_snapshot([path], selection={"aws_s3_bucket": None}) as snapshot:
        assert not snapshot.unread
        assert snapshot.manifest.source == "cdk"
        assert buckets(snapshot) == {
            "Shop/Uploads": "Shop.template.json",
            "Shop/Inner/Cache": "Inner.template.json",
            "Plain": "Logs.template.json",
            "Prod/Shop/U": "P.template.json",
        }


def test_what_a_manifest_names_beyond_its_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.template.json").write_text(json.dumps({"Resources": {"Secret": {"Type": BUCKET}}}))
    artifacts = {
        "Out": stack("../secret.template.json"),
        "Lost": stack("lost.json"),
        "In": stack("In.template.json"),
    }
    folder = write(tmp_path / "cdk.out", artifacts, In={"B": bucket("In/B/Resource")})
    with collect_snapshot([folder], selection={"aws_s3_bucket": None}) as snapshot:
        assert buckets(snapshot) == {"In/B": "In.template.json"}
        assert sorted(unread.reason for unread in snapshot.unread) == [
            "is not there: synthesize the app anew (cdk synth)",
            "is outside of the assembly; it is not read",
        ]


@pytest.mark.parametrize(
    "text",
    [
        '{"version": "48.0.0", "artifacts": {}}',
        '{"version": "48.0.0", "artifacts": [',
        '{"version": 1, "artifacts": {}}',
    ],
    ids=["no stack", "half a manifest", "another form"],
)
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DemarcateError, match="cdk synth"):
        read(tmp_path)


def test_rows_name_resources_as_constructs(tmp_path: Path) -> None:
    """Where the path is that of one resource: two that say the same are called by their logical ids."""
    volumes = {
        name: {"Type": "AWS::EC2::Volume", "Metadata": {"aws:cdk:path": path}, "Properties": {"KmsKeyId": key}}
        for name, path, key in (
            ("Disk1A", "Shop/Disk", {"Ref": "Key2B"}),
            ("Twin1", "Shop/Twin", "k"),
            ("Twin2", "Shop/Twin", "k"),
        )
    }
    key = {"Key2B": {"Type": "AWS::KMS::Key", "Metadata": {"aws:cdk:path": "Shop/Key/Resource"}}}
    folder = write(tmp_path / "cdk.out", {"Shop": stack("Shop.template.json")}, Shop={**volumes, **key})
    with collect_snapshot([str(folder)], selection={"aws_ebs_volume": None}) as snapshot:
        table = tables.table("aws_ebs_volume")
        rows = {tuple(row.values()) for row in rows_of(snapshot, table, ["resource", "volume_id", "kms_key_id"])}
    assert rows == {
        ("Shop/Disk", "Shop/Disk", "Shop/Key"),
        ("Shop/Twin", "Twin1", "k"),
        ("Shop/Twin", "Twin2", "k"),
    }
