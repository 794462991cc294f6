"""The server: moto's own application, with a layer before it that answers what moto lacks.

The layer knows which operation each request is. It counts the operations that are asked, gives the answers of
`data`, and lets a test put a fault in the place of any answer.
"""

from __future__ import annotations

import io
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from moto.core.request import Request
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.aws.answers.answering import Answer, answer, error, read
from tests.aws.answers.asking import Asked, asked
from tests.aws.answers.data import result_of
from tests.aws.moto import Moto
from tests.serving import served

Fault = Callable[[Asked, Callable[[], Answer]], Answer]
"""What is answered instead, given what was asked and a way to the true answer."""


class Server:
    """The WSGI application. Safe for use from several threads.

    `faults` are by operation, as tables write it; `storm` is a fault of every operation that has none.
    """

    def __init__(self) -> None:
        self.url = ""
        self.calls: Counter[str] = Counter()
        self.faults: Mapping[str, Fault] = {}
        self.storm: Fault | None = None
        self._moto = Moto()
        self._lock = threading.Lock()
        self._kept: dict[Any, Answer] | None = None
        self._frozen = False

    def keep(self) -> None:
        """From now on nothing changes: what was answered once is answered again without moto."""
        self._kept = {}

    @contextmanager
    def asking_anew(self) -> Iterator[None]:
        """While moto is asked for what was kept as well: what it said first stays what is answered afterwards."""
        before, self._kept = self._kept, {}
        try:
            yield
        finally:
            self._kept = self._kept | (before or {})

    def freeze(self) -> None:
        """From now on moto is not asked: what was not answered before is an error.

        Moto has one state in a process, and other tests reset it.
        """
        self._frozen = True

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        what = asked(Request(environ), body)
        if what is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return self._moto(environ, start_response)
        with self._lock:
            self.calls[what.operation] += 1
        fault = self.faults.get(what.operation, self.storm)
        given = fault(what, lambda: self._true(what, environ, body)) if fault else self._true(what, environ, body)
        return _send(given, environ, start_response)

    def _true(self, what: Asked, environ: dict[str, Any], body: bytes) -> Answer:
        if self._kept is None:
            return self._made(what, environ, body)
        key = (what.operation, what.region, environ.get("RAW_URI"), body, environ.get("HTTP_X_AMZ_ACCOUNT_ID"))
        with self._lock:
            answer = self._kept.get(key)
        if answer is None:
            if self._frozen:
                return error(what, 500, "NotKept", f"{what.operation} was not asked like this before: {body!r}")
            answer = self._made(what, environ, body)
            with self._lock:
                self._kept[key] = answer
        return answer

    def _made(self, what: Asked, environ: dict[str, Any], body: bytes) -> Answer:
        result = result_of(what, lambda: read(what, self._by_moto(environ, body)))
        return self._by_moto(environ, body) if result is None else of_data(what, result)

    def _by_moto(self, environ: dict[str, Any], body: bytes) -> Answer:
        environ["wsgi.input"] = io.BytesIO(body)
        got = Response.from_app(self._moto, environ, buffered=True)
        skipped = ("content-length", "connection", "transfer-encoding")
        headers = tuple((name, value) for name, value in got.headers if name.lower() not in skipped)
        return Answer(got.status_code, headers, got.get_data())


def of_data(what: Asked, result: Any) -> Answer:
    """An answer that botocore reads as it was written, to the last member."""
    made = answer(what, result)
    if read(what, made) != result:
        raise ValueError(f"{what.operation}: botocore reads {read(what, made)}, and not {result}")
    return made


def _send(given: Answer, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response(f"{given.status} -", [*given.headers, ("Content-Length", str(len(given.body)))])
    if given.cut:
        yield given.body[: len(given.body) // 2]
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError
    yield given.body


class Handler(MotoRequestHandler):
    """What speaks HTTP for a server of the tests."""

    protocol_version = "HTTP/1.1"
    """Connections are kept, as AWS keeps them."""
    disable_nagle_algorithm = True
    """Or each body would wait until the headers are acknowledged, for 40 ms."""

    def log(self, *_: object) -> None:
        """A test says what it has to say by itself."""


@contextmanager
def serving() -> Iterator[Server]:
    """A server on a free loopback port, empty but for what AWS puts into every account."""
    app = Server()
    with served(make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)) as app.url:
        yield app
