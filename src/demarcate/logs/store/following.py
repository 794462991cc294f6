"""Follows a source: what is new is brought in, again and again, until somebody ends it.

What is new is found by listing, or told by a queue to which S3 sends notifications: directly, by SNS or by EventBridge.
A queue may repeat itself, and tell things in any order: what was read is known by its name and stamp. A message is
deleted once all that it names is part of the store, so that one that is lost on the way comes again.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.sources.aws.answers import told
from demarcate.estate.sources.aws.clients import client_of
from demarcate.estate.sources.aws.failures import FAILED, why
from demarcate.logs.store.buckets import PASSED_OVER, SCHEME, Bucket
from demarcate.logs.store.catalog import Busy
from demarcate.logs.store.entries import Entry, Source
from demarcate.logs.store.ingesting import Outcome, ingest

if TYPE_CHECKING:
    import boto3

MESSAGES: Final = 1_000
"""Messages that are taken at once: what they name is one ingest."""

WAIT: Final = 20
"""Seconds that a queue is asked to wait for a message: the most that SQS takes."""

HIDDEN: Final = 900
"""Seconds for which a message is not given to anybody else, while what it names is read."""


def follow(
    sources: Sequence[Source],
    store: Path,
    each: Callable[[Outcome], object],
    wait: Callable[[], object],
) -> None:
    """Bring in what is new, tell what came of it, and wait, for ever. Another run that writes is waited for.

    Raises DemarcateError and OSError as `ingest` does, and what `wait` raises.
    """
    while True:
        with contextlib.suppress(Busy):
            each(ingest(sources, store))
        wait()


def every(seconds: float) -> Callable[[], None]:
    """What waits for so long."""
    return lambda: time.sleep(seconds)


@dataclass(slots=True)
class _Told:
    """A message: what gives it back, and the files that it names."""

    receipt: str
    names: list[str] = field(default_factory=list)


class Queue:
    """A queue of notifications as a source: its files are those that it names. Raises DemarcateError for no queue.

    It is asked for messages, and messages that were dealt with are deleted: a queue is read by nobody else.
    """

    far = True

    def __init__(self, url: str, session: boto3.Session, endpoint_url: str | None) -> None:
        self.name = url
        self.over: list[str] = []
        self.is_over: Callable[[str], bool] = lambda _: False
        self._session, self._endpoint = session, endpoint_url
        calls = ("sqs.receive_message", "sqs.delete_message_batch")
        self._client = client_of(session, "sqs", endpoint_url, may=(), writes=calls, region=_region(url))
        self._buckets: dict[str, Bucket] = {}
        self._messages: list[_Told] = []

    def entries(self, refuse: Callable[[Unread], None]) -> Iterator[Entry]:
        """The files that waiting messages name, each once. Raises DemarcateError where messages cannot be had."""
        self._messages = []
        seen: set[str] = set()
        while len(self._messages) < MESSAGES:
            taken = self._receive(WAIT if not self._messages else 0)
            if not taken:
                return
            for message in taken:
                yield from self._of(message, seen, refuse)

    def _receive(self, wait: int) -> list[Any]:
        try:
            answer = self._client.receive_message(
                QueueUrl=self.name, MaxNumberOfMessages=10, WaitTimeSeconds=wait, VisibilityTimeout=HIDDEN
            )
        except FAILED as error:
            raise DemarcateError(f"{self.name}: sqs:ReceiveMessage: {why(error).reason}") from error
        return list(answer.get("Messages", ()))

    def _of(self, message: Any, seen: set[str], refuse: Callable[[Unread], None]) -> Iterator[Entry]:
        made = _Told(told(message, "ReceiptHandle"))
        try:
            objects = list(named(str(message.get("Body"))))
        except ValueError as error:
            reason = f"a message is no notification of S3 and stays in the queue: {error}"
            refuse(Unread(kind=Kind.MALFORMED, reason=reason, file=self.name))
            return
        self._messages.append(made)
        for bucket, key, size, tag in objects:
            if not size or not PASSED_OVER.isdisjoint(key.split("/")):
                continue
            if bucket not in self._buckets:
                self._buckets[bucket] = Bucket(f"{SCHEME}{bucket}", self._session, self._endpoint)
            entry = self._buckets[bucket].entry(key, size, tag)
            made.names.append(entry.name)
            if entry.name not in seen:
                seen.add(entry.name)
                yield entry

    def done(self, outcome: Outcome) -> None:
        """Delete the messages of which all files were read. Raises DemarcateError where that fails."""
        again = set(outcome.again)
        receipts = [message.receipt for message in self._messages if again.isdisjoint(message.names)]
        for at in range(0, len(receipts), 10):
            batch = [{"Id": str(n), "ReceiptHandle": text} for n, text in enumerate(receipts[at : at + 10])]
            try:
                self._client.delete_message_batch(QueueUrl=self.name, Entries=batch)
            except FAILED as error:
                raise DemarcateError(f"{self.name}: sqs:DeleteMessage: {why(error).reason}") from error


def _region(url: str) -> str | None:
    """The region in the address of a queue (`https://sqs.eu-west-1.amazonaws.com/…`); None where it has none."""
    parts = url.split("/")[2:3]
    labels = parts[0].split(".") if parts else []
    return labels[1] if len(labels) > 3 and labels[0] == "sqs" else None


Object = tuple[str, str, int, str]
"""An object that a message names: its bucket, key, bytes and ETag. Bytes are 1 where they are not told."""


def named(body: str) -> Iterator[Object]:
    """The objects that a message names. Raises ValueError for a message that is no notification.

    >>> list(named('{"s3Bucket": "b", "s3ObjectKey": ["k"]}'))
    [('b', 'k', 1, '')]
    """
    message = from_json(body, dict[str, Any])
    inner = message.get("Message")
    if isinstance(inner, str):  # SNS
        message = from_json(inner, dict[str, Any])
    if message.get("Event") == "s3:TestEvent":
        return
    try:
        if "s3ObjectKey" in message:  # CloudTrail's own
            for key in message["s3ObjectKey"]:
                yield _object(message["s3Bucket"], key, 1, "")
        elif "detail" in message:  # EventBridge
            what = message["detail"]["object"]
            if message.get("detail-type") == "Object Created":
                yield _object(
                    message["detail"]["bucket"]["name"], what["key"], what.get("size", 1), what.get("etag")
                )
        else:
            for record in message["Records"]:
                if str(record["eventName"]).startswith("ObjectCreated"):
                    what = record["s3"]["object"]
                    key = unquote_plus(what["key"])
                    yield _object(record["s3"]["bucket"]["name"], key, what.get("size", 1), what.get("eTag"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"expected the members of one, not {json.dumps(message)[:100]}") from error


def _object(bucket: Any, key: Any, size: Any, tag: Any) -> Object:
    if not (isinstance(bucket, str) and isinstance(key, str) and isinstance(size, int)) or "/" in bucket:
        raise TypeError
    return bucket, key, size, str(tag or "")
