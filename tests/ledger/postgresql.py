"""A PostgreSQL server of the tests' own, on the loopback: as another user where root runs them."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.processes import PATIENCE, started

USER = "demarcate"

QUICK = ("fsync=off", "full_page_writes=off", "max_connections=100", "shared_buffers=16MB")
"""Nothing of it is kept, so nothing has to be on disk."""


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest where there are several; None where it is not installed."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


class Server:
    """A server that can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._log = folder / "log"
        self._running = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._schemas = 0
        self.port = _free_port()
        options = ("--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "--no-sync")
        with started(
            programs / "initdb",
            "-D",
            self._data,
            *options,
            cwd=folder,
            stderr=subprocess.STDOUT,
            first=_other_user,
        ) as process:
            said, _ = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, said.decode()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = (*QUICK, "listen_addresses=127.0.0.1", "unix_socket_directories=", f"port={self.port}")
        options = [option for setting in settings for option in ("-c", setting)]
        log = self._running.enter_context(self._log.open("ab"))
        command: tuple[str | Path, ...] = (self._programs / "postgres", "-D", self._data, *options)
        self._process = self._running.enter_context(
            started(*command, cwd=self._data, stdout=log, stderr=log, first=_other_user)
        )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None and time.monotonic() < end, self._log.read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once, with all its connections."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)
            self._process = None
        self._running.close()

    def url(self, schema: str = "public", user: str = USER) -> str:
        """The URL of one of its schemas."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/postgres?options=-csearch_path%3D{schema}"

    def execute(self, *statements: str) -> None:
        """Execute SQL as the owner of everything."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def schema(self) -> str:
        """The name of a new, empty schema, which is made sooner than a database."""
        self._schemas += 1
        name = f"ledger{self._schemas}"
        self.execute(f"CREATE SCHEMA {name}")
        return name


@contextlib.contextmanager
def serving(programs: Path) -> Iterator[Server]:
    """A server that runs, and is stopped and gone in the end."""
    folder = Path(tempfile.mkdtemp(prefix="demarcate-postgresql-", dir=os.environ["PYTEST_DEBUG_TEMPROOT"]))
    try:
        if os.getuid() == 0:
            os.chown(folder, *_user())
        server = Server(programs, folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _user() -> tuple[int, int]:
    """Whom the server runs as where root runs the tests: it refuses to be root."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return user.pw_uid, user.pw_gid
    return 65534, 65534


def _other_user() -> None:
    if os.getuid() == 0:
        uid, gid = _user()
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
