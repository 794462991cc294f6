"""Runs of the command that are killed, and a server before moto's that counts their calls and kills at one of them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

RUNNER = """
import json, os, sys
import boto3, duckdb
import demarcate.cli, demarcate.assessing, demarcate.estate.sources.aws.collect, demarcate.report.progress
from demarcate.__main__ import main
from demarcate.estate.tables import all_tables
all_tables()
print("ready", flush=True)
for line in sys.stdin:
    arguments, log = json.loads(line)
    pid = os.fork()
    if pid == 0:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.argv = ["demarcate", *arguments]
        os.environ["AWS_SDK_UA_APP_ID"] = str(os.getpid())
        try:
            main()
        except SystemExit as end:
            sys.stderr.flush()
            os._exit(end.code or 0)
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
"""Each run is a process of its own, forked from one that has imported everything: to start anew takes a second."""


class Runner:
    """Runs the command in processes that may be killed."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log.txt"
        self.pid = 0
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUNNER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def run(self, *arguments: str, kill_after: float | None = None) -> int:
        """Run the command to its end, or kill it after so many seconds. Its exit code, negative for a signal."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([arguments, str(self.log)]) + "\n")
        self._process.stdin.flush()
        self.pid = int(self._line())
        timer = threading.Timer(kill_after or 0, self.kill)
        if kill_after is not None:
            timer.start()
        code = int(self._line())
        timer.cancel()
        return code

    def kill(self, how: int = signal.SIGKILL) -> None:
        os.kill(self.pid, how)

    def said(self) -> str:
        """What the last run said."""
        return self.log.read_text()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@dataclass
class Counting:
    """A server that passes requests on, notes them, and may do something before the n-th is answered."""

    url: str
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By operation and region."""
    at: int = 0
    then: Callable[[], Any] = int
    _runs: set[str] = field(default_factory=set)
    _past: set[str] = field(default_factory=set)

    def expect(self, at: int = 0, then: Callable[[], Any] = int) -> None:
        """Begin anew. What runs before have sent is not counted, though it comes in later: they may be killed."""
        self.calls, self.at, self.then = Counter(), at, then
        self._past |= self._runs

    def count(self, run: str, call: tuple[str, str]) -> None:
        """Note a call of a run, and do what is to be done at it."""
        self._runs.add(run)
        if run and run in self._past:
            return
        self.calls[call] += 1
        if self.calls.total() == self.at:
            self.then()


def counting(target: str) -> Iterator[Counting]:
    """A counting server before that of a URL."""
    lock = threading.Lock()
    host = urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                found.count(run_of(self), operation(self, body))
            connection = http.client.HTTPConnection(host)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            try:
                self.send_response(answer.status)
                for name in ("Content-Type", "x-amzn-RequestId"):
                    if answer.headers[name]:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except ConnectionError:  # who asked was killed
                self.close_connection = True

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Counting(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def run_of(request: BaseHTTPRequestHandler) -> str:
    """The run that a request comes from, as its user agent says; empty for one that the runner did not start."""
    found = re.search(r"\bapp/(\d+)", request.headers.get("User-Agent", ""))
    return found[1] if found else ""


def operation(request: BaseHTTPRequestHandler, body: bytes) -> tuple[str, str]:
    """The operation of a request, and the region of its signature."""
    found = re.search(r"Credential=[^/]+/\d+/([^/]+)/", request.headers.get("Authorization", ""))
    target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    return target or parse_qs(body.decode()).get("Action", [""])[0], found[1] if found else ""
