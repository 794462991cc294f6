"""What an answer may take: an endpoint may send for ever, a byte at a time or as fast as it can.

botocore's `read_timeout` is the time between two bytes. What is bounded here is a whole answer, its headers too, where
its bytes come from the socket.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from http.client import HTTPResponse
from typing import Any, TypeVar

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.aws.failures import Unending

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long an answer is waited for, and how large it may be.

    What comes slowly over a slow line is no fault: beyond `seconds`, an answer is waited for as long as it comes with
    `pace` bytes a second on average.
    """

    seconds: float = 60
    pace: int = 10_000
    size: int = 100 << 20


ANSWER = Bounds()
"""AWS's largest answers (10,000 images at once) are some 20 MB."""

OBJECT = Bounds(size=16 << 30)
"""An object of S3 that is read as it comes: the time that is spent on what was read does not count."""


def bound(client: Any, bounds: Bounds) -> None:
    """Hold all answers that a client gets to bounds: beyond them a call fails as one that timed out does."""
    # botocore has no public way to say of what its connections are made. Those over proxies are made from this, too.
    client._endpoint.http_session._pool_classes_by_scheme.update(_pools(bounds))


def within(seconds: float, do: Callable[[], T]) -> T:
    """What something gives that may hang. Raises Unending where it takes longer: then it is left to itself."""
    given: Future[T] = Future()

    def run() -> None:
        try:
            given.set_result(do())
        except BaseException as error:
            given.set_exception(error)

    threading.Thread(target=run, name="within", daemon=True).start()
    try:
        return given.result(seconds)
    except TimeoutError:
        if given.done():
            raise
        raise Unending(f"no answer after {seconds:g} s") from None


@cache
def _pools(bounds: Bounds) -> dict[str, type]:
    class Answer(HTTPResponse):
        def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_Bounded(self.fp.detach(), sock, bounds))

    class Http(AWSHTTPConnection):
        response_class = Answer  # type: ignore[assignment]

    class Https(AWSHTTPSConnection):
        response_class = Answer  # type: ignore[assignment]

    class HttpPool(AWSHTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(AWSHTTPSConnectionPool):
        ConnectionCls = Https

    return {"http": HttpPool, "https": HttpsPool}


class _Bounded(io.RawIOBase):
    """The bytes of one answer. Raises Unending."""

    def __init__(self, raw: io.RawIOBase, socket: Any, bounds: Bounds) -> None:
        self._raw, self._socket, self._bounds = raw, socket, bounds
        self._between: float = socket.gettimeout() or bounds.seconds
        self._waited, self._size = 0.0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        bounds = self._bounds
        left = bounds.seconds + self._size / bounds.pace - self._waited
        if left <= 0:
            raise Unending(f"the answer was not complete after {bounds.seconds:g} s")
        self._socket.settimeout(min(self._between, left))
        began = time.monotonic()
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError:
            if left > self._between:
                raise
            raise Unending(f"the answer was not complete after {bounds.seconds:g} s") from None
        self._waited += time.monotonic() - began
        self._size += count or 0
        if self._size > bounds.size:
            raise Unending(f"the answer has more than {bounds.size >> 20:,} MB", Kind.TOO_MUCH)
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
