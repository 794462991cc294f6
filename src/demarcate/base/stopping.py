"""A signal ends the command at once: as if it were killed, but that nothing temporary stays.

Whatever is kept is whole wherever a run is killed (files are written aside and renamed, units of a snapshot are in
its journal), so there is nothing to wait for: no call under way, no query, no thread. What would be left over is
removed, people are told, and the process ends. That takes a thread of its own, since the main thread may be deep
in a query or a call, where Python does not get at it; and no exception, since whoever is interrupted in the middle
may take it for something else, or swallow it.

Nothing is removed under somebody's hands: a folder first gets another name. Either that succeeds, and who still
writes into it finds it no more; or the folder has got its own name just before, and stays.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, the wish of another process, and the end of the terminal (which Windows does not tell)."""

GRACE = 1.5
"""Seconds that cleaning up may take before the process ends all the same."""

_ends: dict[object, Callable[[], object]] = {}
_once = threading.Lock()
_listening = threading.Event()


def listen() -> None:
    """From now on signals end the process, with 128 and their number as its exit code. For the command alone.

    Signals that were ignored when it started (nohup, a shell's background) are ignored.
    """
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    heard = frozenset(number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN)
    if sys.platform != "win32":  # there it would take a socket
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        _thread.start_new_thread(_watch, (reading, heard))
    for number in heard:
        signal.signal(number, _hold)
    _listening.set()


def give_up(message: str, code: int) -> None:
    """End the command as a signal does, from any thread: for what is not to be interrupted by other means.

    Does nothing in somebody else's program, where nobody listens.
    """
    if _listening.is_set():
        _end(code, message)


def at_end(do: Callable[[], object]) -> Callable[[], None]:
    """Have something done when a signal ends the process, in another thread. What is returned takes it back.

    What was asked for last is done first. It must not wait for a lock that the main thread may hold.
    """
    key = object()
    _ends[key] = do

    def forget() -> None:
        _ends.pop(key, None)

    return forget


_kept: list[object] = []


def keep(thing: object) -> None:
    """Keep something until the process ends, which gives its memory back at once: to take a database apart first
    is a thirtieth of a short run. Does nothing in somebody else's program, which goes on.
    """
    if _listening.is_set():
        _kept.append(thing)


@contextlib.contextmanager
def ending_with(do: Callable[[], object]) -> Iterator[None]:
    """Have something done when a signal ends the process during the block, as `at_end` does."""
    forget = at_end(do)
    try:
        yield
    finally:
        forget()


class TemporaryFolder:
    """A new folder, where temporary files are or in `parent`: for this user alone, or with `mode` less the umask.

    It is removed at the end of the block, by `remove`, or when a signal ends the process, unless it was renamed.
    Raises OSError.
    """

    def __init__(self, prefix: str = "demarcate-", parent: Path | None = None, *, mode: int = 0o700) -> None:
        self.path = (parent or Path(tempfile.gettempdir())) / f"{prefix}{os.urandom(8).hex()}"
        # Before it is there: whenever a signal comes, it is known.
        self._forget = at_end(lambda: remove(self.path))
        try:
            self.path.mkdir(mode=mode)
        except BaseException:
            self._forget()
            raise

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove it with all that is in it, if it still has its name."""
        remove(self.path)
        self._forget()


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, whoever writes into it. What cannot be removed stays."""
    gone = folder.with_name(f"{folder.name}.removed")
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return
    except OSError:
        gone = folder
    shutil.rmtree(gone, ignore_errors=True)


def _watch(reading: int, heard: frozenset[int]) -> None:
    """Wait for a signal, which the main thread may be too busy to see."""
    while (number := os.read(reading, 1)[0]) not in heard:
        pass
    _end(128 + number)


def _hold(number: int, _: object) -> None:
    """Keep the main thread from going on: it would meet the clean-up."""
    _end(128 + number)


def _end(code: int, message: str = "interrupted") -> None:
    """End the process, from the thread that is called here first; whoever comes later waits for that."""
    if _once.acquire(blocking=False):
        try:
            _thread.start_new_thread(
                _clean_up, (code, message)
            )  # which needs no lock, other than threading.Thread
        except RuntimeError:  # nor memory for another thread
            _clean_up(code, message)
    time.sleep(GRACE)
    os._exit(code)


def clean_up() -> None:
    """Do what is left to be done at the end, as what is still kept then has not been taken apart."""
    for do in reversed(list(_ends.values())):
        with contextlib.suppress(Exception):  # there is nobody left to tell, and the others are to be done
            do()


def _clean_up(code: int, message: str) -> None:
    clean_up()
    with contextlib.suppress(OSError):
        os.write(2, f"demarcate: {message}\n".encode())
    os._exit(code)
