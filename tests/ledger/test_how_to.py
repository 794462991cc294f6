"""The page about the ledger does what it says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.ledger.postgresql import Server, programs
from tests.ledger.test_databases import ROOT, verified
from tests.test_tutorial import Reader, blocks

PAGE = ROOT / "docs" / "how-to" / "keep-a-ledger.md"
SHARED = "postgresql://demarcate@db.example.com/demarcate"


@pytest.fixture
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the ledger of the team is: in another file, where PostgreSQL is not installed."""
    if programs() is None:
        return str(tmp_path / "shared.sqlite")
    server: Server = request.getfixturevalue("server")
    return server.url(server.schema())


def test_the_page_does_what_it_says(shared: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    text = PAGE.read_text()
    assert text.count(SHARED) == 1
    reader = Reader(tmp_path)
    for block in blocks(text.replace(SHARED, shared)):
        if block.kind == "console":
            told = reader.follow(block)
            assert not told, "\n\n".join(told)
            reader.code = 0 if reader.code == 3 else reader.code
    assert reader.code == 0
    assert verified(shared) == verified(str(tmp_path / "demarcate" / "ledger.sqlite")) > 10
    assert re.match(r"number,at,kind", (tmp_path / "ledger.csv").read_text())
