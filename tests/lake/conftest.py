"""Sabotage, which the processes that judge find by their environment."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

SABOTEUR = Path(__file__).with_name("saboteur")


@pytest.fixture
def sabotage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for what is to go wrong."""
    folder = tmp_path / "sabotage"
    folder.mkdir()
    os.mkfifo(folder / "holding")
    monkeypatch.setenv("SABOTAGE", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(SABOTEUR))
    return folder


def held(sabotage: Path) -> int:
    """The number of a process that is to wait, once it does."""
    return int((sabotage / "holding").read_text())


def ended(process: int) -> None:
    """Wait until a process has ended that is no child of this one."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        select.select([handle], [], [])
    finally:
        os.close(handle)
