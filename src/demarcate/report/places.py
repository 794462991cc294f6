"""Where a finding is in a file, as formats for pipelines name it: relative to where the command runs."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote


def path_of(file: str) -> str:
    """The path of a file, with slashes: relative to the working directory where it lies in it, else as it is."""
    path = os.path.normpath(file)
    if os.path.isabs(path):  # noqa: PTH117  of a text, which may be no path of this system
        here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118
        path = path.removeprefix(here)
    return path.replace(os.sep, "/")


def uri_of(file: str) -> str:
    """The path of a file as a URI reference; one of another place than the working directory is `file:///…`."""
    path = path_of(file)
    if path.startswith("/"):
        return Path(path).as_uri()
    return quote(path, errors="replace")
