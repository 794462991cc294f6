"""What goes wrong while an account is judged, in the process that judges it: by files of the folder `SABOTAGE`.

`crash-<account>` ends it as a fault of native code does; `executor-<account>` and `worker-<account>` end the process of
Spark that it works for, once; `hold-<account>` has it wait, and write its number into the pipe `holding`.
While events of a log store are matched, `matching` stands in the place of an account.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any


def _parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:")))


def _above(named: str) -> int:
    """The process above this one whose command has this in it."""
    pid = os.getppid()
    while named not in Path(f"/proc/{pid}/cmdline").read_text():
        pid = _parent(pid)
    return pid


def _sabotage(folder: Path, account: str) -> None:
    if (folder / f"crash-{account}").exists():
        os.kill(os.getpid(), signal.SIGSEGV)
    for name, command in (("executor", "CoarseGrainedExecutorBackend"), ("worker", "pyspark.daemon")):
        try:
            (folder / f"{name}-{account}").unlink()
        except FileNotFoundError:  # not to be, or another process does it
            continue
        else:
            os.kill(_above(command), signal.SIGKILL)
            threading.Event().wait()
    if (folder / f"hold-{account}").exists():
        (folder / "holding").write_text(str(os.getpid()))
        threading.Event().wait()


if "SABOTAGE" in os.environ and {"demarcate.checks.unit", "demarcate.lake.waiving"} & {*sys.orig_argv}:
    from demarcate.checks import engine

    _judge = engine.judge

    def judge(snapshot: Any, *given: Any, **named: Any) -> Any:
        for account in snapshot.accounts:
            _sabotage(Path(os.environ["SABOTAGE"]), account)
        return _judge(snapshot, *given, **named)

    engine.judge = judge

if "SABOTAGE" in os.environ and "demarcate.logs.detecting.stored" in sys.orig_argv:
    from demarcate.logs.detecting.running import Detector

    _match = Detector.match

    def match(self: Any, *given: Any) -> Any:
        _sabotage(Path(os.environ["SABOTAGE"]), "matching")
        return _match(self, *given)

    Detector.match = match  # type: ignore[assignment,method-assign]
