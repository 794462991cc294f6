from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from demarcate.evidence.load import load_evidence
from demarcate.evidence.structs import Evidence
from demarcate.model import Model, load

MOMENT = date(2026, 11, 23)

Given = Callable[[dict[str, str | bytes]], Evidence]
"""Loads a folder with these files, as of MOMENT."""


@pytest.fixture(scope="session")
def model() -> Model:
    return load()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty evidence folder, named as somebody would who stands beside it."""
    monkeypatch.chdir(tmp_path)
    folder = Path("evidence")
    folder.mkdir()
    return folder


@pytest.fixture
def given(folder: Path, model: Model) -> Given:
    def load_given(files: dict[str, str | bytes]) -> Evidence:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_evidence(folder, model, MOMENT)

    return load_given
