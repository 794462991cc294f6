"""Endpoints that have no end: answers, pages, and what gives credentials are bounded, and what is lost is told."""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event
from unittest import mock

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.aws import asking, clients, paging, session
from demarcate.estate.sources.aws.bounds import ANSWER, Bounds, within
from demarcate.estate.sources.aws.failures import Unending, why
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import all_tables
from tests.aws.answers.asking import calls_of, model_of
from tests.aws.answers.paging import paging_of
from tests.aws.endless import (
    NEXT,
    VOLUME,
    VOLUMES,
    Request,
    Server,
    drips,
    drips_headers,
    goes_on,
    is_silent,
    pours,
    throttled,
)
from tests.aws.faults.world import unhurried


def a_session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-west-1")


def collect(endless: Server, table: str, bounds: Bounds | None = None) -> Snapshot:
    with unhurried(attempts=2), mock.patch.object(clients, "ANSWER", bounds or ANSWER):
        return collect_snapshot(
            ["aws"],
            Options(session=a_session(), regions=("eu-west-1",), endpoint_url=endless.url),
            selection={table: None},
        )


def unread(snapshot: Snapshot) -> set[str]:
    return {gap.reason for gap in snapshot.unread}


# --- one answer ---------------------------------------------------------------------------------------------


LATE = "the answer was not complete after 0.5 s"


@pytest.mark.parametrize(
    ("answer", "bounds", "told"),
    [
        (drips, Bounds(0.5), LATE),
        (drips_headers, Bounds(0.5), LATE),
        (is_silent, Bounds(0.5), LATE),
        (goes_on, Bounds(60, size=2 << 20), "the answer has more than 2 MB"),
        (pours, Bounds(60, size=2 << 20), "the answer has more than 2 MB"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_answer_without_an_end(
    endless: Server, answer: Callable[[Request], None], bounds: Bounds, told: str
) -> None:
    endless.answers["DescribeVolumes"] = answer
    snapshot = collect(endless, "aws_ebs_volume", bounds)
    assert unread(snapshot) == {told}
    assert not snapshot.manifest.tables
    assert endless.calls["DescribeVolumes"] == clients.ATTEMPTS


def test_who_these_credentials_are_of_is_never_told(endless: Server) -> None:
    endless.answers["GetCallerIdentity"] = is_silent
    with pytest.raises(DemarcateError, match=f"AWS cannot be reached: sts:GetCallerIdentity: {LATE}"):
        collect(endless, "aws_ebs_volume", Bounds(0.5))


def test_what_comes_slowly_and_steadily_is_waited_for(endless: Server) -> None:
    text = VOLUMES.format(VOLUME.format(1) * 50, "")

    def slow(asked: Request) -> None:
        asked.start(len(text))
        for start in range(0, len(text), 100):
            asked.wfile.write(text[start : start + 100].encode())
            time.sleep(0.05)

    endless.answers["DescribeVolumes"] = slow
    began = time.monotonic()
    snapshot = collect(endless, "aws_ebs_volume", Bounds(seconds=1, pace=10))
    assert time.monotonic() - began > 1, "it took longer than is allowed without a pace"
    assert not snapshot.unread
    assert [part.rows for part in snapshot.manifest.tables["aws_ebs_volume"].parts] == [50]


def test_over_tls(endless: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    endless.socket = context.wrap_socket(endless.socket, server_side=True)
    endless.url = f"https://localhost:{endless.server_port}"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    endless.answers["DescribeVolumes"] = lambda asked: asked.text(VOLUMES.format(VOLUME.format(1), ""))
    assert not collect(endless, "aws_ebs_volume", Bounds(30)).unread
    endless.answers["DescribeVolumes"] = drips
    assert unread(collect(endless, "aws_ebs_volume", Bounds(0.5))) == {LATE}


def self_signed(folder: Path) -> Path:
    """A certificate of localhost with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def test_a_redirect_to_itself(endless: Server) -> None:
    def redirect(asked: Request) -> None:
        asked.send_response(307)
        asked.send_header("Location", endless.url + "/")
        asked.send_header("Content-Length", "0")
        asked.end_headers()

    endless.answers["DescribeVolumes"] = redirect
    snapshot = collect(endless, "aws_ebs_volume")
    assert len(unread(snapshot)) == 1
    assert endless.calls["DescribeVolumes"] <= clients.ATTEMPTS


# --- many calls ---------------------------------------------------------------------------------------------


TOPICS = "".join(
    f"<member><TopicArn>arn:aws:sns:eu-west-1:123456789012:t{number}</TopicArn></member>" for number in range(500)
)


def collect_topics(endless: Server, attributes: Callable[[Request], None]) -> Snapshot:
    """A table of 500 topics, of each of which the attributes are asked for."""
    endless.answers |= {
        "ListTopics": lambda asked: asked.text(
            f"<R><ListTopicsResult><Topics>{TOPICS}</Topics></ListTopicsResult></R>"
        ),
        "ListTagsForResource": lambda asked: asked.text("<R><ListTagsForResourceResult/></R>"),
        "GetTopicAttributes": attributes,
    }
    snapshot = collect(endless, "aws_sns_topic", Bounds(0.5))
    assert [part.rows for part in snapshot.manifest.tables["aws_sns_topic"].parts] == [500]
    return snapshot


@pytest.mark.parametrize(("answer", "patience"), [(is_silent, 3.0), (throttled, 0.01)])
def test_an_operation_that_is_never_answered_is_not_called_for_each_item(
    endless: Server, answer: Callable[[Request], None], patience: float
) -> None:
    with mock.patch.object(asking, "IN_VAIN", patience):
        (told,) = unread(collect_topics(endless, answer))
    assert told in (LATE, "throttled, retries exhausted (Throttling)")
    # A few until it is given up, and those that are under way then.
    assert endless.calls["GetTopicAttributes"] <= (4 + 2 * 16) * (clients.ATTEMPTS + 2)


def test_an_operation_that_is_not_answered_for_a_while_is_called_for_the_others(endless: Server) -> None:
    def again(asked: Request) -> None:
        if asked.server.calls["GetTopicAttributes"] <= 100:
            throttled(asked)
        else:
            asked.text("<R><GetTopicAttributesResult/></R>")

    assert unread(collect_topics(endless, again)) == {"throttled, retries exhausted (Throttling)"}
    assert endless.calls["GetTopicAttributes"] > 500


# --- pages --------------------------------------------------------------------------------------------------


def pages(*made: str) -> Callable[[Request], None]:
    """Ever new tokens: pages of these in turn, `{}` in them being the number of the page."""
    numbers = count()

    def page(asked: Request) -> None:
        number = next(numbers)
        asked.text(VOLUMES.format(made[number % len(made)].format(number), NEXT.format(number)))

    return page


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (("",), "30 in a row brought nothing new"),
        (("<item><volumeId>vol-0</volumeId></item>",), "30 in a row brought nothing new"),
        ((VOLUME,), "there are more than 90"),
        (("", VOLUME), "there are more than 90"),
    ],
    ids=["empty", "the same", "new", "every second one empty"],
)
def test_pages_without_an_end(endless: Server, made: tuple[str, ...], told: str) -> None:
    endless.answers["DescribeVolumes"] = pages(*made)
    with mock.patch.object(paging, "IDLE", 30), mock.patch.object(paging, "MOST", 90):
        snapshot = collect(endless, "aws_ebs_volume")
    assert unread(snapshot) == {f"the pages have no end: {told}"}
    assert not snapshot.manifest.tables, "what was told so far is not all"
    assert endless.calls["DescribeVolumes"] <= 92


def test_empty_pages_before_the_last_are_no_fault(endless: Server) -> None:
    numbers = count()

    def page(asked: Request) -> None:
        number = next(numbers)
        last = number == 25
        asked.text(VOLUMES.format(VOLUME.format(1) if last else "", "" if last else NEXT.format(number)))

    endless.answers["DescribeVolumes"] = page
    with mock.patch.object(paging, "IDLE", 30):
        snapshot = collect(endless, "aws_ebs_volume")
    assert not snapshot.unread


def test_whatever_is_paged_brings_lists() -> None:
    """By that it is told whether a page has anything in it."""
    calls = {call.operation for table in all_tables().values() for call in calls_of(table)}
    for name in sorted(calls):
        pager = paging_of(name)
        for path in pager.lists if pager else ():
            shape = model_of(name).output_shape
            for member in path.split("."):
                shape = shape.members[member]
            assert shape.type_name == "list", (name, path)


# --- credentials --------------------------------------------------------------------------------------------


def test_a_process_that_gives_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = tmp_path / "waiting.py"
    waiting.write_text("import sys; sys.stdin.read()")
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = eu-west-1\ncredential_process = {sys.executable} {waiting}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(session, "CREDENTIALS", 0.5)
    with hanging_input(), pytest.raises(DemarcateError, match=r"no AWS credentials: no answer after 0\.5 s"):
        session.credentials_of(boto3.Session())


@contextlib.contextmanager
def hanging_input() -> Iterator[None]:
    """Children read from a pipe that gives nothing until the block ends: then they end as well."""
    reading, writing = os.pipe()
    own = os.dup(0)
    os.dup2(reading, 0)
    try:
        yield
    finally:
        os.dup2(own, 0)
        for handle in (own, reading, writing):
            os.close(handle)


def test_credentials_that_cannot_be_fetched_anew() -> None:
    hanging = Event()

    class Refreshing:
        _refresh_using = staticmethod(hanging.wait)

    class Session:
        def get_credentials(self) -> Refreshing:
            return Refreshing()

    with mock.patch.object(session, "CREDENTIALS", 0.2):
        credentials = session.credentials_of(Session())  # type: ignore[arg-type]
        with pytest.raises(Unending, match=r"no answer after 0\.2 s"):
            credentials._refresh_using()
    hanging.set()


def test_what_is_within_its_time_gives_what_it_gives() -> None:
    assert within(60, lambda: 3) == 3
    with pytest.raises(TimeoutError, match="its own"):
        within(60, raising(TimeoutError("its own")))
    assert why(BotoCoreError()).reason == "the call failed (BotoCoreError)"


def raising(error: Exception) -> Callable[[], None]:
    def do() -> None:
        raise error

    return do
