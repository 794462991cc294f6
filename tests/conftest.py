"""What tests of several rooms share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, one for each worker: the system's, or the one that playwright keeps."""
    pytest.importorskip("playwright", reason="playwright is not installed: nothing is tested in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        kept = playwright.chromium.executable_path
        found = next((path for name in NAMES if (path := shutil.which(name))), None)
        path = found or (kept if Path(kept).is_file() else None)
        if path is None:
            pytest.skip("no Chromium is installed: nothing is tested in a browser")
        launched = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield launched
        launched.close()
