"""The folders of a user that the program keeps something in, by the XDG specification."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """What can be made again: `$XDG_CACHE_HOME/demarcate`, or `~/.cache/demarcate`. Raises RuntimeError where there is
    no home.
    """
    return _folder("XDG_CACHE_HOME", ".cache")


def data_folder() -> Path:
    """What the user chose to keep: `$XDG_DATA_HOME/demarcate`, or `~/.local/share/demarcate`. Raises likewise."""
    return _folder("XDG_DATA_HOME", ".local/share")


def _folder(variable: str, default: str) -> Path:
    """A relative path is passed over, as the specification has it: it would be in whichever folder the program runs."""
    root = Path(os.environ.get(variable, ""))
    return (root if root.is_absolute() else Path.home() / default) / "demarcate"
