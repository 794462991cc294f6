"""Deliveries that unpack to far more than they are: told, in little memory, and none is read to its end."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.children import MEMORY, demarcate

NAME = "123456789012_Config_eu-west-1_ConfigSnapshot_20260101T000000Z_a.json.gz"
BEGIN = b'{"fileVersion": "1.0", "configSnapshotId": "a", "configurationItems": ['
ITEM = b'{"resourceType": "AWS::EC2::Volume", "resourceId": "v", "configuration": '
MB = 1 << 20

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
    "text in items": (
        [BEGIN, (ITEM + b'"' + b"x" * MB + b'"},', 1000), b"{}]}"],
        "unpacks to more than 100 times its size",
    ),
    "deep": ([BEGIN, ITEM, b"[" * 100_000, b"]" * 100_000, b"}]}"], "nested too deeply"),
    "not so deep": ([BEGIN, ITEM, b"[" * 900, b"]" * 900, b"}]}"], "nested too deeply"),
    "gzip in gzip": ([gzip.compress(BEGIN + b"]}")], "not UTF-8"),
}
"""The pieces of a delivery, some of them many times over, and what is said of it."""


def packed(pieces: list[bytes | tuple[bytes, int]]) -> bytes:
    """Pieces as one gzip file: what follows one another compressed is so unpacked, so that none is compressed twice."""
    times = (piece if isinstance(piece, tuple) else (piece, 1) for piece in pieces)
    return b"".join(gzip.compress(piece) * n for piece, n in times)


@pytest.mark.parametrize("what", BOMBS)
def test_a_delivery_that_is_too_much(what: str, tmp_path: Path) -> None:
    pieces, says = BOMBS[what]
    (tmp_path / NAME).write_bytes(packed(pieces))
    done = demarcate("query", "SELECT count(*) FROM aws_ebs_volume", ".", cwd=tmp_path)
    assert (done.code, says in done.said) == (3, True), done.said
    assert done.peak < MEMORY
    assert len(done.said) < 1000


def test_configuration_that_is_packed_too_deeply_is_unknown(tmp_path: Path) -> None:
    item = json.loads(ITEM + b"0}") | {"configuration": '{"a":' * 150 + "1" + "}" * 150}
    (tmp_path / NAME).write_bytes(gzip.compress(BEGIN + json.dumps(item).encode() + b"]}"))
    done = demarcate("query", "SELECT encrypted FROM aws_ebs_volume", ".", "--format", "json", cwd=tmp_path)
    assert (done.code, json.loads(done.out)) == (0, [{"encrypted": None}])
