"""Sabotage, which the processes that judge find by their environment; and judging where those are not what is tried."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from demarcate.base.encoding import from_json
from demarcate.checks import unit
from demarcate.lake import waiving

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


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups are judged here, from what a process of its own would be given and to what it would leave: to start one
    takes longer than all else.
    """

    def here(
        module: str, folder: Path, *, environment: Mapping[str, str], started: Callable[[int], object] | None
    ) -> None:
        assert module in (unit.__name__, waiving.PROGRAM)
        given = (folder / unit.GIVEN).read_bytes()
        settle = from_json(given, waiving.Waiving).settle if module == waiving.PROGRAM else None
        unit.do_work(folder, settle)

    monkeypatch.setattr(unit, "end_with_parent", lambda _: None)
    monkeypatch.setattr(unit, "run_child", here)


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
