"""Links in a folder are followed as long as they stay in what was given; others are told by their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from tests.children import demarcate, one_message

TEMPLATE = "Resources:\n  Data: {Type: 'AWS::EC2::Volume', Properties: {Size: 8, AvailabilityZone: eu-west-1a}}\n"
CHECK = """
- id: mine
  title: Mine
  responsibility: encryption.enable-at-rest
  table: aws_ebs_volume
  pass: encrypted
  fail: "{volume_id} is not encrypted"
  severity: high
"""
QUERY = ("query", "SELECT volume_id FROM aws_ebs_volume", "--format", "csv")
OUT = "leads out of"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder in which `given` is what is read, and `secret` is what is not."""
    (tmp_path / "given" / "sub").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    return tmp_path


def test_a_template_that_a_link_leads_to(place: Path) -> None:
    (place / "secret" / "t.yaml").write_text(TEMPLATE)
    (place / "given" / "sub" / "inside.yaml").write_text(TEMPLATE.replace("Data", "Inside"))
    (place / "given" / "again.yaml").symlink_to("sub/inside.yaml")
    (place / "given" / "out.yaml").symlink_to(place / "secret" / "t.yaml")
    (place / "given" / "folder").symlink_to(place / "secret")
    done = demarcate(*QUERY, "given", cwd=place)
    assert (done.code, done.out) == (3, "volume_id\nInside\n")
    assert [line.partition(": is")[0].split()[-1] for line in done.said.splitlines()] == [
        "given/folder",
        "given/out.yaml",
    ]
    assert all(OUT in line for line in done.said.splitlines())
    named = demarcate(*QUERY, "given/out.yaml", cwd=place)
    assert (named.code, named.out) == (0, "volume_id\nData\n")


def test_a_template_that_a_link_in_a_nested_stack_leads_to(place: Path) -> None:
    (place / "secret" / "t.yaml").write_text(TEMPLATE)
    (place / "given" / "out").symlink_to(place / "secret")
    (place / "given" / "main.yaml").write_text(
        "Resources:\n  Nested: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: out/t.yaml}}\n"
    )
    done = demarcate(*QUERY, "given/main.yaml", cwd=place)
    assert (done.code, done.out) == (3, "volume_id\n")
    assert "outside the folders given" in done.said


def test_a_check_that_a_link_leads_to(place: Path) -> None:
    (place / "secret" / "c.yaml").write_text(CHECK)
    link = place / "given" / "c.yaml"
    link.symlink_to(place / "secret" / "c.yaml")
    one_message(demarcate("checks", "list", "--checks", "given", cwd=place), "given/c.yaml", OUT)
    link.unlink()
    (place / "given" / "sub" / "c.yaml").write_text(CHECK)
    link.symlink_to("sub")
    done = demarcate("checks", "list", "--checks", "given", "--format", "json", cwd=place)
    assert (done.code, "mine" in done.out) == (0, True), done.said


def test_a_delivery_that_a_link_leads_to(place: Path) -> None:
    name = "123456789012_Config_eu-west-1_ConfigSnapshot_20260101T000000Z_a.json"
    (place / "secret" / name).write_text(json.dumps({"configSnapshotId": "a", "configurationItems": []}))
    (place / "given" / name).symlink_to(place / "secret" / name)
    one_message(demarcate(*QUERY, "given", cwd=place), f"given/{name}", OUT)
    assert demarcate(*QUERY, f"given/{name}", cwd=place).code == 0


@pytest.fixture
def snapshot(place: Path) -> Path:
    """A snapshot with one row, and the same part outside of it."""
    folder = place / "snapshot"
    with SnapshotWriter("live", "test", out=folder) as writer:
        part = writer.part(table("aws_ebs_volume"), ["volume_id"], "123456789012", "eu-west-1")
        part.append([{"resource": "a", "volume_id": "a"}])
        part.seal()
        writer.finish()
    return folder


@pytest.mark.parametrize("name", ["manifest.json", "tables", "tables/aws_ebs_volume/00000.parquet"])
def test_a_snapshot_whose_parts_lie_elsewhere(name: str, snapshot: Path) -> None:
    place = snapshot.parent
    elsewhere = place / "secret" / "moved"
    (snapshot / name).rename(elsewhere)
    (snapshot / name).symlink_to(elsewhere)
    done = demarcate(*QUERY, "snapshot", cwd=place)
    if name == "manifest.json":
        one_message(done, "snapshot/manifest.json: is a symlink that leads out of the snapshot")
    else:  # what else there is of the snapshot is read
        assert (done.code, done.out) == (3, "volume_id\n"), done.said
        assert "is a symlink that leads out of the snapshot" in done.said


def test_a_snapshot_that_is_itself_reached_by_a_link(snapshot: Path) -> None:
    (snapshot.parent / "newest").symlink_to("snapshot")
    done = demarcate(*QUERY, "newest", cwd=snapshot.parent)
    assert (done.code, done.out) == (0, "volume_id\na\n"), done.said
