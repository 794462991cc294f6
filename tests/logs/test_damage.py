"""Files that are hostile, damaged or odd: each is counted and named, and the rest goes on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from demarcate.logs.store import inflating, loading
from tests.logs.test_store import ACCOUNT, ask, bring, event, ids, packed, put, source, store

__all__ = ["source", "store"]

WHOLE = packed([event("e-9")])

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "truncated": (lambda: WHOLE[:-12], "truncated"),
    "no gzip after all": (lambda: b"\x1f\x8b" + b"nonsense" * 9, "no gzip"),
    "a checksum that is none": (lambda: WHOLE[:-8] + b"\0" * 8, "no gzip"),
    "a bomb": (lambda: gzip.compress(b'{"Records":[' + b" " * (26 << 20), 9), "unpacks to more than"),
    "empty": (lambda: b"", "empty"),
    "nothing in gzip": (lambda: gzip.compress(b""), "no form"),
    "no JSON": (lambda: b'{"Records":[{]}', "not JSON"),
    "JSON cut off": (lambda: b'{"Records":[{"eventName":', "not JSON"),
    "no array": (lambda: b'{"Records": {}}', "Records"),
    "another's notifications": (
        lambda: json.dumps({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]}).encode(),
        "not CloudTrail",
    ),
    "nested": (lambda: b'{"Records":[' + b"[" * 100_000, "nested"),
    "something else": (lambda: b"<html>", "no form"),
    "a digest": (lambda: b'{"awsAccountId":"1","logFiles":[]}', "no form"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(name: str, source: Path, store: Path) -> None:
    make, why = REFUSED[name]
    bad = put(source, "a.json.gz", make())
    put(source, "b.json.gz", packed([event("e-1")]))
    outcome = bring(source, store)
    (unread,) = outcome.unread
    assert (unread.file, outcome.refused, outcome.rows) == (str(bad), 1, 1)
    assert why in unread.reason
    assert ids(store) == ["e-1"]
    # It is what it is: it is not read again.
    assert bring(source, store).files == 0


def test_what_is_no_event_among_events_is_counted(source: Path, store: Path) -> None:
    records: list[object] = [
        event("e-1"),
        5,
        "text",
        None,
        [event("e-2")],
        event("e-3"),
        event("e-4", x="y" * (3 << 20)),
    ]
    put(source, "a.json.gz", packed(records))
    put(source, "b.json.gz", packed([event("e-5")]))
    outcome = bring(source, store)
    assert (ids(store), outcome.odd) == (["e-1", "e-3", "e-5"], 5)
    assert "5 things" in outcome.unread[0].reason


def test_a_record_that_is_not_utf_8_is_left_out(source: Path, store: Path) -> None:
    text = json.dumps({"Records": [event("e-1"), event("e-2", userAgent="XXXX")]}).encode()
    put(source, "a.json", text.replace(b"XXXX", b"\xff\xfe"))
    outcome = bring(source, store)
    assert (ids(store), outcome.odd) == (["e-1"], 1)


def test_a_member_that_stands_twice_counts_once(source: Path, store: Path) -> None:
    text = json.dumps(event("e-1"))[:-1] + ', "eventName": "Second"}'
    put(source, "a.json", f'{{"Records":[{text}]}}'.encode())
    bring(source, store)
    assert ask(store, "SELECT count(*) FROM aws_cloudtrail_log") == [(1,)]


def test_values_of_other_types_are_texts_or_null(source: Path, store: Path) -> None:
    odd = event(
        "e-1", eventTime=5, userIdentity="odd", readOnly="perhaps", errorCode={"a": 1}, sourceIPAddress=None
    )
    put(source, "a.json.gz", packed([odd, event("e-2", userIdentity=[1], eventTime="2026-13-45T99:00:00Z")]))
    assert bring(source, store).rows == 2
    sql = "SELECT event_time, user_identity, user_identity_type, read_only, error_code FROM aws_cloudtrail_log "
    assert ask(store, sql + "ORDER BY event_id") == [
        (None, '"odd"', None, None, '{"a":1}'),
        (None, "[1]", None, None, None),
    ]


def test_json_that_was_written_over_many_lines_is_read(source: Path, store: Path) -> None:
    put(source, "a.json", json.dumps({"Records": [event("e-1"), event("e-2")]}, indent=2).encode())
    put(source, "b.json", b"\xef\xbb\xbf" + json.dumps({"Records": [event("e-3")]}).encode())
    bring(source, store)
    assert ids(store) == ["e-1", "e-2", "e-3"]


def test_other_partitions_and_languages_are_as_good(source: Path, store: Path) -> None:
    for number, (region, text) in enumerate(
        [("cn-north-1", "你好\u2028"), ("us-gov-west-1", "é\U0001f600"), ("eusc-de-east-1", "\x00\x1b[31m")]
    ):
        put(source, f"{number}.json.gz", packed([event(f"e-{number}", awsRegion=region, userAgent=text)]))
    assert bring(source, store).unread == []
    rows = ask(store, "SELECT aws_region, user_agent FROM aws_cloudtrail_log ORDER BY event_id")
    assert rows == [
        ("cn-north-1", "你好\u2028"),
        ("us-gov-west-1", "é\U0001f600"),
        ("eusc-de-east-1", "\x00\x1b[31m"),
    ]


def test_moments_with_another_zone_or_from_the_future_are_kept_and_told(source: Path, store: Path) -> None:
    put(
        source,
        "a.json.gz",
        packed(
            [
                event("e-1", eventTime="2026-11-01T01:00:00+02:00"),
                event("e-2", eventTime="2026-11-01T01:00:00"),
                event("e-3", eventTime="2091-01-01T00:00:00Z"),
                event("e-4", eventTime="9999-12-31T23:59:59Z"),
                event("e-5", eventTime="infinity"),
            ]
        ),
    )
    outcome = bring(source, store)
    assert outcome.ahead == {
        ("aws_cloudtrail_log", ACCOUNT, "2091-01-01"),
        ("aws_cloudtrail_log", ACCOUNT, "other"),
    }
    sql = "SELECT epoch_ms(event_time) FROM aws_cloudtrail_log WHERE event_id IN ('e-1', 'e-2') ORDER BY event_id"
    assert ask(store, sql) == [(1793487600000,), (1793494800000,)]
    assert len(ids(store)) == 5


def test_as_many_days_as_rows_do_not_become_as_many_files(
    source: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MOST_PLACES", 5)
    put(source, "a.json.gz", packed([event(f"e-{n}", day=f"20{n + 10}-01-01") for n in range(50)]))
    bring(source, store)
    assert len(list(store.rglob("*.parquet"))) == 6
    assert len(ids(store)) == 50


def test_a_file_with_several_members_of_gzip_is_read_whole(source: Path, store: Path) -> None:
    text = json.dumps({"Records": [event("e-1"), event("e-2")]}).encode()
    put(source, "a.json.gz", gzip.compress(text[:100]) + gzip.compress(text[100:]))
    bring(source, store)
    assert ids(store) == ["e-1", "e-2"]


def test_links_lead_nowhere_else(source: Path, store: Path, tmp_path: Path) -> None:
    elsewhere = put(tmp_path, "else.json.gz", packed([event("secret")]))
    (source / "a.json.gz").symlink_to(elsewhere)
    put(source, "b.json.gz", packed([event("e-1")]))
    outcome = bring(source, store)
    assert ids(store) == ["e-1"]
    assert "leads out" in outcome.unread[0].reason


@pytest.mark.parametrize("other", [True, False])
def test_zlib_does_what_zlib_ng_does(other: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if other:
        pytest.importorskip("zlib_ng")
    else:
        import zlib

        monkeypatch.setattr(inflating, "_zlib", lambda: zlib)
    assert inflating.whole(WHOLE) == gzip.decompress(WHOLE)


def test_names_of_files_may_be_anything(source: Path, store: Path) -> None:
    put(source, f"AWSLogs/{ACCOUNT}/x'y/2026/11/01/[*]?.json.gz", packed([event("e-1")]))
    assert bring(source, store).rows == 1
