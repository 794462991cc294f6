"""Runs the command in a child process that is measured and, should it hang, killed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests import processes
from tests.nursery import nursery

MEMORY = 500
"""MB that a run may take, whatever it is given."""

_RUN = """
import sys
from demarcate.__main__ import main
try:
    main()
finally:
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    sys.stderr.write(f"\\npeak {peak.split()[1]}\\n")
"""


@dataclass(frozen=True)
class Done:
    """How a run ended, what it said, and its peak of memory in MB."""

    code: int
    out: str
    said: str
    peak: int


def demarcate(*args: str, cwd: Path, **environment: str) -> Done:
    """Run the command to its end, by the nursery where that can."""
    if nursery().takes(environment):
        ran, peak = nursery().run(args, cwd, b"", processes.PATIENCE, environment)
        return Done(ran.returncode, ran.stdout, ran.stderr.strip(), peak // 1024)
    done = processes.python("-c", _RUN, *args, cwd=cwd, environment=environment)
    said, _, told = done.stderr.rpartition("\npeak ")
    return Done(done.returncode, done.stdout, said.strip(), int(told) // 1024)


def one_message(done: Done, *says: str, code: int = 2) -> None:
    """Hold a run to have ended with one clear message."""
    assert "Traceback" not in done.said, done.said
    assert (done.code, len(done.said.splitlines())) == (code, 1), done.said
    for text in says:
        assert text in done.said, done.said
    assert done.peak < MEMORY
