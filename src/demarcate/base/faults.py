"""The last resort: what is kept of an exception that nobody expected, and what people are told of it.

Whoever meets a fault of ours can hand its details on as they are: they say where in the code it happened and with
which versions, and nothing of what was read. A message of an exception may quote a row, a path or an option, and so may
local values and the arguments of the command; so none of them is kept. Modules stand there by their names, since the
path of a file has the name of its user in it.
"""

from __future__ import annotations

import contextlib
import platform
import re
import tempfile
import traceback
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Final

from demarcate.base import cache
from demarcate.base.files import write_whole
from demarcate.base.folders import cache_folder

CODE: Final = 70
"""EX_SOFTWARE of sysexits.h: an error inside of the program."""

_MOST: Final = 200
"""Lines that are kept of each end of a traceback: endless recursion is the same lines again and again."""


def told(error: BaseException) -> str:
    """What people are told of an exception that nobody expected, after its details have been written to a file."""
    path = _keep(details(error))
    where = (
        f"Its details are in {path}: where in the code it happened and with which versions, and nothing of your "
        "estate, no values, paths or arguments. Please report it with that file"
        if path
        else "Its details could not be written to any file. Please report it with this line"
    )
    return (
        f"this is a fault of Demarcate and not yours: {_name(error)}{_place(error)}. Nothing of this run's results "
        f"counts. {where} and with the command, as far as you may show it. Until it is mended, the same command "
        "without the part of the input that is at fault (fewer sources, --check or --table) may do."
    )


def details(error: BaseException) -> str:
    """Where in the code an exception was raised, those that led to it first, and which versions ran."""
    return "\n".join([*_versions(), *_chain(error, set()), ""])


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    with contextlib.suppress(metadata.PackageNotFoundError):
        required = [text for text in metadata.requires("demarcate") or () if "extra ==" not in text]
        for name in ("demarcate", *sorted(re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in required)):
            with contextlib.suppress(metadata.PackageNotFoundError):
                yield f"{name} {metadata.version(name)}"


def _chain(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _chain(before, seen)
        yield "which led to:"
    yield f"{_name(error)}:"
    lines = list(_frames(error.__traceback__))
    yield from lines if len(lines) <= 2 * _MOST else [*lines[:_MOST], "  ...", *lines[-_MOST:]]
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            if id(part) not in seen:
                yield "of which one is:"
                yield from _chain(part, seen)


def _frames(trace: TracebackType | None) -> Iterator[str]:
    for frame, line in traceback.walk_tb(trace):
        yield f"  {frame.f_globals.get('__name__', '?')}, line {line}, in {frame.f_code.co_qualname}"


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _place(error: BaseException) -> str:
    """The last line of ours that an exception has passed through."""
    ours = [line for line in _frames(error.__traceback__) if line.startswith("  demarcate.")]
    return f" at{ours[-1].rpartition(', in ')[0][1:]}" if ours else ""


def _keep(text: str) -> Path | None:
    """Write details to a file that this user alone may read; None where no folder takes it.

    The same fault has the same file, so that a fault that comes back every night does not fill a disk.
    """
    name = f"fault-{cache.fingerprint([text.encode()])[:12]}.txt"
    for folder in (cache_folder, lambda: Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError, RuntimeError):  # there is no home
            path = folder() / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, text.encode(errors="backslashreplace"), private=True)
            return path
    return None
