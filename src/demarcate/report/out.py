"""The one way out: all text that leaves the process goes through an `Out`.

Standard output and error and the files that people name are held here and nowhere else; `tests/report/test_way_out.py`
keeps it so. What a terminal is shown in colours is `report/console.py`, which stands on this.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

from demarcate.report.safe import escaped, one_line, printable

_ESCAPING: Final = "demarcate-escaping"
_quiet: Final = threading.Event()


class NobodyReads(Exception):
    """Whoever read standard output has gone, and there is nothing else to be done."""


class _Given(io.FileIO):
    """Standard output or error. Once whoever read it has gone, what is written goes nowhere: what else a command is
    to do, the files that it was asked for and its exit code, does not hang on that.
    """

    gone = False

    def write(self, data: Any) -> int:
        """Write bytes. Raises OSError, but where nobody is there to read them."""
        try:
            return super().write(data)
        except BrokenPipeError:
            self.gone = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(data)


class Out:
    """A stream of text of which only what is printable comes out."""

    def __init__(self, stream: IO[str]) -> None:
        self.styled = stream
        """The stream itself, for the console alone, which writes colours of its own."""

    def write(self, text: str) -> int:
        """Write text without what is not printable."""
        self.styled.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts one after the other."""
        for line in lines:
            self.write(line)

    def write_crlf(self, lines: Iterable[str]) -> None:
        """Write lines that end with carriage return and line feed, as formats of the internet have it."""
        for line in lines:
            self.styled.write(f"{printable(line)}\r\n")

    def flush(self) -> None:
        """Hand on what is held back."""
        self.styled.flush()

    def isatty(self) -> bool:
        """Whether people look at it."""
        return self.styled.isatty()

    def fileno(self) -> int:
        """The number that the system has for it. Raises OSError where it has none."""
        return self.styled.fileno()

    @property
    def encoding(self) -> str:
        """How text is encoded."""
        return getattr(self.styled, "encoding", None) or "utf-8"

    @property
    def gone(self) -> bool:
        """Whether whoever read it has gone: then it need not be told any more."""
        buffer = getattr(self.styled, "buffer", None)
        return bool(getattr(getattr(buffer, "raw", buffer), "gone", False))

    @property
    def closed(self) -> bool:
        """Whether nothing more can be written."""
        return self.styled.closed


def data(encoding: str | None = None) -> Out:
    """Standard output: what was asked for. A document that says how it is encoded is written in that encoding."""
    return _fenced(sys.stdout, encoding)


def last_words() -> Out:
    """Standard output, for what is said when a signal ends the process.

    It shares no lock with `data`, which whoever was interrupted in the middle of writing holds for ever.
    """
    held = data()
    raw = io.FileIO(held.fileno(), "w", closefd=False)
    return Out(io.TextIOWrapper(raw, encoding=held.encoding, errors=_ESCAPING, write_through=True))


def notes() -> Out:
    """Standard error: what is told beside the data."""
    return _fenced(sys.stderr)


def say(text: str) -> None:
    """Tell people something beside the data, in one line, unless they want to hear of errors alone."""
    if not is_quiet():
        complain(text)


def complain(text: str) -> None:
    """Tell people what ends the command, in one line."""
    notes().write(one_line(text) + "\n")


def hush() -> None:
    """From now on nothing is told beside the data but errors. For the command alone."""
    _quiet.set()


def is_quiet() -> bool:
    """Whether nothing is told beside the data but errors."""
    return _quiet.is_set()


@contextlib.contextmanager
def saving(path: Path) -> Iterator[Out]:
    """A file (UTF-8) that is there, whole, when the block ends well. Raises OSError."""
    from demarcate.base.files import writing

    with writing(path) as stream:
        yield Out(stream)


def fence() -> None:
    """Let standard output and error be such streams for others too: Click's errors, warnings, tracebacks.

    From then on it is no error where nobody reads them to the end.
    """
    sys.stdout, sys.stderr = map(_given, (sys.stdout, sys.stderr))
    sys.stdout, sys.stderr = cast(io.TextIOWrapper, data()), cast(io.TextIOWrapper, notes())


def _given(stream: Any) -> Any:
    """The stream of the system, with whose reader may go; any other as it is."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    if not isinstance(stream, io.TextIOWrapper) or type(raw) is not io.FileIO:
        return stream
    stream.flush()
    given = _Given(raw.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        given if raw is buffer else io.BufferedWriter(given),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def hand_on() -> None:
    """Hand on what is held back, before the process ends: what nobody takes would be an exit code of Python's own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def through(stream: IO[str] | Out) -> Out:
    """A stream as one of which only what is printable comes out."""
    return stream if isinstance(stream, Out) else Out(stream)


def _fenced(stream: IO[str] | Out | None, encoding: str | None = None) -> Out:
    out = through(stream or io.StringIO())  # one that is closed is None
    # To set it anew would wait for whoever is writing.
    if isinstance(out.styled, io.TextIOWrapper) and (encoding, out.styled.errors) != (None, _ESCAPING):
        out.styled.reconfigure(encoding=encoding or _usable(out.encoding), errors=_ESCAPING)
    return out


def _usable(encoding: str) -> str | None:
    """ASCII in the place of an encoding in which not every text can be written, as `PYTHONIOENCODING` may name one;
    None for all others.
    """
    try:
        "\u2588\n.".encode(encoding, _ESCAPING)
    except UnicodeError:
        return "ascii"
    return None


def _escape(error: UnicodeError) -> tuple[str, int]:
    """What an encoding does not have is escaped as JSON escapes it, so that JSON stays what it is."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return escaped(error.object[error.start : error.end]), error.end


codecs.register_error(_ESCAPING, _escape)
