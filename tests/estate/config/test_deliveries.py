"""Which files are deliveries, and which of them are read."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.config.deliveries import Delivery, delivery, grouped
from demarcate.estate.sources.config.files import recognises
from demarcate.estate.sources.config.source import ConfigSource
from demarcate.estate.sources.interface import Options
from tests.estate.config.estate import deliver, document, named, rows, snapshot_of
from tests.estate.config.volumes import volume

TABLES = ("aws_ebs_volume",)


def never() -> None:
    raise AssertionError("it is not opened")


def of(*names: str) -> list[Delivery]:
    return [delivery(name, never) for name in names]  # type: ignore[arg-type]


def test_names_say_what_a_delivery_is() -> None:
    (snapshot, history) = of(
        "AWSLogs/123456789012/Config/us-east-1/2016/9/27/ConfigSnapshot/123456789012_Config_us-east-1_"
        "ConfigSnapshot_20160927T183939Z_16da64e4-cb65-4846-b061-e6c3ba43cb96.json.gz",
        "AWSLogs/123456789012/Config/us-east-1/2018/12/16/ConfigHistory/123456789012_Config_us-east-1_"
        "ConfigHistory_AWS::RDS::DBInstance_20181216T101127Z_20181216T101128Z_1.json.gz",
    )
    assert (snapshot.account, snapshot.region, snapshot.snapshot) == ("123456789012", "us-east-1", True)
    assert snapshot.time.isoformat() == "2016-09-27T18:39:39+00:00"
    assert (history.account, history.snapshot) == ("123456789012", False)
    assert history.time.isoformat() == "2018-12-16T10:11:28+00:00"


@pytest.mark.parametrize(
    "name",
    [
        "ConfigWritabilityCheckFile",
        "123456789012_CloudTrail_us-east-1_20160927T1839Z_abc.json.gz",
        "123456789012_Config_us-east-1_ConfigSnapshot_20169927T183939Z_abc.json.gz",
        "12345_Config_us-east-1_ConfigSnapshot_20160927T183939Z_abc.json.gz",
        "renamed.json",
    ],
)
def test_other_names_say_nothing(name: str) -> None:
    assert not of(name)[0].named


@given(st.text())
def test_any_name_is_read(name: str) -> None:
    assert of(name)[0].name == name


def test_the_newest_snapshot_and_what_came_after_is_read() -> None:
    old, new = named(time="20260101T000000Z"), named(time="20260102T000000Z")
    before, after = (named("ConfigHistory", time=time) for time in ("20260101T120000Z", "20260102T120000Z"))
    (group,) = grouped(of(after, new, before, old))
    assert [reading.name for reading in group.readings] == [new, after]
    assert (group.complete, group.once) == (True, False)
    assert group.time.isoformat() == "2026-01-02T12:00:00+00:00"


def test_regions_and_accounts_are_groups_of_their_own() -> None:
    groups = grouped(of(named(region="us-east-1"), named(account="210987654321"), named()))
    assert [(group.account, group.region) for group in groups] == [
        ("123456789012", "eu-west-1"),
        ("123456789012", "us-east-1"),
        ("210987654321", "eu-west-1"),
    ]
    assert all(group.once for group in groups)


def test_history_alone_is_not_complete() -> None:
    (group,) = grouped(of(named("ConfigHistory")))
    assert not group.complete


def test_a_folder_is_recognised_by_a_name_or_by_what_a_file_begins_with(tmp_path: Path) -> None:
    templates, snapshots, renamed = (tmp_path / name for name in ("templates", "snapshots", "renamed"))
    templates.mkdir()
    (templates / "template.json").write_text('{"Resources": {}}')
    deliver(snapshots / "deep" / "er", [])
    renamed.mkdir()
    (renamed / "export.json").write_bytes(document([]))
    assert [recognises(path) for path in (templates, snapshots, renamed)] == [False, True, True]
    assert recognises(renamed / "export.json")
    assert not recognises(templates / "template.json")
    assert not recognises(tmp_path / "nowhere")
    assert [ConfigSource().recognises(name) for name in ("s3://bucket", "config:all", "aws")] == [
        True,
        True,
        False,
    ]


def test_hidden_folders_and_other_files_are_passed_over(tmp_path: Path) -> None:
    deliver(tmp_path, [volume("vol-1")])
    deliver(tmp_path / ".trash", [volume("vol-2")], named(time="20270101T000000Z"))
    (tmp_path / "ConfigWritabilityCheckFile").write_text("")
    (tmp_path / "123456789012_CloudTrail_x.json.gz").write_bytes(gzip.compress(b'{"Records": []}'))
    (tmp_path / "notes.json").write_text("{}")
    snapshot = snapshot_of(tmp_path, tables=TABLES)
    assert [row["volume_id"] for row in rows(snapshot, "aws_ebs_volume")] == ["vol-1"]
    assert not snapshot.unread


def test_an_older_snapshot_is_not_read(tmp_path: Path) -> None:
    deliver(tmp_path, [volume("gone"), volume("vol-1")], named(time="20260101T000000Z"))
    deliver(tmp_path, [volume("vol-1")], named(time="20260102T000000Z"))
    snapshot = snapshot_of(tmp_path, tables=TABLES)
    assert [row["volume_id"] for row in rows(snapshot, "aws_ebs_volume")] == ["vol-1"]
    assert snapshot.moment.isoformat() == "2026-01-02T00:00:00+00:00"


def test_history_after_a_snapshot_counts(tmp_path: Path) -> None:
    deliver(tmp_path, [volume("changed"), volume("gone"), volume("same")], named(time="20260111T000000Z"))
    later = [
        volume("changed", configurationItemCaptureTime="2026-01-13T02:00:00.000Z", encrypted=True),
        volume("changed", configurationItemCaptureTime="2026-01-13T01:00:00.000Z"),
        volume(
            "gone",
            configurationItemCaptureTime="2026-01-13T01:00:00.000Z",
            configurationItemStatus="ResourceDeleted",
            configuration=None,
        ),
        volume("new", configurationItemCaptureTime="2026-01-13T01:00:00.000Z"),
    ]
    deliver(tmp_path, later, named("ConfigHistory", time="20260113T060000Z"))
    snapshot = snapshot_of(tmp_path, tables=TABLES)
    volumes = {row["volume_id"]: row["encrypted"] for row in rows(snapshot, "aws_ebs_volume")}
    assert volumes == {"changed": True, "new": False, "same": False}
    assert not snapshot.unread


def test_renamed_deliveries_are_sorted_by_what_they_hold(tmp_path: Path) -> None:
    here, there = volume("vol-1"), volume("vol-2", awsRegion="us-east-1")
    newer = volume("vol-1", configurationItemCaptureTime="2026-02-01T00:00:00.000Z", encrypted=True)
    for number, content in enumerate(([here, there], [newer])):
        (tmp_path / f"{number}.json").write_bytes(document(content))
    snapshot = snapshot_of(tmp_path, tables=TABLES)
    volumes = {(row["region"], row["volume_id"]): row["encrypted"] for row in rows(snapshot, "aws_ebs_volume")}
    assert volumes == {("eu-west-1", "vol-1"): True, ("us-east-1", "vol-2"): False}
    parts = snapshot.manifest.tables["aws_ebs_volume"].parts
    assert [(part.account, part.region, part.rows) for part in parts] == [
        ("123456789012", "eu-west-1", 1),
        ("123456789012", "us-east-1", 1),
    ]
    assert snapshot.moment.isoformat() == "2026-02-01T00:00:00+00:00"


def test_a_renamed_delivery_joins_those_of_its_region(tmp_path: Path) -> None:
    deliver(tmp_path, [volume("vol-1")])
    newer = volume("vol-1", configurationItemCaptureTime="2026-02-01T00:00:00.000Z", encrypted=True)
    (tmp_path / "export.json").write_bytes(document([newer]))
    snapshot = snapshot_of(tmp_path, tables=TABLES)
    assert [row["encrypted"] for row in rows(snapshot, "aws_ebs_volume")] == [True]
    assert len(snapshot.manifest.tables["aws_ebs_volume"].parts) == 1


def test_several_paths_are_one_estate(tmp_path: Path) -> None:
    first = deliver(tmp_path / "a", [volume("vol-1")])
    two = deliver(tmp_path / "b", [volume("vol-2", awsRegion="us-east-1")], named(region="us-east-1"))
    snapshot = snapshot_of(first, two, tables=TABLES)
    assert len(rows(snapshot, "aws_ebs_volume")) == 2


def test_the_published_example_is_read(tmp_path: Path) -> None:
    """An item of 2014, as the developer guide shows it: with less about itself than today's."""
    raw = {
        "configurationItemVersion": "1.0",
        "resourceId": "vol-ce676ccc",
        "arn": "arn:aws:us-west-2b:123456789012:volume/vol-ce676ccc",
        "accountId": "12345678910",
        "configurationItemCaptureTime": "2014-03-07T23:47:08.918Z",
        "configurationItemStatus": "OK",
        "resourceType": "AWS::EC2::Volume",
        "tags": {},
        "configuration": {
            "volumeId": "vol-ce676ccc",
            "size": 1,
            "snapshotId": "",
            "availabilityZone": "us-west-2b",
            "state": "in-use",
            "createTime": "2014-02-27T21:43:53.0885+0000",
            "attachments": [{"volumeId": "vol-ce676ccc", "instanceId": "i-344c463d", "device": "/dev/sdf"}],
            "tags": [{"tagName": "environment", "tagValue": "PROD"}],
            "volumeType": "standard",
        },
    }
    snapshot = snapshot_of(deliver(tmp_path, [raw], named(region="us-west-2")), tables=TABLES)
    (row,) = rows(snapshot, "aws_ebs_volume")
    assert (row["account_id"], row["region"]) == (
        "123456789012",
        "us-west-2",
    )  # the item has 11 digits, the name 12
    assert row["create_time"] == "2014-02-27T21:43:53.088500"
    assert row["encrypted"] is None


def test_a_source_of_another_kind_is_refused(tmp_path: Path) -> None:
    snapshots = deliver(tmp_path, []).parent
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {}")
    with pytest.raises(DemarcateError, match="two estates"):
        collect_snapshot([snapshots, template])
    with pytest.raises(DemarcateError, match="name it alone"):
        collect_snapshot([snapshots, "s3://bucket"])
    with pytest.raises(DemarcateError, match="--as-of is not for"):
        collect_snapshot([snapshots], Options(moment=datetime(2026, 1, 1)))


def test_a_compressed_file_that_is_no_delivery_is_said(tmp_path: Path) -> None:
    path = tmp_path / "trail.json.gz"
    path.write_bytes(gzip.compress(b'{"Records": []}'))
    snapshot = snapshot_of(path, tables=TABLES)
    (unread,) = snapshot.unread
    assert "not a delivery of AWS Config" in str(unread)
    assert str(path) in str(unread)
    assert not snapshot.manifest.tables


def test_an_item_is_what_it_says_it_is(tmp_path: Path) -> None:
    """Items in the file of one region that are of another stay what they are."""
    deliver(tmp_path, [item_elsewhere := volume("vol-1", awsRegion="us-east-1", awsAccountId="210987654321")])
    snapshot = snapshot_of(tmp_path, tables=TABLES)
    (row,) = rows(snapshot, "aws_ebs_volume")
    assert (row["account_id"], row["region"]) == ("210987654321", "us-east-1")
    assert item_elsewhere["awsRegion"] == "us-east-1"
