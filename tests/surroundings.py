"""What tests and the programs that they start have around them: the same wherever and however they are run."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

KEPT = ("PATH", "LD_", "DYLD_", "FAKETIME", "PYTEST_", "PLAYWRIGHT_")
"""What is taken over from who runs the tests, by how its name begins: where programs are, and what runs the tests."""

GIVEN = {
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "COLUMNS": "80",
    "LC_ALL": "C.UTF-8",
    "LINES": "24",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # every account and region would begin with a thousand images
    "PYTHONUTF8": "1",
    "TERM": "dumb",
    "TZ": "UTC",
}

ROOM = 4_000_000_000
"""Bytes that must be free where the temporary folder is held in memory."""

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
"""What a program is given beside it that talks to a server of the tests."""


def settle() -> Callable[[], None]:
    """Give this process, and with it all that it starts, its surroundings. How to end that.

    To be called in the process that starts the workers, whose interpreters read their environment as they begin. What
    a killed program leaves in its temporary folder is gone in the end; the folders of tests are kept by pytest.
    """
    os.umask(0o022)
    home = Path(tempfile.mkdtemp(prefix="demarcate-tests-", dir=_in_memory()))
    (home / "tmp").mkdir()
    places = {
        "PLAYWRIGHT_BROWSERS_PATH": str(_caches() / "ms-playwright"),
        "PYTEST_DEBUG_TEMPROOT": tempfile.gettempdir(),
    }
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    os.environ.clear()
    os.environ.update(places | kept | GIVEN | {"HOME": str(home), "TMPDIR": str(home / "tmp")})
    tempfile.tempdir = None  # to be asked for anew
    return lambda: shutil.rmtree(home, ignore_errors=True)


class _WithoutPandas:
    """A finder that finds no pandas."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out here", name=name)


def leave_out_pandas() -> None:
    """Have PyArrow not import it in this process, where nothing of ours uses it: that takes longer than a short run."""
    sys.meta_path.insert(0, _WithoutPandas)


def _in_memory() -> Path | None:
    """A folder in memory, where there is one with room: programs make and remove thousands of small files."""
    shared = Path("/dev/shm")
    try:
        return shared if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ROOM else None
    except OSError:
        return None


def heed_signals(*, worker: bool) -> None:
    """Let no program that is started from here ignore a signal because this one was told to.

    What is ignored is inherited (in the background, under nohup), a handler is not: so this process goes on ignoring
    what it was told to by a handler. A worker of pytest-xdist heeds SIGINT, with which it is ended.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
        elif signal.getsignal(number) is signal.SIG_DFL:  # which ends a process and leaves all that it made
            signal.signal(number, signal.default_int_handler)
    if worker:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _caches() -> Path:
    """Where playwright keeps its browsers, below the home of who runs the tests."""
    own = os.environ.get("XDG_CACHE_HOME") if sys.platform == "linux" else None
    return Path(own or Path(os.environ.get("HOME", "")) / {"darwin": "Library/Caches"}.get(sys.platform, ".cache"))


_NOTED: dict[str, str] = {}


def note() -> None:
    """Remember the environment as it is."""
    _NOTED.update(os.environ)


def since() -> dict[str, tuple[str | None, str | None]]:
    """The variables that were changed since, and what they were and are. pytest's own are its own."""
    names = {name for name in {*_NOTED, *os.environ} if not name.startswith("PYTEST_")}
    pairs = {name: (_NOTED.get(name), os.environ.get(name)) for name in sorted(names)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
