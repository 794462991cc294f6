from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from demarcate.model import DATA, Model, load


@pytest.fixture(scope="session")
def model() -> Model:
    return load()


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A copy of the model's data in which one text of one file is replaced."""

    def edit(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "data"
        shutil.copytree(DATA, folder)
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return edit
