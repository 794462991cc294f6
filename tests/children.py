"""Runs the command in a child process that is measured and, should it hang, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MEMORY = 500
"""MB that a run may take, whatever it is given."""

SECONDS = 120
"""Seconds after which a run is said to hang. None takes 10 on an idle machine."""

_RUN = """
import signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXFSZ):
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
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
    """Run the command to its end, without the credentials and the cache of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, *args],
        cwd=cwd,
        env=clean | {"AWS_EC2_METADATA_DISABLED": "true"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, said = process.communicate(timeout=SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    said, _, peak = said.rpartition("\npeak ")
    return Done(process.returncode, out, said.strip(), int(peak) // 1024)


def one_message(done: Done, *says: str, code: int = 2) -> None:
    """Hold a run to have ended with one clear message."""
    assert "Traceback" not in done.said, done.said
    assert (done.code, len(done.said.splitlines())) == (code, 1), done.said
    for text in says:
        assert text in done.said, done.said
    assert done.peak < MEMORY
