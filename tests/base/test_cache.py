"""The cache is believed and executed: only what nobody else can have written is used; all else is made anew."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from demarcate.base import cache
from demarcate.base.folders import cache_folder


def kept(name: str = "thing", key: str = "k", make: Callable[[], str] = lambda: "made") -> str:
    return cache.cached(name, key, str, make)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a cache in which "kept" is kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert kept(make=lambda: "kept") == "kept"
    assert kept() == "kept"
    return tmp_path / "cache" / "demarcate"


def test_it_is_its_owners_alone(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "thing-k.msgpack").stat().st_mode) == 0o600


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def a_pipe(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def damaged(path: Path) -> None:
    if path.is_file():
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    else:
        (path / "thing-k.msgpack").write_bytes(b"")


DOUBTS: dict[str, Callable[[Path], None]] = {
    "writable by a group": lambda path: path.chmod(path.stat().st_mode | stat.S_IWGRP),
    "writable by all": lambda path: path.chmod(path.stat().st_mode | stat.S_IWOTH),
    "a link": linked,
    "a pipe": a_pipe,
    "damaged": damaged,
}


@pytest.mark.parametrize("doubt", DOUBTS)
@pytest.mark.parametrize("what", ["", "thing-k.msgpack"])
def test_what_others_may_have_written_is_made_anew(what: str, doubt: str, folder: Path) -> None:
    DOUBTS[doubt](folder / what)
    assert kept(make=lambda: "made anew") == "made anew"


def test_what_is_of_another_user_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert kept(make=lambda: "made anew") == "made anew"
    monkeypatch.undo()
    assert (folder / "thing-k.msgpack").read_bytes().endswith(b"kept")


def test_nothing_is_written_into_a_folder_of_others(folder: Path) -> None:
    folder.chmod(0o777)
    assert kept(key="another") == "made"
    assert not (folder / "thing-another.msgpack").exists()


def test_what_is_kept_under_another_name_is_not_taken(folder: Path) -> None:
    shutil.copy2(folder / "thing-k.msgpack", folder / "thing-other.msgpack")
    assert kept(key="other") == "made"


def test_what_has_another_type_is_made_anew(folder: Path) -> None:
    assert cache.cached("thing", "k", int, lambda: 7) == 7


def test_a_relative_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for given in ("here", ".", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert cache_folder() == tmp_path / "home" / ".cache" / "demarcate"


def test_what_is_in_use_is_forgotten_last(folder: Path) -> None:
    for number in range(8):
        assert kept(key=f"{number}") == "made"
        for age, path in enumerate(sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)):
            os.utime(path, (0, 1_000_000 - age))  # written in the same moment, they would have no order
        assert kept() == "kept"
    assert (folder / "thing-k.msgpack").exists()
    assert len(list(folder.iterdir())) == 5
