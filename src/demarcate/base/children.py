"""Work in a process of its own, which ends when this one does: what crashes there costs that work alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from demarcate.base import stopping


def run_child(
    module: str,
    folder: Path,
    *,
    environment: Mapping[str, str] = MappingProxyType({}),
    started: Callable[[int], object] | None = None,
) -> str | None:
    """Run a module of ours over the work that lies in a folder. Returns why it did not come to its end, or None.

    `environment` is what its environment has beside ours; `started` is told the id of the process.
    """
    reading, writing = os.pipe()
    try:
        child = subprocess.Popen(  # noqa: S603 (this Python, and a folder of our own)
            [sys.executable, "-m", module, str(folder)],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
        )
        try:
            with stopping.ending_with(child.kill):
                if started is not None:
                    started(child.pid)
                _, said = child.communicate()
        finally:
            child.kill()
            child.wait()
    finally:
        os.close(reading)
        os.close(writing)
    return None if child.returncode == 0 else _why_dead(child.returncode, said)


def end_with_parent(folder: Path) -> None:
    """Have this process, which `run_child` started, end when the other does, without a folder that it works in."""

    def watch() -> None:
        if os.read(0, 1) == b"":  # nobody else has the other end of standard input
            stopping.remove(folder)
            os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _why_dead(code: int, said: bytes) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    last = said.decode(errors="replace").strip().splitlines()[-1:]
    return f"ended with {code}{': ' if last else ''}{''.join(last)}"
