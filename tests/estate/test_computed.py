"""Computed tables: made of several tables of an account, the same for every source, and never a guess."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.table import Bool, Computed, Table, Text
from demarcate.estate.schema.truths import Lookup, Truth, all_of, any_of, values_of
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.rereading import Rereading
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import all_tables, table
from demarcate.estate.tables.cloudtrail import ALARM_EVENT
from tests.estate.computing import DENIED, Row, collected
from tests.estate.config.estate import Case, deliver, item

VOLUME, KEY = "aws_ebs_volume", "aws_kms_key"


def keyed(tables: Mapping[str, Iterable[Any]]) -> Iterator[tuple[Row, Row]]:
    """Whether the key of each volume is enabled."""
    keys = Lookup()
    for key in tables[KEY]:
        arn, enabled = values_of(key, "arn", "enabled")
        keys.add((arn,), enabled)
    for volume in tables[VOLUME]:
        yield volume, {"key_enabled": keys.holds((volume["kms_key_id"],)), "volume": volume["volume_id"]}


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Table:
    function = getattr(request, "param", keyed)
    made = Table(
        "aws_ebs_volume_with_key",
        "A volume, and whether its key is enabled.",
        service="ebs",
        scope="account",
        computed=Computed(VOLUME, {VOLUME: ("kms_key_id", "volume_id"), KEY: ("arn", "enabled")}, function),
        columns=(Text("volume"), Bool("key_enabled")),
    )
    monkeypatch.setitem(all_tables(), made.name, made)
    return made


def read(snapshot: Snapshot, of: Table) -> dict[str, Any]:
    rows = rows_of(snapshot, of, ["resource", "key_enabled", "_unknown", "_conditional"])
    return {
        row["resource"]: row["key_enabled"] if row["key_enabled"] is not None else json.loads(row["_unknown"])
        for row in rows
    }


def test_templates(computed: Table, tmp_path: Path) -> None:
    """References join, what a condition leaves open stays so, and what could not be read may hold the key."""
    volume = {"Type": "AWS::EC2::Volume", "Properties": {"AvailabilityZone": "a", "Size": 1, "Encrypted": True}}
    key = {"Type": "AWS::KMS::Key", "Properties": {}}
    keys = {"On": {}, "Off": {"Enabled": False}, "May": {"Enabled": {"Ref": "Flag"}}}
    resources: dict[str, Any] = {
        **{name: key | {"Properties": properties} for name, properties in keys.items()},
        "If": key | {"Condition": "Maybe"},
        **{
            f"{name}Volume": volume
            | {"Properties": volume["Properties"] | {"KmsKeyId": {"Fn::GetAtt": [name, "Arn"]}}}  # type: ignore[operator]
            for name in (*keys, "If")
        },
        "OtherVolume": volume | {"Properties": volume["Properties"] | {"KmsKeyId": "arn:aws:kms:r:1:key/other"}},  # type: ignore[operator]
    }
    template = {
        "Parameters": {"Flag": {"Type": "String"}},
        "Conditions": {"Maybe": {"Fn::Equals": [{"Ref": "Flag"}, "yes"]}},
        "Resources": resources,
    }
    (tmp_path / "a.json").write_text(json.dumps(template))
    with collect_snapshot([tmp_path], selection={computed.name: None}) as snapshot:
        told = {name.rpartition("#")[2]: value for name, value in read(snapshot, computed).items()}
    assert told["OnVolume"] is True
    assert told["MayVolume"]["key_enabled"]["kind"] == "parameter"
    # Any of the others may be that of a key of which it is not known whether it is there.
    assert {told[f"{name}Volume"]["key_enabled"]["kind"] for name in ("If", "Off", "Other")} == {"lookup"}
    (tmp_path / "broken.json").write_text("{")
    with collect_snapshot([tmp_path], selection={computed.name: None}) as snapshot:
        told = {name.rpartition("#")[2]: value for name, value in read(snapshot, computed).items()}
    assert told["OnVolume"] is True
    assert told["OtherVolume"]["key_enabled"]["kind"] in ("lookup", "malformed")


def test_what_config_recorded(computed: Table, tmp_path: Path) -> None:
    arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
    volume = Case(
        "AWS::EC2::Volume", "vol-1", "arn:v", {"volumeId": "vol-1", "kmsKeyId": arn, "encrypted": True}, {}
    )
    key = Case("AWS::KMS::Key", "k", arn, {"keyId": "k", "arn": arn, "enabled": True, "keyState": "Enabled"}, {})
    deliver(tmp_path, [item(volume), item(key)])
    with collect_snapshot([tmp_path], selection={computed.name: None}) as snapshot:
        assert list(read(snapshot, computed).values()) == [True]
    deliver(tmp_path, [item(volume)])
    with collect_snapshot([tmp_path], selection={computed.name: None}) as snapshot:
        ((why,),) = (row.values() for row in read(snapshot, computed).values())
    assert why == {"kind": "not-collected", "reason": "AWS Config has no item of aws_kms_key"}


def test_a_table_whose_needs_a_source_does_not_tell_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}))
    with collect_snapshot([tmp_path / "t.json"]) as snapshot:
        assert ALARM_EVENT.name not in snapshot.manifest.tables
        ((_, why, kind),) = (
            (n.check, n.reason, n.kind)
            for n in judge(snapshot, [load_checks()["cloudtrail-alarm-root-use"]]).not_run
        )
    assert (why, kind) == ("templates cannot tell aws_cloudtrail_alarm_event", Kind.UNTOLD)


def odd(tables: Mapping[str, Iterable[Any]]) -> Iterator[tuple[Row, Row]]:
    """A function that takes what is not known for a row."""
    on = {key["arn"] for key in tables[KEY] if key["enabled"]}
    for volume in tables[VOLUME]:
        yield volume, {"volume": volume["volume_id"], "key_enabled": volume["kms_key_id"] in on}


@pytest.mark.parametrize("computed", [odd], indirect=True)
def test_a_function_without_an_answer_makes_the_table_unread_for_that_account_alone(computed: Table) -> None:
    def rows(of: str, **columns: Any) -> list[Row]:
        return [
            {"account_id": account, "region": "r", "resource": f"{of} {account}", **columns} for account in "12"
        ]

    tables = {
        VOLUME: rows("v", volume_id="v", kms_key_id="k"),
        KEY: rows("k", arn="k", enabled=True),
    }
    gap = Unread(kind=Kind.DENIED, reason="denied", table=KEY, account="2", region="s", operation="kms:ListKeys")
    with collected(tables, gap, computed=computed.name) as snapshot:
        assert read(snapshot, computed) == {"v 1": True}
        (lost,) = [unread for unread in snapshot.unread if unread.table == computed.name]
    assert (lost.account, lost.kind, lost.of) == ("2", Kind.DENIED, VOLUME)
    assert lost.reason == "aws_kms_key could not be read: 2 s kms:ListKeys: denied"


# --- truths and rows --------------------------------------------------------------------------------------

TRUTHS = st.sampled_from([True, False, DENIED])


@given(st.lists(TRUTHS, max_size=4))
def test_what_is_not_known_counts_only_where_it_may_decide(truths: list[Truth]) -> None:
    worlds = list(product(*((True, False) if truth is DENIED else (truth,) for truth in truths)))
    for said, joined in ((all_of(truths), all), (any_of(truths), any)):
        right = {joined(world) for world in worlds}
        assert right == ({True, False} if isinstance(said, Unknown) else {said})


MARK = "the ARN of a key"
"""Where a stand-in is put in."""
TEXT = st.one_of(st.text(max_size=3), st.just(MARK))
DATA = st.recursive(
    st.one_of(TEXT, st.booleans(), st.integers(-9, 9), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)
REASON = Unknown(Kind.PARAMETER, "parameter X has no value")
ROWS = st.fixed_dictionaries(
    {
        "resource": st.just("r"),
        "volume_id": st.one_of(TEXT, st.just(REASON)),
        "encrypted": st.sampled_from([True, False, REASON]),
        "attachments": st.one_of(
            st.lists(DATA, max_size=3), st.dictionaries(st.text(max_size=3), DATA, max_size=3)
        ),
    }
)


def assigned(value: Any) -> Any:
    """A value with stand-ins where they are meant."""
    if isinstance(value, dict):
        return {key: assigned(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(assigned, value))
    return StandIn("Key.Arn", "${Key.Arn}") if value == MARK else value


def plain(value: Any) -> Any:
    """A value that can be compared, whatever stand-ins are in it."""
    if type(value) is StandIn:
        return ("stand-in", value.text, value.written)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=8)
@given(st.lists(ROWS, min_size=1, max_size=50))
def test_rows_are_read_as_they_were_written(given_: list[Row]) -> None:
    of, columns = table(VOLUME), ("resource", "volume_id", "encrypted", "attachments")
    rows: list[Row] = assigned(given_)
    with SnapshotWriter("cloudformation", "test") as writer:
        part = writer.part(of, columns)
        part.append(dict(row) for row in rows)
        part.seal()
        writer.settle()
        held = writer.manifest().tables[VOLUME].parts
        with Rereading(writer.folder) as reading:
            again = list(reading.rows(of, [p.file for p in held if p.file], columns, {}))
    assert list(map(plain, again)) == list(map(plain, rows))
