"""Programs that tests start: each is ended with all that it started, whatever becomes of the test."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from tests.nursery import nursery

PATIENCE = 600.0
"""Seconds after which something hangs: no machine is so slow."""


@contextlib.contextmanager
def started(
    *command: str | Path,
    cwd: Path | None = None,
    stdin: int | IO[Any] = subprocess.DEVNULL,
    stdout: int | IO[Any] = subprocess.PIPE,
    stderr: int | IO[Any] | None = None,
    environment: Mapping[str, str] | None = None,
    first: Callable[[], None] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A running program, the leader of a process group which is killed in the end.

    It has the environment of the tests (`tests/surroundings.py`), and more where that is given; `first` is what it
    does before it becomes the program.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=os.environ | dict(environment or {}),
        start_new_session=True,
        preexec_fn=first,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def run(
    *command: str | Path,
    cwd: Path | None = None,
    typed: str | bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with what is typed into it, and take what it says."""
    pipe = subprocess.PIPE
    with started(*command, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe, environment=environment) as process:
        given = typed.encode() if isinstance(typed, str) else typed
        out, err = process.communicate(given, timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out.decode(), err.decode())


def python(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Python to its end."""
    return run(sys.executable, *arguments, **options)


def demarcate(
    *arguments: str | Path,
    cwd: Path | None = None,
    typed: str | bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, by the nursery where that can."""
    if not nursery().takes(environment or {}):
        return python("-m", "demarcate", *arguments, cwd=cwd, typed=typed, environment=environment)
    given = typed.encode() if isinstance(typed, str) else typed
    return nursery().run(list(map(str, arguments)), cwd or Path.cwd(), given, PATIENCE, environment or {})[0]


@contextlib.contextmanager
def terminal() -> Iterator[tuple[io.FileIO, io.FileIO]]:
    """The two ends of a terminal: where a person reads and types, and where a program does."""
    with contextlib.ExitStack() as stack:
        person, program = (stack.enter_context(io.FileIO(end, "r+")) for end in pty.openpty())
        yield person, program
