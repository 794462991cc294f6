"""A run of a change that ends by SIGKILL at its n-th event.

Whoever is killed is a fork of a process that has imported this and no more: to fork one that has run tests copies ten
times as much. That process ends with the one of the tests.
"""

from __future__ import annotations

import atexit
import functools
import gc
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from demarcate.base.encoding import from_json, to_json
from demarcate.changes.deciding import approve, record_plan
from demarcate.changes.policies import Policy
from demarcate.changes.status import Way
from demarcate.changes.structs import Change
from demarcate.ledger.entry import Actor
from tests.changes.fakes import PLANNER, Fake, Watched, carry_out, change_of, unsynced

LARGEST = 1 << 20
"""How many bytes one message may have."""


class Asked(msgspec.Struct):
    """What is to be killed, at which of its events, and what it is about."""

    number: int
    ledger: str
    path: str
    change: Change
    way: Way
    answers: tuple[str, ...]


class Ended(msgspec.Struct):
    """The event at which it was killed, "" where it was not; and how it ended, as the system says it."""

    name: str
    status: int


def killed_at(number: int, ledger: Path, path: Path, change: Change, way: Way, answers: Iterable[str] = ()) -> str:
    """Apply, undo or go on in a process that ends by SIGKILL at its n-th event: which that was, or "" where it ended
    before.
    """
    forking = _forking()
    forking.send(to_json(Asked(number, str(ledger), str(path), change, way, tuple(answers))))
    ended = from_json(forking.recv(LARGEST), Ended)
    killed = os.WIFSIGNALED(ended.status) and os.WTERMSIG(ended.status) == signal.SIGKILL
    assert killed == bool(ended.name), f"{way} at {number}: it ended with {ended.status}"
    assert killed or os.WEXITSTATUS(ended.status) == 0
    return ended.name


@functools.cache
def _forking() -> socket.socket:
    """The process that forks, as this one talks to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        root = Path(__file__).parents[2]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=root, stdin=subprocess.DEVNULL)

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _fork(asked: Asked) -> Ended:
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            left = [asked.number]

            def count(name: str) -> None:
                left[0] -= 1
                if left[0] == 0:
                    os.write(tell, name.encode())
                    os.kill(os.getpid(), signal.SIGKILL)

            with Watched(asked.ledger) as opened:
                unsynced(opened)
                opened.event = count
                fake = Fake(Path(asked.path), count, asked.answers)
                carry_out(opened, fake, asked.change, asked.way, resume=True)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(told, "rb") as stream:
        name = stream.read().decode()
    _, status = os.waitpid(pid, 0)
    return Ended(name, status)


def _prepare() -> None:
    """Import what a run imports while it goes on, or each would do so anew: by a run."""
    with tempfile.TemporaryDirectory() as folder, Watched(f"{folder}/ledger.sqlite") as opened:
        fake = Fake(Path(folder) / "aws")
        change = change_of(1, fake)
        record_plan(opened, PLANNER, change)
        approve(opened, Actor(person="another"), change.id, (Policy(name="anybody", approvals={"default": 0}),))
        carry_out(opened, fake, change, "apply")


if __name__ == "__main__":
    asking = socket.socket(fileno=int(sys.argv[1]))
    _prepare()
    gc.collect()
    gc.freeze()
    while raw := asking.recv(LARGEST):
        asking.send(to_json(_fork(from_json(raw, Asked))))
