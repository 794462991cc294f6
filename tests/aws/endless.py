"""A server that may answer without an end, and what it may answer."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from tests.aws.resuming import operation

WHO = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn>"
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
VOLUMES = "<DescribeVolumesResponse><volumeSet>{}</volumeSet>{}</DescribeVolumesResponse>"
VOLUME = "<item><volumeId>vol-{}</volumeId></item>"
NEXT = "<nextToken>token-{}</nextToken>"


class Request(BaseHTTPRequestHandler):
    """A request that is answered by the server's `answers`, by operation."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each body would wait until the headers are acknowledged, for 40 ms
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        name = operation(self, body)[0]
        self.server.calls[name] += 1
        self.server.answers[name](self)

    def do_GET(self) -> None:
        self.do_POST()

    def text(self, text: str) -> None:
        self.start(len(text))
        self.wfile.write(text.encode())

    def start(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def again_and_again(self, data: bytes, pause: float = 0) -> None:
        """Until whoever asked has gone, or the test is over."""
        while not self.server.over.wait(pause):
            self.wfile.write(data)
            self.wfile.flush()

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Answers on a free loopback port. Ended by its fixture, with every answer that has no end."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.over = Event()
        self.calls: Counter[str] = Counter()
        self.answers: dict[str, Callable[[Request], None]] = {"GetCallerIdentity": lambda asked: asked.text(WHO)}

    def handle_error(self, *_: Any) -> None:
        """Whoever asked has gone."""


@contextlib.contextmanager
def serving_endlessly() -> Iterator[Server]:
    """A server, until the block ends."""
    made = Server()
    thread = Thread(target=made.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        made.shutdown()
        thread.join()
        made.server_close()


def drips(asked: Request) -> None:
    """An answer that comes a byte at a time."""
    asked.start(1_000_000)
    asked.again_and_again(b"<", pause=0.05)


def drips_headers(asked: Request) -> None:
    """A header that comes a byte at a time."""
    asked.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    asked.again_and_again(b"a", pause=0.05)


def goes_on(asked: Request) -> None:
    """Ever again: an answer will come."""
    asked.again_and_again(b"HTTP/1.1 100 Continue\r\n\r\n")


def is_silent(asked: Request) -> None:
    """No answer."""
    asked.server.over.wait()


def pours(asked: Request) -> None:
    """An answer that comes fast, and does not end."""
    asked.send_response(200)
    asked.send_header("Connection", "close")
    asked.end_headers()
    asked.again_and_again(b"<" * (1 << 16))


def throttled(asked: Request) -> None:
    """It is asked too often."""
    text = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"
    asked.send_response(400)
    asked.send_header("Content-Length", str(len(text)))
    asked.end_headers()
    asked.wfile.write(text.encode())
