"""Runs of the command by a process that has everything imported and forks: most of a short run would be imports.

A run is a process of its own, with a session, a folder and files of its own, as if it had been started as
`python -m demarcate`. What is decided as an interpreter begins is the nursery's: so a run with another environment
than the nursery's is started by itself (`tests/processes.py`), but for what is looked up only where it is needed.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, NoReturn

from tests.surroundings import leave_out_pandas

LARGEST = 1 << 20
"""How many bytes one message may have."""

LATE = ("AWS_", "DEMARCATE_", "GIT_", "PYSPARK_", "SPARK_", "TMPDIR", "XDG_")
"""How variables begin that nothing reads while it is imported."""

_READY = b"ready"


class Nursery:
    """The side of the tests: it ends with their process."""

    def __init__(self) -> None:
        self._environment = _environment()
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            root = Path(__file__).parents[1]
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], cwd=root, stdin=subprocess.DEVNULL
            )
        atexit.register(self.close)

    def takes(self, more: Mapping[str, str]) -> bool:
        """Whether it can run the command with today's environment and more: what its own is not may be looked up late,
        and it can fork.
        """
        asked = _environment(more)
        names = self._environment.keys() | asked.keys()
        other = (name for name in names if self._environment.get(name) != asked.get(name))
        return all(name.startswith(LATE) for name in other) and self._can_fork

    @functools.cached_property
    def _can_fork(self) -> bool:
        return self._ours.recv(LARGEST) == _READY

    def close(self) -> None:
        """Let it end."""
        self._ours.close()
        self._process.wait()

    def run(
        self, arguments: Sequence[str], cwd: Path, typed: bytes, patience: float, more: Mapping[str, str]
    ) -> tuple[subprocess.CompletedProcess[str], int]:
        """Run the command to its end, with more of an environment: how that was, and its peak of memory in KB."""
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            files[0].write(typed)
            files[0].seek(0)
            pid = self._begin(arguments, cwd, [file.fileno() for file in files], more)
            try:
                code, peak = self._end(patience)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            for file in files:
                file.seek(0)
            out, err = (file.read().decode() for file in files[1:])
            return subprocess.CompletedProcess(arguments, code, out, err), peak

    @contextlib.contextmanager
    def running(self, arguments: Sequence[str], cwd: Path, more: Mapping[str, str]) -> Iterator[Running]:
        """A run that goes on, one at a time. It is killed in the end, with all that it started."""
        (typed, stdin), (stdout, out), (stderr, err) = os.pipe(), os.pipe(), os.pipe()
        with os.fdopen(stdin, "wb", 0) as to, os.fdopen(stdout, "rb") as said, os.fdopen(stderr, "rb") as told:
            try:
                pid = self._begin(arguments, cwd, [typed, out, err], more)
            finally:
                for file in (typed, out, err):
                    os.close(file)
            run = Running(pid, to, said, told, self._end)
            try:
                yield run
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                run.wait(None)

    def _begin(self, arguments: Sequence[str], cwd: Path, files: Sequence[int], more: Mapping[str, str]) -> int:
        """Have a process begin, with its three files: its number."""
        asked = {"arguments": arguments, "cwd": str(cwd), "environment": _environment(more)}
        self._ours.settimeout(None)
        socket.send_fds(self._ours, [json.dumps(asked).encode()], list(files))
        return int(self._ours.recv(LARGEST))

    def _end(self, patience: float | None) -> tuple[int, int]:
        """How the process ended, and its peak of memory in KB. Raises TimeoutError, or BlockingIOError at once."""
        self._ours.settimeout(patience)
        code, peak = json.loads(self._ours.recv(LARGEST))
        return code, peak


@dataclass
class Running:
    """A run that goes on, as `subprocess.Popen` has it."""

    pid: int
    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    _end: Callable[[float | None], tuple[int, int]]
    returncode: int | None = None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        with contextlib.suppress(BlockingIOError):
            return self.wait(0)
        return None

    def wait(self, patience: float | None) -> int:
        """Its exit code, once it has ended. Raises TimeoutError."""
        if self.returncode is None:
            self.returncode, _ = self._end(patience)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """What it says until it has ended."""
        said = self.stdout.read(), self.stderr.read()
        self.wait(timeout)
        return said


def _environment(more: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """What programs that tests start have, but for what pytest notes there of where it is; and more."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | {**more}


@functools.cache
def nursery() -> Nursery:
    """That of this process."""
    return Nursery()


def _prepare() -> None:
    """Import what runs of the command import."""
    for name in ("duckdb", "boto3", "yaml", "jinja2", "rich.console", "rich.table", "sqlglot"):
        import_module(name)
    package = import_module("demarcate")
    for module in pkgutil.walk_packages(package.__path__, "demarcate."):
        if module.name not in _ELSEWHERE and not module.name.startswith(_ALSO_ELSEWHERE):
            import_module(module.name)
    with contextlib.suppress(ImportError):
        import_module("typer._adapters")  # and pydantic with it, as it parses the first option
    _make_verbs()
    _read_results()


def _make_verbs() -> None:
    """Make the tree of verbs, from their annotations, which every run would do again."""
    import typer.main

    from demarcate.cli import app

    made = typer.main.get_command(app)
    typer.main.get_command = lambda _: made  # type: ignore[assignment]


def _read_results() -> None:
    """Read the model and the catalog from the cache, where it has them, and what templates tell of all tables: nearly
    every run would do that first.

    A run with a cache in another place reads its own.
    """
    from demarcate.base import cache
    from demarcate.checks.catalog import load_checks
    from demarcate.estate.sources.cloudformation.shapes import place_of
    from demarcate.estate.tables import all_tables
    from demarcate.model import load
    from demarcate.posture.line import line_checks

    real = cache.cached
    known: dict[tuple[str, str, str | None], Any] = {}

    def read(name: str, key: str, type_: type[Any], make: Callable[[], Any]) -> Any:
        result = known[name, key, os.environ.get("XDG_CACHE_HOME")] = real(name, key, type_, _absent)
        return result

    def cached(name: str, key: str, type_: type[Any], make: Callable[[], Any]) -> Any:
        result = known.get((name, key, os.environ.get("XDG_CACHE_HOME")))
        if result is None:
            return real(name, key, type_, make)
        cache.use(name, key)
        return copy(result) if isinstance(result, dict) else result  # which has more put into it

    cache.cached = read
    with contextlib.suppress(LookupError):
        load_checks(responsibilities=load().owed)
        line_checks(load())
    cache.cached = cached
    for table in all_tables().values():
        for column in table.columns:
            place_of(table, column)


def _absent() -> NoReturn:
    raise LookupError


_ELSEWHERE = ("demarcate.__main__", "demarcate.checks.batches", "demarcate.checks.unit")
_ALSO_ELSEWHERE = ("demarcate.lake.", "demarcate.ledger.migrations.")


def _serve(ours: socket.socket) -> list[str]:
    """Fork for each message, until there are none: the arguments of a run, in the process that is to be it."""
    ours.send(_READY if _threads() == 1 else b"threads")
    while True:
        raw, files, *_ = socket.recv_fds(ours, LARGEST, 3)
        if not raw:
            os._exit(0)
        asked = json.loads(raw)
        pid = os.fork()
        if pid == 0:
            ours.close()
            os.setsid()
            os.chdir(asked["cwd"])
            os.environ.clear()
            os.environ.update(asked["environment"])
            tempfile.tempdir = None  # to be asked for anew
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            _open_streams()
            return [sys.argv[0], *asked["arguments"]]
        for file in files:
            os.close(file)
        ours.send(str(pid).encode())
        _, status, used = os.wait4(pid, 0)
        ours.send(json.dumps([os.waitstatus_to_exitcode(status), used.ru_maxrss]).encode())


def _open_streams() -> None:
    """Standard streams of the files that there are now: the old ones remember whether theirs can be sought in."""
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115


def _threads() -> int:
    """How many threads this process has. Those that a library starts are not there after a fork, and old ones of DuckDB
    end the process when they are missed.
    """
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 1


def _end(code: int) -> None:
    """End as an interpreter does that has nothing left to say, but for taking apart all that was imported: to do that
    in a fork copies each of its pages.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave_out_pandas()
    _prepare()
    gc.collect()
    gc.freeze()  # what is imported is looked through by no run
    sys.argv = _serve(socket.socket(fileno=int(sys.argv[1])))
    from demarcate.__main__ import main

    try:
        main()
        _end(0)
    except SystemExit as end:
        if isinstance(end.code, int):
            _end(end.code)
        raise
