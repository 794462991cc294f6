"""Deliveries are read item by item: whatever their size, and whatever is wrong with them."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.estate.sources.config import scanning
from demarcate.estate.sources.config.budget import Budget
from demarcate.estate.sources.config.damage import Damaged
from demarcate.estate.sources.config.scanning import decode, items
from tests.estate.config.estate import document

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


class Trickle:
    """A stream that gives a few bytes at a time, as a network may."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = io.BytesIO(data), size

    def read(self, size: int, /) -> bytes:
        return self._data.read(min(size, self._size))

    def close(self) -> None:
        self._data.close()


def read(data: bytes, header: dict[str, Any] | None = None) -> list[Any]:
    return list(items(io.BytesIO(data), {} if header is None else header, Budget()))


@given(st.lists(JSON, max_size=5), st.integers(1, 9), st.booleans())
def test_items_come_as_they_are_however_they_are_cut(recorded: list[Any], size: int, packed: bool) -> None:
    data = document(recorded)
    header: dict[str, Any] = {}
    stream = Trickle(gzip.compress(data) if packed else data, size)
    with mock.patch.object(scanning, "CHUNK", size):
        assert list(items(stream, header, Budget())) == recorded
    assert header["fileVersion"] == "1.0"


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("number", [-(2**63), 2**63, 0, -1, 1.5, -1.25e-07, 1e22, 1e-300])
def test_numbers_come_as_they_are(number: float, size: int) -> None:
    header: dict[str, Any] = {}
    data = b'{"configurationItems": [%s], "n": %s}' % ((json.dumps(number).encode(),) * 2)
    with mock.patch.object(scanning, "CHUNK", size):
        assert repr(list(items(Trickle(data, size), header, Budget()))) == repr([number])
    assert repr(header["n"]) == repr(number)


@given(st.lists(JSON, min_size=1, max_size=3), st.data())
def test_what_is_cut_off_is_damaged(recorded: list[Any], data: st.DataObject) -> None:
    whole = document(recorded)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(Damaged):
        read(cut)


@given(st.integers(1, 40))
def test_truncated_gzip_is_damaged(cut: int) -> None:
    data = gzip.compress(document([{"a": "b" * 100}] * 50))
    with pytest.raises(Damaged, match="truncated"):
        read(data[:-cut])


@given(st.binary(max_size=200))
def test_any_bytes_are_items_or_damaged(data: bytes) -> None:
    for text in (data, gzip.compress(data), b"\x1f\x8b" + data, b'{"configurationItems": [' + data):
        try:
            read(text)
        except Damaged as damage:
            assert str(damage)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "expected a JSON object"),
        (b"[]", "expected a JSON object"),
        (b"{}", "no list configurationItems"),
        (b'{"configurationItems": {}}', "no list configurationItems"),
        (b'{"configurationItems": []} x', "more text"),
        (b'{"configurationItems": [1 2]}', "expected , or ]"),
        (b'{"configurationItems": [] "a": 1}', "expected , or }"),
        (b'{"configurationItems": [NaN]}', "NaN is not JSON"),
        (b'{"configurationItems": [1e999]}', "out of range"),
        (b'{"configurationItems": [' + b"9" * 5000 + b"]}", "out of range"),
        (b'{"configurationItems": [\xff]}', "not UTF-8"),
        (b'{"configurationItems": [' + b"[" * 100_000 + b"]}", "damaged"),
        (b'{"configurationItems": [{"a": tru}, {"b": "a text"}]}', "not JSON"),
        (gzip.compress(b"{}", mtime=0)[:8], "truncated"),
        (b"\x1f\x8b\x08" + b"\0" * 40, "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else len(value),
)
def test_damage_is_said(data: bytes, why: str) -> None:
    with pytest.raises(Damaged, match=why):
        read(data)


def test_half_a_surrogate_pair_becomes_text_that_can_be_written() -> None:
    (item,) = read(b'{"configurationItems": [{"\\ud83d": "\\ude00", "whole": "\\ud83d\\ude00"}]}')
    assert item["whole"] == "\N{GRINNING FACE}"
    json.dumps(item, ensure_ascii=False).encode()


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read(b"\xef\xbb\xbf" + document([1])) == [1]


def test_an_item_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MAX_ITEM", 1 << 20)
    monkeypatch.setattr(scanning, "CHUNK", 1 << 12)
    with pytest.raises(Damaged, match="an item of more than 1 MB"):
        read(document(["a" * (3 << 20)]))


def test_memory_follows_the_largest_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "CHUNK", 1 << 14)
    data = gzip.compress(
        document([{"resourceType": "T", "number": number, "text": "x" * 1000} for number in range(20_000)])
    )
    tracemalloc.start()
    try:
        stream = io.BytesIO(data)
        assert sum(1 for _ in items(stream, {}, Budget())) == 20_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000, f"{peak} bytes for an item of one kilobyte"


@given(st.text())
def test_decoding_text_ends_in_json_or_an_error(text: str) -> None:
    try:
        decode(text)
    except ValueError as error:
        assert str(error)
