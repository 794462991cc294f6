"""What is followed: by listing, and by a queue that repeats itself; and what is kept no longer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import msgspec
import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.logs.detecting.places import detect_stored
from demarcate.logs.detecting.running import Detector
from demarcate.logs.detecting.structs import Detection
from demarcate.logs.detecting.watching import KEPT, kept
from demarcate.logs.sigma.reading import load_rules
from demarcate.logs.store import following
from demarcate.logs.store.catalog import owned
from demarcate.logs.store.folders import Folder
from demarcate.logs.store.following import Queue, follow, named
from demarcate.logs.store.ingesting import Outcome, ingest
from demarcate.logs.store.pruning import FOREVER, prune
from tests.aws.conftest import Aws
from tests.lake import stores
from tests.logs.test_store import LAYOUTS, bring, deliver, event, ids, packed, put, source, store

__all__ = ["source", "store"]


class Ended(Exception):
    """Somebody ends it."""


def rounds(*between: Callable[[], object]) -> Callable[[], None]:
    """What waits so often, and does something meanwhile; then ends it."""
    left = list(between)

    def wait() -> None:
        if not left:
            raise Ended
        left.pop(0)()

    return wait


def test_what_is_new_is_brought_in_until_somebody_ends_it(source: Path, store: Path) -> None:
    put(source, "a.json.gz", packed([event("e-1")]))
    outcomes: list[Outcome] = []
    wait = rounds(lambda: put(source, "b.json.gz", packed([event("e-2")])), lambda: None)
    with pytest.raises(Ended):
        follow([Folder(source)], store, outcomes.append, wait)
    assert ([outcome.rows for outcome in outcomes], ids(store)) == ([1, 1, 0], ["e-1", "e-2"])


def test_another_run_that_writes_is_waited_for(source: Path, store: Path) -> None:
    put(source, "a.json.gz", packed([event("e-1")]))
    outcomes: list[Outcome] = []
    held = owned(store)
    held.__enter__()
    with pytest.raises(Ended):
        follow([Folder(source)], store, outcomes.append, rounds(lambda: held.__exit__(None, None, None)))
    assert [outcome.rows for outcome in outcomes] == [1]


def notification(key: str, **members: Any) -> dict[str, Any]:
    """What S3 tells a queue of a new object."""
    what = {"key": quote_plus(key), "size": 100, "eTag": "d41d8", **members}
    return {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "trail"}, "object": what}}]}


MESSAGES: list[tuple[dict[str, Any], list[tuple[Any, ...]]]] = [
    (notification("a b/ä+c.json.gz"), [("trail", "a b/ä+c.json.gz", 100, "d41d8")]),
    ({"Type": "Notification", "Message": json.dumps(notification("k"))}, [("trail", "k", 100, "d41d8")]),
    (
        {"Message": json.dumps({"s3Bucket": "b", "s3ObjectKey": ["k", "l"]})},
        [("b", "k", 1, ""), ("b", "l", 1, "")],
    ),
    (
        {
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": "b"}, "object": {"key": "a b", "size": 5, "etag": "e"}},
        },
        [("b", "a b", 5, "e")],
    ),
    ({"detail-type": "Object Deleted", "detail": {"bucket": {"name": "b"}, "object": {"key": "k"}}}, []),
    ({"Service": "Amazon S3", "Event": "s3:TestEvent"}, []),
    ({"Records": [{"eventName": "ObjectRemoved:Delete", "s3": {}}]}, []),
]


@pytest.mark.parametrize(("message", "objects"), MESSAGES)
def test_notifications_of_all_ways_name_objects(message: dict[str, Any], objects: list[tuple[Any, ...]]) -> None:
    assert list(named(json.dumps(message))) == objects


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        "[]",
        "{}",
        '{"Records": 5}',
        '{"Records": [{}]}',
        '{"Message": "text"}',
        '{"s3ObjectKey": [5], "s3Bucket": "b"}',
        '{"s3ObjectKey": ["k"], "s3Bucket": "../b"}',
        "[" * 100_000,
    ],
)
def test_a_message_that_is_none_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(named(body))


@pytest.fixture
def queue(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(following, "WAIT", 0)
    return str(aws.client("sqs").create_queue(QueueName="new")["QueueUrl"])


def waiting(aws: Aws, queue: str) -> int:
    """Messages that are there, those that somebody has taken as well."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(told[name]) for name in names)


def test_a_queue_that_repeats_itself_gives_each_event_once(aws: Aws, queue: str, store: Path) -> None:
    sqs = aws.client("sqs")
    for number, key in enumerate(LAYOUTS):
        deliver(aws, key, packed([event(f"e-{number}")]))
        for _ in range(3):
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(notification(key)))
    digest = LAYOUTS[0].replace("CloudTrail", "CloudTrail-Digest")
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(notification(digest)))
    sqs.send_message(QueueUrl=queue, MessageBody="no notification")
    outcome = ingest([Queue(queue, aws.session, aws.url)], store, workers=1)
    assert (outcome.rows, outcome.files, ids(store)) == (3, 3, ["e-0", "e-1", "e-2"])
    assert "stays in the queue" in outcome.unread[0].reason
    assert waiting(aws, queue) == 1
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(notification(LAYOUTS[0])))
    assert (ingest([Queue(queue, aws.session, aws.url)], store, workers=1).held, waiting(aws, queue)) == (1, 1)


def test_a_message_whose_object_cannot_be_read_now_stays(aws: Aws, queue: str, store: Path) -> None:
    deliver(aws, "other", b"x")
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(notification("gone.json.gz")))
    outcome = ingest([Queue(queue, aws.session, aws.url)], store, workers=1)
    assert (outcome.refused, waiting(aws, queue)) == (1, 1)


def test_a_queue_that_is_none_is_an_error(aws: Aws, store: Path) -> None:
    with pytest.raises(DemarcateError, match="ReceiveMessage"):
        ingest([Queue(f"{aws.url}/123456789012/nobodys", aws.session, aws.url)], store, workers=1)


NOW = datetime(2026, 11, 10, tzinfo=UTC)


def test_what_is_kept_no_longer_is_deleted_and_stays_so(source: Path, store: Path) -> None:
    days = ("2026-11-01", "2026-11-05", "2026-11-09")
    put(source, "a.json.gz", packed([event(day, day=day) for day in days]))
    odd = [event(f"odd {day}", account="odd", day=day) for day in days]
    put(source, "b.json.gz", packed([*odd, event("no day", eventTime="none")]))
    bring(source, store)
    assert prune(store, {}, NOW) == ({}, {})
    kept, deleted = prune(store, {"aws_cloudtrail_log": 5}, NOW)
    assert (kept, deleted) == ({"aws_cloudtrail_log": 5}, {"aws_cloudtrail_log": 2})
    assert ids(store) == ["2026-11-05", "2026-11-09", "no day", "odd 2026-11-05", "odd 2026-11-09"]
    assert bring(source, store).files == 0
    assert prune(store, {"*": 1}, NOW)[1] == {}
    assert prune(store, {"aws_cloudtrail_log": FOREVER}, NOW)[1] == {}
    assert prune(store, {}, NOW, {"aws_cloudtrail_log": 1})[1] == {}, (
        "a store's own time counts more than settings"
    )
    assert prune(store, {"*": None, "aws_cloudtrail_log": None}, NOW)[1] == {}
    assert prune(store, {}, NOW, {"*": 1, "aws_cloudtrail_log": FOREVER})[1] == {}
    assert prune(store, {}, NOW, {"*": 1}) == ({"*": 1}, {"aws_cloudtrail_log": 2})
    assert ids(store) == ["2026-11-09", "no day", "odd 2026-11-09"]


def test_rows_of_no_account_are_deleted_by_their_own_day(
    source: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demarcate.logs.store.loading.MOST_PLACES", 1)
    days = ("2026-11-01", "2026-11-05", "2026-11-05", "2026-11-09")
    put(source, "a.json.gz", packed([event(f"{n}", day=day) for n, day in enumerate(days)]))
    bring(source, store)
    assert prune(store, {"*": 5}, NOW)[1] == {"aws_cloudtrail_log": 1}
    assert ids(store) == ["1", "2", "3"]


@pytest.mark.parametrize("keep", [{"nothing": 5}, {"*": -1}, {"*": 10**9}])
def test_a_time_that_is_none_is_refused(keep: dict[str, int | None], source: Path, store: Path) -> None:
    put(source, "a.json.gz", packed([event()]))
    bring(source, store)
    with pytest.raises(DemarcateError):
        prune(store, keep, NOW)


def test_what_is_no_store_is_not_pruned(tmp_path: Path) -> None:
    with pytest.raises(DemarcateError, match="no log store"):
        prune(tmp_path / "none", {})
    assert not (tmp_path / "none").exists()
    with pytest.raises(DemarcateError, match="no log store"):
        prune(tmp_path, {})
    assert not list(tmp_path.iterdir())


def test_what_comes_is_detected_as_a_whole_store_is(
    source: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run goes on where another ended, and with what correlations and baselines that is over have been told."""
    pytest.importorskip("sigma")
    stores.rules(tmp_path / "rules")
    events = stores.events()
    told: dict[str, Detection] = {}
    chunks = [events[at : at + 200] for at in range(0, len(events), 200)]
    words = ["logs", "follow", str(source), "--store", str(store), "--detect", "--rules", str(tmp_path / "rules")]

    (tmp_path / "waivers.yaml").write_text(
        "- {check: row, reason: Rows are fine, owner: platform, until: 2999-12-31}\n"
    )

    def followed(*between: Callable[[], object]) -> list[Detection]:
        """What is told meanwhile, as it is without the waiver that each of `row` has."""
        monkeypatch.setattr(following, "every", lambda seconds: rounds(*between))
        done = CliRunner().invoke(app, [*words, "--waivers", str(tmp_path / "waivers.yaml"), "--format", "json"])
        assert isinstance(done.exception, Ended), done.exception
        lines = [msgspec.json.decode(line, type=Detection) for line in done.stdout.splitlines()]
        assert all((each.waived is not None) == (each.name == "row") for each in lines)
        return [msgspec.structs.replace(each, waived=None) for each in lines]

    def arrives(number: int) -> None:
        put(source, f"{number}.json.gz", packed([*events[200 * number - 9 : 200 * number], *chunks[number]]))

    arrives(0)
    for lines in (followed(lambda: arrives(1)), followed(lambda: arrives(2), lambda: None)):
        assert lines
        told.update({each.id: each for each in lines})
    state = kept(store / KEPT)
    assert followed() == []
    loaded = load_rules([tmp_path / "rules"]).rules.values()
    told.update({each.id: each for each in Detector(loaded).finish(state).detections})
    whole = detect_stored(store, loaded)
    assert {each.id: each for each in whole.detections} == told
    assert {each.name for each in whole.detections} >= {"row", "consolelogin"}


@pytest.mark.parametrize("words", [["--rules", "rules"], ["--waivers", "ledger"], ["--only"]])
def test_rules_of_what_is_not_detected_are_refused(words: list[str], source: Path, store: Path) -> None:
    refused = CliRunner().invoke(app, ["logs", "follow", str(source), "--store", str(store), *words])
    assert "are for --detect" in str(refused.exception)
