"""What a program does, and what tests start, is the same whatever surrounds them."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import processes
from tests.processes import PATIENCE, python, started
from tests.surroundings import GIVEN, KEPT

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "examples" / "estate" / "orders.yaml"

ODD = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_PROFILE": "nobody",
    "AWS_REGION": "nowhere",
    "COLUMNS": "20",
    "FORCE_COLOR": "1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONDEVMODE": "1",
    "PYTHONUTF8": "0",
    "PYTHONWARNINGS": "ignore::DeprecationWarning",  # which dependencies announce of each other
    "TERM": "xterm-256color",
    "TMPDIR": "/tmp",
    "TZ": "Asia/Kathmandu",
}


def test_a_report_does_not_depend_on_the_environment() -> None:
    assert assessed(ODD) == assessed({})


def assessed(environment: dict[str, str]) -> dict[str, Any]:
    done = processes.demarcate("assess", TEMPLATE, "--format", "json", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    report: dict[str, Any] = json.loads(done.stdout)
    del report["moment"]
    return report


def test_nothing_but_what_is_kept_is_taken_over() -> None:
    code = (
        "import json, os\n"
        "from tests import surroundings\n"
        "end = surroundings.settle()\n"
        "print(json.dumps(dict(os.environ)))\n"
        "end()\n"
    )
    told = json.loads(python("-c", code, cwd=ROOT, environment=ODD).stdout)
    assert told.items() >= GIVEN.items()
    assert [
        name for name in told if name not in GIVEN and name not in ("HOME", "TMPDIR") and not name.startswith(KEPT)
    ] == []
    assert not Path(told["HOME"]).exists(), "it is removed in the end"


def test_what_is_started_is_interrupted_by_a_signal() -> None:
    """Also where who runs the tests was told to ignore it."""
    with started(sys.executable, "-c", "print(1, flush=True); input()", stdin=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"1\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == -signal.SIGINT


def test_what_is_started_is_ended_with_all_that_it_started() -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '10000']).pid, flush=True); input()"
    with (
        pytest.raises(AssertionError, match="as it should"),
        started(sys.executable, "-c", code, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process,
    ):
        assert process.stdout is not None
        grandchild = os.pidfd_open(int(process.stdout.readline()))
        raise AssertionError("as it should")
    assert process.returncode == -signal.SIGKILL
    assert select.select([grandchild], [], [], PATIENCE)[0], "it has not ended"
    os.close(grandchild)
