"""The only place that opens DuckDB: every connection is locked before anything is run on it.

A locked connection reads and writes the folders that it was opened for and no other file, loads no extension,
attaches no other database, looks at no variable of Python, and keeps its settings: whatever text reaches it.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import tempfile
import threading
import uuid
import weakref
from collections.abc import Iterator
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path

import msgspec

from demarcate.base import duckdb, stopping
from demarcate.base.errors import DemarcateError
from demarcate.base.sql import literal, path_text, pattern

MAX_SPILL = "10GiB"
"""How much one connection may write to its temporary folder, where it needs more than its memory."""


class Limits(msgspec.Struct, frozen=True):
    """What a connection may use: memory in bytes, threads, and whether rows keep their order.

    `memory` and `threads` are DuckDB's own choice where they are None: 80 % of the machine's memory, which is never
    exceeded, and all processors. What does not fit is spilled into a new folder in `temp` (where temporary files are).
    """

    memory: int | None = None
    threads: int | None = None
    ordered: bool = True
    temp: Path | None = None


def connect(*folders: Path, limits: Limits = Limits()) -> duckdb.DuckDBPyConnection:
    """A database in memory that can open what is in `folders`, and no file elsewhere."""
    spill = (limits.temp or Path(tempfile.gettempdir())) / f"demarcate-{uuid.uuid4().hex}.spill"
    connection = _opened()
    # A process that ends with the connection open has the folder removed then.
    weakref.finalize(connection, stopping.at_end(partial(stopping.remove, spill))).atexit = False
    # A folder that is a link, or lies below one, may be meant by either of its names.
    # What is opened by a pattern must be allowed both by the pattern and by what it comes to.
    paths = {path for folder in folders for path in (folder.absolute(), folder.resolve())}
    names = {*map(path_text, paths), *map(pattern, paths)}
    settings = {
        # What a moment is shown as, and which day it is of, does not hang on the zone of the machine.
        "TimeZone": "'UTC'",
        "preserve_insertion_order": str(limits.ordered).lower(),
        # DuckDB makes the folder when it needs one, and removes it when it closes.
        "temp_directory": literal(path_text(spill)),
        "max_temp_directory_size": literal(MAX_SPILL),
        "allowed_directories": f"[{', '.join(map(literal, sorted(names)))}]",
    }
    if limits.memory is not None and limits.memory < _most_memory():
        settings["memory_limit"] = f"'{limits.memory}B'"
    if limits.threads is not None:
        settings["threads"] = str(limits.threads)
    settings |= {"enable_external_access": "false", "lock_configuration": "true"}
    connection.execute("; ".join(f"SET {name} = {value}" for name, value in settings.items()))
    return connection


_AHEAD: list[tuple[int, Future[duckdb.DuckDBPyConnection]]] = []
"""A database that is being opened for whoever asks next, and the process that opens it."""


_NEVER_CLOSED: list[Future[duckdb.DuckDBPyConnection]] = []
"""What a parent opened ahead: a child that closes it waits for the database's threads, which it does not have."""


def ahead() -> None:
    """Open a database in another thread, which the next `connect` locks and gives: that takes as long as reading a
    small template, on a processor that nothing else uses by then.
    """
    opening: Future[duckdb.DuckDBPyConnection] = Future()

    def work() -> None:
        try:
            opening.set_result(_open())
        except BaseException as error:
            opening.set_exception(error)

    if not _AHEAD:
        _AHEAD.append((os.getpid(), opening))
        threading.Thread(target=work, name="ahead", daemon=True).start()


def _settle() -> None:
    """Wait for what is being opened ahead: a child that began meanwhile would wait for locks of a thread that it does
    not have, for ever.
    """
    wait([opening for process, opening in _AHEAD if process == os.getpid()])


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_settle)


def _opened() -> duckdb.DuckDBPyConnection:
    """A new database: the one that was opened ahead, where there is one."""
    with contextlib.suppress(IndexError):  # which is another thread's by now, or was never asked for
        process, opening = _AHEAD.pop()
        if process == os.getpid():
            return opening.result()
        _NEVER_CLOSED.append(opening)
    return _open()


def _open() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        config={
            "allow_community_extensions": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
    )


def _most_memory() -> float:
    """Bytes that DuckDB takes by itself; without end where the machine does not tell how many it has."""
    try:
        return 0.8 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return math.inf


def select_of(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The one SELECT that a text is, to be executed as it was read here.

    Raises DemarcateError for a text that is no SQL, several statements, or anything but a SELECT.
    """
    if not sql.isascii() and any("\ud800" <= character <= "\udfff" for character in sql):
        raise DemarcateError("is not SQL: it has half of a surrogate pair")
    try:
        statements = connection.extract_statements(sql)
        selects = [statement.type == duckdb.StatementType.SELECT for statement in statements]
    except duckdb.Error as error:
        raise DemarcateError(f"is not SQL: {short(error)}") from error
    except ValueError:  # a kind of statement that DuckDB's own Python has no name for
        selects = []
    if selects != [True]:
        raise DemarcateError("expected one SELECT; nothing else may be run")
    return statements[0]


class TookTooLong(Exception):
    """A query ran into its deadline."""


HOLD = 5.0
"""Seconds that an interrupted query may take to end. One function may be at work for long, and looks at nothing."""


@contextlib.contextmanager
def deadline(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt what the connection runs after so many seconds. Raises TookTooLong where that happened.

    A query that does not end then ends the command.
    """
    left = threading.Event()
    passed = threading.Event()

    def watch() -> None:
        if not left.wait(seconds):
            passed.set()
            connection.interrupt()
            if not left.wait(HOLD):
                stopping.give_up(f"a query did not end, {HOLD:g} s after its deadline of {seconds:g} s", 2)

    threading.Thread(target=watch, name="deadline", daemon=True).start()
    try:
        yield
    except duckdb.InterruptException as error:
        if passed.is_set():
            raise TookTooLong(f"it takes longer than {seconds:g} s") from error
        raise
    finally:
        left.set()


@contextlib.contextmanager
def bounded(memory: int) -> Iterator[None]:
    """Let this process allocate so many bytes more, and no more: DuckDB's own limit does not count what one
    function makes, such as a text of gigabytes. Only Linux holds to it.

    Several threads may hold one each and end in any order: the least of them counts, and after the last there is what
    was there before the first.
    """
    used = _allocated()
    if used is None:
        yield
        return
    most = used + memory
    with _LOCK:
        _BOUNDS.append(most)
        _hold()
    try:
        yield
    finally:
        with _LOCK:
            _BOUNDS.remove(most)
            _hold()


_LOCK = threading.Lock()
_BOUNDS: list[int] = []
_BEFORE: list[int] = []
"""The limit that was there before the first bound."""


def _hold() -> None:
    """Set the least of the bounds that are held as this process's limit."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if not _BEFORE:
        _BEFORE.append(soft)
    if _BOUNDS:
        least = min(_BOUNDS)
        resource.setrlimit(resource.RLIMIT_DATA, (least if hard < 0 else min(least, hard), hard))
    else:
        resource.setrlimit(resource.RLIMIT_DATA, (_BEFORE.pop(), hard))


def _allocated() -> int | None:
    """Bytes that this process has allocated; None where that cannot be told."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    match = re.search(r"^VmData:\s+([0-9]+) kB", status, re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def short(error: BaseException) -> str:
    """DuckDB's message on one line, without its picture of the query."""
    return " ".join(str(error).split("\n\nLINE", maxsplit=1)[0].split())
