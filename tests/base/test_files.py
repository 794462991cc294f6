"""Files are written with the mode that the umask gives, which nobody has to ask for."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from demarcate.base.files import TooLarge, read_bytes, read_listed, write_whole
from tests import processes

WRITE = """
import os, sys, threading
import os
from pathlib import Path
os.umask(int(sys.argv[1], 8))
from demarcate.base.files import write_whole
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
out = Path(sys.argv[2])
write_whole(out / "file", b"x")
for asked in (None, {}):
    with SnapshotWriter("live", "test", out=out / f"s{asked}", asked=asked) as writer:
        part = writer.part(table("aws_ebs_volume"), ["volume_id"])
        part.append([{"resource": "a"}])
        part.seal()
        writer.finish()
for path in sorted(out.rglob("*")):
    print("folder" if path.is_dir() else "file", oct(path.stat().st_mode & 0o777))
"""


@pytest.mark.parametrize("umask", ["000", "002", "022", "027", "077"])
def test_modes_are_what_the_umask_gives(umask: str, tmp_path: Path) -> None:
    done = processes.python("-c", WRITE, umask, tmp_path)
    assert done.returncode == 0, done.stderr
    mask = int(umask, 8)
    assert set(done.stdout.splitlines()) == {f"folder {oct(0o777 & ~mask)}", f"file {oct(0o666 & ~mask)}"}


def test_a_file_that_is_written_again_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for mode in (0o600, 0o640, 0o666):
        path.write_bytes(b"before")
        path.chmod(mode)
        write_whole(path, b"after")
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"after", mode)
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_whole(tmp_path / "file", "text")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_who_meets_a_full_disk_is_told_of_which_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as raised:
        write_whole(tmp_path / "a", b"a")
    assert raised.value.filename == str(tmp_path / "a")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [0, 1, 10, 1 << 18, (1 << 18) + 1])
def test_a_file_is_read_up_to_its_limit(size: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    assert len(read_bytes(path, size)) == size
    if size:
        with pytest.raises(TooLarge, match="at most"):
            read_bytes(path, size - 1)


def test_no_file_has_a_nul_in_its_name() -> None:
    with pytest.raises(OSError, match="it is no path"):
        read_bytes(Path("a\0b"), 10)


def test_what_is_no_file_keeps_its_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="it is a pipe, and no file"):
        write_whole(pipe, b"x")
    assert [path.is_fifo() for path in tmp_path.iterdir()] == [True]


def test_what_became_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="it is a pipe, and no file"):
        read_bytes(pipe, 10)
    with pytest.raises(OSError, match="it is a pipe, and no file"):
        read_listed(str(pipe), 5, 10)
    writing = os.open(pipe, os.O_RDWR)  # somebody who may write, and does not
    with pytest.raises(OSError, match="it is a pipe, and no file"):
        read_listed(str(pipe), 5, 10)
    os.close(writing)


@pytest.mark.parametrize("was", [0, 3, 5, 9])
def test_a_file_that_grew_or_shrank_since_it_was_listed_is_read_as_it_is(was: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"whole")
    assert read_listed(str(path), was, 9) == b"whole"
    with pytest.raises(TooLarge, match="at most"):
        read_listed(str(path), was, 4)


def test_a_file_that_is_said_to_be_empty_is_read() -> None:
    assert read_bytes(Path("/proc/self/status"), 1_000_000).startswith(b"Name:")
