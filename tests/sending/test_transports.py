"""Transports against receivers that take, fail, hang, lie and close early."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from demarcate.base import fetching
from demarcate.sending.destinations import Elastic, SecurityLake, Splunk, Syslog, Webhook
from demarcate.sending.opening import transport_of
from demarcate.sending.structs import Answer, Later, SendingError
from demarcate.sending.transports.webhook import signature
from tests.aws.conftest import REGION, Aws
from tests.changes.cases import options
from tests.sending.receivers import Answered, Receiver, certificate, delivery, listening, receiving

MOMENT = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIEM_SECRET", "s3cret")


def sent(destination: Any, count: int = 1) -> Answer:
    transport = transport_of("siem", destination, lambda: MOMENT)
    return transport.send([delivery(number) for number in range(1, count + 1)])


KINDS: dict[str, Callable[[str], Any]] = {
    "webhook": lambda url: Webhook(url=url, secret_variable="SIEM_SECRET"),
    "splunk": lambda url: Splunk(url=url, token_variable="SIEM_SECRET"),
    "elastic": lambda url: Elastic(url=url, index="logs-demarcate", api_key_variable="SIEM_SECRET"),
}


# --- whatever the transport -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "counts"),
    [((500, b"x"), True), ((503, b""), False), ((401, b""), False), ((302, b""), False), (None, True)],
)
def test_what_is_not_taken_waits(kind: str, answer: Answered, counts: bool) -> None:
    receiver = Receiver([answer])
    with receiving(receiver) as url, pytest.raises(Later) as waits:
        sent(KINDS[kind](url))
    assert waits.value.counts is counts
    assert "s3cret" not in str(waits.value)
    assert len(receiver.heard) == 1, "no redirect is followed"


@pytest.mark.parametrize("kind", KINDS)
def test_a_receiver_that_hangs_is_left(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.05)
    with receiving(Receiver(holds=threading.Event())) as url, pytest.raises(Later) as waits:
        sent(KINDS[kind](url))
    assert waits.value.counts is True


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_there(kind: str) -> None:
    with receiving(Receiver()) as url:
        pass
    with pytest.raises(Later) as waits:
        sent(KINDS[kind](url))
    assert waits.value.counts is False


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused_is_known(kind: str) -> None:
    with receiving(Receiver([(400, b"no")])) as url:
        assert list(sent(KINDS[kind](url)).refused) == [1]


def test_a_secret_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIEM_SECRET")
    with pytest.raises(SendingError, match="the environment has no SIEM_SECRET"):
        sent(KINDS["webhook"]("https://siem.example.com"))


# --- each -------------------------------------------------------------------------------------------------


def test_a_webhook_is_signed() -> None:
    receiver = Receiver()
    with receiving(receiver) as url:
        assert sent(KINDS["webhook"](f"{url}/in")) == Answer()
    ((path, headers, body),) = receiver.heard
    assert path == "/in"
    assert headers["Idempotency-Key"] == "key1"
    assert headers["Demarcate-Timestamp"] == str(int(MOMENT.timestamp()))
    assert headers["Demarcate-Signature"] == f"v1={signature('s3cret', headers['Demarcate-Timestamp'], body)}"
    (told,) = json.loads(body)["deliveries"]
    assert (told["key"], told["id"], told["state"], told["event"]["class_uid"]) == ("key1", "f1", "open", 2003)


def test_a_signature() -> None:
    """Computed with `printf '1.{}' | openssl dgst -sha256 -hmac key`."""
    assert signature("key", "1", b"{}") == "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"


def test_of_a_digest_only_what_is_wrong_is_refused() -> None:
    def picky(body: bytes) -> Answered:
        return (422, b"bad") if b'"f3"' in body else (200, b"")

    digest = Webhook(url="", secret_variable="SIEM_SECRET", digest=5)
    with receiving(Receiver([picky])) as url:
        from msgspec.structs import replace

        assert list(sent(replace(digest, url=url), 4).refused) == [3]


SPLUNK = [
    (b'{"text":"Success","code":0}', Answer()),
    (b'{"text":"Invalid data format","code":6}', [1]),
    (b'{"text":"Server is busy","code":9}', Later),
    (b"<html>sign in</html>", Later),
    (b"[]", Later),
    (b"", Later),
]


@pytest.mark.parametrize(("body", "expected"), SPLUNK)
def test_splunk_says_200_and_means_its_code(body: bytes, expected: Any) -> None:
    receiver = Receiver([(200, body)])
    with receiving(receiver) as url:
        if expected is Later:
            with pytest.raises(Later):
                sent(KINDS["splunk"](url))
        elif isinstance(expected, Answer):
            assert sent(KINDS["splunk"](url), 2) == expected
        else:
            assert list(sent(KINDS["splunk"](url)).refused) == expected
    path, headers, told = receiver.heard[0]
    assert (path, headers["Authorization"]) == ("/services/collector/event", "Splunk s3cret")
    first = json.loads(told.splitlines()[0])
    assert (first["sourcetype"], first["fields"]["demarcate_key"], first["time"]) == (
        "demarcate:ocsf",
        "key1",
        MOMENT.timestamp(),
    )


def bulk(*statuses: int) -> bytes:
    items = [
        {"create": {"status": status, **({"error": {"type": "t", "reason": "r"}} if status >= 400 else {})}}
        for status in statuses
    ]
    return json.dumps({"errors": any(status >= 400 for status in statuses), "items": items}).encode()


ELASTIC = [
    (bulk(201, 201, 201), Answer()),
    (bulk(201, 409, 201), Answer()),
    (bulk(201, 400, 429), Answer({2: "answered 400: t: r"}, {3: "answered 429: t: r"})),
    (bulk(201, 201), Later),
    (b'{"errors":false}', Later),
    (b"ok", Later),
]


@pytest.mark.parametrize(("body", "expected"), ELASTIC)
def test_elastic_says_200_and_means_each_document(body: bytes, expected: Any) -> None:
    receiver = Receiver([(200, body)])
    with receiving(receiver) as url:
        if expected is Later:
            with pytest.raises(Later):
                sent(KINDS["elastic"](url), 3)
        else:
            assert sent(KINDS["elastic"](url), 3) == expected
    path, headers, told = receiver.heard[0]
    assert (path, headers["Authorization"]) == ("/_bulk", "ApiKey s3cret")
    lines = told.decode().split("\n")
    assert lines[-1] == "" and len(lines) == 7
    assert json.loads(lines[0]) == {"create": {"_index": "logs-demarcate", "_id": "key1"}}
    assert json.loads(lines[1])["@timestamp"].endswith("+00:00")


# --- syslog -----------------------------------------------------------------------------------------------


def reads(into: list[bytes], *, says_goodbye: bool) -> Callable[[ssl.SSLSocket], None]:
    def serve(secure: ssl.SSLSocket) -> None:
        while part := secure.recv(1 << 16):
            into.append(part)
        if says_goodbye:
            secure.unwrap()

    return serve


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.mark.parametrize("says_goodbye", [True, False])
def test_syslog_counts_octets(trusted: Path, says_goodbye: bool) -> None:
    heard: list[bytes] = []
    with listening(trusted, reads(heard, says_goodbye=says_goodbye)) as port:
        assert sent(Syslog(host="127.0.0.1", port=port), 2) == Answer()
    told, entries = b"".join(heard), []
    while told:
        length, _, rest = told.partition(b" ")
        entries.append(rest[: int(length)])
        told = rest[int(length) :]
    assert len(entries) == 2
    head, _, text = entries[0].partition(b"\xef\xbb\xbf")
    assert head.startswith(b"<107>1 2026-11-29T03:00:00.000Z ") and head.endswith(b" demarcate - finding - ")
    assert json.loads(text)["demarcate_key"] == "key1"


def test_a_webhook_over_tls(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is not vouched for is told nothing."""
    receiver = Receiver()
    with receiving(receiver, trusted) as url:
        assert sent(KINDS["webhook"](url)) == Answer()
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(Later, match="certificate verify failed") as waits:
            sent(KINDS["webhook"](url))
    assert (waits.value.counts, len(receiver.heard)) == (False, 1)


def test_syslog_that_closes_early_is_tried_again(trusted: Path) -> None:
    def closes(secure: ssl.SSLSocket) -> None:
        secure.recv(1)

    with listening(trusted, closes) as port:
        transport = transport_of("siem", Syslog(host="127.0.0.1", port=port), lambda: MOMENT)
        with pytest.raises(Later):
            transport.send([delivery(1, title="x" * 3_000_000)])


def test_syslog_that_hangs_is_left(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.2)
    held = threading.Event()
    with listening(trusted, lambda _: (held.wait(), None)[1]) as port:
        with pytest.raises(Later) as waits:
            sent(Syslog(host="127.0.0.1", port=port))
        held.set()
    assert waits.value.counts is True


def test_syslog_to_whom_nobody_vouches_for_is_told_nothing(tmp_path: Path) -> None:
    heard: list[bytes] = []
    with listening(certificate(tmp_path), reads(heard, says_goodbye=True)) as port, pytest.raises(Later) as waits:
        sent(Syslog(host="127.0.0.1", port=port))
    assert (waits.value.counts, heard) == (False, [])


# --- Security Lake ----------------------------------------------------------------------------------------


def test_security_lake(tmp_path: Path) -> None:
    import duckdb

    lake = SecurityLake(folder=str(tmp_path))
    for _ in range(2):  # what is written twice is there once
        transport = transport_of("lake", lake, lambda: MOMENT)
        told = [delivery(1, account="111122223333", region="eu-west-1"), delivery(2)]
        assert transport.send(told) == Answer()
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert [name.rpartition("/")[0] for name in names] == [
        "ext/demarcate-2003/region=eu-west-1/accountId=111122223333/eventDay=20261129",
        "ext/demarcate-2003/region=us-east-1/accountId=external/eventDay=20261129",
    ]
    query = f"SELECT class_uid, metadata.uid, finding_info.uid FROM '{tmp_path / names[0]}'"
    rows = duckdb.connect().execute(query).fetchall()
    assert rows == [(2003, "key1", "f1")]


def test_an_event_keeps_its_id_in_security_lake(tmp_path: Path) -> None:
    from demarcate.logs.store.folders import Folder
    from demarcate.logs.store.ingesting import ingest
    from demarcate.report import api_activity
    from tests.logs.test_store import ids

    row = {"event_id": "e-1", "event_name": "GetUser", "event_source": "iam.amazonaws.com"}
    told = api_activity.event(
        {**row, "event_time": "2026-11-29T03:00:00Z", "recipient_account_id": "111122223333"}
    )
    made = delivery(1)
    made = replace(made, item=msgspec.structs.replace(made.item, event=told))
    transport = transport_of("lake", SecurityLake(folder=str(tmp_path / "lake")), lambda: MOMENT)
    assert transport.send([made]) == Answer()
    ingest([Folder(tmp_path / "lake")], tmp_path / "store", workers=1)
    assert ids(tmp_path / "store") == ["e-1"]


def test_security_lake_in_its_bucket(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    lake = SecurityLake(folder="s3://lake/here/", endpoint_url=options(aws).endpoint_url)
    assert sent(lake, 2) == Answer()
    (held,) = s3.list_objects_v2(Bucket="lake")["Contents"]
    assert held["Key"].startswith("here/ext/demarcate-2003/region=us-east-1/accountId=external/eventDay=20261129/")
    lacking = SecurityLake(folder="s3://nowhere", endpoint_url=options(aws).endpoint_url)
    with pytest.raises(Later) as waits:
        sent(lacking)
    assert waits.value.counts is False
