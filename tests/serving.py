"""Servers that tests talk to, on the loopback alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer

SERVERS: dict[str, HTTPServer] = {}
"""Those that this process serves now, by their URLs."""


@contextmanager
def served(server: HTTPServer) -> Iterator[str]:
    """The URL of a server while it answers in a thread. It is closed in the end, whatever becomes of the test."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    SERVERS[url] = server
    try:
        yield url
    finally:
        del SERVERS[url]
        server.shutdown()
        thread.join()
        server.server_close()
