"""Deliveries that unpack to far more than they are: told, in little memory, and none is read to its end."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.config import collect
from demarcate.estate.sources.config.budget import BYTE, PLAIN_BYTE, Budget
from demarcate.estate.sources.config.scanning import plain
from demarcate.estate.sources.interface import Options
from tests.children import MEMORY, demarcate

NAME = "123456789012_Config_eu-west-1_ConfigSnapshot_20260101T000000Z_a.json.gz"
BEGIN = b'{"fileVersion": "1.0", "configSnapshotId": "a", "configurationItems": ['
ITEM = b'{"resourceType": "AWS::EC2::Volume", "resourceId": "v", "configuration": '
MB = 1 << 20
SMALL = b'{"resourceType": "AWS::EC2::Volume", "resourceId": "v"},'
RULES = (
    b'{"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "g", "configuration": {"ipPermissions": '
    b'[{"ipProtocol": "-1", "ipRanges": ["1"' + b',"1"' * 9_999 + b"]}]}},"
)
_POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}] * 100})
ROLE = (
    b'{"resourceType": "AWS::IAM::Role", "resourceId": "r", "awsRegion": "global", "configuration": '
    + json.dumps({"rolePolicyList": [{"policyName": "p", "policyDocument": _POLICY}] * 4}).encode()
    + b"},"
)
FAR_MORE = "holds far more than its size accounts for"

BOMBS: dict[str, tuple[list[bytes | tuple[bytes, int]], str]] = {
    "white space": ([b"{", (b" " * MB, 3000), b"}"], "of white space"),
    "white space among items": ([BEGIN, (b"\n" * MB, 3000), b"]}"], "of white space"),
    "numbers": ([BEGIN, (b"0," * (MB // 2), 3000), b"0]}"], "have no resourceType"),
    "objects": ([BEGIN, (b"{}," * (MB // 3), 3000), b"{}]}"], "have no resourceType"),
    "one item": ([BEGIN, ITEM, b'"', (b"x" * MB, 1000), b'"}]}'], "an item of more than"),
    "lists in an item": ([BEGIN, ITEM, b"[", (b"[]," * (MB // 3), 1000), b"[]]}]}"], "an item of more than"),
    "members": (
        [b"{", b"".join(b'"m%d": 1,' % n for n in range(MB)), b'"configurationItems": []}'],
        "members beside",
    ),
    "text in items": ([BEGIN, (ITEM + b'"' + b"x" * MB + b'"},', 1000), b"{}]}"], FAR_MORE),
    "white space between items": (
        [BEGIN, (ITEM + b"0}," + b" " * (MB * 9 // 10), 1000), b"{}]}"],
        "unpacks to more than 100 times its size",
    ),
    "small items": ([BEGIN, (SMALL * 1000, 2000), b"{}]}"], FAR_MORE),
    "items that nobody reads": ([BEGIN, (SMALL.replace(b"Volume", b"Sky") * 1000, 2000), b"{}]}"], FAR_MORE),
    "many values in items": ([BEGIN, (ITEM + b"[" + b"[]," * (MB // 3) + b"[]]},", 200), b"{}]}"], FAR_MORE),
    "many rows of an item": ([BEGIN, (RULES, 1000), b"{}]}"], FAR_MORE),
    "many statements of an item": ([BEGIN, (ROLE, 1000), b"{}]}"], FAR_MORE),
    "deep": ([BEGIN, ITEM, b"[" * 100_000, b"]" * 100_000, b"}]}"], "nested too deeply"),
    "not so deep": ([BEGIN, ITEM, b"[" * 900, b"]" * 900, b"}]}"], "nested too deeply"),
    "gzip in gzip": ([gzip.compress(BEGIN + b"]}")], "not UTF-8"),
}
"""The pieces of a delivery, some of them many times over, and what is said of it."""

TABLES = {
    "many rows of an item": "aws_vpc_security_group_rule",
    "many statements of an item": "aws_policy_statement",
}
"""The tables whose rows they are."""


LESS = {"DEMARCATE_MAX_RESOURCES": "1000"}
FEWER = dict.fromkeys(
    ("items that nobody reads", "many values in items", "many rows of an item", "many statements of an item"), LESS
)
"""Those that are read until the reserve is used up, which here is a tenth of what it is ("small items" use up that)."""


def packed(pieces: list[bytes | tuple[bytes, int]]) -> bytes:
    """Pieces as one gzip file: what follows one another compressed is so unpacked, so that none is compressed twice."""
    times = (piece if isinstance(piece, tuple) else (piece, 1) for piece in pieces)
    return b"".join(gzip.compress(piece) * n for piece, n in times)


@pytest.mark.parametrize("what", BOMBS)
def test_a_delivery_that_is_too_much(what: str, tmp_path: Path) -> None:
    pieces, says = BOMBS[what]
    (tmp_path / NAME).write_bytes(packed(pieces))
    table = TABLES.get(what, "aws_ebs_volume")
    done = demarcate("query", f"SELECT count(*) FROM {table}", ".", cwd=tmp_path, **FEWER.get(what, {}))
    assert (done.code, says in done.said) == (3, True), done.said
    assert done.peak < MEMORY
    assert len(done.said) < 1000


def test_configuration_that_is_packed_too_deeply_is_unknown(tmp_path: Path) -> None:
    item = json.loads(ITEM + b"0}") | {"configuration": '{"a":' * 150 + "1" + "}" * 150}
    (tmp_path / NAME).write_bytes(gzip.compress(BEGIN + json.dumps(item).encode() + b"]}"))
    done = demarcate("query", "SELECT encrypted FROM aws_ebs_volume", ".", "--format", "json", cwd=tmp_path)
    assert (done.code, json.loads(done.out)) == (0, [{"encrypted": None}])


def test_what_is_right_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(packed([BEGIN, (SMALL * 1000, 20), SMALL[:-1] + b"]}"]))
    sql = "SELECT count(*) AS volumes FROM aws_ebs_volume"
    settings = {"DEMARCATE_MAX_RESOURCES": "1"}
    done = demarcate("query", sql, ".", "--format", "json", cwd=tmp_path, **settings)
    assert (done.code, FAR_MORE in done.said) == (3, True), done.said
    settings = {"DEMARCATE_MAX_RESOURCES": "100000"}
    done = demarcate("query", sql, ".", "--format", "json", cwd=tmp_path, **settings)
    assert (done.code, json.loads(done.out)) == (0, [{"volumes": 20_001}]), done.said


@pytest.mark.parametrize(("pack", "units"), [(bytes, PLAIN_BYTE), (gzip.compress, BYTE)])
def test_what_somebody_has_unpacked_pays_for_less(pack: Callable[[bytes], bytes], units: int) -> None:
    given = pack(BEGIN + SMALL * 1000)
    budget = Budget(resources=0)
    with contextlib.closing(plain(io.BytesIO(given), budget)) as stream:
        while stream.read(1 << 16):
            pass
    assert budget.left == units * len(given)


def test_of_very_many_places_it_is_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MAX_TOLD", 2)
    for number in range(6):
        account = f"{number:012}"
        name = NAME.replace("123456789012", account)
        (tmp_path / name).write_bytes(packed([BEGIN, SMALL[:-1] + b"]}"]))
    selection = {"aws_ebs_volume": frozenset(["volume_id"])}
    snapshot = collect_snapshot([tmp_path], Options(max_resources=60), selection=selection)
    [part] = snapshot.manifest.tables["aws_ebs_volume"].parts
    assert part.account == "0" * 12
    gaps = [unread for unread in snapshot.unread if unread.kind == Kind.TOO_MUCH]
    assert [unread.account for unread in gaps if unread.table == "aws_ebs_volume"] == [
        "000000000001",
        "000000000002",
    ]
    [rest] = [unread for unread in gaps if unread.file is not None]
    assert rest.reason.startswith("3 more accounts and regions are left out")
