"""Runs inputs in processes of their own, watched from outside: how long they take, what they need, how they end.

A worker runs a range of inputs and says of each when it begins and how it went, a line of JSON each. What is too
slow is ended from here, since code that never comes back to Python cannot be stopped from within.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import importlib
import json
import os
import re
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from demarcate.base.errors import DemarcateError
from fuzz.inputs import Input, Target, get, put, size

ROOT = Path(__file__).resolve().parent.parent
LIFE = 2000
"""After so many inputs a worker makes way for a new one, so that what grows slowly is not taken for one input."""
PATIENCE = 6
"""Where other work keeps the machine busy, an input may take this many times its seconds, unless it is its own
work that takes them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one input may take: seconds, and bytes of memory beyond those that the worker had before."""

    seconds: float = 10.0
    memory: int = 500_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """An input that did not end as it should: `kind` says how and where, `told` is all that is known."""

    target: str
    seed: str
    number: int
    kind: str
    told: str

    @property
    def digest(self) -> str:
        """The same for all faults of a kind."""
        return hashlib.sha256(f"{self.target} {self.kind}".encode()).hexdigest()[:12]


@dataclass(slots=True)
class Result:
    """How one target did."""

    target: str
    inputs: int = 0
    busy: float = 0.0
    """Seconds of processors that running the inputs took."""
    slowest: float = 0.0
    peak: int = 0
    """Bytes beyond what the worker had before, at the most."""
    faults: dict[str, tuple[Fault, int]] = field(default_factory=dict)
    """By digest: the fault with the smallest input, and how many there were."""


def input_of(target: Target, name: str, seed: str, number: int) -> Input:
    """The input of a number: always the same."""
    return target.make(Random(f"{seed} {name} {number}"))


def attack(
    name: str,
    module: str,
    *,
    seed: str,
    count: int,
    seconds: float,
    workers: int,
    out: Path,
    cache: Path,
    limits: Limits,
) -> Result:
    """Run the first `count` inputs of a target, or as many as there is time for. Writes each kind of fault to `out`.

    What is costly and the same for all inputs (the compiled catalog) is kept in the folder `cache`.
    """
    result = Result(name)
    with tempfile.TemporaryDirectory(prefix="demarcate-fuzz-") as folder:
        attacked = _Attack(result, module, seed, count, workers, out, cache, limits, Path(folder))
        try:
            attacked.go_on(time.monotonic() + seconds)
        finally:
            attacked.end()
    return result


@dataclass(eq=False, slots=True)
class _Worker:
    """A process, and what it said last."""

    process: subprocess.Popen[bytes]
    errors: Path
    left: range
    number: int | None = None
    """The input that it runs, since when, and how many seconds of processors it had used then."""
    since: float = 0.0
    used: float = 0.0
    said: bytes = b""


class _Attack:
    def __init__(
        self,
        result: Result,
        module: str,
        seed: str,
        count: int,
        workers: int,
        out: Path,
        cache: Path,
        limits: Limits,
        folder: Path,
    ) -> None:
        self._result, self._module, self._seed, self._out, self._cache = result, module, seed, out, cache
        self._limits, self._folder, self._workers = limits, folder, workers
        life = min(LIFE, -(-count // workers))
        self._ranges = iter([range(first, min(first + life, count)) for first in range(0, count, life)])
        self._alive: list[_Worker] = []
        self._selector = selectors.DefaultSelector()

    def go_on(self, until: float) -> None:
        for numbers in (next(self._ranges, None) for _ in range(self._workers)):
            self._start(numbers)
        while self._alive and time.monotonic() < until:
            for key, _ in self._selector.select(0.2):
                self._hear(key.data)
            for worker in list(self._alive):
                if worker.number is not None and self._is_slow(worker):
                    self._stop(worker)

    def end(self) -> None:
        for worker in list(self._alive):
            worker.process.kill()
            self._let_go(worker)
        self._selector.close()

    def _start(self, numbers: range | None) -> None:
        if not numbers:
            return
        errors = self._folder / f"errors-{numbers.start}"
        home = self._folder / "home"
        scratch = self._folder / f"scratch-{numbers.start}"
        for folder in (home, scratch):
            folder.mkdir(exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "HOME": str(home),
            "PYTHONHASHSEED": "0",
            "TMPDIR": str(scratch),
            "XDG_CACHE_HOME": str(self._cache),
        }
        command = [sys.executable, "-m", "fuzz.working", self._module, self._result.target, self._seed]
        with errors.open("wb") as to:
            process = subprocess.Popen(
                [*command, str(numbers.start), str(numbers.stop), str(self._limits.memory)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=to,
            )
        worker = _Worker(process, errors, numbers)
        self._alive.append(worker)
        self._selector.register(_output(worker), selectors.EVENT_READ, worker)

    def _hear(self, worker: _Worker) -> None:
        """Take in what a worker says."""
        raw = os.read(_output(worker), 1_000_000)
        *lines, worker.said = (worker.said + raw).split(b"\n")
        for line in lines:
            self._take(worker, json.loads(line))
        if not raw:
            self._let_go(worker)
            self._ended(worker)

    def _take(self, worker: _Worker, said: dict[str, Any]) -> None:
        if "begins" in said:
            worker.number, worker.since, worker.used = said["begins"], time.monotonic(), _processors(worker)
            return
        result, number = self._result, said["ended"]
        worker.number, worker.left = None, range(number + 1, worker.left.stop)
        result.inputs += 1
        result.busy += said["busy"]
        result.slowest = max(result.slowest, said["seconds"])
        result.peak = max(result.peak, said["grew"])
        if said["fault"] is not None:
            self._fault(number, *said["fault"])
        if said["grew"] > self._limits.memory:
            self._fault(number, "needs too much memory", f"{said['grew']:,} bytes more than before")

    def _ended(self, worker: _Worker) -> None:
        """A worker has ended by itself: after its last input, or in the middle of one."""
        left, told = worker.left, worker.errors.read_text(errors="replace")
        code = worker.process.returncode
        if worker.number is not None:
            self._result.inputs += 1
            if not _GIVEN_UP.fullmatch(told):
                self._fault(worker.number, f"ended the process ({code}) {_place(told)}", told)
            left = range(worker.number + 1, left.stop)
        elif left:
            raise SystemExit(f"a worker of {self._result.target} ended with {code}:\n{told}")
        self._start(left or next(self._ranges, None))

    def _is_slow(self, worker: _Worker) -> bool:
        waited = time.monotonic() - worker.since
        if waited < self._limits.seconds:
            return False
        return waited > PATIENCE * self._limits.seconds or (
            _processors(worker) - worker.used > self._limits.seconds
        )

    def _stop(self, worker: _Worker) -> None:
        """End a worker that takes too long, once it has said where it is."""
        number = worker.number
        assert number is not None
        with contextlib.suppress(ProcessLookupError):
            worker.process.send_signal(signal.SIGUSR1)
            time.sleep(0.5)
        worker.process.kill()
        self._let_go(worker)
        seconds = time.monotonic() - worker.since
        told = worker.errors.read_text(errors="replace")
        self._result.inputs += 1
        self._result.slowest = max(self._result.slowest, seconds)
        self._fault(number, f"takes too long {_place(told)}", f"more than {self._limits.seconds:g} s\n{told}")
        self._start(range(number + 1, worker.left.stop) or next(self._ranges, None))

    def _let_go(self, worker: _Worker) -> None:
        self._alive.remove(worker)
        self._selector.unregister(_output(worker))
        worker.process.wait()
        if worker.process.stdout is not None:
            worker.process.stdout.close()

    def _fault(self, number: int, kind: str, told: str) -> None:
        """Write a fault, unless there is one of its kind with a smaller input."""
        fault = Fault(self._result.target, self._seed, number, kind, told)
        given = input_of(importlib.import_module(self._module), fault.target, self._seed, number)
        folder = self._out / fault.target / fault.digest
        kept, times = self._result.faults.get(fault.digest, (None, 0))
        if kept is not None and size(given) >= size(get(folder / "input")):
            self._result.faults[fault.digest] = (kept, times + 1)
            return
        self._result.faults[fault.digest] = (fault, times + 1)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "input").mkdir(parents=True)
        put(given, folder / "input")
        (folder / "fault.txt").write_text(
            f"{kind}\n\nInput {number} of {fault.target}, seed {self._seed}. Again:\n"
            f"    python -m fuzz.run {fault.target} --again {folder}\n\n{told}\n",
            encoding="utf-8",
            errors="backslashreplace",
        )


def _output(worker: _Worker) -> int:
    assert worker.process.stdout is not None
    return worker.process.stdout.fileno()


def _processors(worker: _Worker) -> float:
    """Seconds of processors that a process has used; where that cannot be told, seconds as such."""
    try:
        fields = Path(f"/proc/{worker.process.pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return time.monotonic()
    used = fields.rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


_GIVEN_UP = re.compile(r"demarcate: a query did not end, .*\n")
"""An answer as well: the command ends a query that cannot be interrupted with itself."""

_FRAME = re.compile(rf'File "{re.escape(str(ROOT))}/((?:src|fuzz|tests)/[^"]*)", line (\d+)')


def _place(told: str) -> str:
    """Where in our code a stack, or the first of several, has its innermost call."""
    _, _, main = told.rpartition("Current thread")
    frames = _FRAME.findall(main or told)
    if not frames:
        return ""
    file, line = frames[0] if "most recent call first" in main else frames[-1]
    return f"at {file}:{line}"


# --- the worker ------------------------------------------------------------------------------------------


def run_one(target: Target, given: Input) -> tuple[str, str] | None:
    """Run one input; what kind of fault there was, and its traceback, or None."""
    unseen: list[str] = []

    def note(args: Any) -> None:
        unseen.append("".join(traceback.format_exception(args.exc_value)))

    with (
        mock.patch.object(sys, "unraisablehook", note),
        mock.patch.object(threading, "excepthook", note),
        tempfile.TemporaryDirectory() as folder,
        contextlib.suppress(DemarcateError),
    ):
        try:
            target.run(given, Path(folder))
        except DemarcateError:
            raise
        except BaseException as error:  # whatever it is, it is told
            told = "".join(traceback.format_exception(error))
            return f"{type(error).__name__} {_place(told)}", told
    if unseen:
        return f"unseen: {unseen[0].splitlines()[-1][:80]} {_place(unseen[0])}", "\n".join(unseen)
    return None


def _work(module: str, name: str, seed: str, first: int, last: int, memory: int) -> None:
    """Run a range of inputs."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    target: Target = importlib.import_module(module)
    target.prepare()

    def say(**what: Any) -> None:
        out.write(json.dumps(what).encode() + b"\n")

    _bound(4 * memory)
    for number in range(first, last):
        given = input_of(target, name, seed, number)
        before = _begin_peak()
        say(begins=number)
        began, used = time.perf_counter(), time.process_time()
        fault = run_one(target, given)
        seconds, busy = time.perf_counter() - began, time.process_time() - used
        say(ended=number, seconds=min(seconds, busy), busy=busy, grew=_peak() - before, fault=fault)


def _bound(memory: int) -> None:
    """So that what eats memory ends before the machine's does."""
    if sys.platform.startswith("linux"):
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (_status("VmData") + memory, hard))


def _begin_peak() -> int:
    """From now on the peak is counted anew, where the system can do that; the bytes in use now."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak() -> int:
    if sys.platform.startswith("linux"):
        return _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _status(name: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    match = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(match[1]) * 1024 if match else 0


if __name__ == "__main__":
    _module, _name, _seed, *_numbers = sys.argv[1:]
    _work(_module, _name, _seed, *map(int, _numbers))
