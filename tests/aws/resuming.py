"""Runs of the command that are killed at a call or at a file, and a server before moto's that counts their calls."""

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

from tests.processes import started
from tests.serving import served
from tests.surroundings import CREDENTIALS

RUNNER = """
import functools, gc, json, os, signal, sys
import boto3, botocore.loaders, botocore.session, duckdb, typer.main
import demarcate.cli, demarcate.assessing, demarcate.estate.sources.aws.collect, demarcate.report.progress
from demarcate.__main__ import main
from demarcate.estate.sources.aws import clients
from demarcate.estate.tables import all_tables
all_tables()
verbs = typer.main.get_command(demarcate.cli.app)
typer.main.get_command = lambda _: verbs
models = functools.cache(botocore.loaders.create_loader)
clients.create_loader = botocore.session.create_loader = models
for service in ("ec2", "ecs", "iam", "sns", "sts"):
    boto3.Session().client(service, region_name="us-east-1")
gc.freeze()
print("ready", flush=True)

def noting(folder, done, dies_at):
    def hook(event, about):
        if event in ("open", "os.mkdir", "os.remove", "os.rename") and str(about[0]).startswith(folder):
            name = os.path.basename(str(about[0]))
            kind = next((kind for kind in ("manifest", ".ndjson", ".parquet", ".partial") if kind in name), "")
            what = f"{event} {kind or 'other'}"
            done[what] = done.get(what, 0) + 1
            if [what, done[what]] == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook

for line in sys.stdin:
    arguments, log, folder, dies_at = json.loads(line)
    pid = os.fork()
    if pid == 0:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.argv = ["demarcate", *arguments]
        os.environ["AWS_SDK_UA_APP_ID"] = str(os.getpid())
        done = {}
        sys.addaudithook(noting(folder, done, dies_at))
        try:
            main()
        except SystemExit as end:
            sys.stderr.flush()
            print(json.dumps(done), file=open(log + ".done", "w"), flush=True)
            os._exit(end.code or 0)
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
"""Each run is a process of its own, forked from one that has imported everything and read the models of the services
that are asked: to start anew takes a second.
"""


@dataclass
class Runner:
    """Runs the command in processes that may be killed."""

    process: subprocess.Popen[bytes]
    log: Path
    pid: int = 0

    def line(self) -> str:
        """What the process that forks them says next."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def run(self, *arguments: str, folder: Path, dies_at: tuple[str, int] | None = None) -> int:
        """Run the command to its end, or kill it before it does something for the n-th time to files of a folder.

        Its exit code, negative for a signal.
        """
        assert self.process.stdin is not None
        told = json.dumps([arguments, str(self.log), str(folder), dies_at])
        self.process.stdin.write(f"{told}\n".encode())
        self.process.stdin.flush()
        self.pid = int(self.line())
        return int(self.line())

    def kill(self, how: int = signal.SIGKILL) -> None:
        os.kill(self.pid, how)

    def said(self) -> str:
        """What the last run said."""
        return self.log.read_text()

    def done(self) -> Counter[str]:
        """What the last run did to files, if it was not killed: such as `os.rename manifest`, and how often."""
        return Counter(json.loads(self.log.with_name(f"{self.log.name}.done").read_text()))


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Runner]:
    """A runner, whose runs say what they say into a file in a folder."""
    with started(sys.executable, "-c", RUNNER, stdin=subprocess.PIPE, environment=CREDENTIALS) as process:
        runner = Runner(process, folder / "log.txt")
        assert runner.line() == "ready"
        yield runner


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


@contextlib.contextmanager
def counting(target: str) -> Iterator[Counting]:
    """A counting server before that of a URL."""
    lock = threading.Lock()
    host = urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each body would wait until the headers are acknowledged, for 40 ms

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                aws.count(run_of(self), operation(self, body))
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

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        aws = Counting(url)
        yield aws


def run_of(request: BaseHTTPRequestHandler) -> str:
    """The run that a request comes from, as its user agent says; empty for one that the runner did not start."""
    match = re.search(r"\bapp/(\d+)", request.headers.get("User-Agent", ""))
    return match[1] if match else ""


def operation(request: BaseHTTPRequestHandler, body: bytes) -> tuple[str, str]:
    """The operation of a request, and the region of its signature."""
    match = re.search(r"Credential=[^/]+/\d+/([^/]+)/", request.headers.get("Authorization", ""))
    target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    return target or parse_qs(body.decode()).get("Action", [""])[0], match[1] if match else ""
