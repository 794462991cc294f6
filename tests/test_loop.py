"""`make demo-loop`: declared, deployed, changed by hand, found, planned, approved, applied, verified, undone."""

from __future__ import annotations

from pathlib import Path

from tests import processes

ROOT = Path(__file__).parent.parent


def test_the_whole_loop() -> None:
    done = processes.python("-m", "examples.loop.run", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 changed" in done.stdout, "somebody opened the group, and suspended versioning"
    assert done.stdout.count(": no drift") == 2, "before it, and after it was mended"
    edits = ("+        - {IpProtocol: tcp, FromPort: 22,", "-      VersioningConfiguration: {Status: Enabled}")
    assert all(edit in done.stdout for edit in edits), "the template could declare what is live"
    assert "each in its place" in done.stdout, "the ledger verifies"
