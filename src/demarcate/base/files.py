"""Files: read only where they are files and within a limit, and written whole or not at all.

What is read may have been put there by somebody else. A pipe would be waited for, a device never ends, a link may
lead to what its author cannot read himself: so everything that is read is opened here, and what is found in a
folder is found by `walk`. What is written is written aside and renamed, so that a killed run leaves the old file or
the new one, never half.
"""

from __future__ import annotations

import contextlib
import errno
import io
import operator
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO, Final, NamedTuple

from demarcate.base import stopping
from demarcate.base.errors import DemarcateError

_PIECE = 1 << 18
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class TooLarge(OSError):
    """A file that has more bytes than are read of one."""

    def __init__(self, path: Path | str, limit: int) -> None:
        super().__init__(errno.EFBIG, f"it has more than {limit:,} bytes; at most {limit:,} are read", str(path))


STANDARD_INPUT: Final = "-"
"""The name of what is piped into the command, where a file may be named."""


class _Piped(NamedTuple):
    """What came in by a stream, which can be read only once."""

    stream: object
    data: bytes


_piped: Final[list[_Piped]] = []


def take_standard_input(limit: int) -> None:
    """Have what is piped into the command be the file of the name `-` from here on, for who reads files here.

    More than `limit` bytes of it are not taken: one more, so that every reader finds it too large. Raises
    DemarcateError where there is nothing, or only somebody who could type.
    """
    stream = sys.stdin
    if any(piped.stream is stream for piped in _piped):
        return
    if stream is None or stream.isatty():
        raise DemarcateError(
            f"{STANDARD_INPUT} is standard input, and nothing is piped into it: put a command and | before demarcate"
        )
    try:
        data = stream.buffer.read(limit + 1)
    except (OSError, ValueError) as error:
        raise DemarcateError(f"{STANDARD_INPUT}: standard input cannot be read: {error}") from error
    if not data.strip():
        raise DemarcateError(f"{STANDARD_INPUT}: standard input is empty: what is piped into it wrote nothing")
    _piped[:] = [_Piped(stream, data)]


def is_standard_input(path: Path | str) -> bool:
    """Whether a path is that of what was piped into the command, and taken."""
    return str(path) == STANDARD_INPUT and any(piped.stream is sys.stdin for piped in _piped)


def open_file(path: Path, *, follow: bool = True) -> BinaryIO:
    """A file to read, unbuffered. `follow` says whether it may be reached by a link.

    Raises OSError for one that cannot be read, and for what is no file: a folder, a pipe, a socket, a device.
    """
    if is_standard_input(path):
        return io.BytesIO(_piped[0].data)
    handle, _ = _open(path, follow=follow)
    try:
        return os.fdopen(handle, "rb", buffering=0)
    except BaseException:
        os.close(handle)
        raise


def _open(path: Path | str, *, follow: bool) -> tuple[int, int]:
    """The number of a file that was opened, and how many bytes it is said to have. Raises OSError."""
    try:
        # Looked at before it is opened, since that alone may have effects; and after, since it may be another now.
        _check_file(os.stat(path, follow_symlinks=follow), path)  # noqa: PTH116 - Path.stat has no use for its own
        handle = os.open(path, _FLAGS | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    except ValueError as error:  # a NUL character, which no name has
        raise OSError(errno.EINVAL, f"it is no path: {error}", str(path)) from error
    try:
        status = os.fstat(handle)
        _check_file(status, path)
    except BaseException:
        os.close(handle)
        raise
    return handle, status.st_size


def _check_file(status: os.stat_result, path: Path | str) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    what = next((name for test, name in _NO_FILES if test(status.st_mode)), "something else")
    raise OSError(errno.EINVAL, f"it is {what}, and no file", str(path))


_NO_FILES: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_bytes(path: Path | str, limit: int) -> bytes:
    """What is in a file. Raises OSError as `open_file` does, and TooLarge for one of more than `limit` bytes.

    What the file system says of its size is no limit: a file may grow, and files of /proc have none.
    """
    data = _piped[0].data if is_standard_input(path) else _read(path, limit + 1)
    if len(data) > limit:
        raise TooLarge(path, limit)
    return data


def read_listed(path: str, size: int, limit: int) -> bytes:
    """What is in a file of which whoever listed it saw that it is one, and of how many bytes: it is looked at again
    only where it has other bytes now. Raises as `read_bytes` does.
    """
    if size > limit:
        raise TooLarge(path, limit)
    with contextlib.suppress(BlockingIOError):  # of a pipe that is there by now
        handle = os.open(path, _FLAGS)
        try:
            data = os.read(handle, size + 1)
        finally:
            os.close(handle)
        if len(data) == size:
            return data
    return read_bytes(path, limit)


def _read(path: Path | str, most: int) -> bytes:
    """Up to so many bytes of a file. Raises OSError."""
    handle, size = _open(path, follow=True)
    try:
        piece = os.read(handle, min(most, size + 1 if size else _PIECE))
        if len(piece) == size:  # there is no more of it
            return piece
        pieces, left = [piece], most - len(piece)
        while piece and left > 0:
            piece = os.read(handle, min(left, _PIECE))
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(handle)
    return b"".join(pieces)


def is_file(path: Path) -> bool:
    """Whether there is a file; False for a name that no file can have, where `Path.is_file` may raise OSError."""
    return is_standard_input(path) or os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False for a name that none can have, where `Path.is_dir` may raise OSError."""
    return not is_standard_input(path) and os.path.isdir(path)  # noqa: PTH112


def is_within(path: str | os.PathLike[str], folders: Sequence[str | os.PathLike[str]]) -> bool:
    """Whether a path, links followed, is one of some folders or leads into one."""
    real = os.path.realpath(path)
    return any(
        os.path.join(real, "").startswith(os.path.join(os.path.realpath(folder), ""))  # noqa: PTH118
        for folder in folders
    )


def walk(
    top: Path,
    within: Sequence[Path],
    wanted: Callable[[str], bool],
    refuse: Callable[[Path, str], None],
    *,
    skipped: frozenset[str] = frozenset(),
) -> Iterator[Path]:
    """The files below a folder whose names are wanted, in order. Hidden ones are passed over.

    Links are followed as long as they lead into one of the folders `within`. `refuse` is told of every one that
    does not, of a link that leads back to a folder above it, of what is no file, and of a folder that cannot be
    listed; the rest goes on. `skipped` are names of folders that are not entered.
    """
    return (Path(entry.path) for entry in walk_entries(top, within, wanted, refuse, skipped=skipped))


def walk_entries(
    top: Path,
    within: Sequence[Path],
    wanted: Callable[[str], bool],
    refuse: Callable[[Path, str], None],
    *,
    skipped: frozenset[str] = frozenset(),
) -> Iterator[os.DirEntry[str]]:
    """What `walk` yields, as it was listed: for who walks over a million files, since a path takes longer to make."""
    tops = [os.path.realpath(folder) for folder in within]
    stack: list[tuple[str, tuple[str, ...]]] = [(str(top), ())]
    walked: set[str] = set()
    while stack:
        folder, above = stack.pop()
        real = os.path.realpath(folder)
        if real in above:
            refuse(Path(folder), "is a symlink that leads back to a directory above it; not followed")
            continue
        if real in walked:
            continue
        walked.add(real)
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=_NAME)
        except OSError as error:
            refuse(Path(folder), f"cannot be read: {error.strerror or error}")
            continue
        below = []
        for entry in entries:
            name = entry.name
            if name[0] == ".":
                continue
            is_directory = _is_directory(entry)
            if name in skipped if is_directory else not wanted(name):
                continue
            if entry.is_symlink() and not is_within(entry.path, tops):
                refuse(Path(entry.path), "is a symlink that leads out of the folders given; not followed")
            elif is_directory:
                below.append((entry.path, (*above, real)))
            else:
                yield entry
        stack.extend(reversed(below))


_NAME: Final = operator.attrgetter("name")


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def write_whole(path: Path, data: bytes, *, private: bool = False, lasting: bool = True) -> None:
    """Write a file whole or not at all; for its owner alone where it is `private`. One that is not `lasting` need not
    outlive the machine: the disk is not waited for. Raises OSError.
    """
    with _aside(path, private=private, lasting=lasting) as file:
        file.write(data)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[IO[str]]:
    """A text stream (UTF-8) to a file that is there, whole, when the block ends well. Raises OSError."""
    with _aside(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


@contextlib.contextmanager
def _aside(path: Path, *, private: bool = False, lasting: bool = True) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        _check_file(os.stat(path), path)  # noqa: PTH116  who may write anywhere would put a file in a device's place
    kept = 0o600 if private else _mode(path)
    # Where there is none yet, the mode is left to the umask, which can be asked for only by changing it.
    mode = 0o666 if kept is None else 0o600
    aside = path.parent / f".{path.name}.{os.urandom(6).hex()}"
    with stopping.ending_with(lambda: aside.unlink(missing_ok=True)):
        try:
            with open(aside, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
                yield file
                file.flush()
                if lasting:
                    os.fsync(file.fileno())
            if kept is not None:
                aside.chmod(kept)
            aside.replace(path)
        except BaseException as error:
            aside.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno is not None and error.filename is None:
                error.filename = str(path)  # a full disk is met by a stream, which does not know its name
            raise


def _mode(path: Path) -> int | None:
    """The mode that a file has; None where there is none."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return None


@contextlib.contextmanager
def alone(path: Path, seconds: float) -> Iterator[None]:
    """Keep a file to oneself: whoever can make the lock beside it has it.

    Raises DemarcateError where another run has it for so many seconds, and OSError.
    """
    lock = path.with_name(f".{path.name}.lock")
    until = time.monotonic() + seconds
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            if time.monotonic() > until:
                raise DemarcateError(
                    f"{path}: another run keeps it to itself; if there is none, delete {lock}"
                ) from None
            time.sleep(0.02)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
