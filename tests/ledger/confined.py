"""Runs of the command in a process that is confined: it may write little, or not everywhere, also where root runs it.

`python -m tests.ledger.confined COMMANDS` (JSON) runs one after the other, each in a process of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import demarcate.ledger.evidence
import demarcate.model
from demarcate.__main__ import main
from tests.processes import PATIENCE, started

IMPORTED = (demarcate.ledger.evidence, demarcate.model)
"""What the commands import: once, and not in each process."""

_DROP, _OVERRIDE = 24, 1
_END = "\0"


def run(confine: Callable[[], None], *commands: Sequence[str | Path]) -> list[tuple[int, str]]:
    """The exit code of each command, and all that it says."""
    given = json.dumps([list(map(str, command)) for command in commands])
    root = Path(__file__).parents[2]
    with started(sys.executable, "-m", __name__, given, cwd=root, stderr=-2, first=confine) as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said.decode()
    runs = [text.rpartition("\n") for text in said.decode().split(_END)[:-1]]
    return [(int(code), text.strip()) for text, _, code in runs]


def heed_permissions() -> None:
    """Let root do only what the permissions of files and folders allow to whom they belong."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(_DROP, _OVERRIDE, 0, 0, 0)


def limit_files(size: int) -> Callable[[], None]:
    """Let no file grow beyond so many bytes, as on a disk that is full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _run_all(commands: list[list[str]]) -> bool:
    """Run each. Whether this process is the one of a command, which then is to go on as it."""
    for command in commands:
        child = os.fork()
        if child == 0:
            sys.argv = ["demarcate", *command]
            return True
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"\n{code}{_END}")
        sys.stdout.flush()
    return False


if __name__ == "__main__" and _run_all(json.loads(sys.argv[1])):
    main()
