"""Calls of botocore to an application that is served by this process, without a connection and a thread for each.

What is called and what is answered is the same: what speaks HTTP for the server makes of a request what the application
is given. What tests of connections are about (that one is kept, slow, cut or refused) is not here: they call servers.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from urllib3 import HTTPHeaderDict, HTTPResponse
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from tests.serving import SERVERS

Send = Callable[[URLLib3Session, AWSPreparedRequest], AWSResponse]


@contextmanager
def called_directly() -> Iterator[None]:
    """Have applications called for as long as this lasts, where a server of this process serves them.

    A fork has only a copy of an application: its calls go to the server.
    """
    real, ours = URLLib3Session.send, os.getpid()

    def send(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        server = SERVERS.get("http://" + urlsplit(request.url).netloc) if os.getpid() == ours else None
        body = request.body
        if isinstance(server, BaseWSGIServer) and (body is None or isinstance(body, bytes | bytearray | str)):
            return _answered(server, request, body.encode() if isinstance(body, str) else bytes(body or b""))
        return real(session, request)

    with mock.patch.object(URLLib3Session, "send", send):
        yield


def _answered(server: BaseWSGIServer, request: AWSPreparedRequest, body: bytes) -> AWSResponse:
    try:
        given, status, headers = run_wsgi_app(server.app, _environ(server, request, body))
        content = b"".join(given)
    except ConnectionAbortedError as error:
        raise ConnectionClosedError(endpoint_url=request.url, error=error) from error
    if request.method == "HEAD":
        content = b""
    code = int(status.split()[0])
    told = HTTPHeaderDict(headers.items())
    raw = HTTPResponse(
        io.BytesIO(content), told, code, preload_content=False, decode_content=False, enforce_content_length=False
    )
    answer = AWSResponse(request.url, code, told, raw)  # type: ignore[arg-type]  # as botocore makes it
    if not request.stream_output:
        answer.content  # noqa: B018  # is read at once, as from a connection
    return answer


class _Cut:
    """The connection of a request that has none, which an application may cut."""

    def shutdown(self, _: int) -> None:
        pass


def _environ(server: BaseWSGIServer, request: AWSPreparedRequest, body: bytes) -> dict[str, Any]:
    """What the handler of a server would make of a request."""
    url = urlsplit(request.url)
    headers = Message()
    headers["Host"] = url.netloc
    for name, value in request.headers.items():
        headers[name] = value.decode() if isinstance(value, bytes) else str(value)
    if "Content-Length" not in headers:
        headers["Content-Length"] = str(len(body))
    speaks: Any = server.RequestHandlerClass
    handler: WSGIRequestHandler = speaks.__new__(speaks)  # without a request, which it would read at once
    handler.server = server
    handler.client_address = ("127.0.0.1", 0)
    handler.connection = _Cut()
    handler.command, handler.request_version = request.method, "HTTP/1.1"
    handler.path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    handler.headers, handler.rfile = headers, io.BufferedReader(io.BytesIO(body))
    return handler.make_environ()
