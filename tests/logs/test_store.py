"""The log store: what is brought in, once, wherever it lies and however a run ends."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.querying import run
from demarcate.logs.store import ingesting, merging
from demarcate.logs.store.buckets import Bucket
from demarcate.logs.store.catalog import Catalog
from demarcate.logs.store.entries import Days
from demarcate.logs.store.folders import Folder
from demarcate.logs.store.forms import cloudtrail
from demarcate.logs.store.ingesting import Outcome, ingest
from demarcate.logs.store.reading import tables_of
from tests.aws.conftest import Aws

ACCOUNT = "111122223333"


def event(
    id_: str | None = "e-1", *, account: str = ACCOUNT, day: str = "2026-11-01", **members: Any
) -> dict[str, Any]:
    """An event of CloudTrail."""
    made = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "Root", "accountId": account},
        "eventTime": f"{day}T10:00:00Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "GetCallerIdentity",
        "awsRegion": "eu-west-1",
        "recipientAccountId": account,
        **members,
    }
    return made if id_ is None else {**made, "eventID": id_}


def packed(events: Iterable[Any]) -> bytes:
    """A file of CloudTrail."""
    return gzip.compress(json.dumps({"Records": list(events)}).encode(), 1)


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def bring(source: Path, store: Path, days: Days = Days()) -> Outcome:
    return ingest([Folder(source, days)], store, workers=1)


def ask(store: Path, sql: str) -> list[tuple[Any, ...]]:
    return list(run(sql, None, beside=tables_of(store))[1])


def ids(store: Path) -> list[Any]:
    return [row[0] for row in ask(store, "SELECT event_id FROM aws_cloudtrail_log ORDER BY ALL")]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def test_events_are_rows_with_all_columns(source: Path, store: Path) -> None:
    put(
        source,
        "a.json.gz",
        packed(
            [
                event(
                    "e-1",
                    readOnly=True,
                    sourceIPAddress="192.0.2.1",
                    requestParameters={"a": [1, {"b": None}]},
                    responseElements=None,
                    additionalEventData={"omitted": True, "originalSize": 200_000},
                    userIdentity={
                        "type": "AssumedRole",
                        "arn": "arn:aws:sts::1:assumed-role/r/s",
                        "sessionContext": {
                            "sessionIssuer": {"arn": "arn:aws:iam::1:role/r"},
                            "attributes": {"mfaAuthenticated": "true"},
                        },
                    },
                ),
                event("e-2", requestParameters={"omitted": False}, resources=[{"omitted": True}]),
            ]
        ),
    )
    outcome = bring(source, store)
    assert (outcome.rows, outcome.refused, outcome.unread) == (2, 0, [])
    columns, rows = run("SELECT * FROM aws_cloudtrail_log ORDER BY event_id", None, beside=tables_of(store))
    first, second = (dict(zip(columns, row, strict=True)) for row in rows)
    assert first["event_time"].isoformat() == "2026-11-01T10:00:00"
    assert first["request_parameters"] == '{"a":[1,{"b":null}]}'
    assert (first["read_only"], first["mfa_authenticated"], first["response_elements"]) == (True, True, None)
    assert first["session_issuer_arn"] == "arn:aws:iam::1:role/r"
    assert (first["additional_event_data"], first["omitted"]) == (None, ["additional_event_data"])
    assert (second["request_parameters"], second["omitted"]) == ('{"omitted":false}', None)


@pytest.mark.parametrize(
    ("between", "some"), [(",;:", False), (", ;: ", True), (",; : ", True), (",; :", True), (",;:\t", True)]
)
def test_what_was_left_out_is_looked_for_where_a_file_was_written_anew(between: str, some: bool) -> None:
    policy = json.dumps({"Version": "2012-10-17"})
    comma, _, colon = between.partition(";")
    told = event(requestParameters={"policyDocument": policy})
    data = json.dumps({"Records": [told]}, separators=(comma, colon)).encode()
    assert cloudtrail.cut(data).header == (cloudtrail.SOME if some else "")


def test_each_account_and_day_has_files_of_its_own(source: Path, store: Path) -> None:
    events = [
        event(f"{account}{day}{n}", account=account, day=day)
        for account in (ACCOUNT, "444455556666", "odd")
        for day in ("2026-11-01", "2026-11-02", "none")
        for n in range(2)
    ]
    put(source, "a.json.gz", packed(events))
    assert bring(source, store).rows == len(events)
    with Catalog(store) as catalog:
        places = {(part.account, part.day): part.rows for part in catalog.parts()}
    assert places == {
        (account, day): 2
        for account in (ACCOUNT, "444455556666", "other")
        for day in ("2026-11-01", "2026-11-02", "other")
    }
    files = sorted(path.relative_to(store).parent.as_posix() for path in store.rglob("*.parquet"))
    assert files[0] == "aws_cloudtrail_log/account=111122223333/day=2026-11-01"
    assert len(ids(store)) == len(events)


def test_what_was_read_is_not_read_again_and_what_is_new_is(source: Path, store: Path) -> None:
    put(source, "a.json.gz", packed([event("e-1")]))
    bring(source, store)
    put(source, "b.json.gz", packed([event("e-2")]))
    again = bring(source, store)
    assert (again.files, again.held, again.rows) == (1, 1, 1)
    put(source, "a.json.gz", packed([event("e-1"), event("e-3")]))
    assert (bring(source, store).duplicates, ids(store)) == (1, ["e-1", "e-2", "e-3"])


def test_duplicates_count_once_within_a_file_and_a_run_and_across_runs(source: Path, store: Path) -> None:
    put(source, "a.json.gz", packed([event("e-1"), event("e-1"), event("e-2"), event(None), event(None)]))
    put(source, "b.json.gz", packed([event("e-2"), event("e-3")]))
    first = bring(source, store)
    assert (first.rows, first.duplicates, first.without_identity) == (5, 2, 2)
    put(source, "c.json.gz", packed([event("e-3"), event("e-4")]))
    put(source, "d.json.gz", packed([event("e-1")]))
    second = bring(source, store)
    assert (second.rows, second.duplicates) == (1, 2)
    assert ids(store) == ["e-1", "e-2", "e-3", "e-4", None, None]


def test_many_identical_ids_are_one_event(source: Path, store: Path) -> None:
    put(source, "a.json.gz", packed([event("same")] * 20_000))
    outcome = bring(source, store)
    assert (outcome.rows, outcome.duplicates) == (1, 19_999)


def test_many_small_files_become_one(source: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MANY", 3)
    for number in range(5):
        put(source, f"{number}.json.gz", packed([event(f"e-{number}")]))
        bring(source, store)
    with Catalog(store) as catalog:
        assert sorted(part.rows for part in catalog.parts()) == [1, 4]
    assert ids(store) == [f"e-{number}" for number in range(5)]


def test_days_are_chosen_by_what_the_names_say(source: Path, store: Path) -> None:
    from datetime import date

    for day in ("01", "02", "03"):
        put(source, f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/{day}/x.json.gz", packed([event(day)]))
    bring(source, store, Days(date(2026, 11, 2), date(2026, 11, 2)))
    assert ids(store) == ["02"]


def test_what_is_too_large_to_be_put_together_stays_as_it_is(
    source: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "MANY", 3)
    monkeypatch.setattr(ingesting, "MEMORY", 18_000_000)
    for batch in range(5):
        events = [event(f"e-{batch}-{n}", requestParameters={"a": f"{n}" * 2_000}) for n in range(400)]
        put(source, f"{batch}.json.gz", packed(events))
        bring(source, store)
    with Catalog(store) as catalog:
        assert [part.rows for part in catalog.parts()] == [400] * 5


def test_files_of_many_accounts_are_made_rows_some_accounts_at_a_time() -> None:
    from demarcate.logs.store.entries import Entry
    from demarcate.logs.store.ingesting import BATCH_PLACES, batches

    placed = [((f"{n // 2:012d}", "2026-11-01"), Entry(f"{n}", 1, "")) for n in range(4 * BATCH_PLACES)]
    made = list(batches(placed))
    assert [len(batch) for batch in made] == [2 * BATCH_PLACES, 2 * BATCH_PLACES]
    assert [entry for batch in made for entry in batch] == [entry for _, entry in placed]


class Killed(BaseException):
    """What ends a run anywhere."""


@pytest.mark.parametrize("when", ["before it counts", "after files have their names"])
def test_a_run_that_is_killed_leaves_a_store_that_is_whole(
    when: str, source: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(source, "a.json.gz", packed([event("e-1")]))
    bring(source, store)
    put(source, "b.json.gz", packed([event("e-2")]))

    def kill(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        if when == "before it counts":
            patched.setattr("demarcate.logs.store.ingesting.merge", kill)
        else:
            patched.setattr(Catalog, "change", kill)
        bring(source, store)
    assert ids(store) == ["e-1"]
    assert bring(source, store).rows == 1
    assert ids(store) == ["e-1", "e-2"]
    with Catalog(store) as catalog:
        there = {part.file for part in catalog.parts()}
    assert {path.relative_to(store).as_posix() for path in store.rglob("*.parquet")} == there
    assert not list(store.glob(".work*"))


def test_a_store_has_one_writer(source: Path, store: Path) -> None:
    from demarcate.logs.store.catalog import owned

    put(source, "a.json.gz", packed([event()]))
    with owned(store), pytest.raises(DemarcateError, match="another run"):
        bring(source, store)
    assert bring(source, store).rows == 1


def test_what_is_no_store_is_not_written_to(tmp_path: Path, source: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(DemarcateError, match="other files"):
        bring(source, tmp_path / "full")
    with pytest.raises(DemarcateError, match="no log store"):
        tables_of(tmp_path / "full")
    (tmp_path / "full" / "catalog.sqlite").write_text("mine")
    with pytest.raises(DemarcateError, match=r"catalog\.sqlite"):
        tables_of(tmp_path / "full")


def test_a_catalog_names_no_file_elsewhere(source: Path, store: Path) -> None:
    import sqlite3

    put(source, "a.json.gz", packed([event()]))
    bring(source, store)
    with sqlite3.connect(store / "catalog.sqlite") as database:
        database.execute("UPDATE part SET file = '../../etc/passwd'")
    database.close()
    with pytest.raises(DemarcateError, match="passwd"):
        tables_of(store)


def test_a_newer_store_is_refused(source: Path, store: Path) -> None:
    import sqlite3

    put(source, "a.json.gz", packed([event()]))
    bring(source, store)
    with sqlite3.connect(store / "catalog.sqlite") as database:
        database.execute("UPDATE about SET format = 99")
    database.close()
    with pytest.raises(DemarcateError, match="version 99"):
        tables_of(store)


def deliver(aws: Aws, key: str, data: bytes) -> None:
    s3 = aws.client("s3", "us-east-1")
    if not any(bucket["Name"] == "trail" for bucket in s3.list_buckets()["Buckets"]):
        s3.create_bucket(Bucket="trail")
    s3.put_object(Bucket="trail", Key=key, Body=data)


LAYOUTS = (
    f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/01/02/a.json.gz",
    f"AWSLogs/o-exampleorgid/{ACCOUNT}/CloudTrail/us-gov-west-1/2026/01/02/b.json.gz",
    f"deep/er/AWSLogs/{ACCOUNT}/CloudTrail/cn-north-1/2026/01/03/c.json.gz",
)


def from_bucket(aws: Aws, store: Path, url: str = "s3://trail", days: Days = Days()) -> Outcome:
    return ingest([Bucket(url, aws.session, aws.url, days)], store, workers=1)


def test_a_bucket_is_read_day_by_day_in_all_layouts(aws: Aws, store: Path) -> None:
    from datetime import date

    for number, key in enumerate(LAYOUTS):
        deliver(aws, key, packed([event(f"e-{number}")]))
    deliver(aws, f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/01/02/d.json.gz", b"not to be read")
    deliver(aws, f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2025/12/31/old.json.gz", packed([event("old")]))
    outcome = from_bucket(aws, store, days=Days(date(2026, 1, 1)))
    assert (outcome.rows, outcome.unread, ids(store)) == (3, [], ["e-0", "e-1", "e-2"])
    assert from_bucket(aws, store).rows == 1


def test_a_day_that_is_over_is_listed_once(aws: Aws, store: Path) -> None:
    deliver(aws, LAYOUTS[0], packed([event("e-1")]))
    from_bucket(aws, store)
    with Catalog(store) as catalog:
        assert catalog.is_over(f"s3://trail/{LAYOUTS[0].rpartition('/')[0]}/")
    deliver(aws, LAYOUTS[0].replace("a.json", "z.json"), packed([event("e-2")]))
    assert from_bucket(aws, store).files == 0


def test_an_account_that_may_not_be_listed_is_told_and_the_rest_goes_on(
    aws: Aws, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    from demarcate.estate.sources.aws.paging import paged
    from demarcate.logs.store import buckets

    deliver(aws, LAYOUTS[0], packed([event("e-1")]))
    deliver(aws, LAYOUTS[0].replace(ACCOUNT, "444455556666"), packed([event("e-2")]))
    pages = paged

    def denied(client: Any, method: str, params: dict[str, str]) -> Any:
        if "444455556666" in params["Prefix"]:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")
        return pages(client, method, params)

    monkeypatch.setattr(buckets, "paged", denied)
    outcome = from_bucket(aws, store)
    (unread,) = outcome.unread
    assert (unread.kind, unread.file) == ("denied", "s3://trail/AWSLogs/444455556666/")
    assert ids(store) == ["e-1"]


def test_an_object_that_may_not_be_read_is_tried_again(
    aws: Aws, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from demarcate.estate.schema.unknown import Kind
    from demarcate.logs.store.damage import Damaged

    deliver(aws, LAYOUTS[0], packed([event("e-1")]))

    def denied(*_: Any) -> bytes:
        raise Damaged("denied", Kind.DENIED)

    with monkeypatch.context() as patched:
        patched.setattr(Bucket, "get", denied)
        assert (from_bucket(aws, store).refused, ids(store)) == (1, [])
    assert (from_bucket(aws, store).refused, ids(store)) == (0, ["e-1"])


def test_a_bucket_that_is_none_is_an_error(aws: Aws, store: Path) -> None:
    with pytest.raises(DemarcateError, match="NoSuchBucket"):
        from_bucket(aws, store, "s3://nobodys")
    with pytest.raises(DemarcateError, match="name a bucket"):
        from_bucket(aws, store, "s3://")
    shutil.rmtree(store, ignore_errors=True)
