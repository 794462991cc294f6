"""`make demo-loop`: declared, deployed, changed by hand, found, planned, approved, applied, verified, undone."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.nursery import LATE
from tests.processes import demarcate


def test_the_whole_loop(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its commands are run by the nursery, with the variables that it gives them."""

    def run(command: list[str], *, cwd: Path, env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command[:3] == [sys.executable, "-m", "demarcate"]
        given = {name: value for name, value in env.items() if name.startswith(LATE)}
        assert given["XDG_DATA_HOME"] != os.environ.get("XDG_DATA_HOME"), "it has a ledger of its own"
        return demarcate(*command[3:], cwd=cwd, environment=given)

    monkeypatch.setattr(subprocess, "run", run)
    runpy.run_module("examples.loop.run", run_name="__main__")
    told = capsys.readouterr().out
    assert "2 changed" in told, "somebody opened the group, and suspended versioning"
    assert told.count(": no drift") == 2, "before it, and after it was mended"
    edits = ("+        - {IpProtocol: tcp, FromPort: 22,", "-      VersioningConfiguration: {Status: Enabled}")
    assert all(edit in told for edit in edits), "the template could declare what is live"
    assert "each in its place" in told, "the ledger verifies"
